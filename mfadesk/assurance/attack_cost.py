"""The cheapest set of compromises with which an impostor could have produced the evidence at hand.

Counting factors misleads: one stolen SIM defeats both the text message and the call back. Pricing them does not, because a set
of compromises is paid for once, however many methods it defeats. This module answers that one question, exactly, as a search
on bit masks. It knows no clock, no requirement and no case; `decision.py` compares the price with what an action is worth.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache, reduce
from operator import or_
from typing import NamedTuple

from mfadesk.assurance.model import Attack, Compromise
from mfadesk.kernel.errors import Broken, Refusal

MAX_NODES = 100_000
"""Steps of one search. The worst case is exponential (minimum-cost hitting set), so it ends in a refusal, not in a hang."""

MAX_WAYS = 64
"""More distinct methods than this in one question is a fault in the caller, not a bigger search."""

Ways = tuple[frozenset[Compromise], ...]
"""The alternatives that defeat one method; each is a set of compromises that together defeat it."""

Falls = tuple[int, tuple[int, ...]]
"""A method's alternatives as bits: all compromises that defeat it alone in one mask, and each larger alternative as a mask."""

_CACHE = 4096
"""Masks remembered with their price or places. One policy meets a few hundred."""


class Prices:
    """The prices of one policy, laid out so that a set of compromises is one integer.

    Bit i stands for the i-th name in order, so that comparing places of bits is comparing names.
    """

    __slots__ = ("bits", "free", "laid_out", "names", "points", "price")

    def __init__(self, points: Mapping[Compromise, int]) -> None:
        self.names: tuple[Compromise, ...] = tuple(sorted(points))
        self.points: tuple[int, ...] = tuple(points[name] for name in self.names)
        self.bits: dict[Compromise, int] = {name: 1 << i for i, name in enumerate(self.names)}
        # What costs nothing is as good as held; buying it would clutter the explanation with what could be dropped.
        self.free: int = sum(1 << i for i, price in enumerate(self.points) if price == 0)
        self.price: Callable[[int], int] = lru_cache(maxsize=_CACHE)(self._add_points)
        self.laid_out: Callable[[Falls], _Ways] = lru_cache(maxsize=_CACHE)(self._lay_out)

    def mask(self, compromises: Iterable[Compromise]) -> int:
        """Return the bits of `compromises`; a name without a price is no compromise of this policy and has no bit."""
        mask = 0
        for name in compromises:
            mask |= self.bits.get(name, 0)
        return mask

    def falls(self, ways: Ways) -> Falls:
        """Return the bits of every alternative, larger ones only where no part of them is one by itself.

        Raises Broken for a method without an alternative, or one that names something without a price.
        """
        if not ways:
            raise Broken("a method that nothing defeats slipped past the policy check")
        for name in frozenset().union(*ways) - self.bits.keys():
            raise Broken(f"the compromise {name} has no price; the policy check should have refused it")
        masks = {self.mask(way) for way in ways}
        least = [mask for mask in masks if not any(mask & other == other for other in masks if other != mask)]
        alone = sum(mask for mask in least if mask.bit_count() <= 1)
        return alone, tuple(sorted(mask for mask in least if mask.bit_count() > 1))

    def attack(self, mask: int) -> Attack:
        """Return `mask` as an attack with names."""
        return Attack(frozenset(self.names[i] for i in _places(mask)), self.price(mask))

    def _add_points(self, mask: int) -> int:
        return sum(self.points[i] for i in _places(mask))

    def _lay_out(self, falls: Falls) -> _Ways:
        alone, larger = falls
        ways = sorted([*(1 << i for i in _places(alone)), *larger], key=lambda way: (self.price(way), _places(way)))
        return _Ways(len(ways), -self.price(ways[0]), tuple(ways), reduce(or_, ways))


class _Ways(NamedTuple):
    """One method's ways in, cheapest first. In order of these, the method with the fewest and dearest ways comes first."""

    ways: int
    less: int
    masks: tuple[int, ...]
    bits: int


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
    return prices.attack(search([prices.falls(way) for way in ways], prices.mask(held), prices))


