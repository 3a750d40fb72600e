"""A small ledger with two cases and the desk's own events, and the packs that come out of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from mfadesk.kernel.ids import SeededRandomness
from mfadesk.ledger.leaf import Committed, commit_event, commit_genesis, genesis_skeleton, open_leaf
from mfadesk.ledger.merkle import root_of
from mfadesk.ledger.note import Checkpoint, sign_checkpoint, verifier_key_of
from mfadesk.ledger.pack import LedgerEntry, build_pack

ORIGIN = "desk.example/ledger"
PRIVATE = bytes(range(32))
VKEY = verifier_key_of(ORIGIN, PRIVATE).text()
OTHER_VKEY = verifier_key_of(ORIGIN, bytes(32)).text()
BEGIN = datetime(2026, 11, 24, 9, tzinfo=UTC)


@dataclass
class Ledger:
    """Rows as a store would keep them."""

    entries: list[LedgerEntry] = field(default_factory=list)
    hashes: list[bytes] = field(default_factory=list)
    seqs: dict[str, int] = field(default_factory=dict)
    randomness: SeededRandomness = field(default_factory=lambda: SeededRandomness(7))

    def genesis(self) -> None:
        done = commit_genesis(origin=ORIGIN, vkey=VKEY, at=BEGIN, randomness=self.randomness)
        self.seqs["desk"] = 1
        self._keep(done, genesis_skeleton(ORIGIN, VKEY))

    def record(
        self, case_id: str, kind: str, skeleton: dict[str, Any] | None = None, personal: dict[str, Any] | None = None
    ) -> None:
        seq = self.seqs[case_id] = self.seqs.get(case_id, 0) + 1
        done = commit_event(
            index=len(self.hashes),
            case_id=case_id,
            seq=seq,
            at=BEGIN + timedelta(seconds=len(self.hashes)),
            kind=kind,
            actor="staff_7h2k",
            skeleton=skeleton or {},
            personal=personal or {},
            randomness=self.randomness,
        )
        self._keep(done, skeleton or {})

    def _keep(self, done: Committed, skeleton: dict[str, Any]) -> None:
        self.entries.append(LedgerEntry(done.leaf, skeleton, done.fields))
        self.hashes.append(done.leaf_hash)

    def checkpoint(self, size: int | None = None) -> str:
        size = len(self.hashes) if size is None else size
        return sign_checkpoint(Checkpoint(ORIGIN, size, root_of(self.hashes[:size])), PRIVATE)

    def of_case(self, case_id: str) -> list[LedgerEntry]:
        return [entry for entry in self.entries if open_leaf(entry.leaf).case_id == case_id]

    def pack(self, case_id: str | None = "case_a", *, full: bool = False, sizes: tuple[int | None, ...] = (None,)) -> bytes:
        entries = self.entries if case_id is None else self.of_case(case_id)
        notes = [self.checkpoint(size) for size in sizes]
        return build_pack(entries=entries, case_id=case_id, leaf_hashes=self.hashes, notes=notes, full=full)


def small_ledger() -> Ledger:
    ledger = Ledger()
    ledger.genesis()
    ledger.record("case_a", "opened", {"tier": "standard"}, {"caller_name": "Zoë Ōta 大田", "phone": "+49 30 901820"})
    ledger.record("case_b", "opened", {"tier": "tier0"}, {"caller_name": "Sam"})
    ledger.record("case_a", "proof_accepted", {"method": "passkey", "minutes": 2})
    ledger.record("case_b", "refused", {"reasons": ["no_plan"]})
    ledger.record("case_a", "case_closed", {"outcome": "replaced"}, {"note": {"text": "done", "flag": True}})
    ledger.record("desk", "policy_changed", {"digest": "ab" * 32})
    return ledger
