"""The drill: our own scenarios end as they should, a weakened policy is caught, and nothing is left untried without being said."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

import mfadesk.cli.drills
from mfadesk.cli.drill import summarise
from mfadesk.cli.drills import attack, means
from mfadesk.cli.drills.play import Drill
from mfadesk.cli.drills.scenario import read_scenarios
from mfadesk.cli.drills.stage import Stage

EXAMPLE = Path(mfadesk.cli.drills.__file__).parent / "example.yaml"
OWN = {scenario.id: scenario for scenario in read_scenarios(Path(__file__).parent / "scenarios_own.yaml")}
"""All of them are played by `mfadesk drill tests/cli/scenarios_own.yaml`; here only a few, for the time it takes."""

MORE = read_scenarios(Path(__file__).parent / "scenarios_more.yaml")
"""Written by another hand; its attacks take minutes and are played by `mfadesk drill tests/cli/scenarios_more.yaml`."""

SCENARIOS = {scenario.id: scenario for scenario in read_scenarios(EXAMPLE)}


@pytest.fixture
def drill(throwaway):
    from django.db import connection

    if connection.vendor != "sqlite":
        pytest.skip("a drill goes back in time, which only its own SQLite does")
    return Drill(throwaway)


def with_(scenario, *, controls=None, **call):
    crime = scenario.crime if controls is None else replace(scenario.crime, controls=frozenset(controls))
    return replace(scenario, call=replace(scenario.call, **call), crime=crime)


def weaken(throwaway):
    """Ask for one point and resist nothing."""
    policy = throwaway.desk.policy
    easy = {k: replace(r, minimum=1, resists=(), resist_minimum=0) for k, r in policy.requirements.items()}
    throwaway.desk = throwaway.executor.desk = replace(throwaway.desk, policy=replace(policy, requirements=easy, digest="easy"))


def only_in(monkeypatch, world):
    """Play one world alone, for the time that the others take; 1 is the one where everything was used yesterday."""
    monkeypatch.setattr(attack, "worlds_for", lambda call, policy: means.worlds_for(call, policy)[world : world + 1])


def test_honest_callers_of_the_example_and_of_our_own_are_served(drill):
    served = [SCENARIOS["E12"], SCENARIOS["E13"], *(OWN[name] for name in OWN if name in SERVED_HERE)]
    results = [drill.play(scenario) for scenario in served]
    assert [result for result in results if not result["passed"]] == []


SERVED_HERE = ("T19", "T20", "T21", "T22", "T23", "T24", "T25", "T26")
"""One of every road that changes something; `mfadesk drill tests/cli/scenarios_own.yaml` plays the others too."""


@pytest.mark.parametrize(
    ("name", "controls", "world", "effect"),
    [
        ("E02", {"manager_takeover"}, 1, "bound"),
        # The old one switched off by the desk, and given back to whoever has it.
        ("S29", {"hr_data_write"}, 1, "activated"),
        # The account closed by somebody, and opened for whoever writes to the directory.
        ("S29", {"hr_data_write"}, 4, "account_enabled"),
    ],
)
def test_a_policy_that_asks_for_little_is_caught_by_the_attack_that_it_lets_in(
    drill, monkeypatch, name, controls, world, effect
):
    only_in(monkeypatch, world)
    weaken(drill.throwaway)
    result = drill.play(with_({**SCENARIOS, **OWN}[name], controls=controls))
    assert not result["passed"]
    assert effect in result["effects"]


def test_approvers_say_yes_to_an_attacker_so_that_they_hide_no_weak_proof(drill, monkeypatch):
    only_in(monkeypatch, 1)
    weaken(drill.throwaway)
    asked = {
        r.approvals
        for (action, tier, _threat), r in drill.throwaway.desk.policy.requirements.items()
        if (action, tier) == ("grant_longer_bypass", "standard")
    }
    assert min(asked) > 0
    longer = with_(OWN["S30"], controls={"manager_takeover"}, tier="standard", request=("extend_bypass",))
    result = drill.play(longer)
    assert "bypass_opened" in result["effects"], result


def test_a_way_in_on_little_proof_is_caught_where_what_still_works_is_said_to_be_out_of_reach(drill, monkeypatch):
    only_in(monkeypatch, 1)
    weaken(drill.throwaway)
    told = []
    say_so = Stage.say_out_of_reach

    def listen(stage, authenticator):
        say_so(stage, authenticator)
        told.append(authenticator in stage.state.out_of_reach)

    monkeypatch.setattr(Stage, "say_out_of_reach", listen)
    result = drill.play(with_(OWN["S30"], controls={"manager_takeover"}))
    assert "bypass_opened" in result["effects"], result
    assert told and all(told)


def test_honest_callers_of_every_tier_goal_and_employment_are_served(drill):
    served = [scenario for scenario in MORE if scenario.kind == "legitimate"]
    results = [drill.play(scenario) for scenario in served]
    assert [result for result in results if not result["passed"]] == []
    assert not any("skipped" in result for result in results)


def test_an_honest_caller_who_has_nothing_is_not_said_to_be_served(drill):
    result = drill.play(replace(SCENARIOS["E11"], available=()))
    assert not result["passed"]
    assert "bound" not in result["effects"]


def test_an_honest_caller_who_is_served_too_slowly_is_not_passed(drill):
    slow = replace(SCENARIOS["E11"], expected=replace(SCENARIOS["E11"].expected, target_minutes=8))
    result = drill.play(slow)
    assert not result["passed"]
    assert "took 9 minutes of 8" in result["why"]


def test_an_attack_that_is_cut_has_not_passed_and_says_so(drill, monkeypatch):
    only_in(monkeypatch, 0)
    monkeypatch.setattr(attack, "MAX_MOVES", 20)
    result = drill.play(SCENARIOS["E02"])
    assert not result["passed"]
    assert result["cut"] > 0
    assert "cut" in result["why"]


def test_what_is_expected_is_not_read_before_the_comparison(drill, monkeypatch):
    only_in(monkeypatch, 0)
    first = drill.play(OWN["S23"])
    assert first["passed"], first
    second = drill.play(replace(OWN["S23"], expected=replace(OWN["S23"].expected, decision="redirect")))
    assert second["expected"] == "redirect"
    assert (second["decision"], second["effects"], second["passed"]) == (first["decision"], first["effects"], first["passed"])


def test_words_that_nobody_knows_are_named_and_grant_nothing(drill, monkeypatch):
    only_in(monkeypatch, 0)
    odd = with_(
        SCENARIOS["E02"], controls={"sim_swap", "crystal_ball"}, situation={"authenticator": "purple", "mood": "low"},
        request=("make_tea",), signals=frozenset(f"signal_{n}" for n in range(40)), channel="pigeon",
    )  # fmt: skip
    result = drill.play(odd)
    assert result["passed"], result
    assert any("crystal_ball" in note for note in result["notes"])
    assert any("purple" in note for note in result["notes"])


def test_a_bought_operator_alone_attests_what_the_honest_second_does_not(drill):
    shown = means.find_shown(SCENARIOS["E03"].crime, drill.throwaway.desk.policy)
    assert {item.second_says for item in shown} == {"failed"}
    assert "in_person_badge" in {item.method for item in shown}


def test_a_play_that_breaks_is_told_and_has_not_passed(drill, monkeypatch):
    def break_down(*_args):
        raise KeyError("somewhere")

    monkeypatch.setattr(drill.attacker, "play", break_down)
    result = drill.play(SCENARIOS["E02"])
    assert (result["passed"], result["decision"]) == (False, "broken")
    assert drill.play(SCENARIOS["E13"])["passed"]


def test_a_fault_of_the_desks_own_is_never_passed(drill):
    from mfadesk.store.models import Alert

    Alert.objects.create(at=drill.throwaway.clock.now(), kind="broken", sentence="A fault.")
    drill.base = drill.throwaway.mark()
    result = drill.play(SCENARIOS["E13"])
    assert not result["passed"]
    assert "fault of its own" in result["why"]


def test_only_what_is_controlled_makes_an_operator(drill):
    told = replace(SCENARIOS["E03"].crime, controls=frozenset(), known_info=frozenset({"insider_operator", "itsm_read"}))
    assert means.find_shown(told, drill.throwaway.desk.policy) == ()
    assert "dynamic_kba" in means.find_weak(told, drill.throwaway.desk.policy)


def test_skipped_scenarios_count_apart_and_are_not_passed():
    results = [
        {"id": "a", "kind": "attack", "passed": True},
        {"id": "b", "kind": "attack", "passed": False, "skipped": "no runbook"},
        {"id": "c", "kind": "legitimate", "passed": False},
    ]
    told = summarise(results)
    assert (told["attacks"], told["attacks_stopped"], told["skipped"]) == (1, 1, 1)
    assert (told["legitimate"], told["legitimate_served"]) == (1, 0)
