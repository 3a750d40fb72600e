"""What a person still has comes first: no suspension and no loose word clears it out of the way (SETTLED 10, 11)."""

from __future__ import annotations

import pytest

from mfadesk.operations import case_view
from tests.road.play import Play


@pytest.fixture
def play(throwaway):
    return Play(throwaway)


def at_the_proof(play, person, kind="app"):
    case = play.open(person)
    play.answer(case, authenticator="gone", kind=kind, new_device="at_hand", restored="name_only")
    assert play.state(case).step_kind == "verify"
    return case


def test_what_little_proof_suspended_is_still_a_survivor(play):
    """Else whoever suspends the token on little proof has cleared the way for a weaker road."""
    hazel = play.person("hazel")
    play.scene.add_authenticator(hazel.login, "totp", "Phone", last_used_at=play.days_ago(2))
    token = play.scene.add_authenticator(hazel.login, "totp", "Token", on_phone=False, last_used_at=play.days_ago(1))
    play.throwaway.executor.provider.suspend(hazel.login, token, "an earlier case")
    case = at_the_proof(play, hazel)
    assert play.state(case).survivors == (token,)
    board = case_view.case(play.desk, play.operator, case).board
    assert [line.value for line in board.survivors] == [token]
    assert any("in use lately" in reason for reason in board.reasons)
