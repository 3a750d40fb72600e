"""The replaced phone, once through: from the call to the closed case, over the real operations, executor and lab."""

from __future__ import annotations

import pytest

from mfadesk.kernel.case_code import new_case_code
from mfadesk.kernel.errors import Refusal
from mfadesk.operations import codes, portal_view, sessions
from tests.road.play import Play


@pytest.fixture
def play(throwaway):
    return Play(throwaway)


def test_an_honest_caller_with_a_laptop_passkey_leaves_with_a_tested_new_phone(play):
    hazel = play.person("hazel", tier="standard")
    old = play.scene.add_authenticator(
        hazel.login, "totp", "Phone", last_used_at=play.days_ago(2), created_at=play.days_ago(400)
    )
    _, passkey = play.scene.add_passkey(hazel.login, "Laptop", "passkey", last_used_at=play.days_ago(1))
    play.scene.add_session(hazel.login)
    case = play.open(hazel)
    play.answer(case, authenticator="gone", new_device="at_hand", restored="name_only")
    assert play.state(case).step_kind == "verify"
    browser = play.redeem(case)
    browser.confirm()
    browser.prove_with_passkey(passkey)
    state = play.state(case)
    assert state.step_kind == "enrol", (state.step, [v for v in state.verdicts.values()])
    assert play.authenticator(hazel, old).state == "suspended"
    browser.set_up_totp_and_test()
    state = play.state(case)
    assert (state.status, state.outcome) == ("closed", "changed")
    held = play.scene.holdings(hazel.login)
    assert old not in {a.id for a in held.authenticators}
    assert held.sessions == 0
    assert any("not-me" in mail.text for mail in play.scene.list_mail())


def test_a_caller_who_proves_nothing_changes_nothing(play):
    hazel = play.person("hazel", tier="standard")
    play.scene.add_authenticator(hazel.login, "totp", "Phone", last_used_at=play.days_ago(2))
    before = play.scene.holdings(hazel.login).authenticators
    case = play.open(hazel)
    play.answer(case, authenticator="gone", new_device="at_hand", restored="name_only")
    play.pass_time(3_601)
    assert play.state(case).outcome in ("refused", "abandoned")
    assert play.scene.holdings(hazel.login).authenticators == before


def test_a_second_browser_freezes_the_case_and_is_told_nothing(play):
    hazel = play.person("hazel", tier="standard")
    case = play.open(hazel)
    play.redeem(case)
    with pytest.raises(Refusal) as refused:
        play.redeem(case)
    assert refused.value.code == "code_not_open"
    assert play.state(case).status == "frozen"


@pytest.mark.parametrize("before", ["bound", "frozen", "nobody's"])
def test_a_code_that_another_browser_has_costs_a_try_like_one_that_nobody_has(play, before):
    case = play.open(play.person("hazel"))
    code = codes.read_code(play.desk, case)
    play.redeem(case)
    if before == "frozen":
        with pytest.raises(Refusal):
            sessions.redeem_code(play.desk, "198.51.100.1", code)
    tried = new_case_code(play.desk.randomness) if before == "nobody's" else code
    said = []
    for _ in range(sessions.GUESSES_A_SOURCE + 1):
        with pytest.raises(Refusal) as refused:
            sessions.redeem_code(play.desk, "203.0.113.9", tried)
        said.append(refused.value.code)
    assert said == ["code_not_open"] * sessions.GUESSES_A_SOURCE + ["too_many_tries"]


def test_before_a_first_proof_every_browser_is_offered_the_same_whoever_the_case_is_about(play):
    offered = []
    for name, kinds in (("hazel", ("totp",)), ("rowan", ("totp", "hotp"))):
        person = play.person(name)
        for kind in kinds:
            play.scene.add_authenticator(person.login, kind, "One", last_used_at=play.days_ago(2))
        case = play.open(person)
        play.answer(case, authenticator="gone", new_device="at_hand", restored="name_only")
        browser = play.redeem(case)
        browser.confirm()
        offered.append(portal_view.portal(play.desk, browser.session).ways)
    assert offered[0] == offered[1] != ()
