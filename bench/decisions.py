"""The exact decision beside solvers that could answer the same question, and beside an engine that only counts factors."""

from __future__ import annotations

import random
from statistics import median
from time import perf_counter

from bench import attack_cost
from bench.rows import Row, print_rows

RC2_TARGET, Z3_TARGET, CEDAR_TARGET = 15, 200, 1

COUNTING_POLICY = """
permit (principal, action == Action::"replace", resource)
when { context.factors >= 2 && resource.tier <= 3 };
"""


def measure() -> list[Row]:
    """Return the rows: the decision with three resists against RC2 and z3, and one decision against one count in Cedar.

    The solvers' answers are compared with ours, case by case; a difference is an error and no row.
    """
    found = attack_cost.measure()
    if found["equal"] != found["asked"]:
        raise AssertionError(f"{found['asked'] - found['equal']} answers differ from the solvers'")
    ours = 1e6 / found["with_three_resists_mean_us"]
    what = "the decision with three resists, answers equal"
    solve = "the search, in Python on masks; the solvers spend most of it on building and reading their formula"
    count_ours, count_cedar, ratio = _against_cedar()
    return [
        Row("decision_rc2", f"{what}, beside python-sat RC2", ours, ours / found["decision_times_faster_than_rc2"], "decisions/s",
            found["decision_times_faster_than_rc2"], RC2_TARGET, solve),
        Row("decision_z3", f"{what}, beside z3 Optimize", ours, ours / found["decision_times_faster_than_z3"], "decisions/s",
            found["decision_times_faster_than_z3"], Z3_TARGET, solve),
        Row("decision_cedar", "one decision with three resists, beside one count of factors in Cedar", count_ours, count_cedar,
            "decisions/s", ratio, CEDAR_TARGET, "Cedar holds policies and entities parsed; what is left is its evaluator and the way into it"),
    ]  # fmt: skip


def _against_cedar(rounds: int = 5, count: int = 1_000) -> tuple[float, float, float]:
    """Return ours a second, Cedar's a second, and the median ratio of rounds in turn; Cedar holds its policies parsed."""
    import cedarpy

    cases, points = attack_cost.make_cases(count, seed=7)
    solve = attack_cost.make_ours_with_resists(points, cases)
    policies = cedarpy.PolicySet.from_str(COUNTING_POLICY)
    rng = random.Random(7)  # noqa: S311 - a repeatable draw, no secret
    requests = [
        {
            "principal": 'User::"hazel"', "action": 'Action::"replace"', "resource": 'Account::"hazel"',
            "context": {"factors": rng.randint(0, 4)},
        }
        for _ in cases
    ]  # fmt: skip
    entities = cedarpy.Entities.from_json_str(
        '[{"uid": {"type": "Account", "id": "hazel"}, "attrs": {"tier": 2}, "parents": []}]'
    )
    ours, theirs = [], []
    for _ in range(rounds):
        began = perf_counter()
        for case in cases:
            solve(case)
        ours.append(count / (perf_counter() - began))
        began = perf_counter()
        for request in requests:
            answer = cedarpy.is_authorized(request, policies, entities)
        theirs.append(count / (perf_counter() - began))
        if answer.decision not in (cedarpy.Decision.Allow, cedarpy.Decision.Deny):
            raise AssertionError(f"Cedar did not decide: {answer.diagnostics.errors}")
    return median(ours), median(theirs), median(a / b for a, b in zip(ours, theirs, strict=True))


if __name__ == "__main__":
    print_rows(measure())
