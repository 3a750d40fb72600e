"""The one commit: events, the case's row, ledger leaves and effects, all in one transaction, or none of them.

The four inserts are SQL, since the ORM keeps a quarter of the raw rate here; everything else in the store uses the ORM. Leaf
indices are gapless because the tree head is one row that every commit locks.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from django.db import IntegrityError, OperationalError, connection, transaction
from django.db.backends.utils import CursorWrapper

from mfadesk.cases.engine import Draft, Intent
from mfadesk.cases.events import Event
from mfadesk.cases.state import CaseState
from mfadesk.kernel.canonical import canonical_json
from mfadesk.kernel.clock import to_stamp
from mfadesk.kernel.errors import Broken, Refusal, Unavailable
from mfadesk.kernel.ids import Randomness
from mfadesk.ledger.leaf import DESK, GENESIS, Field, commit_event, commit_genesis, genesis_skeleton
from mfadesk.ledger.merkle import Frontier
from mfadesk.ledger.note import VerifierKey
from mfadesk.store.home import PublicKeys
from mfadesk.store.kept import fold_again, read_event
from mfadesk.store.lock import writer_lock

_INSERT_EVENT = "INSERT INTO store_eventrow (leaf_index, case_id, seq, kind, at, actor, body, fields, leaf) VALUES (%s,%s,%s,%s,%s,%s,%s,%s,%s)"
_INSERT_EFFECT = (
    "INSERT INTO store_effectrow (id, case_id, verb, args, state, due_at, lease_until, fence, attempts, problem)"
    " VALUES (%s,%s,%s,%s,'due',%s,'',0,0,'')"
)
_UPSERT_CASE = (
    "INSERT INTO store_caserow (id, subject_id, seq, status, ending, goal, step, owner, waiting_for, deadline_at,"
    " opened_at, changed_at) VALUES (%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,%s)"
    " ON CONFLICT (id) DO UPDATE SET seq=excluded.seq, status=excluded.status,"
    " ending=excluded.ending, step=excluded.step, owner=excluded.owner, waiting_for=excluded.waiting_for,"
    " deadline_at=excluded.deadline_at, changed_at=excluded.changed_at"
)
_MOVE_HEAD = "UPDATE store_treehead SET size=%s, frontier=%s WHERE id=1 AND size=%s"
_LOCK_CASES = "SELECT pg_advisory_xact_lock(hashtextextended('mfadesk/case/' || name, 0)) FROM unnest(%s::text[]) AS name; "
_SELECT_EVENTS = "SELECT case_id, kind, at, actor, body, fields FROM store_eventrow WHERE case_id {} ORDER BY case_id, seq"

_Write = tuple[str, tuple[Any, ...]]
"""A statement and its values."""


@dataclass(frozen=True, slots=True)
class Unit:
    """One open transaction. Writes through it, and through the ORM while it is open, stand or fall together."""

    randomness: Randomness

    def load(self, case_id: str) -> CaseState:
        """Return the case as it stands, which nobody else changes until the transaction ends. Raises Refusal ``no_such_case``."""
        return self.load_all((case_id,))[0]

    def load_all(self, case_ids: Iterable[str]) -> Sequence[CaseState]:
        """Return several cases likewise, by their ids in order. Load all that a transaction needs at once, before it writes.

        Whoever takes two takes them in this order, and before the ledger's head, so that no two commands wait for each other.
        """
        names = sorted(case_ids)
        # On SQLite there is one writer anyway. On PostgreSQL two commands on one case would else meet at the insert, and the later
        # one be sent away (``moved_on``) for a change that it could have been built upon. Both statements go in one trip; the second
        # sees what was committed until it began, and it begins when the locks are held.
        states = _fold_all(names, _LOCK_CASES)
        if any(state.status == "none" for state in states):
            raise Refusal("no_such_case", "There is no such case.")
        return states

    def commit(self, *drafts: Draft) -> None:
        """Write all that the drafts hold. Raises Refusal ``moved_on`` where somebody else changed a case since it was read."""
        effects: list[_Write] = [(_INSERT_EFFECT, _effect_row(intent)) for draft in drafts for intent in draft.intents]
        changed = [draft for draft in drafts if draft.events]
        with connection.cursor() as cursor:
            if not changed:
                _send(cursor, effects)
                return
            before, frontier = _lock_head(cursor)
            rows: list[_Write] = []
            for draft in changed:
                frontier, events = self._append(draft, frontier)
                rows += [*events, (_UPSERT_CASE, _case_row(draft.state, draft.now))]
            head: _Write = (_MOVE_HEAD, (frontier.size, _write_frontier(frontier), before))
            if _send(cursor, [head, *rows, *effects]) != 1:
                raise Broken("the ledger's head moved under a commit")

    def record_of_desk(self, kind: str, body: Mapping[str, Any], at: datetime, actor: str) -> None:
        """Write an event of the desk itself, which belongs to no case and holds nothing personal."""
        with connection.cursor() as cursor:
            size, frontier = _lock_head(cursor)
            cursor.execute("SELECT COUNT(*) FROM store_eventrow WHERE case_id=%s", (DESK,))
            seq = cursor.fetchone()[0] + 1
            made = commit_event(
                index=size, case_id=DESK, seq=seq, at=at, kind=kind, actor=actor, skeleton=body, personal={},
                randomness=self.randomness,
            )  # fmt: skip
            text = canonical_json(dict(body)).decode()
            event: _Write = (_INSERT_EVENT, (size, DESK, seq, kind, to_stamp(at), actor, text, "[]", made.leaf))
            head: _Write = (_MOVE_HEAD, (size + 1, _write_frontier(frontier.append(made.leaf_hash)), size))
            _send(cursor, [head, event])

    def _append(self, draft: Draft, frontier: Frontier) -> tuple[Frontier, list[_Write]]:
        """Return the ledger's head with the draft's events appended, and the statements that write them."""
        size, first_seq = frontier.size, draft.state.seq - len(draft.events)
        writes: list[_Write] = []
        for place, event in enumerate(draft.events):
            seq = first_seq + place + 1
            made = commit_event(
                index=size + place, case_id=draft.state.id, seq=seq, at=event.at, kind=event.kind, actor=event.actor,
                skeleton=event.body, personal=event.personal, randomness=self.randomness,
            )  # fmt: skip
            frontier = frontier.append(made.leaf_hash)
            writes.append((_INSERT_EVENT, (
                size + place, draft.state.id, seq, event.kind, to_stamp(event.at), event.actor,
                canonical_json(event.body).decode(), fields_to_text(made.fields), made.leaf,
            )))  # fmt: skip
        return frontier, writes


def _send(cursor: CursorWrapper, writes: Sequence[_Write]) -> int:
    """Run the statements in their order and return how many rows the first one changed.

    On PostgreSQL they go in one trip: a trip costs as much as a statement. Raises Refusal ``moved_on``.
    """
    first = 0
    try:
        if connection.vendor == "postgresql" and writes:
            cursor.execute(";".join(sql for sql, _row in writes), [value for _sql, row in writes for value in row])
            return int(cursor.rowcount)
        for place, (sql, row) in enumerate(writes):
            cursor.execute(sql, row)
            first = cursor.rowcount if place == 0 else first
    except IntegrityError as error:
        raise Refusal("moved_on", "The case has moved on. Look at it again.") from error
    return first


@contextmanager
def unit_of_work(lock_file: Path | None, randomness: Randomness) -> Iterator[Unit]:
    """Open the one transaction of a command; it is committed when the block ends and rolled back when it raises.

    Raises Unavailable where the database cannot be written: full, read-only, busy for seconds, or gone. Nothing was changed then.
    """
    try:
        with writer_lock(lock_file if connection.vendor == "sqlite" else None), transaction.atomic():
            yield Unit(randomness)
    except OperationalError as error:
        raise Unavailable("database", _sentence(str(error))) from error


def _sentence(told: str) -> str:
    if "full" in told or "No space left" in told:
        return "The disk of the desk is full, so nothing can be written. Nothing changed. Tell your administrator to make room."
    if "readonly" in told or "read-only" in told:
        return "The desk's database is read-only, so nothing can be written. Nothing changed. Tell your administrator."
    return "The desk's database did not answer. Nothing changed. Try again in a minute."


def load_case(case_id: str) -> CaseState:
    """Return the fold over the case's events; a case that never was has status ``none``."""
    return _fold_all([case_id])[0]


