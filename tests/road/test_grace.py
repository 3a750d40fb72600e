"""The waiting time of high tiers (R47): everybody it concerns is told at once, anyone of them can stop it, and then it goes on."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from mfadesk.kernel.errors import Refusal
from mfadesk.operations import case_view, not_me, portal_view, prove
from tests.road.play import Play
from tests.road.test_hostile_web import acts

A_DAY_S = 86_400


@pytest.fixture
def play(throwaway):
    return Play(throwaway)


def allowed_with_a_wait(play):
    """Return somebody privileged who proved enough, but nothing that stands in for the waiting time."""
    play.person("maple")
    elm = play.person("elm", tier="privileged", manager_id="p_maple")
    old = play.scene.add_authenticator(elm.login, "totp", "Phone", last_used_at=play.days_ago(2), created_at=play.days_ago(400))
    _, paper = play.scene.add_recovery_codes(elm.login, "Paper")
    services = ("vc_facecheck", "idv_gov_id")
    for method in services:
        play.scene.set_factor(elm.login, method)
    case = play.open(elm)
    play.answer(case, authenticator="gone", new_device="at_hand", restored="name_only")
    browser = play.redeem(case)
    browser.confirm()
    for method in services:
        prove.begin_service(play.desk, browser.session, method)
        prove.prove_with_service(play.desk, browser.session, method, play.scene.find_answer(method, elm.login))
    browser.prove_with_code(paper[0], "saved_recovery_code")
    return elm, old, case, browser


def test_the_old_one_is_off_at_once_and_the_new_one_waits(play):
    elm, old, case, browser = allowed_with_a_wait(play)
    assert play.state(case).verdicts["replace_authenticator"].starts_at - play.clock.now() == timedelta(days=1)
    assert play.authenticator(elm, old).state == "suspended"
    with pytest.raises(Refusal):
        browser.set_up_key_and_test()
    assert portal_view.portal(play.desk, browser.session).title == "Your new one can be added soon"
    assert "waiting time" in case_view.case(play.desk, play.operator, case).now.waiting_for
    assert all(line.act in ("suspend", "look") for line in acts(play, elm.login))


def test_every_address_and_the_manager_are_told_at_once(play):
    allowed_with_a_wait(play)
    for address in ("elm@fernhollow.example", "elm@home.example"):
        letter = next(m for m in play.scene.list_mail(address) if m.subject == "Your sign-in is about to change")
        assert "/me/not-me/" in letter.text
        assert "before 09:00 UTC on 25 November" in letter.text
    assert any("after a waiting time" in m.text for m in play.scene.list_mail("maple@fernhollow.example"))


def test_not_me_during_the_wait_stops_it_and_nothing_is_added(play):
    elm, old, case, browser = allowed_with_a_wait(play)
    letter = next(m for m in play.scene.list_mail("elm@home.example") if "/me/not-me/" in m.text)
    token = re.search(r"/me/not-me/(\S+)", letter.text).group(1)
    assert any("stays off until" in line for line in not_me.show_not_me(play.desk, token).then)
    not_me.act_not_me(play.desk, token)
    play.settle()
    assert (play.state(case).status, play.state(case).outcome) == ("closed", "stopped")
    assert portal_view.portal(play.desk, browser.session).stage == "stopped"
    # Who says so may hold the old one or may not, so it stays off, and the page says how it is given back.
    assert play.authenticator(elm, old).state == "suspended"
    assert "Once you are proved, it works again." in " ".join(not_me.show_not_me(play.desk, token).then)
    with pytest.raises(Refusal):
        browser.set_up_key_and_test()
    play.pass_time(A_DAY_S + 60)
    assert browser.session is None
    assert [a.kind for a in play.scene.holdings(elm.login).authenticators if a.kind == "security_key"] == []


def test_after_the_wait_the_person_has_their_own_time_and_finishes(play):
    elm, old, case, browser = allowed_with_a_wait(play)
    play.pass_time(A_DAY_S + 3_600)
    assert play.state(case).status == "open"
    browser.set_up_key_and_test()
    assert play.state(case).outcome == "changed"
    assert old not in {a.id for a in play.scene.holdings(elm.login).authenticators}


def test_whoever_does_not_come_back_after_the_wait_is_abandoned_a_day_later(play):
    _elm, _old, case, _browser = allowed_with_a_wait(play)
    play.pass_time(2 * A_DAY_S - 60)
    assert play.state(case).status == "open"
    play.pass_time(120)
    assert (play.state(case).status, play.state(case).outcome) == ("closed", "abandoned")
