"""Open a case: someone says they are somebody, and wants something."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from mfadesk.cases.engine import advance
from mfadesk.cases.state import CaseState
from mfadesk.kernel.errors import Invalid, Refusal
from mfadesk.kernel.ids import new_id
from mfadesk.operations.bypass import is_offered
from mfadesk.operations.codes import issue_code
from mfadesk.operations.desk import Desk, require_operator, staff_name
from mfadesk.operations.people import find_person
from mfadesk.operations.throttle import count_try
from mfadesk.ports.people import Actor
from mfadesk.runbook.model import Runbook
from mfadesk.runbook.shelf import choose
from mfadesk.runbook.situation import GOAL_WORDS, UNKNOWN
from mfadesk.store.models import Alert, CaseRow

CHANNELS = ("phone", "portal", "chat", "desk", "in_person", "mail", "internal")
CALLERS = ("subject", "assistant", "third_party")
MAX_NAME = 200
MAX_SIGNALS = 20
REPEAT_WINDOW = timedelta(hours=24)
OPEN_CASES_AN_HOUR = 120
"""One operator opens no more than this; a faster one is a script or a mistake."""


def open_case(
    desk: Desk,
    actor: Actor,
    person_id: str | None,
    *,
    said_name: str = "",
    goal: str,
    channel: str = "phone",
    caller: str = "subject",
    signals: frozenset[str] = frozenset(),
    answers: dict[str, str] | None = None,
) -> str:
    """Return the id of a new case about `person_id`, or about nobody the directory knows (noted, and refused in the end).

    said_name: what the caller said, kept as personal data.
    goal: what they want, one of `GOAL_WORDS`; the runbook follows from it.
    signals: what the telephone or the operator noticed; they can raise what is demanded and never lower it.
    answers: first questions that the situation answered already; nothing is asked twice.

    Raises Refusal ``no_runbook`` where no proved runbook serves the goal, and Invalid for values outside the closed sets.
    """
    require_operator(actor)
    if goal not in GOAL_WORDS and goal != UNKNOWN:
        raise Invalid("goal", "Choose what the caller wants from the list.")
    if channel not in CHANNELS or caller not in CALLERS or len(signals) > MAX_SIGNALS:
        raise Invalid("channel", "Choose how the call came in, and who is calling.")
    person = find_person(person_id)
    if person is not None and actor.person_id == person.id:
        raise Refusal("own_case", "This case would be about you. Ask a colleague to open it.")
    runbook = _choose(desk, goal, answers or {})
    now = desk.now()
    with desk.unit() as unit:
        count_try(f"open:{staff_name(actor)}", limit=OPEN_CASES_AN_HOUR, window_s=3_600, now=now)
        draft = desk.draft(CaseState(new_id("case", desk.randomness)), staff_name(actor))
        draft.emit(
            "case_opened", {"said_name": said_name[:MAX_NAME]} if said_name else {},
            subject=person.id if person else None, tier=person.tier if person else "tier0",
            break_glass=person.break_glass if person else False, employment=_employment(person), goal=goal, channel=channel,
            caller=caller, runbook=runbook.id, runbook_digest=runbook.digest, policy_digest=desk.policy.digest,
        )  # fmt: skip
        for signal in sorted(signals):
            draft.emit("signal_noted", signal=signal)
        if person is not None:
            _note_repeats(draft.state.id, person.id, now)
            if CaseRow.objects.filter(subject_id=person.id, opened_at__gte=now - REPEAT_WINDOW).exists():
                draft.emit("signal_noted", signal="repeat_contact_same_day")
        for variable, value in sorted((answers or {}).items()):
            if variable in runbook.variables and value in runbook.variables[variable].values and value != "unknown":
                draft.emit("answered", step="opening", variable=variable, value=value)
        if person is not None:
            draft.intend("look", quiet=True)
        advance(draft, runbook)
        if draft.state.status == "open":
            issue_code(desk, draft)
        unit.commit(draft)
    return draft.state.id


def _choose(desk: Desk, goal: str, answers: Mapping[str, str]) -> Runbook:
    """Return the runbook among those that this desk may use: what is not proved under its policy is not on offer."""
    choice = choose(goal, answers, desk.in_force())
    if choice.runbook is None:
        raise Refusal("no_runbook", choice.why_not)
    if not is_offered(choice.runbook):
        raise Refusal("no_runbook", "The identity provider has no way in that ends by itself, so the desk gives none.")
    return choice.runbook


def _employment(person: object) -> str:
    return getattr(person, "employment", "unknown")


def _note_repeats(case_id: str, person_id: str, now: datetime) -> None:
    """Security hears of a second request for one identity within a day (R41); the caller hears nothing of it."""
    recent = CaseRow.objects.filter(subject_id=person_id, opened_at__gte=now - REPEAT_WINDOW).count()
    if recent:
        Alert.objects.create(
            at=now, kind="repeat_request", case_id=case_id, person_id=person_id,
            sentence=f"Request {recent + 1} for this identity within 24 hours.",
        )  # fmt: skip
