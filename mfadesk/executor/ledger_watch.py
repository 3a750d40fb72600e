"""Before it acts, the executor counts the ledger again from the last checkpoint that it signed: no gap, no change, no fork."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from django.db import connection

from mfadesk.kernel.errors import Broken, Invalid
from mfadesk.kernel.sealing import all_of
from mfadesk.ledger.leaf import Field, check_body, open_leaf
from mfadesk.ledger.merkle import EMPTY_ROOT, Frontier, hash_leaf
from mfadesk.ledger.note import Checkpoint as CheckpointNote
from mfadesk.ledger.note import VerifierKey, open_checkpoint, sign_checkpoint, verifier_key_of
from mfadesk.operations.desk import Desk
from mfadesk.store.home import Home
from mfadesk.store.models import Checkpoint, EventRow, TreeHead
from mfadesk.store.seen import FORGETFUL, LEDGER, WHAT_TO_DO, Place, Seen

HASH_BYTES = 32

MAX_RECOUNTS = 20
"""How often a case may be committed to while we look at it, before we take an entry that is not counted for a forged one."""

A_READ = 5_000
"""Leaves read at once when a restarted executor counts from the beginning."""


@dataclass(slots=True)
class LedgerWatch:
    """Remembers how far this process has counted; a fresh one counts from the first leaf.

    seen: where the ledger stood when an executor before this one last signed it.
    """

    desk: Desk
    seen: Seen = FORGETFUL
    _counted: Frontier = field(default_factory=Frontier)
    _hashes: bytearray = field(default_factory=bytearray)
    _lengths: dict[str, tuple[int, int]] = field(default_factory=dict)
    """How many events each case has, and the last entry that was counted for it."""

    def require_whole(self, case_id: str | None = None) -> None:
        """Count every leaf since the last look and raise Broken where the tree head does not follow from them.

        case_id: a case that is about to be acted on; its rows are read again and held against what was counted.
        """
        self._count()
        if case_id is not None:
            self._require_case(case_id)

    def _count(self) -> None:
        # Asked for first: what another process signs while we count may cover more than we have counted.
        past = None if self._counted.size else self._signed_past()
        head = TreeHead.objects.get(pk=1)
        stored = Frontier.from_json(json.loads(head.frontier))
        counted = self._counted
        if stored.size < counted.size:
            raise Broken(f"the ledger shrank from {counted.size} to {stored.size} entries")
        while counted.size < stored.size:
            leaves = _leaves(counted.size, min(counted.size + A_READ, stored.size))
            hashes = [hash_leaf(leaf) for leaf in leaves]
            for place, leaf in enumerate(leaves, start=counted.size):
                self._note_length(place, leaf)
            # Kept for what was counted already: a row below the head that changes later is seen by its hash.
            del self._hashes[counted.size * HASH_BYTES :]
            self._hashes += b"".join(hashes)
            counted = counted.extend(hashes)
        if counted.root() != stored.root():
            raise Broken("the ledger's head does not follow from its entries")
        if past is not None:
            _require_past(counted, *past)
        self._counted = counted

    def _require_case(self, case_id: str) -> None:
        """Raise Broken unless every row of the case is there, is the one that was counted, and says what its leaf commits to."""
        rows = self._rows_of(case_id)
        for place, row in enumerate(rows, start=1):
            start = row.leaf_index * HASH_BYTES
            leaf = bytes(row.leaf)
            if row.seq != place:
                raise Broken(f"case {case_id}: event {place} is missing")
            if hash_leaf(leaf) != bytes(self._hashes[start : start + HASH_BYTES]):
                raise Broken(f"case {case_id}: the entry of event {place} was changed after it was counted")
            try:
                told = open_leaf(leaf)
                check_body(told, json.loads(row.body), [Field(**f) for f in json.loads(row.fields)])
            except (Invalid, ValueError, TypeError) as error:
                raise Broken(f"case {case_id}: event {place} does not say what its entry commits to") from error
            if (told.index, told.case_id, told.seq, told.at, told.kind, told.actor) != (
                row.leaf_index, case_id, row.seq, row.at, row.kind, row.actor,
            ):  # fmt: skip
                raise Broken(f"case {case_id}: event {place} does not say what its entry commits to")
        if len(rows) != self._lengths.get(case_id, (0, 0))[0]:
            raise Broken(f"case {case_id} has {len(rows)} events where more were counted")

    def _rows_of(self, case_id: str) -> list[EventRow]:
        """Return the rows of a case, all of them counted: what was committed since we counted is counted as well."""
        for _ in range(MAX_RECOUNTS):
            rows = list(EventRow.objects.filter(case_id=case_id).order_by("seq"))
            if all(row.leaf_index < self._counted.size for row in rows):
                return rows
            self._count()
        raise Broken(f"case {case_id}: an entry stands beyond the ledger's head")

    def _note_length(self, place: int, leaf: bytes) -> None:
        """Remember how many events each case has; counted again after a refusal, a leaf is not counted twice."""
        try:
            case_id = str(json.loads(leaf)["case"])
        except (ValueError, KeyError, TypeError) as error:
            raise Broken(f"ledger entry {place} cannot be read") from error
        length, last = self._lengths.get(case_id, (0, -1))
        if place > last:
            self._lengths[case_id] = (length + 1, place)

    def sign_checkpoint(self) -> str | None:
        """Sign where the ledger stands, if it moved since the last checkpoint, and return the note."""
        self.require_whole()
        frontier = self._counted
        if frontier.size == 0:
            return None
        here = Place(frontier.size, frontier.root().hex())
        if Checkpoint.objects.filter(pk=frontier.size).exists():
            self.seen.keep(LEDGER, here)
            return None
        signing = self.desk.home.executor_keys().checkpoint_sign
        note = sign_checkpoint(
            CheckpointNote(origin=self.desk.public.origin, size=frontier.size, root=frontier.root()), signing
        )
        with self.desk.unit():
            Checkpoint.objects.get_or_create(size=frontier.size, defaults={"note": note, "at": self.desk.now()})
        self.seen.keep(LEDGER, here)
        return note

    def _signed_past(self) -> tuple[CheckpointNote | None, Place | None]:
        """Return the newest checkpoint of ours, and how far an executor before this one had signed."""
        before, last = self.seen.recall(LEDGER), Checkpoint.objects.order_by("-size").first()
        return None if last is None else open_checkpoint(last.note, own_verifiers(self.desk.home)), before


def _require_past(counted: Frontier, signed: CheckpointNote | None, before: Place | None) -> None:
    """Check what was signed and what was seen against the leaves below it, once a process start."""
    if signed is not None:
        if signed.size > counted.size:
            raise Broken("the ledger is shorter than a checkpoint that was signed")
        if _root_at(signed.size) != signed.root:
            raise Broken("the ledger was changed below a checkpoint that was signed")
    if before is not None and (before.size > counted.size or _root_at(before.size).hex() != before.mark):
        raise Broken(f"the database was put back as it stood before the ledger's entry {before.size}. {WHAT_TO_DO}")


def own_verifiers(home: Home) -> tuple[VerifierKey, ...]:
    """Return the keys that verify what this executor signs, and signed before a rotation; from its private keys, not from a file."""
    keys, origin = home.executor_keys(), home.public_keys().origin
    return tuple(verifier_key_of(origin, private) for private in all_of(keys.checkpoint_sign))


def _root_at(size: int) -> bytes:
    """Return the root over the first `size` leaves as they stand now."""
    past = Frontier()
    while past.size < size:
        past = past.extend([hash_leaf(leaf) for leaf in _leaves(past.size, min(past.size + A_READ, size))])
    return past.root() if past.size else EMPTY_ROOT


def _leaves(first: int, end: int) -> list[bytes]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT leaf FROM store_eventrow WHERE leaf_index >= %s AND leaf_index < %s ORDER BY leaf_index", (first, end)
        )
        leaves = [bytes(row[0]) for row in cursor.fetchall()]
    if len(leaves) != end - first:
        raise Broken(f"the ledger has a gap between entries {first} and {end}")
    return leaves
