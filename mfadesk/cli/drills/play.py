"""The plays: an honest caller who wants to be quick, and an attacker who tries what their compromises open (SETTLED 17 to 19)."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mfadesk.assurance.decision import decide
from mfadesk.assurance.model import Policy
from mfadesk.cli.drills.approvers import ApproverOnShift, approve_what_waits, hire_approver
from mfadesk.cli.drills.scenario import Scenario
from mfadesk.cli.drills.stage import NotAtHand, Staff, Stage, set_stage
from mfadesk.cli.throwaway import Throwaway
from mfadesk.kernel.errors import MfadeskError
from mfadesk.operations import bypass, deadlines, enrol, work_case
from mfadesk.operations.judgement import circumstances_of, newest_sight
from mfadesk.ports.provider import Holdings
from mfadesk.runbook.situation import VOCABULARY, first_answers
from mfadesk.store.commit import load_case

TALK_CHANGE_MIN, TALK_NO_CHANGE_MIN = 6, 4
MAX_PLAYS = 80
"""Plays a scenario at the most; what lies beyond is counted in `why`."""

MAX_HELPFUL_METHODS = 4
MAX_QUESTIONS = 30

HONEST_ANSWERS = {"restored": "name_only", "codes_now": "rejected", "suspend_now": "yes", "own_page": "no", "own_reset": "no"}
"""What an honest caller says where the situation does not: the new phone shows the account's name and no code."""

EFFECT_OF: Mapping[str, str] = {
    "bind_new_factor": "bound",
    "bind_new": "bound",
    "issue_security_key": "bound",
    "revoke_old_device": "removed",
    "remove_old": "removed",
    "end_sessions": "sessions_ended",
    "suspend_old": "suspended",
}
"""What a scenario's `then` asks of the provider. Words for hand-over, HR and self-service are not the provider's and ask nothing."""

KIND_OF_DECISION = {
    "proceed_after_verification": frozenset({"changed", "bridged"}),
    "redirect": frozenset({"self_service", "no_change_needed", "handed_over"}),
    "no_credential_change": frozenset({"no_change_needed", "self_service"}),
}
"""Which endings a kind of outcome may have."""


