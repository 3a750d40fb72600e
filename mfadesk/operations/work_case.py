"""What the operator who holds a case may do in it: answer, hand over, note, end, thaw. No verb skips a step."""

from __future__ import annotations

from mfadesk.cases.engine import advance, prove_again
from mfadesk.kernel.errors import Invalid, Refusal
from mfadesk.operations.codes import issue_code
from mfadesk.operations.desk import Desk, require_operator, require_owner, staff_name
from mfadesk.operations.sessions import end_sessions_of
from mfadesk.ports.people import Actor
from mfadesk.store.models import Alert

ENDINGS = {
    "no_change_needed": "no_change_needed",
    "caller_hung_up": "stopped",
    "cannot_be_proved": "refused",
}
"""How an operator may end a case, and what that means. Each ends without a change."""

MAX_REASON = 200


def answer(desk: Desk, actor: Actor, case_id: str, step_id: str, value: str, expected_version: int | None = None) -> None:
    """Record the answer to the question that the case asks now, and go on.

    Raises Refusal ``moved_on`` where the case stands elsewhere by now, and Invalid for an answer that was not offered.
    """
    with desk.unit() as unit:
        draft = desk.draft(unit.load(case_id), staff_name(actor))
        require_owner(actor, draft.state)
        draft.require_open()
        runbook = desk.runbook_of(draft.state)
        step = runbook.steps.get(step_id)
        if step is None or draft.state.step != step_id or step.kind not in ("ask", "instruct"):
            raise Refusal("moved_on", "The case has moved on. Look at it again.")
        if step.kind == "ask" and value not in {offered.value for offered in step.answers}:
            raise Invalid("answer", "Choose one of the answers.")
        draft.emit("answered", step=step_id, variable=step.variable if step.kind == "ask" else "", value=value[:40])
        advance(draft, runbook)
        unit.commit(draft)
    _forget_if_closed(desk, case_id, draft.state.status)


def note_signal(desk: Desk, actor: Actor, case_id: str, signal: str) -> None:
    """Write down something that was noticed on the call. It can raise what is demanded and never lower it."""
    if signal not in desk.policy.signals:
        raise Invalid("signal", "Choose what you noticed from the list.")
    with desk.unit() as unit:
        draft = desk.draft(unit.load(case_id), staff_name(actor))
        require_owner(actor, draft.state)
        draft.require_open()
        if signal not in draft.state.signals:
            draft.emit("signal_noted", signal=signal)
        unit.commit(draft)


def note_pressure(desk: Desk, actor: Actor, case_id: str) -> None:
    """The operator is being pushed: the shift lead hears quietly, and it never counts against anybody."""
    with desk.unit() as unit:
        draft = desk.draft(unit.load(case_id), staff_name(actor))
        require_owner(actor, draft.state)
        draft.emit("pressure_noted")
        Alert.objects.create(
            at=draft.now, kind="pressure", case_id=case_id, person_id=draft.state.subject or "",
            sentence="An operator is being pushed on this call.",
        )  # fmt: skip
        unit.commit(draft)


def note_out_of_reach(desk: Desk, actor: Actor, case_id: str, authenticator_id: str, reason: str) -> None:
    """Write down why a working authenticator cannot be used now ("it is at home"). Costs time, not safety (SETTLED 11)."""
    if not reason.strip():
        raise Invalid("reason", "Write down why it cannot be used now.")
    with desk.unit() as unit:
        draft = desk.draft(unit.load(case_id), staff_name(actor))
        require_owner(actor, draft.state)
        draft.require_open()
        draft.emit("out_of_reach", authenticator=authenticator_id, reason="out_of_reach")
        draft.intend("notify", target="out_of_reach")
        draft.intend("consider", quiet=True)
        unit.commit(draft)


def take_over(desk: Desk, actor: Actor, case_id: str) -> None:
    """Another operator takes the case, as when a browser died mid-call. Nothing proved is lost."""
    require_operator(actor)
    with desk.unit() as unit:
        draft = desk.draft(unit.load(case_id), staff_name(actor))
        if draft.state.status == "closed":
            raise Refusal("case_closed", "This case is closed. Nothing more can happen in it.")
        if actor.person_id and actor.person_id == draft.state.subject:
            raise Refusal("own_case", "This case is about you. Somebody else works it.")
        if draft.state.owner != draft.actor:
            draft.emit("owner_changed", owner=draft.actor)
        unit.commit(draft)


def end_case(desk: Desk, actor: Actor, case_id: str, ending: str, expected_version: int | None = None) -> None:
    """End the case without a change. Once the executor has begun to act, only the road through the runbook ends it."""
    if ending not in ENDINGS:
        raise Invalid("ending", "Choose how the case ends.")
    with desk.unit() as unit:
        draft = desk.draft(unit.load(case_id), staff_name(actor))
        require_owner(actor, draft.state)
        if draft.state.status == "closed":
            raise Refusal("case_closed", "This case is closed. Nothing more can happen in it.")
        if any(effect.verb in ("suspend_old", "remove_old") for effect in draft.state.effects.values()):
            raise Refusal(
                "change_under_way", "The change has begun. It ends by itself or by its deadline; nothing is left half done."
            )
        if ending == "cannot_be_proved" and draft.state.subject:
            draft.intend("notify", target="attempt")
        draft.close(ending, ENDINGS[ending])
        unit.commit(draft)
    _forget_if_closed(desk, case_id, "closed")


def thaw(desk: Desk, actor: Actor, case_id: str) -> str:
    """Resolve a frozen case: both browsers lose it with all their evidence, and the caller gets a new code, returned here."""
    with desk.unit() as unit:
        draft = desk.draft(unit.load(case_id), staff_name(actor))
        require_owner(actor, draft.state)
        if draft.state.status != "frozen":
            raise Refusal("not_frozen", "This case is not frozen.")
        end_sessions_of(case_id, draft.now)
        draft.emit("thawed")
        prove_again(draft, desk.runbook_of(draft.state))
        code = issue_code(desk, draft)
        unit.commit(draft)
    return code


def _forget_if_closed(desk: Desk, case_id: str, status: str) -> None:
    if status == "closed":
        with desk.unit():
            end_sessions_of(case_id, desk.now())
