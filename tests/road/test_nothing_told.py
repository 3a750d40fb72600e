"""Before a first proof a page tells nothing about the person: not even whether they have a passkey (SETTLED 4)."""

from __future__ import annotations

import base64

import pytest

from mfadesk.connectors.lab.soft_passkey import SoftPasskey
from mfadesk.kernel.errors import Refusal
from mfadesk.kernel.ids import SeededRandomness
from mfadesk.operations import prove
from tests.road.play import PUBLIC_URL, Play


@pytest.fixture
def play(throwaway):
    return Play(throwaway)


def browser_of(play, name, passkeys=0):
    person = play.person(name)
    play.scene.add_authenticator(person.login, "totp", "Phone", last_used_at=play.days_ago(2))
    held = [play.scene.add_passkey(person.login, f"Key {n}", last_used_at=play.days_ago(30))[1] for n in range(passkeys)]
    case = play.open(person)
    play.answer(case, authenticator="gone", new_device="at_hand", restored="name_only")
    browser = play.redeem(case)
    browser.confirm()
    return browser, held


def ids(play, browser):
    return [each["id"] for each in prove.begin_passkey(play.desk, browser.session)["allowCredentials"]]


@pytest.mark.parametrize("passkeys", [1, 3])
def test_request_options_look_alike_whether_there_is_a_passkey_or_not(play, passkeys):
    without, _ = browser_of(play, "hazel")
    with_some, held = browser_of(play, "rowan", passkeys)
    empty, some = (prove.begin_passkey(play.desk, each.session) for each in (without, with_some))
    assert empty.keys() == some.keys()
    assert len(empty["allowCredentials"]) == len(some["allowCredentials"]) == 8
    assert {k: v for k, v in empty.items() if k not in ("challenge", "allowCredentials")} == {
        k: v for k, v in some.items() if k not in ("challenge", "allowCredentials")
    }
    real = {base64.urlsafe_b64encode(each.credential_id).decode().rstrip("=") for each in held}
    assert real <= set(ids(play, with_some))
    lengths = {len(each) for each in ids(play, without)}
    assert len(lengths) > 1


def test_asked_again_the_list_is_the_same_so_that_what_stays_tells_nothing(play):
    browser, _ = browser_of(play, "hazel")
    assert ids(play, browser) == ids(play, browser)
    other, _ = browser_of(play, "rowan")
    assert not set(ids(play, browser)) & set(ids(play, other))


def test_each_real_passkey_in_the_list_still_proves(play):
    browser, held = browser_of(play, "hazel", 2)
    browser.prove_with_passkey(held[1])
    assert [p.evidence.method for p in play.state(browser.session.case_id).pieces] == ["fido2_existing"]


def test_where_the_provider_has_nothing_to_ask_for_the_page_looks_the_same_and_any_answer_is_refused(play, monkeypatch):
    browser, _ = browser_of(play, "hazel")
    told = prove.begin_passkey(play.desk, browser.session)

    def nothing(login, challenge):
        raise Refusal("no_passkey", "The account has no passkey that could answer.")

    monkeypatch.setattr(play.throwaway.executor.provider, "begin_assertion", nothing)
    options = prove.begin_passkey(play.desk, browser.session)
    assert options.keys() == told.keys()
    assert [e["id"] for e in options["allowCredentials"]] == [e["id"] for e in told["allowCredentials"]]
    strange = SoftPasskey.make(options["rpId"], b"handle", SeededRandomness(1))
    _, response = strange.sign({**options, "allowCredentials": []}, PUBLIC_URL)
    with pytest.raises(Refusal):
        prove.finish_passkey(play.desk, browser.session, response)
    assert play.state(browser.session.case_id).pieces == ()