def load_cases(case_ids: Iterable[str]) -> Mapping[str, CaseState]:
    """Return several cases in one trip, by their ids."""
    return {state.id: state for state in _fold_all(sorted(set(case_ids)))}


def load_events(case_id: str) -> Sequence[Event]:
    """Return the events of a case in order, with whatever personal fields have not been erased."""
    return _read_events([case_id])[case_id]


def _fold_all(names: Sequence[str], locks: str = "") -> Sequence[CaseState]:
    return [fold_again(name, events) for name, events in _read_events(names, locks).items()]


def _read_events(names: Sequence[str], locks: str = "") -> Mapping[str, Sequence[Event]]:
    """Return the events by case. locks: a statement over the same names, run before on PostgreSQL."""
    found: dict[str, list[Event]] = {name: [] for name in names}
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            select = _SELECT_EVENTS.format("= ANY(%s)")
            cursor.execute(locks + select, [list(names)] * (2 if locks else 1))
            if locks:
                cursor.nextset()
        else:
            cursor.execute(_SELECT_EVENTS.format(f"IN ({','.join(['%s'] * len(names))})"), list(names))
        for case_id, *row in cursor.fetchall():
            found[case_id].append(_event(row))
    return found


def _event(row: Sequence[str]) -> Event:
    kind, at, actor, body, fields = row
    event = read_event(kind, at, actor, body)
    if fields == "[]":
        return event
    return replace(event, personal={f["name"]: f["value"] for f in json.loads(fields) if f.get("value") is not None})


