"""The cheapest set of compromises with which an impostor could have produced the evidence at hand.

Counting factors misleads: one stolen SIM defeats both the text message and the call back. Pricing them does not, because a set
of compromises is paid for once, however many methods it defeats. This module answers that one question, exactly, as a search
on bit masks. It knows no clock, no requirement and no case; `decision.py` compares the price with what an action is worth.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from mfadesk.assurance.model import Attack, Compromise
from mfadesk.kernel.errors import Broken, Refusal

MAX_NODES = 100_000
"""Steps of one search. The worst case is exponential (minimum-cost hitting set), so it ends in a refusal, not in a hang."""

MAX_WAYS = 64
"""More distinct methods than this in one question is a fault in the caller, not a bigger search."""

Ways = tuple[frozenset[Compromise], ...]
"""The alternatives that defeat one method; each is a set of compromises that together defeat it."""

_CACHE = 4096
"""Distinct methods and sets of compromises remembered as masks. A policy names about a hundred."""


class Prices:
    """The prices of one policy, laid out so that a set of compromises is one integer.

    Bit i stands for the i-th name in order, so that comparing sets of bits is comparing sets of names.
    """

    __slots__ = ("_mask_of_set", "_masks_of_ways", "_price_of_mask", "bits", "free", "names", "points")

    def __init__(self, points: Mapping[Compromise, int]) -> None:
        self.names: tuple[Compromise, ...] = tuple(sorted(points))
        self.points: tuple[int, ...] = tuple(points[name] for name in self.names)
        self.bits: dict[Compromise, int] = {name: 1 << i for i, name in enumerate(self.names)}
        # What costs nothing is as good as held; buying it would clutter the explanation with what could be dropped.
        self.free: int = sum(1 << i for i, price in enumerate(self.points) if price == 0)
        self._mask_of_set = lru_cache(maxsize=_CACHE)(self._add_bits)
        self._masks_of_ways = lru_cache(maxsize=_CACHE)(lambda ways: tuple(self._add_bits(way) for way in ways))
        self._price_of_mask = lru_cache(maxsize=_CACHE)(self._add_points)

    def mask(self, compromises: frozenset[Compromise]) -> int:
        """Return the bits of `compromises`; a name without a price is no compromise of this policy and has no bit."""
        return self._mask_of_set(compromises)

    def masks(self, ways: Ways) -> tuple[int, ...]:
        """Return the bits of each alternative. Raises Broken where an alternative names something without a price."""
        return self._masks_of_ways(ways)

    def price(self, mask: int) -> int:
        """Return the sum of the points of every compromise in `mask`."""
        return self._price_of_mask(mask)

    def attack(self, mask: int) -> Attack:
        """Return `mask` as an attack with names."""
        return Attack(frozenset(self.names[i] for i in _positions(mask)), self.price(mask))

    def _add_bits(self, compromises: frozenset[Compromise]) -> int:
        mask = 0
        for name in compromises:
            mask |= self.bits.get(name) or _unpriced(name)
        return mask

    def _add_points(self, mask: int) -> int:
        return sum(self.points[i] for i in _positions(mask))


def find_cheapest_attack(ways: Iterable[Ways], held: frozenset[Compromise], points: Mapping[Compromise, int]) -> Attack:
    """Return the cheapest attack that defeats every method, given as its alternatives; the first by name among equals.

    ways: for each method that passed, what defeats it; order and repetition do not matter.
    held: compromises taken as the attacker's already, at no charge.
    points: the price of each compromise, whole points >= 0.

    With no evidence the answer is the empty attack at 0 points: anybody could have produced it.

    >>> sms = (frozenset({"sim_swap"}), frozenset({"parallel_vish"}))
    >>> call = (frozenset({"sim_swap"}),)
    >>> find_cheapest_attack([sms, call], frozenset(), {"sim_swap": 30, "parallel_vish": 20})
    Attack(compromises=frozenset({'sim_swap'}), points=30)

    Raises Refusal where the search would run away, Broken for a method without an alternative or without a price.
    """
    prices = Prices(points)
    return prices.attack(search([prices.masks(way) for way in ways], prices.mask(held & points.keys()), prices))


def search(methods: Sequence[tuple[int, ...]], held: int, prices: Prices) -> int:
    """Return the mask of the cheapest attack: `find_cheapest_attack` for callers who hold masks already.

    Branch and bound: the methods with the fewest ways in come first, since they force compromises early and forced ones prune
    the rest; a branch ends when what it paid, and the least that the next method adds, is above the best known.

    Raises Refusal above `MAX_NODES` steps or `MAX_WAYS` distinct methods.
    """
    left = _reduce(methods, held | prices.free)
    if not left:
        return 0
    if len(left) == 1:
        return min(left[0], key=lambda mask: (prices.price(mask), _positions(mask)))
    if len(left) > MAX_WAYS:
        raise Refusal("too_many_methods", f"More than {MAX_WAYS} methods passed in one case; no decision is made on that.")
    return _Search(left, prices).run()


class _Search:
    """One search. `order` holds every method's remaining ways, hardest first; `best` the cheapest attack so far."""

    __slots__ = ("best", "best_points", "nodes", "order", "price")

    def __init__(self, methods: list[tuple[int, ...]], prices: Prices) -> None:
        self.price = prices.price
        self.order = sorted(methods, key=lambda ways: (len(ways), -min(map(prices.price, ways)), ways))
        self.nodes = 0
        self.best = self._buy_greedily()
        self.best_points = self.price(self.best)

    def run(self) -> int:
        self._extend(0, 0, 0)
        return self.best

    def _buy_greedily(self) -> int:
        """Return some attack that works, so that the search starts with a bound."""
        price, bought = self.price, 0
        for ways in self.order:
            bought |= min(ways, key=lambda way: price(way & ~bought))
        return bought

    def _extend(self, bought: int, paid: int, depth: int) -> None:
        self.nodes += 1
        if self.nodes > MAX_NODES:
            raise Refusal("search_limit", "This much evidence is too tangled to price; the in-person road would help.")
        price, order = self.price, self.order
        for place in range(depth, len(order)):
            ways = order[place]
            options: list[tuple[int, int]] = []
            for way in ways:
                missing = way & ~bought
                if not missing:
                    break
                options.append((paid + price(missing), bought | missing))
            else:
                # Nothing bought so far defeats this method: one of its ways must be paid for.
                options.sort()
                for total, mask in options:
                    if total > self.best_points:
                        break
                    self._extend(mask, total, place + 1)
                return
        if paid < self.best_points or _positions(bought) < _positions(self.best):
            self.best, self.best_points = bought, paid


def _reduce(methods: Sequence[tuple[int, ...]], free: int) -> list[tuple[int, ...]]:
    """Return the methods that still cost something, without ways that contain another way, each distinct method once."""
    left: set[tuple[int, ...]] = set()
    for ways in methods:
        if not ways:
            raise Broken("a method that nothing defeats slipped past the policy check")
        masks: list[int] = []
        for way in ways:
            mask = way & ~free
            if not mask:
                break
            masks.append(mask)
        else:
            masks = sorted(set(masks))
            left.add(tuple(mask for mask in masks if not any(mask & other == other for other in masks if other != mask)))
    return list(left)


@lru_cache(maxsize=_CACHE)
def _positions(mask: int) -> tuple[int, ...]:
    """Return the places of the bits in `mask`, lowest first: the order of names."""
    places = []
    while mask:
        lowest = mask & -mask
        places.append(lowest.bit_length() - 1)
        mask ^= lowest
    return tuple(places)


def _unpriced(name: Compromise) -> int:
    raise Broken(f"the compromise {name} has no price; the policy check should have refused it")
