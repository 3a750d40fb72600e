"""Cases as other programs may see them: ids and words of closed sets, no name, no address, no code, nobody of the staff.

Two depths, for two scopes. What a ticket system needs is where a case stands and how it ended. What was proved, by which method and
at what price, is for those who answer for safety; a caller who reads it over a ticket system's shoulder would learn what to fake.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar, Literal

from django.db.models import Q

from mfadesk.cases.state import fold
from mfadesk.kernel.clock import from_stamp, to_stamp
from mfadesk.kernel.errors import Invalid, Refusal
from mfadesk.operations.case_view import steps_of
from mfadesk.operations.closing import ticket_of
from mfadesk.operations.desk import Desk
from mfadesk.operations.sayings import VERB_WORDS, method_name, timeline_of
from mfadesk.store.commit import load_case, load_events
from mfadesk.store.models import CaseRow, EventRow

MOST = 200
"""Rows of one answer."""

OVERLAP = timedelta(minutes=1)

_CURSOR = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z)~(case_[0-9a-z]{1,30})?")
_DESCRIBED: Mapping[str, Any] = {"use_attribute_docstrings": True}
"""The sentences under the fields become their descriptions in the API's document."""


@dataclass(frozen=True, slots=True)
class CaseEntry:
    """A case in a list."""

    __pydantic_config__: ClassVar = _DESCRIBED

    id: str
    person: str | None
    """The id in the directory of whom the case is about; null where the directory does not know them."""
    goal: str
    """What the caller wanted, such as ``replace_device``."""
    status: Literal["open", "frozen", "closed"]
    outcome: str
    """How it ended: changed, no_change_needed, self_service, refused, stopped, abandoned, handed_over; empty while it goes on."""
    step: str
    """The runbook's step that it stands at or ended with."""
    waiting_for: str
    """Whose turn it is: operator, claimant, security, executor; empty when closed."""
    opened_at: datetime
    changed_at: datetime
    deadline_at: datetime | None
    """When the wait ends by itself."""


@dataclass(frozen=True, slots=True)
class CasePage:
    """Cases in the order in which they last changed."""

    __pydantic_config__: ClassVar = _DESCRIBED

    cases: tuple[CaseEntry, ...]
    next: str
    """Give it as ``after`` for what follows, now or later."""
    more: bool
    """There is more to read now. At the end `next` reaches a minute back, so that nothing is missed that was just being written."""


@dataclass(frozen=True, slots=True)
class StepEntry:
    """One step of a case."""

    title: str
    state: str


@dataclass(frozen=True, slots=True)
class CaseRecord:
    """One case, for a ticket system."""

    __pydantic_config__: ClassVar = _DESCRIBED

    id: str
    person: str | None
    goal: str
    status: Literal["open", "frozen", "closed"]
    outcome: str
    step: str
    waiting_for: str
    tier: str
    """standard, sensitive, exec, privileged or tier0: what an impostor would gain."""
    channel: str
    runbook: str
    runbook_digest: str
    policy_digest: str
    events: int
    """How many events the case has; it grows with every change."""
    opened_at: datetime
    changed_at: datetime
    deadline_at: datetime | None
    steps: tuple[StepEntry, ...]
    ticket: str
    """The text for a ticket, once the case is closed; it names nobody."""


@dataclass(frozen=True, slots=True)
class ProofEntry:
    """A proof that counts, without what would let anybody link it to a device."""

    __pydantic_config__: ClassVar = _DESCRIBED

    method: str
    name: str
    at: datetime
    expires_at: datetime
    established_by: str
    """claimant, staff or voucher."""
    second_look: bool
    """A second member of staff attested the same."""


@dataclass(frozen=True, slots=True)
class VerdictEntry:
    """The executor's last signed decision for one action."""

    __pydantic_config__: ClassVar = _DESCRIBED

    action: str
    allowed: bool
    points: int
    """What faking the proof would cost an impostor, by the policy's prices."""
    needed: int
    reasons: tuple[str, ...]
    at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class EffectEntry:
    """Something that the executor was to do at the provider, and how far it came."""

    verb: str
    words: str
    state: Literal["asked", "done", "delayed", "failed", "voided"]
    at: datetime


@dataclass(frozen=True, slots=True)
class MomentEntry:
    """One line of what happened."""

    at: datetime
    actor: str
    text: str


@dataclass(frozen=True, slots=True)
class EvidenceRecord:
    """What was proved in one case, what was decided, what was done."""

    id: str
    proved: tuple[ProofEntry, ...]
    decided: tuple[VerdictEntry, ...]
    done: tuple[EffectEntry, ...]
    timeline: tuple[MomentEntry, ...]


