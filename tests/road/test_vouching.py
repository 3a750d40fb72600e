"""Vouching: whom the directory names, how often, and what their answers do."""

from __future__ import annotations

import re

import pytest

from mfadesk.kernel.errors import Invalid, Refusal
from mfadesk.operations import vouch
from mfadesk.store.models import ClaimantSession
from tests.road.people import alerts, desk_token, managed, ready
from tests.road.play import PUBLIC_URL, Play


@pytest.fixture
def play(throwaway):
    return Play(throwaway)


def vouch_link(play, address="maple@fernhollow.example"):
    mail = play.scene.list_mail(address)[0]
    return re.search(r"/vouch/(\S+)", mail.text).group(1)


def words_of(case):
    return ClaimantSession.objects.get(case_id=case, ended_at=None).words


def test_a_manager_and_a_code_together_replace_the_phone(play):
    key = managed(play)
    hazel, old, case = ready(play, manager_id="p_maple")
    token = desk_token(play, hazel)
    browser = play.redeem(case)
    browser.confirm()
    browser.prove_with_code(play.scene.current_code(token))
    assert play.state(case).step_kind == "verify"
    vouch.ask_voucher(play.desk, play.operator, case)
    play.settle()
    link = vouch_link(play)
    with pytest.raises(Invalid):
        vouch.begin_vouch(play.desk, link, "in_person", "wrong words")
    options = vouch.begin_vouch(play.desk, link, "in_person", words_of(case))
    _, response = key.sign(options, PUBLIC_URL)
    vouch.finish_vouch(play.desk, link, response)
    play.settle()
    assert play.authenticator(hazel, old).state == "suspended"
    with pytest.raises(Refusal):
        vouch.begin_vouch(play.desk, link, "in_person", words_of(case))
    browser.set_up_totp_and_test()
    assert play.state(case).outcome == "changed"


def test_a_voucher_who_says_that_it_is_not_them_stops_the_case(play):
    key = managed(play)
    hazel, old, case = ready(play, manager_id="p_maple")
    vouch.ask_voucher(play.desk, play.operator, case)
    play.settle()
    link = vouch_link(play)
    _, response = key.sign(vouch.begin_vouch(play.desk, link, "not_them", ""), PUBLIC_URL)
    vouch.finish_vouch(play.desk, link, response)
    play.settle()
    assert (play.state(case).status, play.state(case).outcome) == ("closed", "stopped")
    assert alerts("not_them") == 1
    assert play.authenticator(hazel, old).state == "active"


def test_an_answer_cannot_be_exchanged_after_it_was_signed_for(play):
    key = managed(play)
    _, _, case = ready(play, manager_id="p_maple")
    play.redeem(case).confirm()
    vouch.ask_voucher(play.desk, play.operator, case)
    play.settle()
    link = vouch_link(play)
    _, response = key.sign(vouch.begin_vouch(play.desk, link, "not_spoken", ""), PUBLIC_URL)
    vouch.finish_vouch(play.desk, link, response)
    assert play.state(case).vouchers == {"p_maple": "not_spoken"}
    assert play.state(case).pieces == ()
    with pytest.raises(Refusal):
        vouch.finish_vouch(play.desk, link, response)


@pytest.mark.parametrize(
    ("manager", "columns"),
    [(None, {}), ("p_hazel", {}), ("p_nobody", {}), ("p_maple", {"employment": "on_leave"}), ("p_maple", {"employment": "left"}),
     ("p_maple", {"employment": "on_leave", "delegate_id": "p_hazel"})],
    ids=["none named", "their own manager", "unknown", "on leave", "has left", "delegate is the person"],
)  # fmt: skip
def test_without_a_manager_who_is_here_nobody_can_vouch(play, manager, columns):
    play.person("maple", **columns)
    _, _, case = ready(play, manager_id=manager)
    with pytest.raises(Refusal) as refused:
        vouch.ask_voucher(play.desk, play.operator, case)
    assert refused.value.code == "no_voucher"


def test_the_delegate_is_asked_while_the_manager_is_away(play):
    play.person("oak")
    play.person("maple", employment="on_leave", delegate_id="p_oak")
    _, _, case = ready(play, manager_id="p_maple")
    vouch.ask_voucher(play.desk, play.operator, case)
    play.settle()
    assert play.scene.list_mail("oak@fernhollow.example")
    assert not play.scene.list_mail("maple@fernhollow.example")


def test_one_manager_is_asked_five_times_a_day_and_not_a_sixth_time(play):
    play.person("maple")
    cases = [ready(play, f"hazel{n}", manager_id="p_maple")[2] for n in range(6)]
    for case in cases[:5]:
        vouch.ask_voucher(play.desk, play.operator, case)
    with pytest.raises(Refusal) as refused:
        vouch.ask_voucher(play.desk, play.operator, cases[5])
    assert refused.value.code == "voucher_busy"
    assert play.state(cases[5]).vouchers == {}
