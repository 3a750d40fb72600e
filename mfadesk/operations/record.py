"""The record of a case as one file, which `mfadesk ledger verify FILE` checks without us."""

from __future__ import annotations

import json
from datetime import datetime

from django.db.models import Max, Min

from mfadesk.kernel.clock import to_stamp
from mfadesk.kernel.errors import Refusal, Unavailable
from mfadesk.ledger.leaf import Field
from mfadesk.ledger.merkle import hash_leaf
from mfadesk.ledger.pack import LedgerEntry, build_pack
from mfadesk.operations.asking import ask_executor
from mfadesk.operations.desk import Desk
from mfadesk.ports.people import Actor
from mfadesk.store.commit import load_case
from mfadesk.store.models import Checkpoint, EventRow


def export_case(desk: Desk, actor: Actor, case_id: str, *, full: bool = False) -> bytes:
    """Return the case's pack: redacted, unless `full` and the actor is an auditor.

    The executor signs a checkpoint first if the newest does not reach the case's last entry.
    """
    if actor.kind == "staff" and not actor.roles & {"operator", "auditor", "security", "administrator"}:
        raise Refusal("not_your_role", "Your role does not export records.")
    if full and "auditor" not in actor.roles:
        raise Refusal("not_your_role", "Only an auditor exports personal fields.")
    if actor.person_id and actor.person_id == load_case(case_id).subject:
        raise Refusal("forbidden", "This case is about you. Somebody else exports its record.")
    rows = list(EventRow.objects.filter(case_id=case_id).order_by("seq"))
    if not rows:
        raise Refusal("not_found", "There is no such case.")
    return _pack(desk, rows, case_id, full)


def export_period(desk: Desk, actor: Actor, first_at: datetime, last_at: datetime, *, full: bool = False) -> bytes:
    """Return the pack of every entry from `first_at` to before `last_at` (aware UTC), as one unbroken run of the ledger.

    Raises Refusal for anybody but an auditor, since it shows every case, and ``not_found`` where nothing happened then.
    """
    if "auditor" not in actor.roles:
        raise Refusal("not_your_role", "Only an auditor exports a period.")
    within = EventRow.objects.filter(at__gte=to_stamp(first_at), at__lt=to_stamp(last_at))
    ends = within.aggregate(first=Min("leaf_index"), last=Max("leaf_index"))
    if ends["first"] is None:
        raise Refusal("not_found", "Nothing was recorded in that period.")
    # From the first to the last, so that a clock that was set back between two entries leaves no hole.
    run = EventRow.objects.filter(leaf_index__gte=ends["first"], leaf_index__lte=ends["last"]).order_by("leaf_index")
    return _pack(desk, list(run), None, full)


def make_checkpoint(desk: Desk) -> str:
    """Have the executor sign where the ledger stands, and return the newest note. Raises Unavailable where none runs."""
    ask_executor(desk, "checkpoint", "", {})
    newest = Checkpoint.objects.order_by("-size").first()
    if newest is None:
        raise Unavailable("executor", "No checkpoint could be signed just now. Try again in a minute.")
    return newest.note


def _pack(desk: Desk, rows: list[EventRow], case_id: str | None, full: bool) -> bytes:
    newest = Checkpoint.objects.order_by("-size").first()
    if newest is None or newest.size <= rows[-1].leaf_index:
        ask_executor(desk, "checkpoint", case_id or "", {})
        newest = Checkpoint.objects.order_by("-size").first()
    if newest is None or newest.size <= rows[-1].leaf_index:
        raise Unavailable("executor", "No checkpoint could be signed just now. Try again in a minute.")
    leaves = EventRow.objects.filter(leaf_index__lt=newest.size).order_by("leaf_index").values_list("leaf", flat=True)
    return build_pack(
        entries=[entry_of(row) for row in rows], case_id=case_id, leaf_hashes=[hash_leaf(bytes(leaf)) for leaf in leaves],
        notes=[newest.note], full=full,
    )  # fmt: skip


def entry_of(row: EventRow) -> LedgerEntry:
    """Return an event's row as the ledger knows it."""
    fields = tuple(Field(f["name"], f["commitment"], f["salt"], f["value"]) for f in json.loads(row.fields))
    return LedgerEntry(leaf=bytes(row.leaf), skeleton=json.loads(row.body), fields=fields)
