"""The case engine: what a command does to a case, as events and intents. Pure: the clock, the runbook and the verdict are passed in.

A `Draft` collects the events of one command and folds each as it is written, so that what follows sees it. `advance` then walks
the runbook as far as it goes by itself. It never passes a decision: that takes an `Authority`, which only the executor has.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

from mfadesk.cases.approvals import ONLY_APPROVALS, digest_of_bundle
from mfadesk.cases.events import Event
from mfadesk.cases.parts import Verdict
from mfadesk.cases.state import CaseState, apply
from mfadesk.kernel.clock import to_stamp
from mfadesk.kernel.errors import Broken, Refusal
from mfadesk.kernel.ids import Randomness, new_id
from mfadesk.runbook.guards import evaluate
from mfadesk.runbook.model import Runbook, Step

MAX_STEPS_A_COMMAND = 200
"""A runbook that goes on longer by itself loops; the prover refuses it, and so do we."""

MAX_EVENTS_A_CASE = 2_000
UNATTENDED_S = 3_600
"""A step that waits for staff and names no deadline of its own ends the case after this long, without a change."""

AUTHORISED_BY: Mapping[str, frozenset[str]] = {
    "suspend_old": frozenset({"suspend_authenticator", "replace_authenticator", "grant_bypass", "grant_longer_bypass"}),
    "grant_bypass": frozenset({"grant_bypass", "grant_longer_bypass"}),
    "enrol_new": frozenset({"replace_authenticator", "add_authenticator", "bind_first_authenticator"}),
    "remove_old": frozenset({"replace_authenticator"}),
    "end_sessions": frozenset({"replace_authenticator", "bind_first_authenticator", "grant_bypass", "grant_longer_bypass"}),
    "resync": frozenset({"resync_authenticator", "replace_authenticator"}),
    "reset_failures": frozenset({"resync_authenticator", "replace_authenticator", "restore_account"}),
    "restore_old": frozenset({"restore_account"}),
    "open_account": frozenset({"restore_account"}),
    "lift_suspension": frozenset({"replace_authenticator"}),
}
"""Which allowed decision lets the executor do which verb. A verb that is not listed is not done."""

MAX_RESYNC_TRIES = 3
"""Pairs of codes in a case. A token that three pairs do not bring back is beyond the provider's bound: it is replaced."""

LOOK_AGAIN_S = 60
"""How soon a case that waits for approvals is judged again where the provider did not answer."""

GRACE_HOLDS = ("enrol", "confirm", "act")
"""Steps whose own time begins only when a waiting time that policy sets is over; a suspension alone waits for nothing."""


@dataclass(frozen=True, slots=True)
class Intent:
    """Work for the executor, committed with the event that asks for it.

    quiet: no effect outside, so no event of its own: a look, or a decision to be made.
    """

    id: str
    case_id: str
    verb: str
    args: Mapping[str, Any]
    due_at: datetime
    quiet: bool = False


class Authority(Protocol):
    """Decides bindingly. Only the executor has one."""

    def decide(self, state: CaseState, action: str, now: datetime) -> Mapping[str, Any]:
        """Return the body of a ``decided`` event at `now`, signed."""
        ...

    def ask(self, state: CaseState, action: str, then: str, now: datetime) -> Mapping[str, Any]:
        """Return the body of an ``approvals_asked`` event, with its receipt. `then`: the step that follows where nobody approves."""
        ...