def list_cases(desk: Desk, status: str | None, person: str | None, after: str | None, limit: int) -> CasePage:
    """Return up to `limit` cases, those first that have not changed for longest.

    after: the `next` of an earlier page. Raises Invalid for one that no page gave.
    """
    rows = CaseRow.objects.order_by("changed_at", "id")
    if status is not None:
        rows = rows.filter(status=status)
    if person is not None:
        rows = rows.filter(subject_id=person)
    if after is not None:
        changed_at, case_id = _read_cursor(after)
        rows = rows.filter(Q(changed_at__gt=changed_at) | Q(changed_at=changed_at, id__gt=case_id))
    found = list(rows[: min(limit, MOST) + 1])
    page = found[:limit]
    outcomes = _outcomes(row.id for row in page if row.status == "closed")
    if more := len(found) > limit:
        next_at, next_id = page[-1].changed_at, page[-1].id
    else:
        # A case gets its time before its turn to be written, so a later one may be there already.
        next_at, next_id = min([desk.now() - OVERLAP, *(row.changed_at for row in page[-1:])]), ""
    return CasePage(
        tuple(_entry(row, outcomes.get(row.id, "")) for row in page), f"{to_stamp(next_at)}~{next_id}", more
    )  # fmt: skip


def show_case(desk: Desk, case_id: str) -> CaseRecord:
    """Return where one case stands. Raises Refusal ``not_found``."""
    row = CaseRow.objects.filter(pk=case_id).first()
    if row is None:
        raise Refusal("not_found", "There is no such case.")
    state = load_case(case_id)
    runbook = desk.runbooks.get(state.runbook_digest)
    entry = _entry(row, state.outcome)
    return CaseRecord(
        id=entry.id, person=entry.person, goal=entry.goal, status=entry.status, outcome=entry.outcome, step=entry.step,
        waiting_for=entry.waiting_for, tier=state.tier, channel=state.channel, runbook=state.runbook,
        runbook_digest=state.runbook_digest, policy_digest=state.policy_digest, events=state.seq, opened_at=entry.opened_at,
        changed_at=entry.changed_at, deadline_at=entry.deadline_at,
        steps=tuple(StepEntry(line.title, line.mark) for line in steps_of(state, runbook)), ticket=ticket_of(state, runbook, desk.policy),
    )  # fmt: skip


def show_evidence(desk: Desk, case_id: str) -> EvidenceRecord:
    """Return what was proved, decided and done in one case. Raises Refusal ``not_found``."""
    events = load_events(case_id)
    if not events:
        raise Refusal("not_found", "There is no such case.")
    state = fold(case_id, events)
    lines = timeline_of(list(events), desk.policy, desk.runbooks.get(state.runbook_digest), {})
    return EvidenceRecord(
        id=case_id,
        proved=tuple(
            ProofEntry(
                e.method, method_name(e.method, desk.policy), e.at, e.expires_at, e.established_by.partition(":")[0],
                e.second_attested,
            )
            for e in state.evidence()
        ),
        decided=tuple(
            VerdictEntry(v.action, v.allowed, v.points, v.needed, v.reasons, v.at, v.expires_at) for v in state.verdicts.values()
        ),
        done=tuple(
            EffectEntry(effect.verb, VERB_WORDS.get(effect.verb, effect.verb), effect.state, effect.at)
            for effect in state.effects.values()
        ),
        timeline=tuple(MomentEntry(line.at, line.actor, line.text) for line in lines),
    )  # fmt: skip


def _entry(row: CaseRow, outcome: str) -> CaseEntry:
    status: Any = row.status
    return CaseEntry(
        row.id, row.subject_id, row.goal, status, outcome, row.ending or row.step, row.waiting_for, row.opened_at, row.changed_at,
        row.deadline_at,
    )  # fmt: skip


def _outcomes(case_ids: Iterable[str]) -> dict[str, str]:
    """Return how each of these cases ended, from its closing event: one query, where a fold would be one a case."""
    rows = EventRow.objects.filter(case_id__in=list(case_ids), kind="case_closed").values_list("case_id", "body")
    return {case_id: str(json.loads(body)["outcome"]) for case_id, body in rows}


def _read_cursor(text: str) -> tuple[datetime, str]:
    found = _CURSOR.fullmatch(text)
    try:
        if found is not None:
            return from_stamp(found[1]), found[2] or ""
    except ValueError:
        pass
    raise Invalid("after", "This is no `next` that a page gave.")
