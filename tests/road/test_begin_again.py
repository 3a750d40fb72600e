"""Two browsers, or another device: everything that came through a browser is void, and the case stands at the proof again."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mfadesk.connectors.lab.faults import Fault
from mfadesk.kernel.errors import Refusal
from mfadesk.operations import case_view, codes, enrol, sessions, work_case
from mfadesk.store.models import Alert
from tests.road.play import Play


@pytest.fixture
def play(throwaway):
    return Play(throwaway)


@pytest.fixture
def proved(play):
    """Somebody whose proof sufficed and whose old phone is suspended: the person, old one, passkey, case, browser and code."""
    hazel = play.person("hazel")
    old = play.scene.add_authenticator(hazel.login, "totp", "Phone", last_used_at=play.days_ago(2))
    _, passkey = play.scene.add_passkey(hazel.login, "Laptop", last_used_at=play.days_ago(1))
    case = play.open(hazel)
    play.answer(case, authenticator="gone", new_device="at_hand", restored="name_only")
    code = codes.read_code(play.desk, case)
    browser = play.redeem(case)
    browser.confirm()
    browser.prove_with_passkey(passkey)
    assert play.state(case).step_kind == "enrol"
    return hazel, old, passkey, case, browser, code


def freeze(play, code):
    with pytest.raises(Refusal):
        sessions.redeem_code(play.desk, "192.0.2.9", code)


def begin_again(play, case):
    code = work_case.thaw(play.desk, play.operator, case)
    play.settle()
    return code


def go_through(play, case, passkey):
    browser = play.redeem(case)
    browser.confirm()
    browser.prove_with_passkey(replace(passkey, sign_count=passkey.sign_count + 5))
    browser.set_up_totp_and_test()


def ours(play, person):
    return [a for a in play.scene.holdings(person.login).authenticators if a.label.startswith("Set up")]


def test_a_case_thawed_after_its_decision_stands_at_the_proof_again_and_can_be_finished(play, proved):
    hazel, old, passkey, case, _browser, code = proved
    freeze(play, code)
    begin_again(play, case)
    state = play.state(case)
    assert (state.status, state.step_kind, state.verdicts, state.pieces) == ("open", "verify", {}, ())
    go_through(play, case, passkey)
    assert play.state(case).outcome == "changed"
    assert [a.id for a in play.scene.holdings(hazel.login).authenticators if a.id == old] == []
    assert len(ours(play, hazel)) == 1


@pytest.mark.parametrize("tested", [False, True], ids=["set up", "set up and tested"])
def test_what_was_set_up_before_a_thaw_is_dropped_at_the_provider_and_nothing_newer(play, proved, tested):
    hazel, _old, passkey, case, browser, code = proved
    if tested:
        # The provider does not answer for the rest of the road, so that the case is still open after the test.
        play.scene.inject(Fault("error", "remove", times=50))
        browser.set_up_totp_and_test()
        play.scene.clear_faults()
    else:
        enrol.begin_enrolment(play.desk, browser.session)
    first = play.state(case).new_authenticator
    freeze(play, code)
    begin_again(play, case)
    assert [a.id for a in ours(play, hazel)] == []
    assert play.state(case).new_authenticator == ""
    go_through(play, case, passkey)
    play.pass_time(60)
    assert play.state(case).outcome == "changed"
    assert [a.id for a in ours(play, hazel)] == [play.state(case).new_authenticator] != [first]


def test_an_old_decision_does_nothing_for_a_new_browser(play, proved):
    _hazel, _old, _passkey, case, _browser, code = proved
    freeze(play, code)
    begin_again(play, case)
    browser = play.redeem(case)
    browser.confirm()
    with pytest.raises(Refusal) as refused:
        enrol.begin_enrolment(play.desk, browser.session)
    assert refused.value.code == "not_now"


def test_a_suspension_whose_proof_was_voided_ends_after_a_day_unless_proved_again(play, proved):
    hazel, old, _passkey, case, _browser, code = proved
    freeze(play, code)
    begin_again(play, case)
    assert play.authenticator(hazel, old).state == "suspended"
    play.pass_time(3_601)
    assert play.state(case).status == "closed"
    play.pass_time(86_401)
    assert play.authenticator(hazel, old).state == "active"
    assert not Alert.objects.filter(kind="broken").exists()


def test_proved_again_it_stays_suspended_until_it_is_replaced(play, proved):
    hazel, old, passkey, case, _browser, code = proved
    freeze(play, code)
    begin_again(play, case)
    browser = play.redeem(case)
    browser.confirm()
    browser.prove_with_passkey(replace(passkey, sign_count=passkey.sign_count + 5))
    play.pass_time(86_000)
    play.pass_time(1_000)
    assert play.authenticator(hazel, old).state == "suspended"


def test_no_new_code_is_offered_or_made_while_a_browser_has_the_case(play, proved):
    _hazel, _old, _passkey, case, _browser, _code = proved
    view = case_view.case(play.desk, play.operator, case)
    assert "code" not in view.may
    assert "drop_browser" in view.may
    for make in (codes.new_code, codes.send_link):
        with pytest.raises(Refusal) as refused:
            make(play.desk, play.operator, case)
        assert refused.value.code == "browser_bound"
    assert play.state(case).status == "open"


def test_the_person_goes_on_with_another_device_and_the_first_one_is_out(play, proved):
    _hazel, _old, passkey, case, browser, code = proved
    fresh = work_case.drop_browser(play.desk, play.operator, case)
    play.settle()
    assert fresh != code
    assert play.state(case).step_kind == "verify"
    assert play.state(case).pieces == ()
    with pytest.raises(Refusal):
        browser.confirm()
    go_through(play, case, passkey)
    assert play.state(case).outcome == "changed"
    assert not Alert.objects.filter(kind="second_browser").exists()


def test_without_a_browser_there_is_none_to_drop(play):
    case = play.open(play.person("hazel"))
    with pytest.raises(Refusal) as refused:
        work_case.drop_browser(play.desk, play.operator, case)
    assert refused.value.code == "no_browser"
