"""What the operator who holds a case may do in it: answer, hand over, note, end, thaw. No verb skips a step."""

from __future__ import annotations

from mfadesk.cases.engine import Draft, advance, begin_proof_again
from mfadesk.kernel.errors import Invalid, Refusal
from mfadesk.operations.codes import issue_code
from mfadesk.operations.desk import Desk, require_operator, require_owner, staff_name
from mfadesk.operations.judgement import newest_sight
from mfadesk.operations.sayings import NOTICED
from mfadesk.operations.sessions import end_sessions_of
from mfadesk.operations.targets import find_survivors
from mfadesk.ports.people import Actor
from mfadesk.store.models import Alert

ENDINGS = {
    "no_change_needed": "no_change_needed",
    "caller_hung_up": "stopped",
    "cannot_be_proved": "refused",
}
"""How an operator may end a case, and what that means. Each ends without a change."""

OUT_OF_REACH = {
    "elsewhere": "It is somewhere else now",
    "no_power": "It has no power",
    "not_usable_here": "It cannot be used where they are",
    "switched_off": "An earlier call switched it off",
    "other": "Something else",
}
"""Why something that still works cannot be used now: a closed list for the record, the caller's own words beside it."""

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
    if signal not in desk.policy.signals or signal not in NOTICED:
        raise Invalid("signal", "Choose what you noticed from the list.")
    with desk.unit() as unit:
        draft = desk.draft(unit.load(case_id), staff_name(actor))
        require_owner(actor, draft.state)
        draft.require_open()
        if signal not in draft.state.signals:
            draft.emit("signal_noted", signal=signal)
            # What was decided before is judged on it at once, and not only when it is about to be done.
            draft.intend("consider", quiet=True)
        unit.commit(draft)


def note_pressure(desk: Desk, actor: Actor, case_id: str) -> None:
    """The operator is being pushed: the shift lead hears quietly, and it never counts against anybody."""
    with desk.unit() as unit:
        draft = desk.draft(unit.load(case_id), staff_name(actor))
        require_owner(actor, draft.state)
        if draft.state.status == "closed":
            raise Refusal("case_closed", "This case is closed. Tell your shift lead yourself.")
        draft.emit("pressure_noted")
        Alert.objects.create(
            at=draft.now, kind="pressure", case_id=case_id, person_id=draft.state.subject or "",
            sentence="An operator is being pushed on this call.",
        )  # fmt: skip
        unit.commit(draft)


def note_out_of_reach(desk: Desk, actor: Actor, case_id: str, authenticator_id: str, why: str, words: str = "") -> None:
    """Write down why a working authenticator cannot be used now. Costs time, not safety: the person is told (SETTLED 11).

    why: one of `OUT_OF_REACH`. words: what the caller said, at most `MAX_REASON` characters; personal, so it can be erased.

    Raises Invalid for a reason that is not listed, and for an authenticator that this person does not have or need not use first.
    """
    if why not in OUT_OF_REACH:
        raise Invalid("reason", "Choose why it cannot be used now.")
    with desk.unit() as unit:
        draft = desk.draft(unit.load(case_id), staff_name(actor))
        require_owner(actor, draft.state)
        draft.require_open()
        sight, _taken_at = newest_sight(draft.state.subject or "")
        survivors = find_survivors(draft.state, sight.holdings, draft.now) if sight.holdings is not None else ()
        if authenticator_id not in {a.id for a in survivors} - set(draft.state.out_of_reach):
            raise Invalid("authenticator", "Choose what is out of reach from the list.")
        said = words.strip()[:MAX_REASON]
        draft.emit("out_of_reach", {"words": said} if said else {}, authenticator=authenticator_id, reason=why)
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
        code = _begin_again(desk, draft, "thawed")
        unit.commit(draft)
    return code


def drop_browser(desk: Desk, actor: Actor, case_id: str) -> str:
    """The person goes on with another device: the browser loses the case with all its evidence. Returns the new code.

    Raises Refusal ``no_browser`` where none is bound, and ``change_under_way`` once the new authenticator was tested.
    """
    with desk.unit() as unit:
        draft = desk.draft(unit.load(case_id), staff_name(actor))
        require_owner(actor, draft.state)
        draft.require_open()
        if draft.state.session is None:
            raise Refusal("no_browser", "No browser has this case. Read out the code.")
        if draft.state.tested_at is not None:
            raise Refusal("change_under_way", "The new one works already. Nothing more is needed from their page.")
        code = _begin_again(desk, draft, "browser_dropped")
        unit.commit(draft)
    return code


def _begin_again(desk: Desk, draft: Draft, why: str) -> str:
    end_sessions_of(draft.state.id, draft.now)
    begin_proof_again(draft, desk.runbook_of(draft.state), why, desk.policy.limits.low_proof_suspension_s)
    return issue_code(desk, draft)


def _forget_if_closed(desk: Desk, case_id: str, status: str) -> None:
    if status == "closed":
        with desk.unit():
            end_sessions_of(case_id, desk.now())