@dataclass(slots=True)
class Drill:
    """One run over a file."""

    throwaway: Throwaway
    staff: tuple[Staff, Staff]
    number: int = 0
    approvers: tuple[ApproverOnShift, ...] = ()
    """They believe what the screen says and approve whatever waits, an attacker's case too: approvals hide no weak proof here."""

    def __post_init__(self) -> None:
        self.approvers = tuple(hire_approver(self.throwaway, login) for login in ("drill-three", "drill-four"))

    @property
    def policy(self) -> Policy:
        return self.throwaway.desk.policy

    def play(self, scenario: Scenario) -> dict[str, Any]:
        """Return the result of one scenario, in the shape that `drill --json` prints."""
        opening = first_answers(scenario.situation, scenario.request)
        try:
            result = self._attack(scenario, opening.goal) if scenario.kind == "attack" else self._honest(scenario, opening.goal)
        except NoRoad as error:
            result = {"decision": "skipped", "effects": [], "passed": False, "minutes": 0, "why": "", "skipped": str(error)}
        return {"id": scenario.id, "kind": scenario.kind, "expected": scenario.decision, **result}

    # ------------------------------------------------------------------ honest

    def _honest(self, scenario: Scenario, goal: str) -> dict[str, Any]:
        worst: dict[str, Any] = {}
        for signals in dict.fromkeys((scenario.signals, frozenset[str]())):
            outcome, effects, minutes, why = self._serve(scenario, goal, signals)
            kinds = KIND_OF_DECISION.get(scenario.decision, frozenset({"changed", "no_change_needed", "self_service"}))
            wanted = {EFFECT_OF[word] for word in scenario.then if word in EFFECT_OF} if "changed" in kinds else set()
            passed = outcome in kinds and wanted <= set(effects) and minutes <= scenario.target_minutes
            if not passed and not why:
                why = f"ended as {outcome} after {minutes:g} of {scenario.target_minutes:g} minutes"
            result = {"decision": outcome, "effects": effects, "passed": passed, "minutes": minutes, "why": why}
            if not passed:
                return result
            worst = result
        return worst

    def _serve(self, scenario: Scenario, goal: str, signals: frozenset[str]) -> tuple[str, list[str], float, str]:
        stage = self._stage(scenario, scenario.available, used_days=1)
        before = stage.throwaway.scene.holdings(stage.person.login)
        answers = _answers(scenario.situation)
        self._open(stage, goal, answers, signals, scenario.channel)
        self._talk(stage, {**HONEST_ANSWERS, **answers})
        used: list[str] = []
        for _ in range(MAX_HELPFUL_METHODS):
            state = load_case(stage.case_id)
            if state.status != "open" or state.step_kind != "verify":
                break
            sight, _at = newest_sight(stage.person.id)
            action = stage.throwaway.desk.runbook_of(state).steps[state.step].action or ""
            # The desk plans with what it believes this person has; the caller knows, and uses nothing that they do not have.
            now = stage.throwaway.clock.now()
            decision = decide(
                evidence=state.evidence(),
                circumstances=circumstances_of(state, stage.person, sight, now),
                action=action,
                tier=scenario.tier,
                threat="normal",
                policy=self.policy,
                now=now,
                available=scenario.available,
            )
            plan = next(iter(getattr(decision, "plans", ())), None)
            if plan is None:
                reasons = "; ".join(reason.sentence for reason in getattr(decision, "reasons", ()))
                return (
                    state.outcome or "refused",
                    _effects(before, self._held(stage), stage.old),
                    self._minutes(used, True),
                    f"no plan: {reasons}",
                )
            stage.enter_code()
            for method in plan.methods:
                stage.prove(method)
                used.append(method)
            self._talk(stage, {**HONEST_ANSWERS, **answers})
        self._set_up(stage)
        state = load_case(stage.case_id)
        effects = _effects(before, self._held(stage), stage.old)
        return state.outcome or "open", effects, self._minutes(used, "bound" in effects), ""

    def _set_up(self, stage: Stage) -> None:
        """Whoever approves does, and the person sets up the new one in their browser and signs in with it once."""
        approve_what_waits(self.throwaway, self.approvers, stage.case_id)
        state = load_case(stage.case_id)
        if state.status == "open" and state.step_kind == "bypass":
            bypass.take_bypass(stage.throwaway.desk, stage.session)
            stage.throwaway.settle()
            state = load_case(stage.case_id)
        if state.status != "open" or state.step_kind != "enrol":
            return
        desk, session = stage.throwaway.desk, stage.session
        kinds = enrol.kinds_for(desk, stage.case_id)
        enrol.choose_kind(desk, session, kinds[0])
        shown = enrol.begin_enrolment(desk, session)
        if shown.kind == "totp":
            new = load_case(stage.case_id).new_authenticator
            enrol.test_code(desk, session, stage.throwaway.scene.current_code(new))
        else:
            _register_and_test(stage, shown.options)
        stage.throwaway.settle()

    def _minutes(self, used: Iterable[str], changed: bool) -> float:
        proofs = max((self.policy.methods[m].minutes for m in used), default=0)
        return (TALK_CHANGE_MIN if changed or proofs else TALK_NO_CHANGE_MIN) + proofs

    # ----------------------------------------------------------------- attacks

    def _attack(self, scenario: Scenario, goal: str) -> dict[str, Any]:
        plays = list(itertools.islice(self._variants(scenario), MAX_PLAYS + 1))
        for methods, usable, used_days, signals, claim in plays[:MAX_PLAYS]:
            outcome, effects = self._try(scenario, goal, methods, usable, used_days, signals, claim)
            if effects:
                # What little proof may suspend is over by now: whatever still differs at the provider is there to stay.
                why = f"with {', '.join(methods) or 'nothing'}, saying {claim}: {', '.join(effects)}"
                return {"decision": outcome, "effects": effects, "passed": False, "minutes": 0, "why": why}
        cut = " (more were cut)" if len(plays) > MAX_PLAYS else ""
        why = f"stopped in {min(len(plays), MAX_PLAYS)} plays{cut}"
        return {"decision": "stopped", "effects": [], "passed": True, "minutes": 0, "why": why}

    def _variants(self, scenario: Scenario) -> Iterator[tuple[tuple[str, ...], tuple[str, ...], float, frozenset[str], str]]:
        """Yield methods in the order presented, the world, whether signals show, and what is said of the old device."""
        factors = tuple(m.id for m in self.policy.methods.values() if m.role == "factor")
        held = scenario.controls | self.policy.always_held
        opened = tuple(
            m
            for m in factors
            if any(way <= held for way in self.policy.methods[m].defeated_by) or _may_attest(m, scenario, self.policy)
        )
        # The app on the old phone is what everybody has; who says that it is gone cannot prove anything with it.
        typical = ("sms_code", "managed_device_signin", "callback_on_file", "manager_portal")
        said = scenario.situation.get("authenticator", "unknown")
        claims = tuple(dict.fromkeys((said, "gone", "stolen", "broken")))
        worlds = []
        for usable, used_days in ((factors, 1.0), (typical, 1.0), ((), 60.0)):
            mine = tuple(m for m in opened if m in usable)
            shown = dict.fromkeys((frozenset[str](), scenario.signals))
            worlds.append(
                [(m, usable, used_days, seen, claim) for m, seen, claim in itertools.product(_subsets(mine), shown, claims)]
            )
        # In turn, so that a cut thins out every world and drops none.
        for turn in itertools.zip_longest(*worlds):
            yield from (variant for variant in turn if variant is not None)

    def _try(
        self, scenario: Scenario, goal: str, methods: tuple[str, ...], usable: tuple[str, ...], used_days: float,
        signals: frozenset[str], claim: str,
    ) -> tuple[str, list[str]]:  # fmt: skip
        stage = self._stage(scenario, usable, used_days=used_days)
        before = self._held(stage)
        answers = {**_answers(scenario.situation), "authenticator": claim, "new_device": "at_hand"}
        self._open(stage, goal, answers, signals, scenario.channel)
        says = {**HONEST_ANSWERS, **answers}
        held = scenario.controls | self.policy.always_held
        for method in methods:
            # An honest second operator sees what is there: the attacker's voice on a hijacked number, or nobody at all.
            is_there = any(way <= held - {"insider_operator"} for way in self.policy.methods[method].defeated_by)
            second = "passed" if is_there or "insider_second_operator" in scenario.controls else "failed"
            self._quietly(lambda: self._talk(stage, says))
            self._quietly(stage.enter_code)
            self._quietly(lambda method=method, second=second: stage.prove(method, second_says=second))
        self._quietly(lambda: self._talk(stage, says))
        self._quietly(lambda: self._set_up(stage))
        # A way in ends by itself, and whoever had it was in.
        was_in = bool(self._held(stage).grants)
        # Whatever waits now runs out: a day and an hour later only what was really granted is left.
        stage.throwaway.clock.advance(90_000)
        deadlines.pass_deadlines(stage.throwaway.desk)
        stage.throwaway.settle()
        state = load_case(stage.case_id)
        return state.outcome or "open", ["bypass"] * was_in + _effects(before, self._held(stage), stage.old)

    @staticmethod
    def _quietly(act: Any) -> None:
        try:
            act()
        except (MfadeskError, NotAtHand):
            # The desk said no, or there is nothing to use; an attacker goes on with the next thing. Any other error is the drill's own.
            return

    # ------------------------------------------------------------------ common

    def _stage(self, scenario: Scenario, methods: Iterable[str], used_days: float) -> Stage:
        self.number += 1
        employment = scenario.situation.get("employment", "active")
        return set_stage(
            self.throwaway, self.staff, scenario.tier, employment, methods, used_days, self.number,
            has_old=scenario.situation.get("authenticator") != "none_yet",
        )  # fmt: skip

    def _open(self, stage: Stage, goal: str, answers: dict[str, str], signals: frozenset[str], channel: str) -> None:
        try:
            stage.open(goal, answers, signals, channel)
        except MfadeskError as error:
            if error.code == "no_runbook":
                raise NoRoad(error.sentence) from error
            raise

    def _talk(self, stage: Stage, says: Mapping[str, str]) -> None:
        """The operator asks what the case asks, and the caller answers."""
        desk = stage.throwaway.desk
        for _ in range(MAX_QUESTIONS):
            state = load_case(stage.case_id)
            if state.status != "open" or state.step_kind not in ("ask", "instruct"):
                return
            step = desk.runbook_of(state).steps[state.step]
            offered = [answer.value for answer in step.answers]
            value = says.get(step.variable or "", "unknown")
            if step.kind == "ask" and value not in offered:
                value = "unknown" if "unknown" in offered else offered[0]
            work_case.answer(desk, stage.staff[0].actor, stage.case_id, step.id, value)
            stage.throwaway.settle()

    def _held(self, stage: Stage) -> Holdings:
        return stage.throwaway.scene.holdings(stage.person.login)


