"""Wrong codes: three a case, five a day for one person from one place, and never anything but what can be guessed (SETTLED 7)."""

from __future__ import annotations

import pytest

from mfadesk.kernel.errors import Refusal
from mfadesk.operations import prove, sessions
from mfadesk.store.models import Alert
from tests.road.play import Play


@pytest.fixture
def play(throwaway):
    return Play(throwaway)


@pytest.fixture
def hazel(play):
    return play.person("hazel")


@pytest.fixture
def token(play, hazel):
    return play.scene.add_authenticator(hazel.login, "totp", "Token", on_phone=False, created_at=play.days_ago(300))


def new_case(play, person):
    case = play.open(person)
    play.answer(case, authenticator="gone", new_device="at_hand", restored="name_only")
    browser = play.redeem(case)
    browser.confirm()
    return browser


def try_code(play, browser, code, source):
    session = sessions.find_session(play.desk, browser.cookie, source)
    try:
        prove.prove_with_code(play.desk, session, "totp_existing", code)
    except Refusal as refused:
        return refused.code
    return "accepted"


HERE, ELSEWHERE = "198.51.100.7", "192.0.2.44"


def five_wrong_ones(play, person):
    first, second = new_case(play, person), new_case(play, person)
    for browser in (first, first, first, second, second):
        assert try_code(play, browser, "000000", HERE) == "wrong_proof"
        # The provider's own counter is not what is tested here: it forgets between the tries.
        play.throwaway.executor.provider.reset_failures(person.login, play.token, "between tries")
    return second


def test_after_five_wrong_codes_a_day_codes_are_closed_from_there_and_security_hears_once(play, hazel, token):
    play.token = token
    second = five_wrong_ones(play, hazel)
    assert try_code(play, second, play.scene.current_code(token), HERE) == "no_tries_left"
    assert Alert.objects.filter(kind="proof_guessing").count() == 1
    assert try_code(play, new_case(play, hazel), play.scene.current_code(token), HERE) == "no_tries_left"


def test_the_person_elsewhere_and_every_other_way_stay_open(play, hazel, token):
    play.token = token
    _, passkey = play.scene.add_passkey(hazel.login, "Laptop", last_used_at=play.days_ago(30))
    second = five_wrong_ones(play, hazel)
    assert try_code(play, new_case(play, hazel), play.scene.current_code(token), ELSEWHERE) == "accepted"
    session = sessions.find_session(play.desk, second.cookie, HERE)
    _, response = passkey.sign(prove.begin_passkey(play.desk, session), play.throwaway.executor.desk.home.config.public_url)
    prove.finish_passkey(play.desk, session, response)


def test_wrong_codes_for_one_person_close_nothing_for_another(play, hazel, token):
    play.token = token
    five_wrong_ones(play, hazel)
    rowan = play.person("rowan")
    other = play.scene.add_authenticator("rowan", "totp", "Token", on_phone=False, created_at=play.days_ago(300))
    assert try_code(play, new_case(play, rowan), play.scene.current_code(other), HERE) == "accepted"


def test_the_next_day_codes_are_open_again(play, hazel, token):
    play.token = token
    five_wrong_ones(play, hazel)
    play.pass_time(86_401)
    assert try_code(play, new_case(play, hazel), play.scene.current_code(token), HERE) == "accepted"