def search(methods: Iterable[Falls], held: int, prices: Prices) -> int:
    """Return the mask of the cheapest attack: `find_cheapest_attack` for callers who hold masks already.

    First what needs no search: a method that falls whenever another does says nothing more, and what has one way in must be
    bought. That settles most cases. The rest is branch and bound.

    Raises Refusal above `MAX_NODES` steps or `MAX_WAYS` distinct methods.
    """
    bought, have, mixed = 0, held | prices.free, methods
    simple: list[int] = []
    while True:
        alone, mixed = _drop_what_falls(mixed, have)
        simple = _keep_least({mask for mask in simple if not mask & have} | alone)
        forced = 0
        for mask in simple:
            if not mask & (mask - 1):
                forced |= mask
        if not forced:
            break
        bought |= forced
        have |= forced
        if not mixed:
            # The least masks hold no other, so none of them holds what was forced.
            simple = [mask for mask in simple if not mask & forced]
            break
    standing = [prices.laid_out((mask, ())) for mask in simple]
    for falls in set(mixed):
        for mask in simple:
            if mask & falls[0] == mask:
                break
        else:
            standing.append(prices.laid_out(falls))
    if len(standing) > MAX_WAYS:
        raise Refusal("too_many_methods", f"More than {MAX_WAYS} methods passed in one case; no decision is made on that.")
    for _, group in _group(standing):
        # Groups share no compromise, so the cheapest of each together are the cheapest of all.
        bought |= group[0].masks[0] if len(group) == 1 else _Search(group, prices).run()
    return bought


def _group(methods: Iterable[_Ways]) -> list[tuple[int, list[_Ways]]]:
    """Return the methods in groups that have no compromise in common, each with all its bits."""
    groups: list[tuple[int, list[_Ways]]] = []
    for method in methods:
        bits, mine, others = method.bits, [method], []
        for group in groups:
            if group[0] & bits:
                bits |= group[0]
                mine += group[1]
            else:
                others.append(group)
        others.append((bits, mine))
        groups = others
    return groups


def _drop_what_falls(methods: Iterable[Falls], have: int) -> tuple[set[int], list[Falls]]:
    """Return what `have` leaves standing: methods that single compromises defeat, as masks, and the others."""
    simple: set[int] = set()
    mixed: list[Falls] = []
    for alone, larger in methods:
        if alone & have:
            continue
        if not larger:
            simple.add(alone)
            continue
        single, rest = alone, []
        for way in larger:
            missing = way & ~have
            if not missing:
                break
            if missing & (missing - 1):
                rest.append(missing)
            else:
                single |= missing
        else:
            rest = [way for way in rest if not way & single]
            if rest:
                mixed.append((single, tuple(rest)))
            else:
                simple.add(single)
    return simple, mixed


def _keep_least(masks: set[int]) -> list[int]:
    """Return the masks that contain no other: whoever defeats the smaller one defeats the larger with it."""
    if len(masks) < 2:
        return list(masks)
    kept: list[int] = []
    for mask in sorted(masks, key=int.bit_count):
        for smaller in kept:
            if smaller & mask == smaller:
                break
        else:
            kept.append(mask)
    return kept


class _Search:
    """Branch and bound over methods that hang together. `best` is the cheapest attack so far.

    Methods with the fewest ways in come first: they force compromises early, and forced ones prune the rest.
    """

    __slots__ = ("best", "best_points", "nodes", "order", "price")

    def __init__(self, methods: list[_Ways], prices: Prices) -> None:
        self.price = prices.price
        self.order = sorted(methods)
        self.nodes = 0
        self.best = 0
        self.best_points = sys.maxsize

    def run(self) -> int:
        """Return the mask of the cheapest attack. Raises Refusal above `MAX_NODES` steps."""
        self._extend(0, 0, 0, 0)
        return self.best

    def _extend(self, bought: int, paid: int, depth: int, tried: int) -> None:
        """Go on from `bought`. No attack with a compromise in `tried` is looked for here: an earlier branch did."""
        self.nodes += 1
        if self.nodes > MAX_NODES:
            raise Refusal("search_limit", "This much evidence is too tangled to price; the in-person road would help.")
        price, order = self.price, self.order
        for place in range(depth, len(order)):
            options: list[tuple[int, int]] = []
            for way in order[place].masks:
                missing = way & ~bought
                if not missing:
                    break
                if not missing & tried:
                    options.append((paid + price(missing), missing))
            else:
                # Nothing bought so far defeats this method: one of its ways must be paid for.
                options.sort()
                for total, missing in options:
                    if total > self.best_points:
                        break
                    self._extend(bought | missing, total, place + 1, tried)
                    if not missing & (missing - 1):
                        tried |= missing
                return
        if paid < self.best_points or _places(bought) < _places(self.best):
            self.best, self.best_points = bought, paid


@lru_cache(maxsize=_CACHE)
def _places(mask: int) -> tuple[int, ...]:
    """Return the places of the bits in `mask`, lowest first: the order of names."""
    places = []
    while mask:
        lowest = mask & -mask
        places.append(lowest.bit_length() - 1)
        mask ^= lowest
    return tuple(places)
