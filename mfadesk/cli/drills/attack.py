"""The attacker: everything that their compromises open, in every world, with every answer, in three orders (SETTLED 17).

It is a search with the real desk as its board. At a question it gives every answer; where something must be proved it shows what it
can defeat: all of it in three orders and, where any of it could do, each method alone first. Two things stand in for the rest, and
both are exact. A moment that the desk cannot tell from one that was played already is not played again (`likeness`). And evidence is
only ever added to, and more of it never lowers the cost (a law of `assurance`), so that a part of what was refused together is
refused as well; of few methods every part is shown all the same. Whatever does not fit into `MAX_MOVES` is cut, and a cut attack has
not passed.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass, field

from mfadesk.cases.state import CaseState
from mfadesk.cli.drills.judge import Seen, find_harm
from mfadesk.cli.drills.likeness import could_pass, find_likeness, find_unreached
from mfadesk.cli.drills.means import (
    Hand,
    Shown,
    find_openings,
    find_orders,
    find_shown,
    find_weak,
    goals_for,
    said_of,
    say,
    worlds_for,
)
from mfadesk.cli.drills.scenario import Call, Crime
from mfadesk.cli.drills.scenery import set_stage
from mfadesk.cli.drills.stage import PROVIDER, NotAtHand, Shift, Stage, World
from mfadesk.cli.throwaway import Mark, Throwaway
from mfadesk.kernel.errors import Broken, Invalid, MfadeskError
from mfadesk.runbook.model import Step

MAX_MOVES = 20_000
"""Moves at the desk in one scenario: some minutes. What is left then is cut, and said."""

EACH_PART_UP_TO = 2
"""With so few methods left every part of them is shown; of more, all together in each order and, where that could do, each alone."""

MAX_REMEMBERED = 100_000
"""Moments remembered over a whole file, some hundred bytes each; then the memory begins anew."""

A_DAY_AND_MORE_S = 90_000


@dataclass(slots=True)
class Tally:
    """What was done about one attack."""

    moves: int = 0
    ways: int = 0
    harm: str = ""
    decision: str = "stopped"
    effects: tuple[str, ...] = ()
    cut: int = 0
    no_road_for_goal: str = ""
    """Why there is no runbook for what is asked first; then the attack is not tried out, whatever else was stopped."""
    no_roads: list[str] = field(default_factory=list)


class Attacker:
    """Plays attacks on one throwaway desk. What was learned of one moment serves every later scenario of the file."""

    def __init__(self, throwaway: Throwaway, shift: Shift, base: Mark) -> None:
        self._throwaway = throwaway
        self._shift = shift
        self._base = base
        self._known: dict[Hashable, tuple[int, str, tuple[str, ...]]] = {}

    def play(self, call: Call, crime: Crime) -> Tally:
        """Return what came of the attack. Raises MfadeskError only where the stage cannot be set."""
        return _Play(self._throwaway, self._shift, self._base, self._known, call, crime).run()


class _Play:
    """One scenario's attack."""

    def __init__(
        self, throwaway: Throwaway, shift: Shift, base: Mark,
        known: dict[Hashable, tuple[int, str, tuple[str, ...]]], call: Call, crime: Crime,
    ) -> None:  # fmt: skip
        self._throwaway, self._shift, self._base, self._known = throwaway, shift, base, known
        self._call, self._crime = call, crime
        self._policy = throwaway.desk.policy
        self._tally = Tally()
        self._stage: Stage
        self._before: Seen
        self._by_itself: Seen | None = None
        self._letters: Mapping[str, int] = {}

    def run(self) -> Tally:
        """Play every world, with the signals and without, for every goal."""
        for world in worlds_for(self._call, self._policy):
            for signals in dict.fromkeys((self._call.signals, frozenset[str]())):
                self._set(world)
                start = self._stage.keep()
                shown = tuple(s for s in find_shown(self._crime, self._policy) if s.method in world.methods)
                for goal in goals_for(self._call):
                    for said in find_openings(said_of(self._call)):
                        self._stage.go_back(start)
                        if not self._open(goal, said, signals):
                            continue
                        self._tally.ways += self._explore(shown)
                        if not said:
                            self._stage.go_back(start)
                            self._be_early(goal, signals, shown)
                        if self._tally.harm:
                            self._blame(world, signals, goal)
                            return self._tally
                    self._stage.go_back(start)
                    if not signals and goal == goals_for(self._call)[0]:
                        self._insist(goal, shown)
                    if self._tally.harm:
                        self._blame(world, signals, goal)
                        return self._tally
        return self._tally

    def _set(self, world: World) -> None:
        self._throwaway.return_to(self._base)
        situation = self._call.situation
        self._stage = set_stage(
            self._throwaway, self._shift, world, tier=self._call.tier, employment=situation.get("employment", "active"),
            kind=situation.get("kind", "app"),
        )  # fmt: skip
        self._before = self._stage.see()
        self._by_itself = self._look_ahead() if world.switched_off else None
        self._letters = self._stage.count_letters()

    def _look_ahead(self) -> Seen:
        """Return what the provider holds a day later where nobody calls: a suspension may be over by then."""
        here = self._stage.keep()
        self._stage.wait(A_DAY_AND_MORE_S)
        found = self._stage.see()
        self._stage.go_back(here)
        return found

    def _open(self, goal: str, said: Mapping[str, str], signals: frozenset[str]) -> bool:
        try:
            self._stage.open(goal, said, signals, self._call.channel)
        except MfadeskError as error:
            if error.code == "no_runbook":
                self._note_no_road(goal, said, error.sentence)
            return False
        self._tally.moves += 1
        return True

    def _note_no_road(self, goal: str, said: Mapping[str, str], sentence: str) -> None:
        if goal == goals_for(self._call)[0] and said == said_of(self._call):
            self._tally.no_road_for_goal = sentence
        if sentence not in self._tally.no_roads:
            self._tally.no_roads.append(sentence)

    # ------------------------------------------------------------------ the search

    def _explore(self, hand: Hand) -> int:
        """Return how many ways lead on from here, all of them tried or like one that was; stops at the first harm."""
        if self._tally.harm:
            return 0
        state = self._stage.state
        key = (find_likeness(self._stage, state), hand)
        if key in self._known:
            ways, harm, effects = self._known[key]
            self._tally.harm, self._tally.effects = harm, effects
            return ways
        if self._tally.moves >= MAX_MOVES:
            self._tally.cut += 1
            return 0
        ways = self._go_on(state, hand)
        if not self._tally.cut:
            if len(self._known) >= MAX_REMEMBERED:
                self._known.clear()
            self._known[key] = (ways, self._tally.harm, self._tally.effects)
        return ways

    def _go_on(self, state: CaseState, hand: Hand) -> int:
        if state.status != "open":
            return self._end()
        step = self._throwaway.desk.runbook_of(state).steps[state.step]
        if step.kind in ("ask", "instruct"):
            return self._answer(step, hand)
        if step.kind == "verify" and hand:
            return self._verify(state, step, hand)
        if step.kind in ("enrol", "confirm"):
            return self._set_up(state)
        if step.kind in ("resync", "bypass"):
            return self._take(step, hand)
        if state.ask is not None and self._do(self._stage.approve) and self._stage.state.seq > state.seq:
            # Whoever may approve says yes to all of it, so that no approval hides what weak proof would open.
            return self._explore(hand)
        return self._end()

    def _take(self, step: Step, hand: Hand) -> int:
        """Type the two codes, or take the way in, and go on. Whoever is shown a way in has got too far already."""
        self._wait_out(self._stage.state)
        taken = self._do(self._stage.type_two_codes if step.kind == "resync" else self._stage.take_bypass)
        if taken and step.kind == "resync":
            return self._explore(hand)
        return self._end()

    def _answer(self, step: Step, hand: Hand) -> int:
        """Give every answer that is offered."""
        here, ways = self._stage.keep(), 0
        for value in [offered.value for offered in step.answers] or ["said"]:
            self._stage.go_back(here)
            if self._do(self._stage.answer, step.id, value):
                ways += self._explore(hand)
        return ways

    def _verify(self, state: CaseState, step: Step, hand: Hand) -> int:
        """Show what is in the hand, with and without the excuse that what still works is out of reach."""
        here, ways = self._stage.keep(), 0
        action, methods = step.action or "", tuple(item.method for item in hand)
        plainly, excused = (could_pass(self._stage, state, action, methods, excused=excuse) for excuse in (False, True))
        is_first = not state.pieces
        for excuse in (True, False) if excused and not plainly else (not excused and is_first,):
            self._stage.go_back(here)
            for authenticator in find_unreached(self._stage, state) if excuse else ():
                self._do(self._stage.say_out_of_reach, authenticator.id)
            if len(hand) <= EACH_PART_UP_TO:
                ways += self._show_parts(hand)
                continue
            if is_first or excused:
                ways += self._show_all(hand, find_orders(hand) if is_first else (hand,))
            else:
                # All of it is shown one after the other; wherever another way came to the same, it is not gone again.
                self._show(hand[0])
                ways += 2 * self._explore(hand[1:])
            if excused:
                ways += self._show_parts(hand, each_alone=True)
        return ways

    def _show_all(self, hand: Hand, orders: tuple[Hand, ...]) -> int:
        """Show the whole hand, in each order, as far as the step goes."""
        here, ways = self._stage.keep(), 0
        for ordered in orders:
            self._stage.go_back(here)
            left = list(ordered)
            step = self._stage.state.step
            while left and self._stage.state.step == step and self._stage.state.status == "open":
                self._show(left.pop(0))
            ways += 2 ** (len(hand) - len(left)) * self._explore(tuple(item for item in hand if item in left))
        return ways

    def _show_parts(self, hand: Hand, *, each_alone: bool = False) -> int:
        """Show nothing, and each method first; what was not shown can be shown later, but not in this step if `each_alone`."""
        here, before, step = self._stage.keep(), find_likeness(self._stage, self._stage.state), self._stage.state.step
        ways = self._explore(())
        for item in hand:
            self._stage.go_back(here)
            self._show(item)
            left = tuple(other for other in hand if other is not item)
            if each_alone and self._stage.state.step == step:
                ways += self._explore(())
            elif find_likeness(self._stage, self._stage.state) != before:
                ways += self._explore(left)
        return ways

    def _set_up(self, state: CaseState) -> int:
        """Whoever got this far has got too far; carry it through all the same, so that the effect at the provider is seen."""
        self._wait_out(state)
        self._do(self._stage.set_up)
        return self._end()

    def _wait_out(self, state: CaseState) -> None:
        starts = [v.starts_at for v in state.verdicts.values() if v.allowed]
        wait_s = (max(starts) - self._throwaway.clock.now()).total_seconds() if starts else 0
        if wait_s > 0:
            self._stage.wait(wait_s + 1)

    def _end(self) -> int:
        """Judge how the provider stands now and a day later."""
        after, told = self._stage.see(), self._all_told()
        self._tally.moves += 1
        outcome = self._stage.state.outcome or "open"
        self._stage.wait(A_DAY_AND_MORE_S)
        harm = find_harm(self._before, after, self._stage.see(), told, self._by_itself)
        if self._stage.is_broken():
            harm = (*harm, "the desk found a fault of its own")
        if harm:
            self._tally.harm, self._tally.effects, self._tally.decision = ", ".join(harm), harm, outcome
        return 1

    def _all_told(self) -> bool:
        now = self._stage.count_letters()
        return all(now[address] > self._letters.get(address, 0) for address in now)

    def _be_early(self, goal: str, signals: frozenset[str], shown: tuple[Shown, ...]) -> None:
        """Show what the person's own authenticators prove before the first question, and only then say what became of them."""
        early = tuple(item for item in shown if item.method in PROVIDER)
        if early and not self._tally.harm and self._open(goal, {}, signals):
            for item in early:
                self._show(item)
            self._tally.ways += self._explore(tuple(item for item in shown if item not in early))

    def _insist(self, goal: str, shown: Hand) -> None:
        """Ring three times, twice today and once tomorrow, with everything, also with what policy takes for no proof."""
        orders = find_orders(shown)
        for order, wait_s in zip((*orders, *orders, *orders), (0, 600, A_DAY_AND_MORE_S), strict=False):
            self._stage.wait(wait_s)
            if not self._open(goal, said_of(self._call), frozenset()):
                return
            for weak in find_weak(self._crime, self._policy):
                self._do(self._stage.offer_weak, weak)
            self._answer_as_said()
            for item in order:
                if self._stage.state.status == "open":
                    self._show(item)
                    self._answer_as_said()
            self._do(self._stage.set_up)
        self._tally.ways += self._end()

    def _answer_as_said(self) -> None:
        """Answer as somebody would who says what the situation says, until something else is asked for."""
        for step in self._questions():
            if not self._do(self._stage.answer, step.id, say(step, self._call)):
                return

    def _questions(self) -> Iterator[Step]:
        for _ in range(100):
            state = self._stage.state
            if state.status != "open" or state.step_kind not in ("ask", "instruct"):
                return
            yield self._throwaway.desk.runbook_of(state).steps[state.step]

    def _show(self, item: Shown) -> None:
        if not self._stage.cookie:
            self._do(self._stage.enter_code)
        self._do(self._stage.prove, item.method, item.second_says)

    def _do(self, act: Callable[..., object], *what: str) -> bool:
        """Do one thing and return whether the desk took it. Any other error is the drill's own and is not swallowed.

        So is a word that the desk does not know: a door that was never tried must not look as if it had been shut.
        """
        self._tally.moves += 1
        try:
            act(*what)
        except (Broken, Invalid):
            raise
        except (MfadeskError, NotAtHand):
            return False
        return True

    def _blame(self, world: World, signals: frozenset[str], goal: str) -> None:
        shown = ", ".join(piece.evidence.method for piece in self._stage.state.pieces) or "nothing"
        answers = ", ".join(f"{k}={v}" for k, v in sorted(self._stage.state.answers.items()))
        seen = "signals shown" if signals else "no signals"
        self._tally.harm = f"{self._tally.harm} ({world.name}, {seen}, {goal}; proved {shown}; said {answers})"