@dataclass(slots=True)
class Draft:
    """The events and intents of one command on one case, in the making."""

    state: CaseState
    now: datetime
    actor: str
    randomness: Randomness
    events: list[Event] = field(default_factory=list)
    intents: list[Intent] = field(default_factory=list)

    def emit(self, kind: str, personal: Mapping[str, str] | None = None, /, **body: Any) -> None:
        """Write one event. Raises Refusal ``case_too_long`` at the named limit, so that no loop can grow a case for ever."""
        if self.state.seq >= MAX_EVENTS_A_CASE and kind != "case_closed":
            raise Refusal("case_too_long", "This case has grown too long. End it and start a new one.")
        event = Event(kind, self.now, self.actor, body, personal or {})
        self.state = apply(self.state, event)
        self.events.append(event)

    def intend(self, verb: str, target: str = "", *, quiet: bool = False, delay_s: float = 0, **args: Any) -> str:
        """Ask for an effect, due `delay_s` from now, and return its id, which is also its idempotency key."""
        effect = new_id("eff", self.randomness)
        due_at = self.now + timedelta(seconds=delay_s)
        if not quiet:
            self.emit("effect_intended", effect=effect, verb=verb, target=target, until=to_stamp(due_at))
        self.intents.append(Intent(effect, self.state.id, verb, {"target": target, **args}, due_at, quiet))
        return effect

    def require_open(self) -> None:
        """Raise Refusal unless the case is open and not frozen."""
        if self.state.status == "frozen":
            raise Refusal("case_frozen", "This case is frozen: two browsers used its code. Give the caller a new code.")
        if self.state.status != "open":
            raise Refusal("case_closed", "This case is closed. Nothing more can happen in it.")

    def enter(self, step: Step) -> None:
        """Go to `step`, with its deadline."""
        after_s, owner, then = None, "", ""
        if step.deadline is not None:
            after_s, owner, then = step.deadline.after_s, step.deadline.owner, step.deadline.then
        elif step.kind in ("ask", "instruct"):
            after_s, owner = UNATTENDED_S, "operator"
        if after_s is not None and step.kind in GRACE_HOLDS and step.verbs != ("suspend_old",):
            after_s += grace_left_s(self.state, self.now)
        deadline = to_stamp(self.now + timedelta(seconds=after_s)) if after_s is not None else None
        self.emit("step_entered", step=step.id, kind=step.kind, deadline_at=deadline, owner=owner, then=then)

    def close(self, ending: str, outcome: str) -> None:
        """End the case. The count lets a reader of the record see that no event is missing."""
        if self.state.tested_at is None and self.state.effects_of("enrol_new"):
            # What was begun and never tested signs nobody in, and it shall not lie about either.
            self.intend("discard_new", target=self.state.new_authenticator)
        if outcome != "bridged":
            # A way in outlives only the case that ends as one; anywhere else something stronger stands, or nothing should.
            for given in self.state.effects_of("grant_bypass"):
                self.intend("end_bypass", target=given.id)
        self.emit("case_closed", ending=ending, outcome=outcome, events=self.state.seq + 1)


def advance(draft: Draft, runbook: Runbook, authority: Authority | None = None) -> None:
    """Walk on from where the case stands until something outside is needed."""
    if draft.state.step == "":
        _enter(draft, runbook.steps[runbook.start])
    for _ in range(MAX_STEPS_A_COMMAND):
        if draft.state.status != "open":
            return
        step = runbook.steps[draft.state.step]
        if not _is_finished(draft, step, authority):
            return
        _enter(draft, runbook.steps[next_step(draft.state, step)])
    raise Broken(f"runbook {runbook.id} went {MAX_STEPS_A_COMMAND} steps without waiting")


def values_of(state: CaseState) -> Mapping[str, str]:
    """Return every variable that a guard may read: the answers, and what the case itself knows."""
    verdict = _verdict_before(state)
    return {
        **state.answers,
        **known_facts(state),
        "decision": "unknown" if verdict is None else "allowed" if verdict.allowed else "refused",
        "tested": "yes" if state.tested_at is not None else "no",
        "enrolled": "yes" if state.new_authenticator else "no",
        "resync": "accepted" if state.resynced else "rejected" if state.resync_failures >= MAX_RESYNC_TRIES else "unknown",
    }


EMPLOYMENT_WORDS: Mapping[str, str] = {
    "active": "active", "on_leave": "on_leave", "starts": "first_day", "third_party": "third_party", "left": "third_party",
}  # fmt: skip
"""The directory's word as a runbook's: somebody who left is an outsider, whatever the account still says."""


def known_facts(state: CaseState) -> Mapping[str, str]:
    """Return what the directory says: it wins over anything that was answered, and what it knows is never asked."""
    employment = EMPLOYMENT_WORDS.get(state.employment)
    facts = {"account": "break_glass" if state.break_glass else "person"}
    # A directory that says "active" may be a day late; a caller who says otherwise only makes the road narrower.
    if employment is not None and not (employment == "active" and state.answers.get("employment", "unknown") != "unknown"):
        facts["employment"] = employment
    return facts


def next_step(state: CaseState, step: Step) -> str:
    """Return where the first edge leads whose guard holds."""
    values = values_of(state)
    for edge in step.edges:
        if edge.guard is None or evaluate(edge.guard, values):
            return edge.to
    raise Broken(f"step {step.id} has no edge that holds")


