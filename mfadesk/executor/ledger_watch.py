"""Before it acts, the executor counts the ledger again from the last checkpoint that it signed: no gap, no change, no fork."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from django.db import connection

from mfadesk.kernel.errors import Broken
from mfadesk.ledger.merkle import EMPTY_ROOT, Frontier, hash_leaf
from mfadesk.ledger.note import Checkpoint as CheckpointNote
from mfadesk.ledger.note import open_checkpoint, sign_checkpoint, verifier_key_of
from mfadesk.operations.desk import Desk
from mfadesk.store.home import ExecutorKeys
from mfadesk.store.models import Checkpoint, TreeHead

A_READ = 5_000
"""Leaves read at once when a restarted executor counts from the beginning."""


@dataclass(slots=True)
class LedgerWatch:
    """Remembers how far this process has counted; a fresh one counts from the first leaf."""

    desk: Desk
    keys: ExecutorKeys
    _counted: Frontier = field(default_factory=Frontier)

    def require_whole(self) -> None:
        """Count every leaf since the last look and raise Broken where the tree head does not follow from them."""
        head = TreeHead.objects.get(pk=1)
        stored = Frontier.from_json(json.loads(head.frontier))
        counted = self._counted
        if stored.size < counted.size:
            raise Broken(f"the ledger shrank from {counted.size} to {stored.size} entries")
        while counted.size < stored.size:
            counted = counted.extend(_leaf_hashes(counted.size, min(counted.size + A_READ, stored.size)))
        if counted.root() != stored.root():
            raise Broken("the ledger's head does not follow from its entries")
        self._require_signed_past(counted)
        self._counted = counted

    def sign_checkpoint(self) -> str | None:
        """Sign where the ledger stands, if it moved since the last checkpoint, and return the note."""
        self.require_whole()
        frontier = self._counted
        if frontier.size == 0 or Checkpoint.objects.filter(pk=frontier.size).exists():
            return None
        note = sign_checkpoint(
            CheckpointNote(origin=self.desk.public.origin, size=frontier.size, root=frontier.root()), self.keys.checkpoint_sign
        )
        with self.desk.unit():
            Checkpoint.objects.get_or_create(size=frontier.size, defaults={"note": note, "at": self.desk.now()})
        return note

    def _require_signed_past(self, counted: Frontier) -> None:
        """Check the newest checkpoint of ours against the leaves below it, once a process start."""
        if self._counted.size:
            return
        last = Checkpoint.objects.order_by("-size").first()
        if last is None:
            return
        key = verifier_key_of(self.desk.public.origin, self.keys.checkpoint_sign)
        signed = open_checkpoint(last.note, (key,))
        if signed.size > counted.size:
            raise Broken("the ledger is shorter than a checkpoint that was signed")
        past = Frontier()
        while past.size < signed.size:
            past = past.extend(_leaf_hashes(past.size, min(past.size + A_READ, signed.size)))
        if (past.root() if past.size else EMPTY_ROOT) != signed.root:
            raise Broken("the ledger was changed below a checkpoint that was signed")


def _leaf_hashes(first: int, end: int) -> list[bytes]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT leaf FROM store_eventrow WHERE leaf_index >= %s AND leaf_index < %s ORDER BY leaf_index", (first, end)
        )
        leaves = [hash_leaf(bytes(row[0])) for row in cursor.fetchall()]
    if len(leaves) != end - first:
        raise Broken(f"the ledger has a gap between entries {first} and {end}")
    return leaves
