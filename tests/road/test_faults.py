"""The provider is slow, silent, wrong, half done or gone, at each of its calls: clear words, nothing granted, and in the end whole."""

from __future__ import annotations

import pytest

from mfadesk.connectors.lab.faults import Fault
from mfadesk.store.models import Alert, EffectRow
from tests.road.again import Memory, Walker
from tests.road.play import Play

CALLS = (
    "look", "begin_assertion", "finish_assertion", "suspend", "enrol", "confirm_code", "remove", "end_sessions",
)  # fmt: skip
KINDS = ("latency", "error", "timeout_before", "timeout_after", "wrong_shape")
MAX_STEPS = 60


@pytest.fixture
def road(throwaway):
    play = Play(throwaway)
    hazel = play.person("hazel")
    old = play.scene.add_authenticator(
        hazel.login, "totp", "Phone", last_used_at=play.days_ago(2), created_at=play.days_ago(400)
    )
    laptop, passkey = play.scene.add_passkey(hazel.login, "Laptop", "passkey", last_used_at=play.days_ago(1))
    play.scene.add_session(hazel.login)
    walker = Walker(play.desk, play.operator, hazel.id, Memory(passkey.to_json()), lambda: play.clock.now().timestamp())
    return play, walker, old, laptop


def walk(play, walker, until=None) -> None:
    for _ in range(MAX_STEPS):
        if walker.is_over() or (until is not None and until()):
            return
        walker.go_on()
        play.settle()
        play.clock.advance(7)
        play.settle()
    raise AssertionError(f"not over after {MAX_STEPS} tries: {walker.state().step}, {walker.memory.told[-3:]}")


def is_granted(play, old) -> bool:
    """Whether somebody could sign in with something that was not there before."""
    return any(a.state == "active" and a.id not in old for a in play.scene.holdings("hazel").authenticators)


def assert_whole(play, walker, old, laptop) -> None:
    play.clock.advance(400)
    play.settle()
    state = walker.state()
    assert (state.status, state.outcome) == ("closed", "changed")
    held = play.scene.holdings("hazel")
    assert old not in {a.id for a in held.authenticators} and held.sessions == 0
    assert sorted((a.kind, a.state) for a in held.authenticators) == [("passkey", "active"), ("totp", "active")]
    assert {row.state for row in EffectRow.objects.filter(case_id=state.id)} == {"done"}
    done = [line.act for line in play.scene.list_audit("hazel") if line.outcome == "done"]
    assert sorted(done).count("suspend") == done.count("end_sessions") == 1 and done.count("remove") >= 1
    assert not Alert.objects.filter(kind__in=["broken", "effect_parked"])
    assert len({(mail.to, mail.text) for mail in play.scene.list_mail()}) == len(play.scene.list_mail())


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("call", CALLS)
def test_a_fault_at_a_call_costs_a_try_and_nothing_else(road, call, kind):
    play, walker, old, laptop = road
    play.scene.inject(Fault(kind, call, latency_s=0.02 if kind == "latency" else 0))
    walk(play, walker)
    assert_whole(play, walker, old, laptop)
    assert all(sentence[0].isupper() and sentence.endswith(".") for sentence in walker.memory.told)


@pytest.mark.parametrize("call", CALLS)
def test_while_a_call_fails_nothing_is_granted_and_afterwards_the_road_goes_on(road, call):
    play, walker, old, laptop = road
    play.scene.inject(Fault("error", call, times=10_000))
    granted = []
    for _ in range(25):
        walker.go_on()
        play.settle()
        play.clock.advance(3)
        granted.append(is_granted(play, {old, laptop}))
    # What comes after the test of the new one may fail; before it nothing new works.
    assert not any(granted) or call in ("remove", "end_sessions", "look")
    play.scene.clear_faults()
    walk(play, walker)
    assert_whole(play, walker, old, laptop)


def test_a_provider_that_is_gone_altogether_loses_nothing(road):
    play, walker, old, laptop = road
    walk(play, walker, until=lambda: (walker.state() or 0) and walker.state().step_kind == "enrol")
    play.scene.inject(Fault("timeout_before", "*", times=10_000))
    for _ in range(10):
        walker.go_on()
        play.settle()
        play.clock.advance(3)
    assert walker.memory.told and not is_granted(play, {old, laptop})
    play.scene.clear_faults()
    walk(play, walker)
    assert_whole(play, walker, old, laptop)
