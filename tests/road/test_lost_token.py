"""What is lost is what the desk switches off: the runbook asks what it was, and nothing else is touched."""

from __future__ import annotations

import pytest

from mfadesk.operations import work_case
from mfadesk.operations.judgement import circumstances_of, newest_sight
from mfadesk.operations.people import get_person
from tests.road.people import desk_token
from tests.road.play import Play


@pytest.fixture
def play(throwaway):
    return Play(throwaway)


@pytest.fixture
def hazel(play):
    """Somebody with a phone's app, a token and a laptop: each could sign in."""
    hazel = play.person("hazel")
    phone = play.scene.add_authenticator(hazel.login, "totp", "Phone", created_at=play.days_ago(400))
    _, laptop = play.scene.add_passkey(hazel.login, "Laptop", last_used_at=play.days_ago(1))
    return hazel, phone, desk_token(play, hazel), laptop


@pytest.mark.parametrize(("kind", "goes"), [("hardware_token", "token"), ("app", "phone")])
def test_a_lost_token_is_the_one_that_is_suspended_and_removed(play, hazel, kind, goes):
    person, phone, token, laptop = hazel
    case = play.open(person)
    play.answer(case, authenticator="gone", kind=kind, new_device="at_hand", restored="name_only")
    assert "what-kind" in play.state(case).visited
    gone, stays = (token, phone) if goes == "token" else (phone, token)
    browser = play.redeem(case)
    browser.confirm()
    browser.prove_with_passkey(laptop)
    assert play.authenticator(person, gone).state == "suspended"
    assert play.authenticator(person, stays).state == "active"
    browser.set_up_totp_and_test()
    assert play.state(case).outcome == "changed"
    left = {a.id: a.state for a in play.scene.holdings(person.login).authenticators}
    assert gone not in left
    assert left[stays] == "active"


def test_nobody_is_asked_what_a_new_phone_shows_who_lost_a_token(play, hazel):
    case = play.open(hazel[0])
    play.answer(case, authenticator="gone", kind="hardware_token", new_device="at_hand")
    assert "restored" not in play.state(case).visited
    assert play.state(case).step == "replace"


def test_who_cannot_say_what_was_stolen_is_taken_at_the_worst(play, hazel):
    person = get_person(hazel[0].id)
    said = {}
    for kind in ("app", "key", "unknown"):
        case = play.open(hazel[0])
        play.answer(case, authenticator="stolen", kind=kind)
        said[kind] = circumstances_of(play.state(case), person, newest_sight(person.id)[0], play.clock.now()).gone
        work_case.end_case(play.desk, play.operator, case, "caller_hung_up", play.state(case).seq)
    assert said["unknown"] == {"app", "key", "hardware_token"}
    assert said["app"] == {"app"}
