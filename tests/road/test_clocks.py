"""Clocks that are set back, set forward, or differ between web and executor: nothing is granted by it, and nothing is lost."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from mfadesk.assurance.decision import find_live
from mfadesk.executor.compose import open_executor
from mfadesk.kernel.clock import FakeClock
from mfadesk.kernel.errors import Refusal, Unavailable
from mfadesk.operations import prove
from tests.road.people import desk_token
from tests.road.play import Play


@pytest.fixture
def play(throwaway):
    return Play(throwaway)


def at_proof(play, name="hazel"):
    hazel = play.person(name)
    old = play.scene.add_authenticator(name, "totp", "Phone", last_used_at=play.days_ago(2), created_at=play.days_ago(400))
    _, passkey = play.scene.add_passkey(name, "Laptop", "passkey", last_used_at=play.days_ago(1))
    case = play.open(hazel)
    play.answer(case, authenticator="gone", new_device="at_hand", restored="name_only")
    browser = play.redeem(case)
    browser.confirm()
    return hazel, old, passkey, case, browser


def apart(play, seconds):
    """Let the executor's clock differ from the web tier's by so many seconds, from a minute before now."""
    whole = play.throwaway
    executor = whole.executor
    its = FakeClock(whole.clock.now() + timedelta(seconds=seconds - 300))
    desk = replace(whole.desk, clock=its)
    whole.executor = open_executor(desk, provider=executor.provider, courier=executor.courier, services=executor.services)
    its.advance(300)


def written(play, case):
    return play.state(case).seq


@pytest.mark.parametrize("seconds", [-4, 0, 45])
def test_clocks_that_differ_a_little_keep_nobody_waiting(play, seconds):
    *_, passkey, case, browser = at_proof(play)
    apart(play, seconds)
    browser.prove_with_passkey(passkey)
    assert play.state(case).step_kind == "enrol"


@pytest.mark.parametrize("seconds", [-3_600, -30, 90, 86_400])
def test_a_question_out_of_its_time_by_the_executors_clock_is_refused_and_nothing_is_granted(play, seconds):
    hazel, old, _passkey, case, browser = at_proof(play)
    apart(play, seconds)
    before = written(play, case)
    with pytest.raises((Refusal, Unavailable)) as told:
        prove.begin_passkey(play.desk, browser.session)
    assert told.value.code in ("request_expired", "unavailable")
    assert "Nothing changed" in told.value.sentence
    assert written(play, case) == before
    assert play.authenticator(hazel, old).state == "active"


def test_proof_does_not_live_longer_because_the_clock_was_set_back(play):
    hazel = play.person("hazel")
    token = desk_token(play, hazel)
    play.scene.add_authenticator("hazel", "totp", "Phone", last_used_at=play.days_ago(2), created_at=play.days_ago(400))
    case = play.open(hazel)
    play.answer(case, authenticator="gone", new_device="at_hand", restored="name_only")
    browser = play.redeem(case)
    browser.confirm()
    browser.prove_with_code(play.scene.current_code(token))
    pieces = [piece.evidence for piece in play.state(case).pieces]
    assert len(find_live(pieces, play.desk.policy, play.clock.now())) == 1
    play.clock.advance(-86_400)
    assert find_live(pieces, play.desk.policy, play.clock.now()) == ()


def test_a_decision_is_not_acted_on_while_the_clock_stands_before_it_and_goes_on_after(play):
    hazel, old, passkey, case, browser = at_proof(play)
    browser.prove_with_passkey(passkey)
    assert play.state(case).step_kind == "enrol"
    play.clock.advance(-7_200)
    # Started anew, as a machine is whose clock was wrong; a running one refuses every question from before its start.
    apart(play, 0)
    with pytest.raises(Refusal, match="Nothing may be set up yet"):
        browser.set_up_totp_and_test()
    assert play.state(case).outcome != "changed"
    play.clock.advance(7_260)
    apart(play, 0)
    browser.set_up_totp_and_test()
    assert play.state(case).outcome == "changed"


def test_a_clock_that_jumps_ahead_ends_what_had_an_end_and_grants_nothing(play):
    hazel, old, passkey, case, browser = at_proof(play)
    browser.prove_with_passkey(passkey)
    play.pass_time(10 * 86_400)
    state = play.state(case)
    assert state.status == "closed" and state.outcome != "changed"
    assert [a.kind for a in play.scene.holdings(hazel.login).authenticators if a.state == "pending"] == []
