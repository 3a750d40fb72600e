"""Scenario files are read strictly in shape and freely in words, and what is expected stands apart from what is played."""

from __future__ import annotations

import pytest

from mfadesk.assurance.policy import load_policy
from mfadesk.cli.drills.scenario import find_strangers, parse_scenarios, read_scenarios
from mfadesk.kernel.errors import Invalid

GOOD = """
attacks:
  - id: thief
    target: {role: clerk, tier: sensitive}
    situation: {authenticator: gone, goal: replace_device, mood: purple}
    controls: [sim_swop]
    known_info: [osint]
    signals: [never_heard_of_it]
    expected: {decision: hold_second_channel}
legitimate:
  - id: nurse
    caller: {role: nurse, tier: standard}
    situation: {authenticator: works, push: fails, goal: fix_push}
    request: mfa_reset
    available: [totp_existing]
    signals: null
    then: [use_code_instead]
    expected: {decision: no_credential_change, target_minutes: 7.5}
"""


def test_both_kinds_are_read_and_unknown_words_are_kept_for_the_total_table():
    thief, nurse = parse_scenarios(GOOD, "play.yaml")
    assert (thief.kind, nurse.kind) == ("attack", "legitimate")
    assert thief.call.situation["mood"] == "purple"
    assert (thief.crime.controls, thief.crime.known_info) == ({"sim_swop"}, {"osint"})
    assert (nurse.available, nurse.call.request, nurse.call.signals) == (("totp_existing",), ("mfa_reset",), frozenset())
    assert nurse.expected.target_minutes == 7.5


def test_what_the_desk_sees_holds_nothing_of_the_attacker_nor_of_what_is_expected():
    thief, _nurse = parse_scenarios(GOOD, "play.yaml")
    seen = repr(thief.call)
    assert "sim_swop" not in seen
    assert "hold_second_channel" not in seen
    assert "thief" not in seen


def test_a_word_that_nobody_knows_is_named_with_its_place_and_what_was_meant():
    thief, nurse = parse_scenarios(GOOD, "play.yaml")
    told = find_strangers(thief, load_policy())
    assert any(line.startswith("6:16 controls:") and 'Did you mean "sim_swap"?' in line for line in told)
    assert any("mood" in line for line in told)
    assert any("never_heard_of_it" in line and "recorded only" in line for line in told)
    assert find_strangers(nurse, load_policy()) == ()


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("", "play.yaml:1:1"),
        ("- a", "play.yaml:1:1"),
        ("version: 1", "play.yaml:1:1"),
        ("a: [", "play.yaml:2:1"),
        ("attacks: {a: b}", "play.yaml:1:10"),
        ("attacks: 3", "play.yaml:1:10"),
        ("attacks:\n  - just words", "play.yaml:2:5"),
        ("attacks:\n  - id: a\n    target: {tier: king}", "play.yaml:3:20"),
        ("attacks:\n  - id: a\n    target: {role: king}", "play.yaml:3:13"),
        ("attacks:\n  - id: a", "play.yaml:2:5"),
        ("attacks:\n  - target: {tier: standard}", "play.yaml:2:5"),
        ("attacks:\n  - id: a\n    target: {tier: standard}\n    controls: {a: b}", "play.yaml:4:15"),
        ("legitimate:\n  - id: a\n    caller: {tier: standard}\n    signals: [[a]]", "play.yaml:4:15"),
        ("legitimate:\n  - id: a\n    caller: {tier: standard}\n    expected: {target_minutes: soon}", "play.yaml:4:32"),
        ("legitimate:\n  - id: a\n    caller: {tier: standard}\n    expected: [x]", "play.yaml:4:15"),
        ("legitimate:\n  - &x\n    id: a", "play.yaml:2:5"),
        ("attacks:\n  - id: a\n    target: {tier: standard}\n    contrlos: [sim_swap]", "play.yaml:4:5"),
        ("legitimate:\n  - id: a\n    caller: {tier: standard}\n    expected: {target_minuets: 3}", "play.yaml:4:16"),
    ],
)
def test_a_bad_file_is_refused_with_its_place(text, where):
    with pytest.raises(Invalid) as refused:
        parse_scenarios(text, "play.yaml")
    assert refused.value.where == where


def test_a_misspelt_tier_is_refused_with_what_was_meant():
    with pytest.raises(Invalid, match='Did you mean "sensitive"'):
        parse_scenarios("attacks:\n  - id: a\n    target: {tier: sensitiv}", "play.yaml")


def test_two_scenarios_of_one_id_are_refused():
    one = "  - id: a\n    target: {tier: standard}\n"
    with pytest.raises(Invalid) as refused:
        parse_scenarios(f"attacks:\n{one}{one}", "play.yaml")
    assert refused.value.where == "play.yaml:4:5"


def test_a_thousand_scenarios_are_read():
    text = "attacks:\n" + "".join(f"  - id: a{n}\n    target: {{tier: exec}}\n" for n in range(1_000))
    assert len(parse_scenarios(text, "many.yaml")) == 1_000


@pytest.mark.parametrize("raw", [b"\xff\xfe", b"\x00", b"attacks: [\xe9]"])
def test_a_file_that_is_no_text_is_refused(tmp_path, raw):
    path = tmp_path / "bad.yaml"
    path.write_bytes(raw)
    with pytest.raises(Invalid):
        read_scenarios(path)


def test_a_folder_is_refused(tmp_path):
    with pytest.raises(Invalid):
        read_scenarios(tmp_path)


def test_a_field_that_no_scenario_has_is_named_with_its_place_and_the_play_goes_on():
    foreign = GOOD.replace("    controls: [sim_swop]", "    controls: [sim_swop]\n    weather: rain")
    thief, _nurse = parse_scenarios(foreign, "play.yaml")
    assert any(line.startswith("7:5") and "weather" in line for line in find_strangers(thief, load_policy()))
