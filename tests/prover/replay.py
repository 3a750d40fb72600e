"""Play a walk of the prover in the real case engine, and read what is then true of the case.

The engine is `mfadesk.cases.engine`, with its own fold; only the decisions are scripted, since they are the executor's. What is true
is read from the events and the state, not from the prover's facts.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from mfadesk.cases.approvals import ONLY_APPROVALS
from mfadesk.cases.engine import Draft, advance, pass_deadline
from mfadesk.cases.state import CaseState
from mfadesk.kernel.clock import to_stamp
from mfadesk.kernel.ids import SeededRandomness
from mfadesk.runbook.model import Path, Runbook, Step
from mfadesk.runbook.walk import DEADLINE_EDGE
from tests.prover.slow import World

START = datetime(2026, 11, 24, 9, tzinfo=UTC)
LASTS = timedelta(days=400)
"""How long a scripted decision holds: longer than any walk."""


class CannotPlay(Exception):
    """The walk asks for something that the engine never does: the prover's picture is wider than the engine there."""


@dataclass
class Script:
    """What the executor decides at which step."""

    decisions: dict[str, str] = field(default_factory=dict)

    def decide(self, state: CaseState, action: str, now: datetime):
        word = self.decisions.get(state.step, "not yet" if state.step_kind == "verify" else "refused")
        reasons = {"allowed": (), "proved": ONLY_APPROVALS, "refused": ("below_minimum",), "not yet": ("no_evidence",)}[word]
        return {
            "action": action, "verdict": "allowed" if word == "allowed" else "refused", "points": 70, "needed": 65, "grace_s": 0,
            "expires_at": to_stamp(now + LASTS), "receipts": [], "reasons": reasons, "signature": "",
        }  # fmt: skip

    def ask(self, state: CaseState, action: str, then: str, now: datetime):
        raise CannotPlay("approvals")


class Game:
    """One case on one runbook."""

    def __init__(self, book: Runbook, opening: dict[str, str], decisions: dict[str, str]) -> None:
        self.book, self.script, self.now = book, Script(decisions), START
        self.draft = Draft(CaseState("case_replay"), self.now, "executor", SeededRandomness(1))
        employment = {"first_day": "starts", "third_party": "third_party", "active": "active", "on_leave": "on_leave"}
        self.draft.emit(
            "case_opened", subject="p1", tier="standard", break_glass=opening.get("account") == "break_glass", goal="", channel="phone",
            employment=employment.get(opening.get("employment", "unknown"), "unknown"), caller="subject", runbook=book.id,
            runbook_digest=book.digest, policy_digest="",
        )  # fmt: skip
        self.draft.emit("targets_set", targets=["old-1"], used_at=None, survivors=[])
        for name, value in sorted(opening.items()):
            if value != "unknown" and name != "account" and not (name == "employment" and value in employment):
                self.draft.emit("answered", step="opening", variable=name, value=value)
        self.visited: list[tuple[str, World]] = []
        self.go()

    @property
    def state(self) -> CaseState:
        return self.draft.state

    def go(self) -> None:
        """Let the engine walk on."""
        advance(self.draft, self.book, self.script)

    def late(self, happened: bool) -> None:
        """Let the deadline pass, with the effect done all the same where `happened`."""
        if happened:
            self.carry_out(self.book.steps[self.state.step], {})
        if self.state.deadline_at is None:
            raise CannotPlay("no deadline here")
        self.now = self.draft.now = self.state.deadline_at
        pass_deadline(self.draft, self.book)
        self.go()

    def carry_out(self, step: Step, said: dict[str, str]) -> None:
        """Do what ends the step, without letting the engine go on."""
        draft, self.now = self.draft, self.now + timedelta(seconds=30)
        draft.now = self.now
        if step.kind == "ask":
            draft.emit("answered", step=step.id, variable=step.variable, value=said[step.variable])
        elif step.kind == "instruct":
            draft.emit("answered", step=step.id, variable="", value="")
        elif step.kind == "act":
            for effect in self.state.effects_of(*step.verbs):
                if effect.state != "done":
                    draft.emit("effect_done", effect=effect.id, verb=effect.verb, target=effect.target, detail="")
        elif step.kind == "enrol":
            draft.emit("enrolment_begun", authenticator="new-1", kind=(step.kinds or ("totp",))[0])
        elif step.kind == "confirm":
            draft.emit("tested", authenticator=self.state.on_trial)
        elif step.kind == "bypass":
            draft.emit("bypass_given", grant="way-1", until=to_stamp(self.now), review_by=to_stamp(self.now))
        elif step.kind == "resync" and said.get("resync", "accepted") == "accepted":
            draft.emit("resynced", authenticator="old-1")
        elif step.kind == "resync":
            for _ in range(3):
                draft.emit("resync_failed", authenticator="old-1", reason="rejected")


