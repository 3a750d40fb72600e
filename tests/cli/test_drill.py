"""The drill: our own scenarios end as they should, a weakened policy is caught, a bad file is refused where it is bad."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path

import pytest

import mfadesk.cli.drills
from mfadesk.cli.drills.play import MAX_PLAYS, Drill
from mfadesk.cli.drills.scenario import read_scenarios
from mfadesk.cli.drills.stage import hire
from mfadesk.kernel.errors import Invalid

EXAMPLE = Path(mfadesk.cli.drills.__file__).parent / "example.yaml"
SCENARIOS = {scenario.id: scenario for scenario in read_scenarios(EXAMPLE)}


@pytest.fixture
def drill(throwaway):
    return Drill(throwaway, hire(throwaway))


@pytest.mark.parametrize("name", sorted(SCENARIOS))
def test_the_example_ends_as_it_should(drill, name):
    result = drill.play(SCENARIOS[name])
    assert result["passed"], result


def test_a_policy_that_asks_for_little_is_caught_by_the_attack_that_it_lets_in(throwaway):
    policy = throwaway.desk.policy
    easy = {k: replace(r, minimum=1, resists=(), resist_minimum=0) for k, r in policy.requirements.items()}
    weak = replace(throwaway.desk, policy=replace(policy, requirements=easy))
    throwaway.desk = throwaway.executor.desk = weak
    hijacked = replace(SCENARIOS["E02"], controls=frozenset({"manager_takeover"}))
    result = Drill(throwaway, hire(throwaway)).play(hijacked)
    assert not result["passed"]
    assert "bound" in result["effects"]


def test_an_honest_caller_who_has_nothing_is_not_said_to_be_served(drill):
    result = drill.play(replace(SCENARIOS["E11"], available=()))
    assert not result["passed"]
    assert "bound" not in result["effects"]


def test_a_cut_reaches_every_world(drill):
    wide = replace(SCENARIOS["E01"], controls=frozenset({"parallel_vish", "sim_swap", "hr_data_write"}))
    played = list(itertools.islice(drill._variants(wide), MAX_PLAYS))
    assert len({usable for _methods, usable, *_rest in played}) == 3


BAD_FILES = (
    "",
    "[]",
    "attacks: 3",
    "attacks: [{id: X}]",
    "attacks: [{id: X, target: {tier: king}}]",
    "legitimate: [{id: X, caller: {tier: exec}, signals: 5}]",
    "legitimate: [{id: X, caller: {tier: exec}, expected: {target_minutes: soon}}]",
    "legitimate: [{id: X, caller: {tier: exec}, expected: [x]}]",
    "attacks: [{id: X, target: {tier: exec}}, {id: X, target: {tier: exec}}]",
    "a: [",
    "\x00",
)


@pytest.mark.parametrize("text", BAD_FILES)
def test_a_file_that_is_no_list_of_scenarios_is_refused(tmp_path, text):
    path = tmp_path / "bad.yaml"
    path.write_text(text)
    with pytest.raises(Invalid):
        read_scenarios(path)
