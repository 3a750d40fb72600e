"""The honest caller: answers truly, proves what they can by the quickest plan, and sets up the new device (SETTLED 17).

What the case asks for is done as it asks; nothing here knows a runbook by name.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import cast

from mfadesk.assurance.decision import decide
from mfadesk.assurance.model import Decision, Evidence, MethodId, Plan, ThreatLevel
from mfadesk.cases.state import CaseState
from mfadesk.cli.drills.judge import find_effects, judge_honest
from mfadesk.cli.drills.likeness import find_circumstances, find_unreached
from mfadesk.cli.drills.means import find_closed, said_of, say
from mfadesk.cli.drills.scenario import ON_LEAVE, Call, Expected
from mfadesk.cli.drills.scenery import set_stage
from mfadesk.cli.drills.stage import PROVIDER, NotAtHand, Shift, Stage, World
from mfadesk.cli.throwaway import Mark, Throwaway
from mfadesk.kernel.errors import MfadeskError
from mfadesk.operations.conditions import plans_that_meet, unmet_conditions
from mfadesk.ports.people import Tier
from mfadesk.runbook.model import Step
from mfadesk.runbook.situation import GOAL_WORDS, first_answers

TALK_CHANGE_MIN, TALK_NO_CHANGE_MIN = 6, 4
APPROVAL_MIN = 5
"""Until somebody on shift has read what waits and said yes; several read at the same time."""

TOMORROW_S = 20 * 3_600
"""When what comes tomorrow has come."""

CHANGES_HERE = ("enrol", "confirm", "resync", "bypass")
"""Steps at which the person does something in their browser that changes what the provider holds."""

MAX_HANDED_ON = 2
"""How often one call is handed on to another road, as the desk's own words say."""

LEADS_TO = re.compile(r'Open a case with "([^"]+)"')
MAX_TURNS = 100
MAX_PLANS = 4


@dataclass(slots=True)
class Served:
    """How one caller was served."""

    outcome: str
    effects: tuple[str, ...] = ()
    minutes: float = 0
    wrong: str = ""
    why_not: str = ""
    """Why the case could not go on, for whoever reads the result; no fault where that was to be expected."""
    used: list[MethodId] = field(default_factory=list)
    handed_on: Served | None = None
    """How it stood when the desk first handed the caller on to another road, where that road was taken then."""


class NoRoad(Exception):
    """No runbook stands for what this scenario asks: it is counted apart and is not passed."""


def serve(throwaway: Throwaway, shift: Shift, base: Mark, call: Call, available: tuple[str, ...], expected: Expected) -> Served:
    """Return how the caller was served, with the signals and without; the first that went wrong, or else the slower.

    Raises NoRoad where no runbook stands.
    """
    slowest: Served | None = None
    for signals in dict.fromkeys((call.signals, frozenset[str]())):
        throwaway.return_to(base)
        served = _Visit(throwaway, shift, call, available).run(signals)
        served.wrong = served.wrong or judge_honest(served.outcome, served.effects, served.minutes, expected)
        first = served.handed_on
        if served.wrong and first and not judge_honest(first.outcome, first.effects, first.minutes, expected):
            # To be handed on was right by itself; what came of it afterwards is another call's business.
            served = first
        if served.wrong:
            served.wrong += f"; {served.why_not}" if served.why_not else ""
            served.wrong += " (with its signals)" if signals else " (without signals)" if call.signals else ""
            return served
        if slowest is None or served.minutes > slowest.minutes:
            slowest = served
    assert slowest is not None
    return slowest


