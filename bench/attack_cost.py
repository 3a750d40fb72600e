"""How fast the exact decision is, beside python-sat RC2 and z3 on the same cases, with the answers compared.

The cases are random evidence over the policy that ships: 1 to 8 factor methods, 0 to 2 further compromises held. The peers are
asked the same question on the same alternatives; building their formula is part of asking, as it would be in use. Rounds of
ours and the peers' take turns, so that other work on the machine meets all of them.
"""

from __future__ import annotations

import json
import random
import statistics
from collections.abc import Callable
from time import perf_counter
from typing import Any

from mfadesk.assurance.attack_cost import Prices, Ways, search
from mfadesk.assurance.circumstances import ALWAYS_HELD
from mfadesk.assurance.policy import load_policy
from mfadesk.assurance.pricing import find_ways

Case = tuple[tuple[Ways, ...], frozenset[str]]
Solver = Callable[[Case], int]
RESISTS = ("parallel_vish", "hr_data_write", "insider_operator")


def make_cases(count: int, seed: int) -> tuple[list[Case], dict[str, int]]:
    """Return random cases over the shipped policy, and its points."""
    policy, rng = load_policy(), random.Random(seed)  # noqa: S311 - a repeatable draw, no secret
    factors = [method for method in policy.methods.values() if method.role == "factor"]
    names = sorted(policy.compromises.keys() - ALWAYS_HELD)
    cases: list[Case] = []
    for _ in range(count):
        ways = [find_ways(method, rng.random() < 0.5) for method in rng.sample(factors, rng.randint(1, 8))]
        cases.append((tuple(ways), ALWAYS_HELD | frozenset(rng.sample(names, rng.randint(0, 2)))))
    return cases, {name: terms.points for name, terms in policy.compromises.items()}


def make_hard_cases(count: int, seed: int) -> tuple[list[Case], dict[str, int]]:
    """Return the synthetic worst: 40 compromises, 40 methods, each with 2 to 5 alternatives of at most 3."""
    rng = random.Random(seed)  # noqa: S311
    names = [f"c{i:02}" for i in range(40)]
    cases: list[Case] = []
    for _ in range(count):
        ways = [tuple({frozenset(rng.sample(names, rng.randint(1, 3))) for _ in range(rng.randint(2, 5))}) for _ in range(40)]
        cases.append((tuple(ways), frozenset()))
    return cases, {name: rng.randint(1, 80) for name in names}


def make_ours(points: dict[str, int], cases: list[Case]) -> Solver:
    """Return the product's search, asked as `assess` asks it: a policy's methods are masks from the day it is loaded."""
    prices = Prices(points)
    known = {id(ways): prices.falls(ways) for case in cases for ways in case[0]}
    return lambda case: prices.price(search([known[id(ways)] for ways in case[0]], prices.mask(case[1]), prices))


def make_ours_with_resists(points: dict[str, int], cases: list[Case]) -> Solver:
    """Return the cost and what three resists leave of it: a whole decision."""
    prices = Prices(points)
    known = {id(ways): prices.falls(ways) for case in cases for ways in case[0]}

    def solve(case: Case) -> int:
        masks, held = [known[id(ways)] for ways in case[0]], prices.mask(case[1])
        for name in RESISTS:
            search(masks, held | prices.bits[name], prices)
        return prices.price(search(masks, held, prices))

    return solve


def make_rc2(points: dict[str, int]) -> Solver:
    """Return python-sat's RC2 on a weighted formula: one soft clause a compromise."""
    from pysat.examples.rc2 import RC2
    from pysat.formula import WCNF

    variable = {name: i + 1 for i, name in enumerate(sorted(points))}

    def solve(case: Case) -> int:
        top, formula = len(variable), WCNF()
        for ways in case[0]:
            first = top + 1
            for way in ways:
                top += 1
                for name in way - case[1]:
                    formula.append([-top, variable[name]])
            formula.append(list(range(first, top + 1)))
        for name, number in variable.items():
            if points[name] and name not in case[1]:
                formula.append([-number], weight=points[name])
        with RC2(formula) as solver:
            solver.compute()
            return int(solver.cost)

    return solve


