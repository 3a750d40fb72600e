"""What would suffice for this person: the smallest further sets of methods, quickest first.

A plan is a promise: once carried out it is allowed (a law in the tests). It is found by trying, with the same judgement that
will be asked later, so the promise cannot drift from the decision.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from itertools import combinations

from mfadesk.assurance.model import Evidence, MethodId, Plan, Policy

MAX_ADDED = 3
"""Methods in one plan. A caller who would need four more is better served in person."""

MAX_SHOWN = 3
"""Plans in one refusal: an operator reads them aloud from, or picks, one."""

MAX_AVAILABLE = 24
"""Methods that are tried; beyond it the quickest are."""

Judge = Callable[[Sequence[Evidence]], int | None]
"""Given further evidence: the points reached, or None where it would not do."""


def find_plans(
    live: Sequence[Evidence], available: Iterable[MethodId], policy: Policy, now: datetime, judge: Judge
) -> tuple[Plan, ...]:
    """Return at most `MAX_SHOWN` minimal plans of at most `MAX_ADDED` methods, ordered by parallel minutes, then points.

    No plan is returned that holds another. None at all means that nothing this person still has would do: in person.
    """
    candidates = _find_candidates(live, available, policy)
    if judge([_carry_out(name, policy, now, True) for name in candidates]) is None:
        # More evidence never lowers the cost, so where all of it is too little every part of it is too.
        return ()
    plans: list[Plan] = []
    for size in range(1, MAX_ADDED + 1):
        for chosen in combinations(candidates, size):
            if any(set(plan.methods) <= set(chosen) for plan in plans):
                continue
            plan = _try(chosen, live, policy, now, judge)
            if plan is not None:
                plans.append(plan)
    plans.sort(key=lambda plan: (plan.minutes, len(plan.methods), -plan.points, plan.methods))
    return tuple(plans[:MAX_SHOWN])


def _find_candidates(live: Sequence[Evidence], available: Iterable[MethodId], policy: Policy) -> tuple[MethodId, ...]:
    """Return the methods worth trying: factors not used yet, or used on one operator's word only."""
    settled = {item.method for item in live if item.second_attested or not policy.methods[item.method].operator_attested}
    factors = {name for name in available if name in policy.methods and policy.methods[name].role == "factor"}
    return tuple(sorted(factors - settled, key=lambda name: (policy.methods[name].minutes, name))[:MAX_AVAILABLE])


def _try(chosen: tuple[MethodId, ...], live: Sequence[Evidence], policy: Policy, now: datetime, judge: Judge) -> Plan | None:
    """Return the plan if it does, asking a second operator only where one operator's word would not do."""
    attested = tuple(name for name in chosen if policy.methods[name].operator_attested)
    passed = {item.method for item in live}
    for second in (False, True) if attested else (False,):
        if not second and passed & set(attested):
            continue
        points = judge([_carry_out(name, policy, now, second) for name in chosen])
        if points is not None:
            minutes = max(policy.methods[name].minutes for name in chosen)
            return Plan(tuple(sorted(chosen)), minutes, points, tuple(sorted(attested)) if second else ())
    return None


def _carry_out(name: MethodId, policy: Policy, now: datetime, second: bool) -> Evidence:
    """Return the evidence that `name` would give, as if it passed now."""
    method = policy.methods[name]
    ends = now + timedelta(seconds=method.lifetime_s)
    return Evidence(name, now, ends, "plan", second_attested=second and method.operator_attested)