class _Visit:
    """One call of one honest person."""

    def __init__(self, throwaway: Throwaway, shift: Shift, call: Call, available: tuple[str, ...]) -> None:
        self._throwaway, self._call = throwaway, call
        policy, situation = throwaway.desk.policy, call.situation
        self._policy = policy
        self._can = frozenset(m for m in available if m in policy.methods and policy.methods[m].role == "factor")
        claim, closed = situation.get("authenticator", "unknown"), find_closed(call)
        # The desk sees that an account is closed, and takes the road that opens it, whatever else is asked.
        self._goal = "restore_account" if closed else first_answers(situation, call.request).goal
        world = World(
            "honest", self._can, 1.0, old=claim != "none_yet", spare_token=claim not in ("works", "drifted"),
            closed=closed, switched_off=self._goal == "restore_account" and closed != "locked",
        )  # fmt: skip
        self._stage: Stage = set_stage(
            throwaway, shift, world, tier=call.tier, employment=self._employment(), kind=situation.get("kind", "app"),
        )  # fmt: skip
        self._waited_s, self._approved = 0.0, False
        self._used: list[MethodId] = []

    def _employment(self) -> str:
        """Return what HR's feed says: of somebody who is back, still the leave where HR can be asked or is said to have it so."""
        word = self._call.situation.get("employment", "active")
        late = "hr_attest" in self._can or ON_LEAVE in self._call.signals
        return "active" if word == "returning" and not late else word

    def run(self, signals: frozenset[str]) -> Served:
        """Play the call to its end, over every hand-over that the desk asks for, and return what became of it."""
        stage = self._stage
        before, wrong, why_not = stage.see(), "", ""
        handed_on: Served | None = None
        goal = self._goal
        try:
            for _ in range(1 + MAX_HANDED_ON):
                stage.open(goal, said_of(self._call), signals, self._call.channel)
                why_not = self._follow()
                goal = self._leads_to()
                if not goal:
                    break
                effects = find_effects(before, stage.see())
                minutes = self._minutes("bound" in effects)
                handed_on = handed_on or Served(stage.state.outcome or "", effects, minutes, used=list(self._used))
        except NotAtHand as error:
            wrong = f"not at hand: {error}"
        except MfadeskError as error:
            if error.code == "no_runbook":
                raise NoRoad(error.sentence) from error
            wrong = f"the desk said: {error.sentence}"
        if stage.is_broken():
            wrong = f"the desk found a fault of its own; {wrong}"
        state = stage.state
        effects = find_effects(before, stage.see())
        minutes = self._minutes("bound" in effects)
        return Served(state.outcome or f"open at {state.step}", effects, minutes, wrong, why_not, self._used, handed_on)

    def _leads_to(self) -> str:
        """Return the goal that the case's end names for the operator, or "": then there is nothing more to open."""
        state = self._stage.state
        end = self._throwaway.desk.runbook_of(state).steps.get(state.ending or "")
        named = LEADS_TO.search(end.do or "") if end is not None and state.outcome == "handed_over" else None
        return next((goal for goal, words in GOAL_WORDS.items() if named is not None and words == named.group(1)), "")

    def _follow(self) -> str:
        """Do what the case asks until it asks nothing more; return why it could not go on."""
        for _ in range(MAX_TURNS):
            state = self._stage.state
            if state.status != "open":
                return ""
            step = self._throwaway.desk.runbook_of(state).steps[state.step]
            if step.kind in ("ask", "instruct"):
                self._stage.answer(step.id, say(step, self._call))
            elif step.kind == "verify":
                why_not = self._prove(state, step)
                if why_not:
                    # The operator ends what cannot be proved; whether that is right here is the judge's to say.
                    self._stage.give_up()
                    return why_not
            elif step.kind in CHANGES_HERE:
                self._change(state, step)
            elif state.ask is not None and self._stage.approve():
                self._approved = True
            if self._stage.state.seq == state.seq:
                return f"the case waits at {step.id}, and nobody knows for what"
        return f"still asked after {MAX_TURNS} turns"

    def _prove(self, state: CaseState, step: Step) -> str:
        """Carry out the quickest plan of what this caller has; return what is wrong where there is none."""
        for authenticator in find_unreached(self._stage, state):
            if authenticator.id == self._stage.old:
                self._stage.say_out_of_reach(authenticator.id)
        for _ in range(MAX_PLANS):
            plan, reasons = self._plan(self._stage.state, step)
            if plan is None:
                return f"no plan: {reasons}"
            self._stage.enter_code()
            for method in plan.methods:
                if method not in self._used:
                    self._used.append(method)
                self._stage.prove(method)
                if self._stage.state.step != state.step:
                    break
            after = self._stage.state
            if after.status != "open" or after.step != state.step:
                return ""
        return "plans were carried out and did not do"

    def _plan(self, state: CaseState, step: Step) -> tuple[Plan | None, str]:
        now, action = self._throwaway.clock.now(), step.action or ""
        holdings = self._throwaway.scene.holdings(self._stage.person.login)
        # Nothing that the provider holds signs in to a closed account.
        can = self._can - PROVIDER if holdings.disabled else self._can
        circumstances = find_circumstances(self._stage, state)

        def judge(evidence: Sequence[Evidence]) -> Decision:
            return decide(
                evidence=evidence, circumstances=circumstances, action=action, tier=cast(Tier, state.tier),
                threat=cast(ThreatLevel, self._throwaway.desk.home.config.threat), policy=self._policy, now=now, available=can,
            )  # fmt: skip

        decision = judge(state.evidence())
        unmet = unmet_conditions(action, state, self._stage.person, holdings, self._policy, now)
        reasons = "; ".join(reason.sentence for reason in (*getattr(decision, "reasons", ()), *unmet))
        plans = getattr(decision, "plans", ())
        if unmet:
            plans = plans_that_meet(unmet, judge, state.evidence(), can, self._policy, now)
        return next(iter(plans), None), reasons

    def _change(self, state: CaseState, step: Step) -> None:
        starts = [v.starts_at for v in state.verdicts.values() if v.allowed]
        wait_s = (max(starts) - self._throwaway.clock.now()).total_seconds() if starts else 0
        if wait_s > 0:
            self._stage.wait(wait_s + 1)
            self._waited_s += wait_s
        if step.kind == "resync":
            self._stage.type_two_codes()
        elif step.kind == "bypass":
            self._stage.take_bypass()
        else:
            if step.kind == "enrol" and state.answers.get("new_device") == "tomorrow":
                # The caller's own time and not the desk's, so it counts for nothing; what was decided must last until then.
                self._stage.wait(TOMORROW_S)
            self._stage.set_up()

    def _minutes(self, changed: bool) -> float:
        proofs = max((self._policy.methods[m].minutes for m in self._used), default=0)
        talk = TALK_CHANGE_MIN if changed else TALK_NO_CHANGE_MIN
        return talk + proofs + (APPROVAL_MIN if self._approved else 0) + self._waited_s / 60
