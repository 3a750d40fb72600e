"""What is lost is what the desk switches off: the runbook asks what it was, and nothing else is touched."""

from __future__ import annotations

import pytest

from mfadesk.kernel.errors import Refusal
from mfadesk.operations import work_case
from mfadesk.operations.conditions import unmet_conditions
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
    assert said["unknown"] == {"app", "key", "hardware_token", "laptop"}
    assert said["app"] == {"app"}


@pytest.mark.parametrize(
    ("goal", "kind"), [("report_loss", "hardware_token"), ("report_loss", "app"), ("replace_device", "hardware_token")]
)
def test_only_what_was_named_is_suspended_when_a_loss_is_reported(play, hazel, goal, kind):
    person, phone, token, laptop = hazel
    case = play.open(person, goal)
    play.answer(case, authenticator="stolen", kind=kind)
    assert "what-kind" in play.state(case).visited
    browser = play.redeem(case)
    browser.confirm()
    browser.prove_with_passkey(laptop)
    gone, stays = (token, phone) if kind == "hardware_token" else (phone, token)
    assert play.authenticator(person, gone).state == "suspended"
    assert play.authenticator(person, stays).state == "active"


@pytest.mark.parametrize(("kind", "reason"), [("unknown", "not_named"), ("key", "none_of_that_kind")])
def test_nothing_is_switched_off_where_nobody_can_tell_which_it_was(play, hazel, kind, reason):
    person, phone, token, laptop = hazel
    case = play.open(person, "report_loss")
    play.answer(case, authenticator="gone", kind=kind)
    browser = play.redeem(case)
    browser.confirm()
    browser.prove_with_passkey(laptop)
    state = play.state(case)
    assert (state.step, state.targets, state.verdicts) == ("prove-to-suspend", (), {})
    assert {a.state for a in play.scene.holdings(person.login).authenticators} == {"active"}
    sight = newest_sight(person.id)[0]
    unmet = unmet_conditions("suspend_authenticator", state, person, sight.holdings, play.desk.policy, play.clock.now())
    assert [each.code for each in unmet] == [reason]


def test_who_cannot_say_and_has_one_thing_only_means_that_thing(play):
    person = play.person("rowan")
    token = desk_token(play, person)
    play.scene.set_factor(person.login, "managed_device_signin")
    case = play.open(person, "report_loss")
    play.answer(case, authenticator="gone", kind="unknown")
    browser = play.redeem(case)
    browser.confirm()
    browser.prove_with_service("managed_device_signin")
    assert play.authenticator(person, token).state == "suspended"


def test_a_stolen_computer_takes_its_own_passkey_and_leaves_the_phone(play, hazel):
    person, phone, token, laptop = hazel
    holdings = play.scene.holdings(person.login)
    case = play.open(person, "report_loss")
    play.answer(case, authenticator="stolen", kind="laptop")
    (target,) = play.state(case).targets
    assert next(a.kind for a in holdings.authenticators if a.id == target) == "passkey"


def test_somebody_of_whom_nothing_is_on_file_is_not_asked_in_vain(play):
    person = play.person("linden")
    play.scene.set_factor(person.login, "managed_device_signin")
    case = play.open(person)
    play.answer(case, authenticator="gone", kind="app", new_device="at_hand", restored="nothing")
    browser = play.redeem(case)
    browser.confirm()
    browser.prove_with_service("managed_device_signin")
    assert play.state(case).verdicts["replace_authenticator"].allowed


def test_of_two_keys_the_one_that_is_shown_is_not_the_one_that_is_gone(play):
    person = play.person("alder")
    lost, _ = play.scene.add_passkey(person.login, "Key at home", "security_key", last_used_at=play.days_ago(3))
    mine, key = play.scene.add_passkey(person.login, "Key on the ring", "security_key", last_used_at=play.days_ago(1))
    case = play.open(person)
    play.answer(case, authenticator="broken", kind="key", new_device="spare_key")
    browser = play.redeem(case)
    browser.confirm()
    browser.prove_with_passkey(key)
    state = play.state(case)
    assert state.targets == (lost,)
    assert play.authenticator(person, lost).state == "suspended"
    assert play.authenticator(person, mine).state == "active"


def test_the_only_key_that_is_said_to_be_gone_proves_nobody(play):
    person = play.person("aspen")
    _, key = play.scene.add_passkey(person.login, "Key", "security_key", last_used_at=play.days_ago(1))
    case = play.open(person)
    play.answer(case, authenticator="gone", kind="key", new_device="spare_key")
    browser = play.redeem(case)
    browser.confirm()
    with pytest.raises(Refusal):
        browser.prove_with_passkey(key)
    assert play.state(case).pieces == ()


def test_a_new_device_for_a_closed_account_leads_to_the_road_that_opens_it(play, hazel):
    person, _phone, _token, _laptop = hazel
    play.scene.add_account(person.login, disabled=True)
    play.scene.set_factor(person.login, "managed_device_signin")
    case = play.open(person)
    play.answer(case, authenticator="gone", kind="app", new_device="at_hand", restored="name_only")
    browser = play.redeem(case)
    browser.confirm()
    browser.prove_with_service("managed_device_signin")
    state = play.state(case)
    assert (state.step, state.verdicts) == ("replace", {})
    sight = newest_sight(person.id)[0]
    (reason,) = unmet_conditions("replace_authenticator", state, person, sight.holdings, play.desk.policy, play.clock.now())
    assert "An account is closed or disabled" in reason.sentence
