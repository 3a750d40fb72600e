"""What was suspended on little proof is given back on full proof only, and never what security or a report switched off."""

from __future__ import annotations

import re

import pytest

from mfadesk.connectors.lab.faults import Fault
from mfadesk.operations import case_view, not_me, portal_view
from tests.road.play import Play


@pytest.fixture
def play(throwaway):
    return Play(throwaway)


def suspended(play, name="hazel", **columns):
    """Return somebody whose phone was reported lost and suspended on a code alone, and what else they hold."""
    person = play.person(name, **columns)
    old = play.scene.add_authenticator(name, "totp", "Phone", created_at=play.days_ago(400), last_used_at=play.days_ago(2))
    _, laptop = play.scene.add_passkey(name, "Laptop", "passkey", last_used_at=play.days_ago(1))
    case = play.open(person, goal="report_loss")
    play.answer(case, authenticator="gone", new_device="none")
    browser = play.redeem(case)
    browser.confirm()
    browser.prove_with_code(play.scene.current_code(play.scene.add_authenticator(name, "hotp", "Desk token")))
    play.answer(case, new_device="none")
    assert play.authenticator(person, old).state == "suspended" and play.state(case).status == "closed"
    return person, old, laptop


def opened(play, person, **answers):
    case = play.open(person, goal="restore_account")
    play.answer(case, **{"have_it_back": "yes", **answers})
    return case


def proved(play, person, laptop):
    case = opened(play, person)
    browser = play.redeem(case)
    browser.confirm()
    browser.prove_with_passkey(laptop)
    return case, browser


def test_a_phone_that_turned_up_is_given_back_on_the_proof_of_a_replacement(play):
    hazel, old, laptop = suspended(play)
    case, browser = proved(play, hazel, laptop)
    assert play.authenticator(hazel, old).state == "active"
    assert play.state(case).outcome == "changed"
    assert portal_view.portal(play.desk, browser.session).title == "Your device is on again"
    assert all(done for _words, done in case_view.case(play.desk, play.operator, case).checklist)


def test_a_code_that_suspends_does_not_give_back(play):
    hazel, old, _laptop = suspended(play)
    token = next(a.id for a in play.scene.holdings(hazel.login).authenticators if a.kind == "hotp")
    case = opened(play, hazel)
    browser = play.redeem(case)
    browser.confirm()
    browser.prove_with_code(play.scene.current_code(token))
    assert play.state(case).step_kind == "verify"
    assert play.authenticator(hazel, old).state == "suspended"


def test_what_security_switched_off_stays_off(play):
    hazel, old, laptop = suspended(play)
    other = play.scene.add_authenticator(hazel.login, "hotp", "Taken by security", suspended=True)
    case, browser = proved(play, hazel, laptop)
    assert (play.authenticator(hazel, old).state, play.authenticator(hazel, other).state) == ("active", "suspended")
    assert {e.detail for e in play.state(case).effects_of("restore_old")} == {"given back", "left off"}


def test_where_nothing_is_the_desks_to_give_back_nothing_is_given_and_the_page_says_so(play):
    hazel = play.person("hazel")
    other = play.scene.add_authenticator(hazel.login, "totp", "Taken by security", suspended=True)
    _, laptop = play.scene.add_passkey(hazel.login, "Laptop", "passkey", last_used_at=play.days_ago(1))
    case, browser = proved(play, hazel, laptop)
    assert play.authenticator(hazel, other).state == "suspended"
    assert "Nothing was switched on" in portal_view.portal(play.desk, browser.session).lede


def test_whoever_did_not_ask_switches_it_off_again_and_it_stays_off(play):
    hazel, old, laptop = suspended(play)
    proved(play, hazel, laptop)
    mail = next(m for m in play.scene.list_mail("hazel@home.example") if "may sign in again" in m.text)
    not_me.act_not_me(play.desk, re.search(r"/not-me/(\S+)", mail.text).group(1))
    play.settle()
    assert play.authenticator(hazel, old).state == "suspended"
    case = opened(play, hazel)
    browser = play.redeem(case)
    browser.confirm()
    browser.prove_with_passkey(play.scene.add_passkey(hazel.login, "Other laptop")[1])
    assert play.authenticator(hazel, old).state == "suspended"


def test_the_end_of_the_first_suspension_finds_it_given_back(play):
    hazel, old, laptop = suspended(play)
    proved(play, hazel, laptop)
    play.pass_time(86_401)
    assert play.authenticator(hazel, old).state == "active"


@pytest.mark.parametrize(("employment", "ending"), [("on_leave", "hr-first"), ("starts", "hr-first"), ("left", "refused")])
def test_hr_goes_first(play, employment, ending):
    hazel = play.person("hazel", employment=employment)
    play.scene.add_account(hazel.login, disabled=True)
    case = opened(play, hazel)
    assert play.state(case).ending == ending
    assert play.scene.holdings(hazel.login).disabled


def test_the_desk_opens_no_closed_account(play):
    hazel, old, laptop = suspended(play)
    play.scene.add_account(hazel.login, disabled=True)
    play.clock.advance(60)
    case = opened(play, hazel)
    assert any("closed at the provider" in line for line in case_view.case(play.desk, play.operator, case).board.reasons)
    assert play.authenticator(hazel, old).state == "suspended"


def test_a_device_that_somebody_else_had_is_replaced_instead(play):
    hazel, old, _laptop = suspended(play)
    case = opened(play, hazel, have_it_back="no")
    assert play.state(case).ending == "replace-instead"
    assert play.authenticator(hazel, old).state == "suspended"


@pytest.mark.parametrize("fault", ["timeout_before", "timeout_after", "wrong_shape", "error"])
def test_a_provider_in_trouble_gives_it_back_once_it_answers(play, fault):
    hazel, old, laptop = suspended(play)
    play.scene.inject(Fault(fault, "resume"))
    case, _browser = proved(play, hazel, laptop)
    play.pass_time(5)
    assert play.authenticator(hazel, old).state == "active" and play.state(case).status == "closed"