class NoRoad(Exception):
    """No runbook stands for what this scenario asks: it is counted apart and is not passed."""


def _register_and_test(stage: Stage, options_text: str) -> None:
    import json

    from mfadesk.cli.throwaway import PUBLIC_URL
    from mfadesk.connectors.lab.soft_passkey import SoftPasskey

    desk, session = stage.throwaway.desk, stage.session
    passkey, response = SoftPasskey.register(json.loads(options_text), PUBLIC_URL, desk.randomness)
    enrol.finish_new_passkey(desk, session, response)
    options = enrol.begin_test_passkey(desk, session)
    _, assertion = passkey.sign(options, PUBLIC_URL)
    enrol.finish_test_passkey(desk, session, assertion)


def _answers(situation: Mapping[str, str]) -> dict[str, str]:
    return {
        name: situation[name] for name in VOCABULARY if situation.get(name) in VOCABULARY[name] and situation[name] != "unknown"
    }


def _may_attest(method: str, scenario: Scenario, policy: Policy) -> bool:
    return "insider_operator" in scenario.controls and policy.methods[method].operator_attested


def _subsets(methods: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    """Return what is presented: everything in three orders (the desk judges after each proof, so that these hold every prefix),
    and each method alone.
    """
    orders = (methods, methods[::-1], methods[len(methods) // 2 :] + methods[: len(methods) // 2])
    return tuple(dict.fromkeys((*orders, *((m,) for m in methods), ())))


def _effects(before: Holdings, after: Holdings, old: str) -> list[str]:
    """Return what changed at the provider, in words of `EFFECT_OF`."""
    was, now = {a.id: a for a in before.authenticators}, {a.id: a for a in after.authenticators}
    effects = []
    if any(a.state != "pending" for name, a in now.items() if name not in was):
        effects.append("bound")
    if any(name not in now for name in was):
        effects.append("removed")
    if any(now[name].state == "suspended" != was[name].state for name in now if name in was):
        effects.append("suspended")
    if after.sessions < before.sessions:
        effects.append("sessions_ended")
    if after.sessions > before.sessions:
        effects.append("session_added")
    return effects
