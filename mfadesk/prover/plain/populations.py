"""Which sets of methods suffice for what, under one policy: the populations of callers that the rules ask about.

Every set of up to `plans.MAX_ADDED` factors is priced once a policy, with nothing and with each compromise given away. An
operator's word counts as attested by a second operator: that is the most that anybody can have.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import combinations

from mfadesk.assurance.decision import decide
from mfadesk.assurance.model import Allowed, Circumstances, Compromise, Evidence, MethodId, Policy, Requirement
from mfadesk.assurance.plans import MAX_ADDED
from mfadesk.assurance.pricing import Question, find_pricing

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
KNOWN = Circumstances(leaning_changed_at={})
"""A call about which nothing speaks against the caller: what is refused here is refused everywhere."""

MAX_FACTORS = 40
"""With more, the sets of three are too many to price in the time of a proof; the rules then look at pairs."""


@dataclass(frozen=True, slots=True)
class Priced:
    """One set of methods: what it costs to fake with nothing given away, and with each single compromise for free."""

    methods: frozenset[MethodId]
    points: int
    given: Mapping[Compromise, int]
    minutes: int
    in_person: bool


def evidence_of(name: MethodId, policy: Policy, second: bool = True) -> Evidence:
    """Return the evidence that `name` gives at `NOW`."""
    method = policy.methods[name]
    ends = NOW + timedelta(seconds=method.lifetime_s)
    return Evidence(name, NOW, ends, "prover", second_attested=second and method.operator_attested)


@lru_cache(maxsize=16)
def price_sets(policy: Policy) -> tuple[Priced, ...]:
    """Return every set of factors of this policy with its prices, smaller sets first."""
    factors = sorted(method.id for method in policy.methods.values() if method.role == "factor")
    pricing = find_pricing(policy)
    named = sorted({name for requirement in policy.requirements.values() for name in requirement.resists})
    found = []
    for size in range(1, (MAX_ADDED if len(factors) <= MAX_FACTORS else 2) + 1):
        for chosen in combinations(factors, size):
            question = Question([evidence_of(name, policy) for name in chosen], policy.always_held, pricing)
            given = {name: question.attack(name).points for name in named}
            minutes = max(policy.methods[name].minutes for name in chosen)
            seen = any(policy.methods[name].in_person for name in chosen)
            found.append(Priced(frozenset(chosen), question.attack().points, given, minutes, seen))
    return tuple(found)


def is_enough(one: Priced, requirement: Requirement) -> bool:
    """Return whether the set meets the requirement, approvals aside."""
    return (
        one.points >= requirement.minimum
        and all(one.given[name] >= requirement.resist_minimum for name in requirement.resists)
        and (one.in_person or not requirement.in_person_only)
    )


def find_sufficient(policy: Policy, requirement: Requirement) -> tuple[Priced, ...]:
    """Return the sets that suffice and hold no smaller one that does."""
    found: list[Priced] = []
    for one in price_sets(policy):
        if is_enough(one, requirement) and not any(other.methods < one.methods for other in found):
            found.append(one)
    return tuple(found)


def find_disagreement(policy: Policy, requirement: Requirement) -> frozenset[MethodId] | None:
    """Return a set of factors that the decision allows although it is too little by the prices above.

    Asked are all single factors, and all pairs that would be dear enough but for a single free compromise.
    """
    for one in price_sets(policy):
        if len(one.methods) > 2:
            break
        if is_enough(one, requirement) or (len(one.methods) == 2 and one.points < requirement.minimum):
            continue
        evidence = [evidence_of(name, policy) for name in sorted(one.methods)]
        told = decide(evidence, KNOWN, requirement.action, requirement.tier, requirement.threat, policy, NOW)
        if isinstance(told, Allowed):
            return one.methods
    return None