def play(book: Runbook, path: Path) -> Game:
    """Return the case after the walk. Raises CannotPlay where the engine takes another way, or never comes there."""
    opening: dict[str, str] = {}
    decisions: dict[str, str] = {}
    asked = set()
    kinds = [book.steps[hop.step].kind for hop in path.hops]
    if any(kinds.count(kind) > 1 for kind in ("enrol", "resync", "bypass", "confirm")):
        raise CannotPlay("one of each is set up, given, brought in step and tested in a case")
    for hop in path.hops:
        step, said = book.steps[hop.step], _said(hop.assumed)
        if "decided before" in hop.assumed:
            raise CannotPlay("decided before")
        if "lift_suspension" in step.verbs:
            raise CannotPlay("no step of the engine waits for a suspension to be lifted")
        if step.kind == "verify":
            decisions[step.id] = "not yet" if hop.edge == DEADLINE_EDGE else "proved"
        elif step.kind == "decide":
            if hop.edge == DEADLINE_EDGE or said.pop("decision", "") not in ("allowed", "refused"):
                raise CannotPlay("a decision is always one or the other, at once")
            decisions[step.id] = "allowed" if "decision = allowed" in hop.assumed else "refused"
        elif step.kind == "ask":
            if step.variable in asked or step.variable == "account":
                raise CannotPlay("nothing is asked twice, and nothing that is known")
            # A guard before it took the answer for known. Where "unknown" goes the same way, the engine comes here and asks.
            opening.pop(step.variable or "", None)
            if hop.edge != DEADLINE_EDGE:
                asked.add(step.variable)
            said.pop(step.variable, None)
        elif step.kind == "resync" and said.pop("resync", "") == "unknown":
            raise CannotPlay("a resync is over with a yes or a no")
        for name, value in said.items():
            if name in ("decision", "resync"):
                raise CannotPlay("an open result is none")
            opening[name] = value
    game = Game(book, opening, decisions)
    for hop in path.hops:
        step = book.steps[hop.step]
        if hop.step not in game.state.visited:
            raise CannotPlay(f"the engine stands at {game.state.step}, the walk at {hop.step}")
        if game.state.step != hop.step or game.state.status != "open":
            if hop.edge == DEADLINE_EDGE:
                raise CannotPlay("the engine does not wait there")
            continue
        if hop.edge == DEADLINE_EDGE:
            game.late(happened="yet it happened" in hop.assumed)
        else:
            game.carry_out(step, _said(hop.assumed))
            game.go()
    walked = [*(hop.step for hop in path.hops), path.end]
    if list(game.state.visited)[: len(walked)] != walked:
        raise CannotPlay("the engine took another way")
    for hop in path.hops:
        if not {effect.verb for effect in game.state.effects.values()} >= set(book.steps[hop.step].verbs):
            raise CannotPlay("there is nothing that this could be done to")
    return game


def _said(assumed: str) -> dict[str, str]:
    parts = [part.split(" = ") for part in assumed.split(", ") if " = " in part]
    return {name: value for name, value in parts}


def read_world(game: Game, at: str) -> World:
    """Return what was true when the case entered the step `at`, read from its events."""
    book, visited, late = game.book, [], False
    verbs = {"suspend_old": "suspended", "remove_old": "removed", "end_sessions": "sessions_ended", "restore_old": "restored", "open_account": "restored",
             "reset_failures": "resynced"}  # fmt: skip
    facts: dict = {"proved": set(), "allowed": set()}
    for event in game.draft.events:
        body = event.body
        if event.kind == "step_entered":
            left = book.steps[visited[-1]] if visited else None
            if left is not None and left.kind == "verify" and not late:
                facts["proved"].add(left.action)
            visited.append(body["step"])
            late = False
            if body["step"] == at:
                break
            facts["alarmed"] = facts.get("alarmed", False) or body["kind"] == "escalate"
        elif event.kind == "deadline_passed":
            late = True
        elif event.kind == "answered" and body["variable"] and body["step"] != "opening":
            facts["asked"] = True
        elif event.kind == "decided":
            yes = body["verdict"] == "allowed"
            facts["allowed"] = facts["allowed"] | {body["action"]} if yes else facts["allowed"] - {body["action"]}
            facts["refused"] = not yes
        elif event.kind == "effect_done" and body["verb"] != "notify":
            if body["verb"] in verbs:
                facts[verbs[body["verb"]]] = True
            if body["verb"] in ("lift_suspension", "restore_old", "remove_old"):
                facts["suspended"] = False
            facts["untold"] = True
        elif event.kind == "effect_intended" and body["verb"] == "notify" and body["target"] == visited[-1]:
            facts["untold"] = False
        elif event.kind == "enrolment_begun":
            kinds = set(book.steps[visited[-1]].kinds)
            facts.update(pending=True, resistant=facts.get("resistant") or bool({"passkey", "security_key"} & kinds))
        elif event.kind == "tested":
            facts.update(pending=False, tested=True, untold=True) if facts.get("pending") else facts.update(untried=False)
        elif event.kind == "bypass_given":
            facts.update(bypassed=True, untold=True)
        elif event.kind == "resynced":
            facts.update(resynced=True, untried=True, untold=True)
    values = {name: bool(value) for name, value in facts.items() if name not in ("proved", "allowed")}
    done = {"proved": frozenset(facts["proved"]), "allowed": frozenset(facts["allowed"])}
    return World((), **{**values, **done}, barred=is_barred(game.state))


def is_barred(state: CaseState) -> bool:
    """Return whether this is somebody without a road. A walk names who it is only where a guard or a question asked."""
    return state.break_glass or "third_party" in (state.employment, state.answers.get("employment"))