def pass_deadline(draft: Draft, runbook: Runbook) -> None:
    """Do what the step says happens when its time runs out."""
    state = draft.state
    if state.status != "frozen":
        draft.require_open()
    if state.deadline_at is None or draft.now < state.deadline_at:
        raise Refusal("not_due", "The deadline has not passed.")
    draft.emit("deadline_passed", step=state.step)
    if state.status == "frozen":
        # Nobody resolved it: nothing that either browser did may lead on, so the runbook's own road is not taken.
        if state.subject:
            draft.intend("notify", target="attempt")
        draft.emit("alert_raised", pattern="left_frozen")
        draft.intend("alert", target="left_frozen")
        draft.close("left_frozen", "stopped")
        return
    if state.ask is not None:
        draft.emit("alert_raised", pattern="nobody_approved")
        draft.intend("alert", target="nobody_approved")
    if state.deadline_then:
        _enter(draft, runbook.steps[state.deadline_then])
        advance(draft, runbook)
    else:
        draft.close("nobody_went_on", "stopped")


def begin_proof_again(draft: Draft, runbook: Runbook, why: str, suspension_s: int) -> None:
    """Void what was decided and not yet done and go back to the last proof; what is asked or said stays.

    why: ``thawed`` for a frozen case, ``browser_dropped`` where the person goes on with another device: both void the browser with
    everything that came through it. ``reopened`` where something was noticed since: proof stays.
    suspension_s: how long a suspension may last whose proof is void now: as one on little proof (SETTLED 10).
    """
    begun, dropped = draft.state.effects_of("enrol_new"), draft.state.new_authenticator
    draft.emit(why)
    if begun:
        # The new one may be a stranger's, tested or not: it goes, and the person sets up another after the next proof.
        draft.intend("discard_new", target=dropped)
    if dropped:
        draft.emit("enrolment_lost", authenticator=dropped)
    lifted = {effect.target for effect in draft.state.effects_of("lift_suspension")}
    for effect in draft.state.effects_of("suspend_old"):
        if effect.state == "done" and effect.target not in lifted:
            left = effect.at + timedelta(seconds=suspension_s) - draft.now
            draft.intend("lift_suspension", effect.target, delay_s=max(0.0, left.total_seconds()))
    if any(effect.detail == "opened" for effect in draft.state.effects_of("open_account")):
        draft.intend("close_account")
    if draft.state.step_kind in ("ask", "instruct"):
        return
    proofs = [name for name in draft.state.visited if runbook.steps[name].kind == "verify"]
    if proofs:
        _enter(draft, runbook.steps[proofs[-1]])


def grace_left_s(state: CaseState, now: datetime) -> int:
    """Return the seconds until everything that was allowed may be done; 0 where no waiting time runs (R47)."""
    starts = [verdict.starts_at for verdict in state.verdicts.values() if verdict.allowed and now < verdict.expires_at]
    return max(0, int((max(starts, default=now) - now).total_seconds()))


def is_authorised(state: CaseState, verb: str, now: datetime) -> bool:
    """Return whether a decision stands that lets the executor do `verb` now."""
    return find_authority(state, verb, now) is not None


def find_authority(state: CaseState, verb: str, now: datetime) -> Verdict | None:
    """Return the decision that lets the executor do `verb` now, or None."""
    actions = AUTHORISED_BY.get(verb, frozenset())
    for action, verdict in sorted(state.verdicts.items()):
        in_time = now < verdict.expires_at and (verb == "suspend_old" or now >= verdict.starts_at)
        if action in actions and verdict.allowed and in_time:
            return verdict
    return None


def _enter(draft: Draft, step: Step) -> None:
    draft.enter(step)
    match step.kind:
        case "verify":
            draft.intend("consider", quiet=True)
        case "act":
            grace_s = grace_left_s(draft.state, draft.now)
            for verb in step.verbs:
                for target in _targets_of(draft.state, verb):
                    draft.intend(verb, target, delay_s=0 if verb == "suspend_old" else grace_s)
        case "notify":
            draft.intend("notify", target=step.id)
        case "escalate":
            draft.emit("alert_raised", pattern=step.alert or step.id)
            draft.intend("alert", target=step.alert or step.id)
        case "end":
            _end(draft, step)


_PER_TARGET = {"suspend_old", "remove_old", "lift_suspension", "restore_old"}


def _targets_of(state: CaseState, verb: str) -> tuple[str, ...]:
    """Return what a verb is done to, one effect each; the empty name stands for the whole account."""
    if verb == "reset_failures":
        # Two codes name one token; where an account is restored, all that are given back start counting anew.
        return (state.resynced,) if state.resynced else state.targets if "restore_account" in state.verdicts else ()
    return state.targets if verb in _PER_TARGET else ("",)


