"""The shipped runbooks and the table from a situation to first answers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mfadesk.runbook.shelf import choose, load_shelf
from mfadesk.runbook.situation import GOAL_WORDS, REQUEST_GOALS, STRICTEST_FIRST, VOCABULARY, first_answers

ANYTHING = st.one_of(st.none(), st.integers(), st.text(max_size=8), st.lists(st.text(max_size=3), max_size=2))


def test_variables_of_a_situation_have_no_value_that_the_situation_lacks():
    for book in load_shelf().values():
        for name, variable in book.variables.items():
            if name in VOCABULARY:
                assert set(variable.values) <= set(VOCABULARY[name]), (book.id, name)


def test_every_goal_on_the_shelf_has_words():
    goals = [goal for book in load_shelf().values() for goal in book.goals]
    assert len(goals) == len(set(goals))
    assert set(goals) <= set(GOAL_WORDS)
    assert set(REQUEST_GOALS.values()) <= set(GOAL_WORDS)
    assert set(STRICTEST_FIRST) == set(GOAL_WORDS)


def test_every_goal_with_words_has_a_road_and_one_without_says_so():
    assert all(choose(goal, {}).runbook for goal in GOAL_WORDS)
    choice = choose("water_the_plants", {})
    assert choice.runbook is None
    assert choice.why_not.startswith("no runbook for")
    assert "water_the_plants" in choice.why_not


@pytest.mark.parametrize(
    ("goal", "answers", "expected"),
    [
        ("replace_device", {}, "device-replacement"),
        ("regain_access", {"authenticator": "gone"}, "device-replacement"),
        ("regain_access", {"authenticator": "drifted"}, "codes-rejected"),
        ("replace_device", {"push": "unwanted"}, "unwanted-prompts"),
        ("fix_push", {"push": "fails"}, "fix-push"),
        ("report_loss", {"authenticator": "stolen"}, "lost-or-stolen"),
        ("change_contact", {}, "contact-change"),
        ("reset_password", {}, "password-only"),
        ("remove_protection", {}, "switch-off"),
        ("replace_device", {"new_device": "new_token"}, "replace-token"),
        ("replace_device", {"new_device": "new_token", "kind": "hardware_token", "authenticator": "gone"}, "replace-token"),
        ("replace_device", {"new_device": "new_token", "kind": "app"}, "device-replacement"),
        ("replace_device", {"new_device": "new_token", "authenticator": "gone"}, "device-replacement"),
        ("saved_codes", {}, "saved-codes"),
        ("restore_account", {}, "restore-account"),
        ("time_boxed_bypass", {}, "time-boxed-bypass"),
        ("longer_bypass", {}, "longer-bypass"),
        ("unknown", {}, "device-replacement"),
        ("unknown", {"authenticator": "none_yet"}, "first-credential"),
    ],
)
def test_a_goal_finds_its_runbook(goal, answers, expected):
    assert choose(goal, answers).runbook.id == expected


@given(
    st.dictionaries(st.sampled_from([*VOCABULARY, "goal", "weather"]), ANYTHING),
    st.lists(st.one_of(st.sampled_from(sorted(REQUEST_GOALS)), st.text(max_size=5)), max_size=3),
)
def test_any_situation_gives_answers_from_the_vocabulary(situation, request):
    opening = first_answers(situation, request)
    assert set(opening.answers) == set(VOCABULARY)
    assert all(value in VOCABULARY[name] for name, value in opening.answers.items())
    assert opening.goal in {*GOAL_WORDS, "unknown"}
    choice = choose(opening.goal, opening.answers)
    assert choice.runbook or choice.why_not


def test_what_is_said_wins_over_the_request_and_the_request_over_the_state():
    state = {"authenticator": "gone"}
    assert first_answers({**state, "goal": "fix_push"}, ["mfa_reset"]).goal == "fix_push"
    assert first_answers(state, ["contact_change", "mfa_reset"]).goal == "regain_access"
    assert first_answers({"authenticator": "drifted"}).goal == "fix_codes"
    assert first_answers({}).goal == "unknown"


def test_no_runbook_begins_with_a_proof():
    for book in load_shelf().values():
        assert book.steps[book.start].kind in ("ask", "escalate", "instruct")
