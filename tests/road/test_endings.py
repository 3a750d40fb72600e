"""How the road ends: too little, too late, silence, reports, a second browser."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mfadesk.connectors.lab.faults import Fault
from mfadesk.kernel.errors import Refusal
from mfadesk.operations import case_view, codes, enrol, prove, sessions, work_case
from tests.road.people import alerts, desk_token, managed, ready
from tests.road.play import Play


@pytest.fixture
def play(throwaway):
    return Play(throwaway)


def test_a_single_code_does_not_suffice_and_the_board_says_what_would(play):
    managed(play)
    hazel, old, case = ready(play, manager_id="p_maple")
    token = desk_token(play, hazel)
    browser = play.redeem(case)
    browser.confirm()
    browser.prove_with_code(play.scene.current_code(token))
    view = case_view.case(play.desk, play.operator, case)
    assert play.state(case).step_kind == "verify"
    assert view.board is not None
    assert view.board.plans
    assert play.authenticator(hazel, old).state == "active"


def test_nobody_answers_and_the_case_ends_by_itself(play):
    hazel, old, case = ready(play)
    play.pass_time(3_599)
    assert play.state(case).status == "open"
    play.pass_time(2)
    assert (play.state(case).status, play.state(case).outcome) == ("closed", "abandoned")
    assert play.authenticator(hazel, old).state == "active"


def ask_to_suspend(play, person, passkey):
    """Go through the road that only switches the old one off, and return its case."""
    case = play.open(person)
    play.answer(case, authenticator="gone", new_device="tomorrow", suspend_now="yes")
    browser = play.redeem(case)
    browser.confirm()
    browser.prove_with_passkey(passkey)
    return case


def suspended_on_little_proof(play):
    hazel = play.person("hazel")
    old = play.scene.add_authenticator(hazel.login, "totp", "Phone", last_used_at=play.days_ago(2))
    _, passkey = play.scene.add_passkey(hazel.login, "Laptop", last_used_at=play.days_ago(1), on_phone=False)
    case = ask_to_suspend(play, hazel, passkey)
    assert play.authenticator(hazel, old).state == "suspended"
    assert play.state(case).outcome == "handed_over"
    # A counter moves on with each use, so the next proof is made with the passkey as it is now.
    return hazel, old, replace(passkey, sign_count=passkey.sign_count + 1)


def test_a_suspension_on_little_proof_ends_after_a_day(play):
    hazel, old, _passkey = suspended_on_little_proof(play)
    assert alerts("suspended_on_little_proof") == 1
    play.pass_time(86_390)
    assert play.authenticator(hazel, old).state == "suspended"
    play.pass_time(20)
    assert play.authenticator(hazel, old).state == "active"


def test_little_proof_suspends_once_a_day_and_not_again(play):
    hazel, old, passkey = suspended_on_little_proof(play)
    again = ask_to_suspend(play, hazel, passkey)
    assert not play.state(again).effects_of("suspend_old")
    play.pass_time(86_410)
    assert play.authenticator(hazel, old).state == "active"


def test_a_suspension_that_still_waits_for_the_provider_is_the_days_one(play):
    hazel = play.person("hazel")
    play.scene.add_authenticator(hazel.login, "totp", "Phone", last_used_at=play.days_ago(2))
    _, passkey = play.scene.add_passkey(hazel.login, "Laptop", last_used_at=play.days_ago(1), on_phone=False)
    _, other = play.scene.add_passkey(hazel.login, "Desktop", last_used_at=play.days_ago(1), on_phone=False)
    play.scene.inject(Fault("error", "suspend", times=1))
    first = ask_to_suspend(play, hazel, passkey)
    assert [effect.state for effect in play.state(first).effects_of("suspend_old")] == ["delayed"]
    assert not play.state(ask_to_suspend(play, hazel, other)).effects_of("suspend_old")


@pytest.mark.parametrize(("a_day", "done"), [(1, [True, False, False]), (2, [True, True, False])])
def test_policy_says_how_often_a_day_little_proof_suspends(play, monkeypatch, a_day, done):
    policy = play.desk.policy
    for desk in {id(d): d for d in (play.desk, play.throwaway.executor.desk)}.values():
        object.__setattr__(desk, "policy", replace(policy, limits=replace(policy.limits, suspensions_per_day=a_day)))
    hazel = play.person("hazel")
    play.scene.add_authenticator(hazel.login, "totp", "Phone", last_used_at=play.days_ago(2))
    keys = [play.scene.add_passkey(hazel.login, f"Laptop {n}", last_used_at=play.days_ago(1), on_phone=False)[1] for n in "abc"]
    cases = [ask_to_suspend(play, hazel, key) for key in keys]
    assert [bool(play.state(case).effects_of("suspend_old")) for case in cases] == done


def test_a_later_full_proof_is_not_undone_by_the_earlier_days_end(play):
    hazel, old, passkey = suspended_on_little_proof(play)
    play.pass_time(86_000)
    later = play.open(hazel)
    play.answer(later, authenticator="gone", new_device="at_hand", restored="name_only")
    browser = play.redeem(later)
    browser.confirm()
    browser.prove_with_passkey(passkey)
    assert play.state(later).step_kind == "enrol", play.state(later).step
    play.pass_time(1_000)
    assert play.authenticator(hazel, old).state == "suspended"


def test_a_suspension_on_full_proof_stays_and_security_and_the_person_are_told(play):
    hazel, old, case = ready(play)
    _, passkey = play.scene.add_passkey(hazel.login, "Laptop", last_used_at=play.days_ago(1))
    browser = play.redeem(case)
    browser.confirm()
    browser.prove_with_passkey(passkey)
    enrol.begin_enrolment(play.desk, browser.session)
    play.pass_time(86_401)
    play.pass_time(86_401)
    state = play.state(case)
    assert (state.status, state.outcome) == ("closed", "abandoned")
    assert play.authenticator(hazel, old).state == "suspended"
    assert not alerts("suspended_on_little_proof")
    assert [a.state for a in play.scene.holdings(hazel.login).authenticators if a.label.startswith("Set up")] == []
    assert any("stays off" in mail.text for mail in play.scene.list_mail("hazel@fernhollow.example"))
    assert alerts("suspended-and-unfinished")


def test_a_report_stops_the_case_and_alerts(play):
    hazel, old, case = ready(play)
    browser = play.redeem(case)
    browser.confirm(yes=False)
    play.settle()
    state = play.state(case)
    assert (state.status, state.outcome, state.reported) == ("closed", "stopped", True)
    assert alerts("reported") == 1
    assert play.scene.list_mail("hazel@home.example")
    with pytest.raises(Refusal):
        prove.begin_passkey(play.desk, browser.session)
    assert play.authenticator(hazel, old).state == "active"


def test_another_operator_takes_over_and_the_evidence_stays(play):
    hazel, _old, case = ready(play)
    token = desk_token(play, hazel)
    browser = play.redeem(case)
    browser.confirm()
    browser.prove_with_code(play.scene.current_code(token))
    before = play.state(case).pieces
    work_case.take_over(play.desk, play.second, case)
    assert play.state(case).pieces == before != ()
    with pytest.raises(Refusal) as refused:
        work_case.end_case(play.desk, play.operator, case, "caller_hung_up")
    assert refused.value.code == "not_the_owner"


def test_a_second_browser_voids_what_was_proved_and_both_are_out(play):
    hazel, old, case = ready(play)
    token = desk_token(play, hazel)
    code = codes.read_code(play.desk, case)
    browser = play.redeem(case)
    browser.confirm()
    browser.prove_with_code(play.scene.current_code(token))
    with pytest.raises(Refusal):
        sessions.redeem_code(play.desk, "192.0.2.9", code)
    assert alerts("second_browser") == 1
    fresh = work_case.thaw(play.desk, play.operator, case)
    assert play.state(case).pieces == ()
    with pytest.raises(Refusal):
        browser.confirm()
    with pytest.raises(Refusal):
        sessions.redeem_code(play.desk, "192.0.2.9", code)
    assert sessions.redeem_code(play.desk, "192.0.2.9", fresh)
    assert play.authenticator(hazel, old).state == "active"


def test_a_frozen_case_that_nobody_resolves_ends_by_itself(play):
    _hazel, _old, case = ready(play)
    play.redeem(case)
    with pytest.raises(Refusal):
        play.redeem(case)
    play.pass_time(3_601)
    assert (play.state(case).status, play.state(case).outcome) == ("closed", "stopped")
    assert alerts("left_frozen")
