"""One run over a file of scenarios: each is played from the same clean desk, judged afterwards, and reported (SURFACE `drill`)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import structlog

from mfadesk.cli.drills.attack import Attacker
from mfadesk.cli.drills.honest import NoRoad, serve
from mfadesk.cli.drills.scenario import Scenario, find_strangers
from mfadesk.cli.drills.scenery import hire
from mfadesk.cli.drills.stage import Shift
from mfadesk.cli.throwaway import Mark, Throwaway

log = structlog.get_logger("drill")


@dataclass(slots=True)
class Drill:
    """One run over a file."""

    throwaway: Throwaway
    shift: Shift = field(init=False)
    base: Mark = field(init=False)
    attacker: Attacker = field(init=False)

    def __post_init__(self) -> None:
        self.shift = hire(self.throwaway)
        self.base = self.throwaway.mark()
        self.attacker = Attacker(self.throwaway, self.shift, self.base)

    def play(self, scenario: Scenario) -> dict[str, Any]:
        """Return the result of one scenario, in the shape that `drill --json` prints."""
        try:
            result = self._attack(scenario) if scenario.kind == "attack" else self._honest(scenario)
        except Exception as error:
            # One play that breaks must not hide the others; it is told, and it has not passed.
            log.exception("drill_broke", scenario=scenario.id)
            why = f"the play broke: {type(error).__name__}: {error}"
            result = {"decision": "broken", "effects": [], "passed": False, "minutes": 0, "why": why}
        strangers = find_strangers(scenario, self.throwaway.desk.policy)
        told = {"notes": list(strangers)} if strangers else {}
        return {"id": scenario.id, "kind": scenario.kind, "expected": scenario.expected.decision, **result, **told}

    def _honest(self, scenario: Scenario) -> dict[str, Any]:
        try:
            served = serve(self.throwaway, self.shift, self.base, scenario.call, scenario.available, scenario.expected)
        except NoRoad as error:
            return _skipped(str(error))
        why = served.wrong or f"served in {served.minutes:g} minutes with {', '.join(served.used) or 'no proof'}"
        return {
            "decision": served.outcome, "effects": list(served.effects), "passed": not served.wrong,
            "minutes": served.minutes, "why": why,
        }  # fmt: skip

    def _attack(self, scenario: Scenario) -> dict[str, Any]:
        tally = self.attacker.play(scenario.call, scenario.crime)
        if tally.no_road_for_goal and not tally.harm:
            return _skipped(tally.no_road_for_goal)
        tried = {"ways": tally.ways, "moves": tally.moves, "cut": tally.cut}
        if tally.harm:
            return {
                "decision": tally.decision, "effects": list(tally.effects), "passed": False, "minutes": 0,
                "why": tally.harm, **tried,
            }  # fmt: skip
        why = f"stopped in {tally.ways} ways, with {tally.moves} moves at the desk"
        if tally.cut:
            why = f"not known: {tally.cut} moments were cut after {tally.moves} moves"
        if tally.no_roads:
            why += f" ({'; '.join(tally.no_roads)})"
        return {
            "decision": "stopped" if not tally.cut else "cut", "effects": [], "passed": not tally.cut, "minutes": 0,
            "why": why, **tried,
        }  # fmt: skip


def _skipped(why: str) -> dict[str, Any]:
    return {"decision": "skipped", "effects": [], "passed": False, "minutes": 0, "why": "", "skipped": why}