def _lock_head(cursor: CursorWrapper) -> tuple[int, Frontier]:
    # On PostgreSQL the row lock makes writers queue; on SQLite the whole transaction is IMMEDIATE already.
    lock = " FOR UPDATE" if connection.vendor == "postgresql" else ""
    cursor.execute(f"SELECT size, frontier FROM store_treehead WHERE id=1{lock}")  # noqa: S608
    row = cursor.fetchone()
    if row is None:
        raise Broken("the ledger has no head; run the migrations")
    return row[0], _read_frontier(row[1])


_written: tuple[str, Frontier] = ("", Frontier())
"""The head that this process wrote last, as text and as itself: mostly nobody else has written since."""


def _write_frontier(frontier: Frontier) -> str:
    global _written
    _written = (json.dumps(frontier.to_json()), frontier)
    return _written[0]


def _read_frontier(text: str) -> Frontier:
    kept_text, kept = _written
    return kept if kept_text == text else Frontier.from_json(json.loads(text))


def _case_row(state: CaseState, now: datetime) -> tuple[str | int | None, ...]:
    waiting_for = "" if state.status == "closed" else state.deadline_owner or "operator"
    return (
        state.id, state.subject, state.seq, state.status, state.ending, state.goal, state.step, state.owner, waiting_for,
        _for_database(state.deadline_at), _for_database(state.opened_at or now), _for_database(now),
    )  # fmt: skip


def _effect_row(intent: Intent) -> tuple[str, str, str, str, str]:
    return intent.id, intent.case_id, intent.verb, canonical_json(dict(intent.args)).decode(), to_stamp(intent.due_at)


def _for_database(moment: datetime | None) -> str | None:
    if moment is None:
        return None
    return str(connection.ops.adapt_datetimefield_value(moment))


def fields_to_text(fields: Sequence[Field]) -> str:
    """Return personal fields as they stand in an event's row."""
    rows = [{"name": f.name, "commitment": f.commitment, "salt": f.salt, "value": f.value} for f in fields]
    return canonical_json(rows).decode() if rows else "[]"


def begin_ledger(lock_file: Path | None, public: PublicKeys, now: datetime, randomness: Randomness) -> None:
    """Write leaf 0, which names the ledger and its first key, unless the ledger has begun already."""
    with unit_of_work(lock_file, randomness), connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM store_treehead")
        if cursor.fetchone()[0]:
            return
        vkey = VerifierKey(public.origin, public.checkpoint_verify).text()
        made = commit_genesis(origin=public.origin, vkey=vkey, at=now, randomness=randomness)
        body = canonical_json(genesis_skeleton(public.origin, vkey)).decode()
        cursor.execute(_INSERT_EVENT, (0, DESK, 1, GENESIS, to_stamp(now), DESK, body, "[]", made.leaf))
        frontier = Frontier().append(made.leaf_hash)
        cursor.execute("INSERT INTO store_treehead (id, size, frontier) VALUES (1, 1, %s)", (json.dumps(frontier.to_json()),))
