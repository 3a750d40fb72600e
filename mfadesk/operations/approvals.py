"""What waits for a further person's yes, the page on which they give it, and the verbs by which they do.

A yes or no is a desk-key assertion that the executor verifies; nobody who had a hand in a case approves it (SETTLED 1, 9).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mfadesk.cases.approvals import Approver, Bar, count_approvals, find_bar
from mfadesk.cases.state import CaseState
from mfadesk.kernel.errors import Invalid, Refusal
from mfadesk.operations.approvers import APPROVING, find_approvers
from mfadesk.operations.asking import ask_executor
from mfadesk.operations.desk import Desk
from mfadesk.operations.judgement import Sight, requirement_of
from mfadesk.operations.prove import require_small
from mfadesk.operations.views import ApprovalPanel
from mfadesk.ports.people import Actor
from mfadesk.store.commit import load_case
from mfadesk.store.models import CaseRow

ANSWERS = ("yes", "no")
MAX_REASON = 200
MAX_LINES = 50

BAR_WORDS: Mapping[Bar, str] = {
    "subject": "This case is about you. Somebody else approves it.",
    "report": "The person is your manager, so somebody else approves this.",
    "worked_on_it": "You worked on this case, so somebody else approves it.",
    "voucher": "You were asked to vouch in this case, so somebody else approves it.",
}
"""Why somebody cannot approve, in words for them."""

WAITS_AS = ("approver", "security")
"""Who owns a wait for approvals: those who may give them, or security where nobody can."""


def begin_approval(desk: Desk, actor: Actor, case_id: str, answer: str, reason: str, over: str) -> Mapping[str, Any]:
    """Return request options for this approver's desk key.

    answer: ``yes`` or ``no``. over: the digest of what the page showed; the executor refuses it where that does not stand any more.

    Raises Invalid for a no without a reason, and Refusal for somebody who may not approve here.
    """
    _require_approver(actor)
    if answer not in ANSWERS:
        raise Invalid("answer", "Say yes or no.")
    if not reason.strip():
        raise Invalid("reason", "Write down why, in a few words.")
    payload = {"staff": actor.id, "answer": answer, "reason": _reason(reason), "over": over[:64]}
    options: Mapping[str, Any] = ask_executor(desk, "begin_approval", case_id, payload)["options"]
    return options


def finish_approval(desk: Desk, actor: Actor, case_id: str, reason: str, response: Mapping[str, Any]) -> None:
    """Have the assertion verified and the answer that it signed recorded. Raises Refusal where it does not count."""
    _require_approver(actor)
    payload = {"staff": actor.id, "reason": _reason(reason), "response": require_small(response)}
    ask_executor(desk, "finish_approval", case_id, payload)


def find_waiting(desk: Desk, actor: Actor) -> tuple[CaseState, ...]:
    """Return the cases that wait for an approval which this member of staff may give and has not given."""
    approver = find_approver(actor)
    if approver is None:
        return ()
    rows = CaseRow.objects.filter(status="open", waiting_for__in=WAITS_AS).order_by("deadline_at")[:MAX_LINES]
    return tuple(state for state in map(load_case, rows.values_list("id", flat=True)) if may_answer(desk, state, approver))


def may_answer(desk: Desk, state: CaseState, approver: Approver) -> bool:
    """Return whether the case waits for this approver's answer."""
    ask, now = state.ask, desk.now()
    return (
        state.status == "open"
        and ask is not None
        and now < ask.until
        and not find_bar(state, approver)
        and not count_approvals(state, ask.action, (approver,), now)
    )


def approval_panel(
    desk: Desk, actor: Actor, state: CaseState, names: Mapping[str, str], approvers: Sequence[Approver], sight: Sight
) -> ApprovalPanel | None:
    """Return what the case page shows of a wait for approvals, or None where it waits for none.

    names: how staff are called on pages, by ``staff:7``. approvers: who may approve at all. sight: the newest snapshots.
    """
    ask = state.ask
    if state.status != "open" or ask is None:
        return None
    approver, given = _as_approver(actor, approvers), count_approvals(state, ask.action, approvers, desk.now())
    bar = find_bar(state, approver) if approver is not None else ""
    may = approver is not None and may_answer(desk, state, approver)
    answered = approver is not None and any(yes.by in approver.accounts for yes in given)
    return ApprovalPanel(
        asks=_asks(desk, state, sight),
        asked_by=_asked_by(names.get(state.opened_by, "Staff"), names.get(state.owner, "staff")),
        have=len(given),
        needed=ask.needed,
        given=tuple(names.get(yes.by, "Staff") for yes in given),
        over=ask.over if may else "",
        why_not=BAR_WORDS[bar] if bar else "You have approved this. It takes another person." if answered else "",
    )


def _asked_by(opener: str, owner: str) -> str:
    return f"{opener} opened and holds the case" if opener == owner else f"{opener} opened the case, {owner} holds it now"


def _asks(desk: Desk, state: CaseState, sight: Sight) -> tuple[str, ...]:
    action = state.ask.action if state.ask is not None else ""
    held = {a.id: a.label for a in sight.holdings.authenticators} if sight.holdings is not None else {}
    old = [held.get(target, "One that the provider does not show any more") for target in state.targets]
    requirement = requirement_of(desk.policy, action, state.tier, desk.home.config.threat)
    new = "a new passkey or security key, nothing weaker" if requirement and requirement.passkey_only else "a new one"
    after = {
        "replace_authenticator": f"They set up {new}, and it signs in as them",
        "add_authenticator": f"They set up {new} beside the others, and it signs in as them",
        "change_contact": "A number or address that the desk holds for them is changed",
    }.get(action, action.replace("_", " ").capitalize())
    return (*(f"Stops working: {label}" for label in old), after)


def find_approver(actor: Actor) -> Approver | None:
    """Return the actor as somebody who may approve at all, or None."""
    return _as_approver(actor, find_approvers()) if _has_the_role(actor) else None


def _as_approver(actor: Actor, approvers: Sequence[Approver]) -> Approver | None:
    return next((approver for approver in approvers if _has_the_role(actor) and approver.id == actor.id), None)


def _has_the_role(actor: Actor) -> bool:
    return actor.kind == "staff" and bool(APPROVING & actor.roles)


def _require_approver(actor: Actor) -> None:
    if not _has_the_role(actor):
        raise Refusal("not_your_role", "Your role does not approve. Ask an approver or an administrator.")


def _reason(reason: str) -> str:
    return " ".join(reason.split())[:MAX_REASON]
