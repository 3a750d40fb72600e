"""What a change to a runbook does to safety: who is served that was not, who is no longer, and what the cheapest attack becomes.

Both versions are walked with the same answers, every proof taken as given and nobody late, so that a difference is the change's own
doing. The price of an attack is that of the cheapest set of methods with which the decisions before an effect are content, at the
situation where they ask for least.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from mfadesk.assurance.model import Policy
from mfadesk.ports.people import Tier
from mfadesk.prover.demands import Demands
from mfadesk.prover.plain.populations import find_sufficient
from mfadesk.prover.product import explore
from mfadesk.runbook.guards import UNKNOWN, evaluate, variables_of
from mfadesk.runbook.model import Runbook, Step
from mfadesk.runbook.situation import FACTS, VOCABULARY

MAX_CALLERS = 20_000
"""Kinds of caller that are walked; beyond it, what was seen is reported as not all."""

WAYS_IN = ("enrol", "bypass")
GIVES_BACK = frozenset({"restore_old", "open_account", "lift_suspension"})
RESULTS = {"decision": "allowed", "resync": "accepted"}
SERVED = frozenset({"changed", "bridged", "no_change_needed", "self_service", "handed_over"})
"""Outcomes after which the caller has what they need, or goes on with somebody who gives it."""


@dataclass(frozen=True, slots=True)
class Price:
    """What it costs to get a way in by this runbook, of one tier: before and after, in points.

    None where that version gives none, or asks for what nobody can give. `by` are the methods that the cheapest attack then fakes.
    """

    tier: str
    before: int | None
    after: int | None
    by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Callers:
    """Callers of one kind, whom the two versions lead to different ends."""

    answers: Mapping[str, str]
    """One of them: what they say. The others say something else and come to the same two ends."""
    before: str
    after: str
    count: int


@dataclass(frozen=True, slots=True)
class Effect:
    """What a change does. `complete` is False where there were more kinds of caller than MAX_CALLERS."""

    helped: tuple[Callers, ...]
    shut_out: tuple[Callers, ...]
    otherwise: tuple[Callers, ...]
    prices: tuple[Price, ...]
    complete: bool


def find_effect(old: Runbook, new: Runbook, policy: Policy) -> Effect:
    """Return what it does to callers and to attackers that `new` stands where `old` stood."""
    groups: dict[tuple[str, str], tuple[dict[str, str], int]] = {}
    complete = True
    for walked, (known, before, after) in enumerate(_pairs(old, new, {})):
        if walked == MAX_CALLERS:
            complete = False
            break
        example, count = groups.get((before, after), (known, 0))
        groups[before, after] = (example, count + 1)
    helped: list[Callers] = []
    shut_out: list[Callers] = []
    otherwise: list[Callers] = []
    for (before, after), (example, count) in groups.items():
        left, right = old.steps[before], new.steps[after]
        if (left.outcome, left.title) == (right.outcome, right.title):
            continue
        was, is_now = left.outcome in SERVED, right.outcome in SERVED
        place = otherwise if was == is_now else helped if is_now else shut_out
        place.append(Callers(example, left.title, right.title, count))
    return Effect(tuple(helped), tuple(shut_out), tuple(otherwise), find_prices(old, new, policy), complete)


def find_prices(old: Runbook, new: Runbook, policy: Policy) -> tuple[Price, ...]:
    """Return the price of the cheapest way in before and after, for every tier in policy, at the normal threat level."""
    tiers = list(dict.fromkeys(tier for _, tier, threat in policy.requirements if threat == "normal"))
    before, after = _granted(old, policy), _granted(new, policy)
    found = []
    for tier in tiers:
        left, right = (_cheapest(granted, tier, policy) for granted in (before, after))
        found.append(Price(tier, left[0] if left else None, right[0] if right else None, right[1] if right else ()))
    return tuple(found)


def _granted(runbook: Runbook, policy: Policy) -> frozenset[tuple[str, ...]]:
    """Return, for each situation in which somebody is given a way in, which actions were allowed on the way there."""
    product = explore(runbook, Demands(policy))
    return frozenset(node.granted() for node in product.nodes if node.step.kind in WAYS_IN or GIVES_BACK & set(node.step.verbs))


def _cheapest(granted: frozenset[tuple[str, ...]], tier: Tier, policy: Policy) -> tuple[int, tuple[str, ...]] | None:
    prices = []
    for actions in granted:
        price: tuple[int, tuple[str, ...]] | None = (0, ())
        for action in actions:
            requirement = policy.requirements.get((action, tier, "normal"))
            sets = find_sufficient(policy, requirement) if requirement is not None else ()
            least = min(((one.points, tuple(sorted(one.methods))) for one in sets), default=None)
            price = max(price, least) if price is not None and least is not None else None
        if price is not None:
            prices.append(price)
    return min(prices, default=None)


def _pairs(old: Runbook, new: Runbook, known: dict[str, str]) -> Iterator[tuple[dict[str, str], str, str]]:
    """Yield answers, and the end that each version comes to with them; each set of answers is only as long as a walk needs."""
    before, after = _walk(old, known), _walk(new, known)
    if isinstance(before, Step) and isinstance(after, Step):
        yield known, before.id, after.id
        return
    name, values = before if not isinstance(before, Step) else after if not isinstance(after, Step) else ("", ())
    for value in values:
        yield from _pairs(old, new, {**known, name: value})


Open = tuple[str, tuple[str, ...]]
"""A variable that a walk needs and does not have, with what it may be."""


def _walk(runbook: Runbook, known: Mapping[str, str]) -> Step | Open:
    """Return the end that these answers lead to, or the first variable that is open.

    In a runbook that goes in a circle it is some step of the circle: nobody is served there.
    """
    here = runbook.steps[runbook.start]
    values = {name: value for name, value in known.items() if value in _values(runbook, name)} | RESULTS
    for _ in runbook.steps:
        if here.kind == "end":
            break
        if here.kind == "ask" and here.variable and here.variable not in known:
            return here.variable, tuple(answer.value for answer in here.answers)
        step = _next(runbook, here, values)
        if not isinstance(step, Step):
            return step
        here = step
    return here


def _next(runbook: Runbook, step: Step, values: Mapping[str, str]) -> Step | Open:
    for edge in step.edges:
        opening = [
            name for name in sorted(variables_of(edge.guard)) if name not in values and name in VOCABULARY.keys() | FACTS
        ]
        if opening:
            return opening[0], _values(runbook, opening[0])
        if evaluate(edge.guard, values):
            return runbook.steps[edge.to]
    return runbook.steps[step.edges[-1].to]


def _values(runbook: Runbook, name: str) -> tuple[str, ...]:
    return runbook.variables[name].values if name in runbook.variables else (UNKNOWN,)