def make_z3(points: dict[str, int]) -> Solver:
    """Return z3's optimiser with one soft constraint a compromise."""
    import z3

    bought = {name: z3.Bool(name) for name in sorted(points)}

    def solve(case: Case) -> int:
        solver = z3.Optimize()
        for ways in case[0]:
            solver.add(z3.Or([z3.And([bought[name] for name in way - case[1]] or [z3.BoolVal(True)]) for way in ways]))
        for name, variable in bought.items():
            if points[name] and name not in case[1]:
                solver.add_soft(z3.Not(variable), points[name])
        solver.check()
        model = solver.model()
        return sum(
            points[n] for n, v in bought.items() if n not in case[1] and z3.is_true(model.eval(v, model_completion=True))
        )

    return solve


def with_resists(solver: Solver) -> Solver:
    """Return the whole decision by a peer: the same question once more for each resist, which is then held."""

    def solve(case: Case) -> int:
        for name in RESISTS:
            solver((case[0], case[1] | {name}))
        return solver(case)

    return solve


def time_each(solver: Solver, cases: list[Case]) -> tuple[list[float], list[int]]:
    """Return microseconds and answers, case by case."""
    times, answers = [], []
    for case in cases:
        began = perf_counter()
        answer = solver(case)
        times.append((perf_counter() - began) * 1e6)
        answers.append(answer)
    return times, answers


def measure(count: int = 3_000, peers: int = 300, rounds: int = 3, seed: int = 20261124) -> dict[str, Any]:
    """Return best-round means in microseconds, the ratios, and in how many cases the answers were equal.

    count: cases for ours. peers: the first so many of them are also put to the peers.
    """
    cases, points = make_cases(count, seed)
    solvers = {"rc2": make_rc2(points), "z3": make_z3(points)}
    best: dict[str, float] = {}
    equal = asked = 0
    ours: list[float] = []
    for _ in range(rounds):
        times, answers = time_each(make_ours(points, cases), cases)
        if not ours or statistics.mean(times) < statistics.mean(ours):
            ours = times
        whole, _ = time_each(make_ours_with_resists(points, cases), cases)
        best["resists"] = min(best.get("resists", float("inf")), statistics.mean(whole))
        best["same_resists"] = min(best.get("same_resists", float("inf")), statistics.mean(whole[:peers]))
        for name, solver in solvers.items():
            theirs, found = time_each(solver, cases[:peers])
            best[name] = min(best.get(name, float("inf")), statistics.mean(theirs))
            decided, _ = time_each(with_resists(solver), cases[:peers])
            best[f"{name}_resists"] = min(best.get(f"{name}_resists", float("inf")), statistics.mean(decided))
            equal += sum(a == b for a, b in zip(answers, found, strict=False))
            asked += len(found)
    same = statistics.mean(ours[:peers])
    hard_cases, hard_points = make_hard_cases(100, seed)
    hard, _ = time_each(make_ours(hard_points, hard_cases), hard_cases)
    return {
        "ours_mean_us": statistics.mean(ours),
        "ours_p99_us": statistics.quantiles(ours, n=100)[98],
        "with_three_resists_mean_us": best["resists"],
        "rc2_mean_us": best["rc2"],
        "z3_mean_us": best["z3"],
        "decision_times_faster_than_rc2": best["rc2_resists"] / best["same_resists"],
        "decision_times_faster_than_z3": best["z3_resists"] / best["same_resists"],
        "times_faster_than_rc2": best["rc2"] / same,
        "times_faster_than_z3": best["z3"] / same,
        "equal": equal,
        "asked": asked,
        "hard_40_mean_us": statistics.mean(hard),
        "hard_40_p99_us": statistics.quantiles(hard, n=100)[98],
    }


if __name__ == "__main__":
    print(json.dumps(measure(), indent=2))
