"""Laws of the attack cost over random small policies, against enumeration of every subset and against a MaxSAT solver."""

import random
from itertools import chain, combinations, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pysat.examples.rc2 import RC2
from pysat.formula import WCNF

from mfadesk.assurance import attack_cost
from mfadesk.assurance.attack_cost import find_cheapest_attack
from mfadesk.assurance.model import Attack
from mfadesk.kernel.errors import Broken, Refusal

NAMES = ("endpoint_malware", "hr_data_write", "insider_operator", "parallel_vish", "sim_swap", "stolen_phone_locked")
prices = st.fixed_dictionaries({name: st.integers(0, 9) for name in NAMES})
way = st.frozensets(st.sampled_from(NAMES), min_size=1, max_size=3)
methods = st.lists(st.lists(way, min_size=1, max_size=3).map(tuple), max_size=6)
holdings = st.frozensets(st.sampled_from(NAMES))


def subsets(names):
    return chain.from_iterable(combinations(names, size) for size in range(len(names) + 1))


def cheapest_by_enumeration(passed, held, points):
    """Try every subset: slow, obvious, and written without looking at the search. Ties go to the first by sorted names."""
    paying = sorted(name for name in NAMES if name not in held and points[name] > 0)
    free = held | {name for name in NAMES if points[name] == 0}
    working = (subset for subset in subsets(paying) if all(any(way <= set(subset) | free for way in ways) for ways in passed))
    best = min(working, key=lambda subset: (sum(points[name] for name in subset), subset))
    return Attack(frozenset(best), sum(points[name] for name in best))


def cheapest_by_maxsat(passed, held, points):
    """The same question to python-sat's RC2: hard clauses by Tseitin, one soft clause a compromise."""
    names = sorted(points)
    variable = {name: i + 1 for i, name in enumerate(names)}
    top, formula = len(names), WCNF()
    for ways in passed:
        chosen = []
        for alternative in ways:
            top += 1
            chosen.append(top)
            for name in alternative - held:
                formula.append([-top, variable[name]])
        formula.append(chosen)
    for name in names:
        if points[name] and name not in held:
            formula.append([-variable[name]], weight=points[name])
    with RC2(formula) as solver:
        solver.compute()
        return solver.cost


@given(methods, holdings, prices)
def test_the_search_finds_what_enumeration_finds_name_by_name(passed, held, points):
    assert find_cheapest_attack(passed, held, points) == cheapest_by_enumeration(passed, held, points)


def test_the_search_agrees_with_a_maxsat_solver_on_big_random_policies():
    rng = random.Random(20261124)
    names = [f"c{i:02}" for i in range(40)]
    for _ in range(60):
        points = {name: rng.randint(0, 80) for name in names}
        passed = [
            tuple({frozenset(rng.sample(names, rng.randint(1, 3))) for _ in range(rng.randint(2, 5))})
            for _ in range(rng.randint(1, 14))
        ]
        held = frozenset(rng.sample(names, rng.randint(0, 4)))
        assert find_cheapest_attack(passed, held, points).points == cheapest_by_maxsat(passed, held, points)


@given(methods, holdings, prices)
def test_more_evidence_never_lowers_the_cost(passed, held, points):
    fewer = find_cheapest_attack(passed[:-1], held, points)
    assert fewer.points <= find_cheapest_attack(passed, held, points).points


@given(methods, holdings, st.sampled_from(NAMES), prices)
def test_what_an_attacker_gains_never_raises_the_cost(passed, held, gained, points):
    assert find_cheapest_attack(passed, held | {gained}, points).points <= find_cheapest_attack(passed, held, points).points


@given(methods, holdings, prices)
def test_nothing_in_the_explanation_is_free_or_could_be_dropped(passed, held, points):
    attack = find_cheapest_attack(passed, held, points)
    assert all(points[name] > 0 and name not in held for name in attack.compromises)
    for name in attack.compromises:
        rest = attack.compromises - {name} | held | {free for free, price in points.items() if price == 0}
        assert not all(any(way <= rest for way in ways) for ways in passed)


@given(st.data(), methods, holdings, prices)
def test_the_order_of_evidence_and_of_alternatives_does_not_matter(data, passed, held, points):
    shuffled = [tuple(data.draw(st.permutations(ways))) for ways in data.draw(st.permutations(passed))]
    assert find_cheapest_attack(shuffled, held, points) == find_cheapest_attack(passed, held, points)


@given(methods, holdings, prices)
def test_methods_with_the_same_alternatives_are_worth_one(passed, held, points):
    assert find_cheapest_attack(passed + passed, held, points) == find_cheapest_attack(passed, held, points)


def test_no_evidence_costs_nothing():
    assert find_cheapest_attack([], frozenset(), {"sim_swap": 30}) == Attack(frozenset(), 0)


def test_two_methods_on_one_sim_are_paid_for_once():
    sim = (frozenset({"sim_swap"}),)
    assert find_cheapest_attack([sim, sim], frozenset(), {"sim_swap": 30}) == Attack(frozenset({"sim_swap"}), 30)


def test_a_search_that_would_run_away_ends_in_a_refusal(monkeypatch):
    monkeypatch.setattr(attack_cost, "MAX_NODES", 50)
    names = [f"c{i:02}" for i in range(30)]
    tangled = [tuple(frozenset({names[i], names[j]}) for j in range(30) if j != i) for i in range(30)]
    with pytest.raises(Refusal) as refusal:
        find_cheapest_attack(tangled, frozenset(), {name: 10 + i % 3 for i, name in enumerate(names)})
    assert refusal.value.code == "search_limit"


def test_more_methods_than_any_case_has_is_a_refusal():
    names = [f"c{i:02}" for i in range(70)]
    many = [(frozenset({a}), frozenset({b})) for a, b in pairwise(names)]
    with pytest.raises(Refusal) as refusal:
        find_cheapest_attack(many, frozenset(), dict.fromkeys(names, 1))
    assert refusal.value.code == "too_many_methods"


def test_a_method_that_nothing_defeats_is_our_bug():
    with pytest.raises(Broken):
        find_cheapest_attack([()], frozenset(), {"sim_swap": 30})


def test_a_compromise_without_a_price_is_our_bug():
    with pytest.raises(Broken):
        find_cheapest_attack([(frozenset({"magic"}),)], frozenset(), {"sim_swap": 30})
