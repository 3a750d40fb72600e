"""Screens 1 and 2: what needs me now, and who do they say they are."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Q

from mfadesk.kernel.errors import Invalid
from mfadesk.kernel.plain_text import plain_line
from mfadesk.operations.approvals import find_waiting
from mfadesk.operations.desk import Desk, require_operator
from mfadesk.operations.directory_csv import fold
from mfadesk.operations.enlist import needs_desk_key
from mfadesk.operations.sayings import GOOD, say_outcome
from mfadesk.operations.views import AlertLine, AnswerLine, CallsView, CaseLine, Mark, PersonLine
from mfadesk.ports.people import Actor
from mfadesk.runbook.shelf import choose
from mfadesk.runbook.situation import GOAL_WORDS
from mfadesk.store.commit import load_case, load_events
from mfadesk.store.models import Alert, CaseRow, ContactRow, PersonRow

MAX_LINES = 50
MAX_FOUND = 8
SHORTEST_SEARCH = 2
ALERTS_SHOWN = 5

_WAITING = {
    "claimant": "The person",
    "security": "Security",
    "approver": "Somebody who approves",
    "executor": "The desk's own machine",
}
_AWAY = {"on_leave": "On leave", "left": "Has left", "starts": "Has not started yet", "third_party": "From another company"}


def calls(desk: Desk, actor: Actor) -> CallsView:
    """Return the operator's cases, those that wait, those of others, and today's endings; never anybody's handle time."""
    now = desk.now()
    open_rows = list(CaseRow.objects.exclude(status="closed").order_by("deadline_at", "opened_at")[: 2 * MAX_LINES])
    closed = list(
        CaseRow.objects.filter(status="closed", changed_at__gte=now - timedelta(hours=24)).order_by("-changed_at")[:MAX_LINES]
    )
    names = _names({row.subject_id for row in [*open_rows, *closed] if row.subject_id})
    about_me = {row.id for row in open_rows if actor.person_id and row.subject_id == actor.person_id}
    seconds = {row.id for row in open_rows if _is_drawn(row.id, actor)}
    answers = {state.id for state in find_waiting(desk, actor)}
    asks = {**dict.fromkeys(seconds, "A second look is asked of you"), **dict.fromkeys(answers, "Your approval is asked for")}
    lines = [_line(desk, row, names, actor, asks.get(row.id, "")) for row in open_rows if row.id not in about_me]
    rest = [line for line in lines if not line.mine and line.id not in asks]
    held = {row.id for row in open_rows if row.status == "open" and row.waiting_for in ("operator", "")}
    version = CaseRow.objects.order_by("-changed_at").values_list("changed_at", flat=True).first()
    return CallsView(
        mine=tuple(line for line in lines if line.mine),
        waiting=tuple(line for line in rest if line.id not in held),
        others=tuple(line for line in rest if line.id in held),
        closed_today=tuple(_line(desk, row, names, actor) for row in closed),
        alerts=_alerts(actor),
        version=version.isoformat() if version else "0",
        approvals=tuple(line for line in lines if line.id in answers),
        seconds=tuple(line for line in lines if not line.mine and line.id in seconds - answers),
        needs_key=needs_desk_key(actor),
    )


def find_people(desk: Desk, actor: Actor, text: str) -> tuple[PersonLine, ...]:
    """Return at most `MAX_FOUND` people whom the words name: by name, id, login, mail address or number.

    Raises Invalid for a search too short to mean anybody.
    """
    require_operator(actor)
    words = fold(text).split()[:6]
    if sum(len(word) for word in words) < SHORTEST_SEARCH:
        raise Invalid("q", "Type at least two letters of a name, an address or a number.")
    rows = PersonRow.objects.filter(gone=False)
    for word in words:
        rows = rows.filter(Q(search__contains=word) | Q(pk__in=_owners_of(word)))
    return tuple(
        PersonLine(
            row.id, plain_line(row.name), plain_line(row.job), plain_line(row.site), row.tier, _AWAY.get(row.employment, "")
        )
        for row in rows.order_by("name")[:MAX_FOUND]
        if row.id != actor.person_id
    )


def goals() -> tuple[AnswerLine, ...]:
    """Return what a caller may want, of all that a runbook on the shelf serves."""
    return tuple(AnswerLine(goal, words) for goal, words in GOAL_WORDS.items() if choose(goal, {}).runbook is not None)


def _owners_of(word: str) -> list[str]:
    """Return whose address or number the word is part of; numbers are compared by their digits alone."""
    digits = "".join(c for c in word if c.isdigit())
    if "@" in word:
        found = ContactRow.objects.filter(value__icontains=word)
    elif len(digits) >= 6:
        found = ContactRow.objects.filter(kind__in=["mobile", "desk_phone"], value__contains=digits[-6:])
    else:
        return []
    return list(found.values_list("person_id", flat=True)[:20])


def _names(ids: set[str]) -> dict[str, str]:
    rows = PersonRow.objects.filter(pk__in=ids).values_list("id", "name")
    return {person_id: plain_line(name) for person_id, name in rows}


def _is_drawn(case_id: str, actor: Actor) -> bool:
    """Return whether this operator was drawn for a second look in an open case."""
    return actor.id in load_case(case_id).second_asked.values()


_CLOSED_AS = {"refused": "refused", "stopped": "refused"}


def _line(desk: Desk, row: CaseRow, names: dict[str, str], actor: Actor, asks: str = "") -> CaseLine:
    """Return one line. `asks`: what is asked of this member of staff in somebody else's case."""
    mine = row.owner == f"staff:{actor.id}"
    if row.status == "closed":
        case = load_case(row.id)
        state = say_outcome(case)
        mark = "refused" if case.reported else "done" if case.outcome in GOOD else _CLOSED_AS.get(case.outcome, "quiet")
    elif row.status == "frozen":
        state, mark = "Frozen: two browsers used the code", "refused"
    elif asks:
        state, mark = asks, "now"
    elif row.waiting_for == "approver":
        state, mark = "Waits for approval", "waiting"
    else:
        runbook = desk.runbooks.get(load_case(row.id).runbook_digest)
        step = runbook.steps.get(row.step) if runbook else None
        state, mark = step.title if step else "Cannot go on", "now" if row.waiting_for == "operator" else "waiting"
    kind: Mark = mark  # type: ignore[assignment]
    return CaseLine(
        id=row.id, name=names.get(row.subject_id or "") or _said_name(row.id), request=GOAL_WORDS.get(row.goal, row.goal),
        state=state, mark=kind, waiting_for="" if asks else _say_whom(row.waiting_for, mine=mine),
        deadline=row.deadline_at, opened_at=row.opened_at, mine=mine,
    )  # fmt: skip


def _said_name(case_id: str) -> str:
    """Return the name that a caller gave whom the directory does not know."""
    opened = next((event for event in load_events(case_id) if event.kind == "case_opened"), None)
    said = plain_line(opened.personal.get("said_name", "")) if opened else ""
    return said or "Not in the directory"


def _say_whom(waiting_for: str, *, mine: bool) -> str:
    """Return whose turn it is; what waits for an operator waits for this one only where the case is theirs."""
    if waiting_for in ("operator", ""):
        return "You" if mine else "Its operator"
    return _WAITING.get(waiting_for, waiting_for)


def _alerts(actor: Actor) -> tuple[AlertLine, ...]:
    """Security's news; an operator sees only that there is some where they hold the case, and nobody else's pressure."""
    if "security" not in actor.roles:
        return ()
    return tuple(AlertLine(a.at, a.sentence, a.case_id) for a in Alert.objects.order_by("-at")[:ALERTS_SHOWN])