def _end(draft: Draft, step: Step) -> None:
    outcome = step.outcome or "stopped"
    if step.alert:
        draft.emit("alert_raised", pattern=step.alert)
        draft.intend("alert", target=step.alert)
    # Whoever was spoken about hears of it, whatever the caller was told: a stranger's attempt must not stay between two strangers.
    if outcome in ("refused", "stopped") and draft.state.subject:
        draft.intend("notify", target="attempt")
    draft.close(step.id, outcome)


def _is_finished(draft: Draft, step: Step, authority: Authority | None) -> bool:
    state = draft.state
    match step.kind:
        case "ask":
            return step.variable in known_facts(state) or state.answers.get(step.variable or "", "") != ""
        case "instruct":
            return step.id in state.said
        case "verify" | "decide":
            return _decide(draft, step, authority)
        case "act" | "notify":
            return _nothing_is_open(state)
        case "enrol":
            return state.new_authenticator != ""
        case "bypass":
            return state.bypass != ""
        case "resync":
            return state.resynced != "" or state.resync_failures >= MAX_RESYNC_TRIES
        case "confirm":
            return state.tested_at is not None
        case "escalate":
            return True
        case _:
            # A wait moves on by a command of its own, or by its deadline.
            return False


def _decide(draft: Draft, step: Step, authority: Authority | None) -> bool:
    """A verify step is finished once the proof suffices; a decide step once the executor has allowed or refused.

    Where nothing but approvals is missing, the decide step asks for them and waits: no runbook needs to spell it.
    """
    action = step.action or ""
    verdict = draft.state.verdicts.get(action)
    if verdict is not None and verdict.allowed and draft.now < verdict.expires_at:
        return True
    if authority is None:
        return step.kind == "decide" and draft.state.ask is None and verdict is not None
    body = authority.decide(draft.state, action, draft.now)
    if body["verdict"] == "allowed":
        waited = draft.state.ask is not None
        draft.emit("decided", **body)
        if body["grace_s"] or waited:
            # Whoever waited may have rung off, and whoever it is not shall have the time to say so.
            draft.intend("notify", target="grace" if body["grace_s"] else "approved")
        return True
    if step.kind == "verify":
        return bool(body["reasons"] == ONLY_APPROVALS)
    if body["reasons"] == ONLY_APPROVALS:
        _ask_for_approvals(draft, step, authority)
        return False
    if draft.state.ask is not None and "provider_unknown" in body["reasons"]:
        # Nobody's yes may be lost to a provider that did not answer for a minute; nothing is granted meanwhile.
        draft.intend("consider", quiet=True, delay_s=LOOK_AGAIN_S)
        return False
    draft.emit("decided", **body)
    return True


def _ask_for_approvals(draft: Draft, step: Step, authority: Authority) -> None:
    """Ask, once for each thing that is to be approved: what was proved may change, and then the question is another."""
    state, action = draft.state, step.action or ""
    if state.ask is not None and state.ask.over == digest_of_bundle(state, action):
        return
    values = {**values_of(state), "decision": "refused"}
    then = next(edge.to for edge in step.edges if edge.guard is None or evaluate(edge.guard, values))
    body = authority.ask(state, action, then, draft.now)
    draft.emit("approvals_asked", **body)
    if body["owner"] == "security":
        draft.emit("alert_raised", pattern="nobody_can_approve")
        draft.intend("alert", target="nobody_can_approve")
    draft.intend("notify", target="approval")


def _nothing_is_open(state: CaseState) -> bool:
    """Return whether every effect that a step waits for is done."""
    return all(effect.state in ("done", "voided") or effect.verb in _BESIDE for effect in state.effects.values())


_BESIDE = {
    "alert",
    "lift_suspension",
    "expire_suspension",
    "notify",
    "enrol_new",
    "discard_new",
    "resync",
    "grant_bypass",
    "end_bypass",
    "remind_review",
    "close_account",
}
"""Effects that no step waits for. Mail may be late and a case must not hang on it; an enrolment and a pair of codes have a step
of their own, and one that the provider did not answer is begun anew under another name."""


def _verdict_before(state: CaseState) -> Verdict | None:
    """Return the newest verdict, which is the one that a guard after a decision asks about."""
    return tuple(state.verdicts.values())[-1] if state.verdicts else None
