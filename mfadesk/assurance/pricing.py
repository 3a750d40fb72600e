"""Policy and evidence as a question to the exact search: which alternatives really defeat each piece of evidence.

Two things make a method's alternatives differ from what policy lists. An operator's word is only as good as the operator, or as
both once a second, system-chosen one attested the same. And a method that leans on directory data in quarantine falls to
whoever wrote that data, without charge. Both are applied here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from mfadesk.assurance.attack_cost import Falls, Prices, Ways, search
from mfadesk.assurance.circumstances import DATA_WRITE
from mfadesk.assurance.model import Attack, Compromise, Evidence, Method, MethodId, Policy

OPERATOR = "insider_operator"
SECOND_OPERATOR = "insider_second_operator"


def find_ways(method: Method, second_attested: bool) -> Ways:
    """Return the alternatives that defeat `method` as it was carried out.

    An operator's word falls to that operator; with a second operator's word beside it, only to both together, whatever else
    policy says about the operator (SETTLED: buying the second one is a compromise of its own).
    """
    if not method.operator_attested:
        return method.defeated_by
    bought = frozenset({OPERATOR, SECOND_OPERATOR}) if second_attested else frozenset({OPERATOR})
    others = (way | bought if OPERATOR in way else way for way in method.defeated_by)
    return tuple(dict.fromkeys((*others, bought)))


class Pricing:
    """One policy, ready to be asked: its prices, and what each factor falls to, as it was carried out."""

    __slots__ = ("_factors", "prices")

    def __init__(self, policy: Policy) -> None:
        self.prices = Prices({name: terms.points for name, terms in policy.compromises.items()})
        self._factors: dict[tuple[MethodId, bool], tuple[Falls, Falls | None, frozenset[str]]] = {}
        for method in policy.methods.values():
            if method.role == "factor":
                leanings = frozenset(f"{DATA_WRITE}:{leaning}" for leaning in method.leans_on)
                for second in (False, True):
                    ways = find_ways(method, second)
                    stale = tuple(way - {DATA_WRITE} for way in ways)
                    worthless = frozenset() in stale
                    falls = self.prices.falls(ways), None if worthless else self.prices.falls(stale), leanings
                    self._factors[method.id, second] = falls

    def find_falls(self, item: Evidence, held: frozenset[Compromise]) -> Falls | None:
        """Return what defeats `item`, or None where it proves nothing: no factor, or resting on data in quarantine."""
        known = self._factors.get((item.method, item.second_attested))
        if known is None:
            return None
        falls, stale, leanings = known
        return falls if leanings.isdisjoint(held) else stale


@lru_cache(maxsize=16)
def find_pricing(policy: Policy) -> Pricing:
    """Return the pricing of `policy`, made once: a policy never changes, another version is another object."""
    return Pricing(policy)


class Question:
    """Evidence against what is held, asked once for the cost and once for each resist."""

    __slots__ = ("_best", "_held", "_methods", "_prices", "_used")

    def __init__(self, evidence: Iterable[Evidence], held: frozenset[Compromise], pricing: Pricing) -> None:
        self._prices = pricing.prices
        found = (pricing.find_falls(item, held) for item in evidence)
        self._methods = [falls for falls in found if falls is not None]
        self._held = self._prices.mask(held)
        self._used = 0
        for alone, larger in self._methods:
            self._used |= alone
            for mask in larger:
                self._used |= mask
        self._best: Attack | None = None

    def attack(self, given: Compromise | None = None) -> Attack:
        """Return the cheapest attack, with `given` handed over for free. Raises Refusal where the search would run away."""
        bit = self._prices.bits.get(given, 0) if given is not None else 0
        if bit & self._used & ~self._held:
            return self._prices.attack(search(self._methods, self._held | bit, self._prices))
        # Nothing that passed falls to it, or it was held anyway: handing it over changes nothing.
        if self._best is None:
            self._best = self._prices.attack(search(self._methods, self._held, self._prices))
        return self._best
