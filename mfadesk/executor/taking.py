"""Who holds which effect: due rows are taken under a lease with a fencing number, renewed, given back, and closed by who holds them.

Whoever comes late with an old number changes nothing. Acts at a provider are taken one at a time. What changes nothing outside, and
was quick the last time, is taken in one transaction with what is due after it: each commit waits for the disk.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from django.db import connection

from mfadesk.kernel.clock import to_stamp
from mfadesk.store.models import EffectRow

if TYPE_CHECKING:
    from mfadesk.executor.core import Executor

LEASE_S = 30
RENEW_AFTER_S = 4
"""How old a lease may be when a provider is called: with the longest that one call takes it is still in time."""

TOGETHER = 32
"""Effects that one executor takes at once, at most."""


@dataclass(slots=True)
class Taken:
    """One effect that this process holds, under its fencing number, for `LEASE_S` from `held_at`."""

    id: str
    case_id: str
    verb: str
    args: Mapping[str, Any]
    fence: int
    attempts: int
    held_at: datetime


class Fenced(Exception):
    """Another executor holds this effect by now: whatever this one has to say comes too late."""


def take_due(executor: Executor, together: Collection[str] = ()) -> list[Taken]:
    """Return the effect that has been due for longest, now held by this process, and none where nothing is due.

    together: verbs that may be taken with others; while one is next, what is due after it comes along, at most `TOGETHER`.
    """
    now = executor.desk.now()
    stamp, lease_until = to_stamp(now), to_stamp(now + timedelta(seconds=LEASE_S))
    # Two executors at once: on PostgreSQL each passes over the rows that the other has locked, on SQLite only one writes.
    past_others = "FOR UPDATE SKIP LOCKED" if connection.vendor == "postgresql" else ""
    with executor.desk.unit(), connection.cursor() as cursor:
        cursor.execute(f"{_DUE} LIMIT {TOGETHER if together else 1} {past_others}", (stamp, stamp))
        rows = cursor.fetchall()
        rows = list(takewhile(lambda row: row[2] in together, rows)) or rows[:1]
        if rows:
            cursor.execute(f"{_TAKE} WHERE id IN ({_places(rows)})", (lease_until, *(row[0] for row in rows)))
    return [
        Taken(id, case_id, verb, _arguments(args), fence + 1, attempts + 1, now)
        for id, case_id, verb, args, fence, attempts in rows
    ]


_DUE = (
    "SELECT id, case_id, verb, args, fence, attempts FROM store_effectrow"
    " WHERE (state = 'due' AND due_at <= %s) OR (state = 'taken' AND lease_until < %s) ORDER BY due_at"
)
_TAKE = "UPDATE store_effectrow SET state = 'taken', fence = fence + 1, attempts = attempts + 1, lease_until = %s"
_DONE = "UPDATE store_effectrow SET state = 'done', problem = '' WHERE state = 'taken' AND (id, fence) IN (VALUES {})"
_BACK = "UPDATE store_effectrow SET state = 'due', attempts = attempts - 1 WHERE state = 'taken' AND (id, fence) IN (VALUES {})"


def _places(rows: Sequence[Any]) -> str:
    return ",".join(["%s"] * len(rows))


def _arguments(text: str) -> Mapping[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def close_row(taken: Taken, **changes: Any) -> None:
    """Write the row's end, if this process still holds it. Raises Fenced for one that came too late."""
    if not EffectRow.objects.filter(pk=taken.id, fence=taken.fence, state="taken").update(**changes):
        raise Fenced(taken.id)


def close_done(done: Sequence[Taken]) -> None:
    """Write that all these are done, in the open transaction. Raises Fenced where one is held by another: then none may stand."""
    if _write(_DONE, done) != len(done):
        raise Fenced(", ".join(taken.id for taken in done))


def give_back(executor: Executor, untouched: Sequence[Taken]) -> None:
    """Let others take at once what this process took and did not begin; what another holds by now stays as it is."""
    if untouched:
        with executor.desk.unit():
            _write(_BACK, untouched)


def _write(sql: str, rows: Sequence[Taken]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            sql.format(",".join(["(%s, %s)"] * len(rows))), [value for taken in rows for value in (taken.id, taken.fence)]
        )
        return int(cursor.rowcount)


def renew(executor: Executor, taken: Taken) -> None:
    """Hold the effect for another `LEASE_S` where the lease is older than `RENEW_AFTER_S`. Raises Fenced for one that came too late."""
    now = executor.desk.now()
    if now - taken.held_at < timedelta(seconds=RENEW_AFTER_S):
        return
    with executor.desk.unit():
        close_row(taken, lease_until=to_stamp(now + timedelta(seconds=LEASE_S)))
    taken.held_at = now
