"""What an operator notices on a call: from a list, in neutral words; it can only raise what is demanded."""

from __future__ import annotations

import pytest

from mfadesk.kernel.errors import Invalid, Refusal
from mfadesk.operations import case_view, work_case
from mfadesk.operations.desk import serve_desk
from mfadesk.operations.sayings import NOTICED
from tests.road.play import Play


@pytest.fixture
def play(throwaway):
    serve_desk(throwaway.desk)
    yield Play(throwaway)
    serve_desk(None)


@pytest.fixture
def case(play):
    hazel = play.person("hazel")
    play.scene.add_authenticator(hazel.login, "totp", "Phone", last_used_at=play.days_ago(40))
    case = play.open(hazel)
    play.answer(case, authenticator="gone", new_device="at_hand", restored="name_only")
    return case


def view(play, case, actor=None):
    return case_view.case(play.desk, actor or play.operator, case)


def test_a_signal_is_offered_once_recorded_and_shown_in_words(play, case):
    before = view(play, case)
    assert "signal" in before.may
    assert {line.value for line in before.noticeable} == set(NOTICED) & set(play.desk.policy.signals)
    for _ in range(2):
        work_case.note_signal(play.desk, play.operator, case, "urgency_language")
    after = view(play, case)
    assert after.board.heard == ("They are in a hurry",)
    assert "urgency_language" not in {line.value for line in after.noticeable}
    noted = [line for line in after.timeline if line.text == "Noticed: They are in a hurry"]
    assert [line.mark for line in noted] == ["quiet"]


def test_it_raises_what_is_demanded_and_never_lowers_it(play, case):
    needed = view(play, case).board.needed
    for signal in NOTICED:
        work_case.note_signal(play.desk, play.operator, case, signal)
        assert view(play, case).board.needed >= needed
        needed = view(play, case).board.needed
    assert needed > 65


@pytest.mark.parametrize("signal", ["", "nothing", "operator_success_rate_outlier", "breakglass_target", "x" * 5_000])
def test_only_what_can_be_noticed_on_a_call_is_taken(play, case, signal):
    with pytest.raises(Invalid):
        work_case.note_signal(play.desk, play.operator, case, signal)
    assert play.state(case).signals == frozenset()


def test_only_the_operator_of_the_case_notes_it(play, case):
    with pytest.raises(Refusal) as refused:
        work_case.note_signal(play.desk, play.second, case, "urgency_language")
    assert refused.value.code == "not_the_owner"
    assert view(play, case, play.second).noticeable == ()
