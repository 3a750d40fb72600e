"""What a person still has comes first: no suspension and no loose word clears it out of the way (SETTLED 10, 11)."""

from __future__ import annotations

import pytest

from mfadesk.kernel.errors import Invalid
from mfadesk.operations import case_view, work_case
from mfadesk.store.commit import load_events
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


@pytest.fixture
def stuck(play):
    """Somebody whose token works and lies at home: the person, the token, and their case at the proof."""
    hazel = play.person("hazel")
    token = play.scene.add_authenticator(hazel.login, "totp", "Token", on_phone=False, last_used_at=play.days_ago(1))
    play.scene.add_authenticator(hazel.login, "totp", "Phone", last_used_at=play.days_ago(2))
    return hazel, token, at_the_proof(play, hazel)


def test_a_recorded_reason_clears_a_survivor_and_every_address_is_told(play, stuck):
    _hazel, token, case = stuck
    work_case.note_out_of_reach(play.desk, play.operator, case, token, "elsewhere", "  on my kitchen table " + "x" * 500)
    play.settle()
    view = case_view.case(play.desk, play.operator, case)
    assert not view.board.survivors
    assert not any("in use lately" in reason for reason in view.board.reasons)
    noted = next(e for e in load_events(case) if e.kind == "out_of_reach")
    assert dict(noted.body) == {"authenticator": token, "reason": "elsewhere"}
    assert noted.personal["words"].startswith("on my kitchen table")
    assert len(noted.personal["words"]) == work_case.MAX_REASON
    assert all("kitchen" not in line.text for line in view.timeline)
    told = {mail.to for mail in play.scene.list_mail() if "out of reach" in mail.subject}
    assert told == {"hazel@fernhollow.example", "hazel@home.example"}


@pytest.mark.parametrize("which", ["nothing", "", "of somebody else", "said to be gone", "noted already"])
def test_only_a_survivor_of_this_person_can_be_out_of_reach(play, stuck, which):
    hazel, token, case = stuck
    play.person("rowan")
    others = play.scene.add_authenticator("rowan", "totp", "Token", on_phone=False, last_used_at=play.days_ago(1))
    gone = next(a.id for a in play.scene.holdings(hazel.login).authenticators if a.on_phone)
    if which == "noted already":
        work_case.note_out_of_reach(play.desk, play.operator, case, token, "other")
    chosen = {"of somebody else": others, "said to be gone": gone, "noted already": token}.get(which, which)
    before = play.state(case).seq
    with pytest.raises(Invalid) as refused:
        work_case.note_out_of_reach(play.desk, play.operator, case, chosen, "other")
    assert refused.value.where == "authenticator"
    assert play.state(case).seq == before


@pytest.mark.parametrize("why", ["", "at home", "elsewhere ", "x" * 10_000])
def test_a_reason_is_one_of_the_list(play, stuck, why):
    _hazel, token, case = stuck
    with pytest.raises(Invalid):
        work_case.note_out_of_reach(play.desk, play.operator, case, token, why)
    assert not play.state(case).out_of_reach
