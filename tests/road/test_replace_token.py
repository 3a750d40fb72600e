"""A hardware token is replaced by another: one that works proves its owner and goes last; one that is gone is suspended first."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mfadesk.connectors.lab.faults import Fault
from mfadesk.kernel.errors import Refusal
from mfadesk.operations import case_view, enrol, portal_view, prove
from mfadesk.operations.judgement import kinds_offered
from tests.road.play import Play


@pytest.fixture
def play(throwaway):
    return Play(throwaway)


def owner(play, name="hazel", used_days=1):
    """Return somebody with a fob of four years, a laptop passkey, and the key that they hold."""
    person = play.person(name)
    fob = play.scene.add_authenticator(
        person.login, "totp", "Fob", on_phone=False, created_at=play.days_ago(1_400), last_used_at=play.days_ago(used_days)
    )
    _, laptop = play.scene.add_passkey(person.login, "Laptop", "passkey", last_used_at=play.days_ago(40))
    play.scene.add_session(person.login)
    return person, fob, laptop


def begun(play, person, works="works", device="new_token"):
    case = play.open(person, goal="replace_token")
    play.answer(case, kind="hardware_token", authenticator=works, new_device=device)
    return case


def at_set_up(play, works="works", device="new_token"):
    person, fob, laptop = owner(play)
    case = begun(play, person, works, device)
    browser = play.redeem(case)
    browser.confirm()
    if works == "works":
        browser.prove_with_code(play.scene.current_code(fob))
    browser.prove_with_passkey(laptop)
    assert play.state(case).step_kind == "enrol", play.state(case).step
    return person, fob, case, browser


def test_the_old_token_works_until_the_new_key_has_signed_in(play):
    hazel, fob, case, browser = at_set_up(play, device="spare_key")
    assert play.authenticator(hazel, fob).state == "active"
    enrol.choose_kind(play.desk, browser.session, "security_key")
    enrol.begin_enrolment(play.desk, browser.session)
    assert play.authenticator(hazel, fob).state == "active"
    browser.set_up_passkey_and_test("security_key")
    held = play.scene.holdings(hazel.login)
    assert fob not in {a.id for a in held.authenticators}
    assert sorted(a.kind for a in held.authenticators if a.state == "active") == ["passkey", "security_key"]
    assert held.sessions == 0
    assert play.state(case).outcome == "changed"
    assert all(
        done for words, done in case_view.case(play.desk, play.operator, case).checklist if "suspended first" not in words
    )


def test_only_what_the_runbook_offers_is_offered_whatever_the_device(play):
    _hazel, _fob, case, _browser = at_set_up(play)
    state = play.state(case)
    book = play.desk.runbook_of(state)
    assert enrol.kinds_for(play.desk, case) == ("security_key", "hotp")
    for written, offered in (
        (("hotp",), ("hotp",)),
        (("hotp", "security_key"), ("security_key", "hotp")),
        (("passkey",), ("passkey",)),
    ):
        other = replace(book, steps={**book.steps, state.step: replace(book.steps[state.step], kinds=written)})
        assert kinds_offered(state, other, play.desk.policy, "normal") == offered
        strict = {key: replace(r, passkey_only=True) for key, r in play.desk.policy.requirements.items()}
        policy = replace(play.desk.policy, requirements=strict)
        assert kinds_offered(state, other, policy, "normal") == tuple(kind for kind in offered if kind != "hotp")


def test_a_token_that_shows_codes_is_set_up_and_tested_too(play):
    hazel, fob, case, browser = at_set_up(play)
    enrol.choose_kind(play.desk, browser.session, "hotp")
    assert "token" in " ".join(portal_view.portal(play.desk, browser.session).asks)
    enrol.begin_enrolment(play.desk, browser.session)
    assert portal_view.portal(play.desk, browser.session).test_label == "The code that the token shows"
    new = play.state(case).new_authenticator
    enrol.test_code(play.desk, browser.session, play.scene.current_code(new))
    play.settle()
    assert play.state(case).outcome == "changed"
    assert not play.authenticator(hazel, new).on_phone


def test_a_token_that_is_gone_is_suspended_before_anything_new(play):
    hazel, fob, case, browser = at_set_up(play, works="gone")
    assert play.authenticator(hazel, fob).state == "suspended"
    browser.set_up_passkey_and_test("security_key")
    assert play.state(case).outcome == "changed"


def test_a_token_said_to_be_gone_proves_nothing(play):
    hazel, fob, _laptop = owner(play)
    case = begun(play, hazel, "gone")
    browser = play.redeem(case)
    browser.confirm()
    with pytest.raises(Refusal):
        browser.prove_with_code(play.scene.current_code(fob))
    assert play.state(case).pieces == ()


def test_a_working_token_alone_is_not_enough_to_replace_itself(play):
    hazel, fob, _laptop = owner(play)
    case = begun(play, hazel)
    browser = play.redeem(case)
    browser.confirm()
    browser.prove_with_code(play.scene.current_code(fob))
    assert play.state(case).step_kind == "verify"
    assert play.authenticator(hazel, fob).state == "active"


def test_whoever_says_that_it_works_must_show_it_or_something_stronger(play):
    hazel, fob, _laptop = owner(play)
    play.person("maple")
    play.scene.set_factor(hazel.login, "idv_gov_id")
    play.scene.set_factor(hazel.login, "push_code_transfer")
    case = begun(play, hazel)
    browser = play.redeem(case)
    browser.confirm()
    for method in ("idv_gov_id", "push_code_transfer"):
        prove.begin_service(play.desk, browser.session, method)
        (answer,) = [a for m, a in play.scene.list_open_checks(hazel.login) if m == method]
        prove.prove_with_service(play.desk, browser.session, method, answer)
        play.settle()
    assert play.state(case).step_kind == "verify"
    assert any("in use lately" in line for line in case_view.case(play.desk, play.operator, case).board.reasons)
    assert play.authenticator(hazel, fob).state == "active"


def test_of_two_tokens_only_the_oldest_goes(play):
    hazel, fob, laptop = owner(play)
    younger = play.scene.add_authenticator(hazel.login, "hotp", "Spare fob", created_at=play.days_ago(30))
    case = begun(play, hazel, device="spare_key")
    browser = play.redeem(case)
    browser.confirm()
    browser.prove_with_code(play.scene.current_code(fob))
    browser.prove_with_passkey(laptop)
    browser.set_up_passkey_and_test("security_key")
    held = {a.id: a.state for a in play.scene.holdings(hazel.login).authenticators}
    assert fob not in held and held[younger] == "active"


def test_nobody_who_walks_away_is_left_without_the_old_token(play):
    hazel, fob, case, browser = at_set_up(play, device="spare_key")
    enrol.choose_kind(play.desk, browser.session, "security_key")
    enrol.begin_enrolment(play.desk, browser.session)
    play.pass_time(86_401)
    assert play.state(case).outcome == "abandoned"
    held = play.scene.holdings(hazel.login).authenticators
    assert [(a.id, a.state) for a in held if a.kind != "passkey"] == [(fob, "active")]


@pytest.mark.parametrize("fault", ["timeout_before", "timeout_after", "wrong_shape", "error"])
def test_a_provider_in_trouble_removes_the_old_one_once_it_answers(play, fault):
    hazel, fob, case, browser = at_set_up(play, device="spare_key")
    play.scene.inject(Fault(fault, "remove"))
    browser.set_up_passkey_and_test("security_key")
    play.pass_time(5)
    assert play.state(case).outcome == "changed"
    assert fob not in {a.id for a in play.scene.holdings(hazel.login).authenticators}


@pytest.mark.parametrize(
    ("answers", "ending"),
    [({"kind": "app"}, "other-road"), ({"authenticator": "drifted"}, "to-codes-rejected"), ({"authenticator": "none_yet"}, "first-road"),
     ({"authenticator": "works", "new_device": "tomorrow"}, "keep-using"), ({"authenticator": "gone", "new_device": "none"}, "report-it")],
)  # fmt: skip
def test_other_needs_are_led_elsewhere_without_a_proof(play, answers, ending):
    hazel, _fob, _laptop = owner(play)
    case = play.open(hazel, goal="replace_token")
    play.answer(case, **{"kind": "hardware_token", **answers})
    assert play.state(case).ending == ending
    assert not play.state(case).verdicts


def test_an_approved_prompt_suspends_what_shows_the_prompts(play):
    hazel = play.person("hazel")
    push = play.scene.add_authenticator(hazel.login, "push", "Phone", last_used_at=play.days_ago(1))
    _, laptop = play.scene.add_passkey(hazel.login, "Laptop", "passkey", last_used_at=play.days_ago(40))
    play.scene.add_session(hazel.login)
    case = play.open(hazel, goal="stop_prompts")
    play.answer(case, approved="yes")
    browser = play.redeem(case)
    browser.confirm()
    browser.prove_with_passkey(laptop)
    assert play.state(case).ending == "with-security"
    assert play.authenticator(hazel, push).state == "suspended"
    # Little proof was asked for: it throws nobody out, and it ends by itself (SETTLED 10).
    assert play.scene.holdings(hazel.login).sessions == 1
    play.pass_time(86_401)
    assert play.authenticator(hazel, push).state == "active"
