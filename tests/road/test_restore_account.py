"""What was suspended on little proof is given back on full proof only, and never what security or a report switched off."""

from __future__ import annotations

import re

import pytest

from mfadesk.cli.drills.approvers import approve_what_waits, hire_approver
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


def closed(play, *, locked=False, **columns):
    """Return somebody whose account is closed, with a phone of before and an HR partner in the directory."""
    hazel = play.person("hazel", **columns)
    play.scene.add_account("hazel", disabled=True, locked=locked)
    old = play.scene.add_authenticator(
        "hazel", "totp", "Phone", last_used_at=play.days_ago(120), fail_count=10 if locked else 0
    )
    play.scene.set_factor("hazel", "managed_device_signin")
    partner = play.person("quill", tier="sensitive", vouches_as="hr")
    return hazel, old, play.scene.add_passkey(partner.login, "Key", "security_key")[1]


def prove_by_laptop(play, browser):
    browser.prove_with_service("managed_device_signin")


def test_whoever_hr_has_on_leave_is_let_in_on_hrs_word_and_only_then(play):
    hazel, _old, partner_key = closed(play, employment="on_leave")
    case = opened(play, hazel)
    browser = play.redeem(case)
    browser.confirm()
    prove_by_laptop(play, browser)
    board = case_view.case(play.desk, play.operator, case).board
    assert any("HR" in line for line in board.reasons) and all("HR" in plan.words for plan in board.plans), board
    assert play.scene.holdings("hazel").disabled
    play.vouch(case, "quill", partner_key, "hr")
    assert not play.scene.holdings("hazel").disabled
    assert play.state(case).outcome == "changed"
    assert portal_view.portal(play.desk, browser.session).title == "Your account is open"


@pytest.mark.parametrize("employment", ["left", "third_party"])
def test_an_outsiders_account_is_never_opened(play, employment):
    hazel, _old, _key = closed(play, employment=employment)
    case = opened(play, hazel)
    assert play.state(case).ending == "alarm-third-party-through-their-contact"
    assert play.scene.holdings("hazel").disabled


def test_an_account_that_somebody_closed_is_opened_after_a_second_person_said_yes(play):
    hazel, _old, _key = closed(play)
    case = opened(play, hazel)
    browser = play.redeem(case)
    browser.confirm()
    prove_by_laptop(play, browser)
    assert play.state(case).ask is not None and play.scene.holdings("hazel").disabled
    approver = hire_approver(play.throwaway, "lead")
    approve_what_waits(play.throwaway, [approver], case)
    assert not play.scene.holdings("hazel").disabled


def test_what_the_provider_locked_by_itself_is_unlocked_with_its_counter(play):
    hazel, old, _key = closed(play, locked=True)
    case = opened(play, hazel)
    browser = play.redeem(case)
    browser.confirm()
    prove_by_laptop(play, browser)
    assert play.state(case).ask is None and play.state(case).outcome == "changed"
    assert not play.scene.holdings("hazel").disabled
    assert play.authenticator(hazel, old).fail_count == 0


def test_an_account_that_is_closed_while_the_case_runs_stays_closed(play):
    hazel, old, _key = closed(play, locked=True)
    case = opened(play, hazel)
    browser = play.redeem(case)
    browser.confirm()
    play.scene.inject(Fault("error", "open_account"))
    prove_by_laptop(play, browser)
    play.scene.add_account("hazel", disabled=True)
    play.pass_time(60)
    assert play.scene.holdings("hazel").disabled
    assert [e.state for e in play.state(case).effects_of("open_account")] == ["failed"]


def test_where_the_phone_is_gone_the_account_opens_only_when_a_new_one_is_there(play):
    hazel, old, _key = closed(play, locked=True)
    case = opened(play, hazel, have_it_back="no", authenticator="gone", new_device="at_hand")
    browser = play.redeem(case)
    browser.confirm()
    prove_by_laptop(play, browser)
    assert play.state(case).step == "set-up" and play.scene.holdings("hazel").disabled
    browser.set_up_totp_and_test()
    assert not play.scene.holdings("hazel").disabled
    held = play.scene.holdings("hazel").authenticators
    assert old not in {a.id for a in held} and play.state(case).outcome == "changed"
    assert all(done for _words, done in case_view.case(play.desk, play.operator, case).checklist)


def test_whoever_did_not_ask_closes_the_account_again(play):
    hazel, _old, _key = closed(play, locked=True)
    case = opened(play, hazel)
    browser = play.redeem(case)
    browser.confirm()
    prove_by_laptop(play, browser)
    mail = next(m for m in play.scene.list_mail("hazel@home.example") if "may sign in again" in m.text)
    not_me.act_not_me(play.desk, re.search(r"/not-me/(\S+)", mail.text).group(1))
    play.settle()
    assert play.scene.holdings("hazel").disabled


def test_a_device_that_is_elsewhere_is_not_given_back(play):
    hazel, old, _laptop = suspended(play)
    case = opened(play, hazel, have_it_back="no", authenticator="works")
    assert play.state(case).ending == "call-again"
    assert play.authenticator(hazel, old).state == "suspended"


@pytest.mark.parametrize("fault", ["timeout_before", "timeout_after", "wrong_shape", "error"])
def test_a_provider_in_trouble_gives_it_back_once_it_answers(play, fault):
    hazel, old, laptop = suspended(play)
    play.scene.inject(Fault(fault, "resume"))
    case, _browser = proved(play, hazel, laptop)
    play.pass_time(5)
    assert play.authenticator(hazel, old).state == "active" and play.state(case).status == "closed"
