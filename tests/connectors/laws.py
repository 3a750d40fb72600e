"""The laws that every provider keeps, played against each: subclass `ProviderLaws` and give it a `house`.

A house is a provider with a way to get a fresh account, to make its next act fail in a chosen way, and to tell the time.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any, Protocol
from urllib.parse import parse_qs, urlsplit

import pytest

from mfadesk.connectors.lab import oath
from mfadesk.connectors.lab.soft_passkey import SoftPasskey
from mfadesk.kernel.errors import Refusal, Unavailable
from mfadesk.kernel.ids import SystemRandomness
from mfadesk.kernel.secret import Secret
from mfadesk.ports.provider import Accepted, Authenticator, Provider, Rejected

FAULTS = ("timeout_before", "timeout_after", "wrong_shape", "error")
UNSEEN = ("timeout_after", "wrong_shape")
"""Faults after which the act was done all the same."""


def fresh_challenge() -> bytes:
    """Return 32 bytes that no ceremony has seen: a provider takes each challenge once."""
    return SystemRandomness().bytes(32)


class House(Protocol):
    """A provider as the laws need it."""

    provider: Provider
    origin: str

    def fresh_login(self) -> str:
        """Return an account that holds nothing."""
        ...

    def break_next(self, fault: str) -> None:
        """Make the next act or check (never a look) fail: one of `FAULTS`."""
        ...


class Token:
    """The person's side of an event-based token: it knows its secret and how often it was pressed."""

    def __init__(self, authenticator_id: str, secret: bytes) -> None:
        self.id = authenticator_id
        self.secret = secret
        self.pressed = 0

    def press(self) -> Secret:
        self.pressed += 1
        return Secret(oath.hotp(self.secret, self.pressed - 1))

    def wrong(self) -> Secret:
        """Return a code that no counter near this one makes."""
        near = {oath.hotp(self.secret, n) for n in range(self.pressed + 1100)}
        return Secret(next(f"{n:06d}" for n in range(10**6) if f"{n:06d}" not in near))


def secret_in(uri: Secret | None) -> bytes:
    assert uri is not None
    text = parse_qs(urlsplit(uri.reveal()).query)["secret"][0]
    return base64.b32decode(text + "=" * (-len(text) % 8))


def begin(house: House, login: str, key: str = "k-enrol") -> Token:
    enrolment = house.provider.enrol(login, "hotp", "Key ring token", key)
    assert enrolment.creation_options is None
    return Token(enrolment.authenticator_id, secret_in(enrolment.secret_uri))


def enrolled(house: House, login: str, key: str = "k-enrol") -> Token:
    token = begin(house, login, key)
    assert isinstance(house.provider.confirm_code(login, token.id, token.press()), Accepted)
    return token


def held(house: House, login: str) -> dict[str, Authenticator]:
    return {each.id: each for each in house.provider.look(login).authenticators}


def passkey_for(house: House, login: str, **how: Any) -> tuple[str, SoftPasskey]:
    enrolment = house.provider.enrol(login, "passkey", "New phone", "k-passkey")
    assert enrolment.creation_options is not None and enrolment.secret_uri is None
    passkey, response = SoftPasskey.register(enrolment.creation_options, house.origin, SystemRandomness(), **how)
    verdict = house.provider.confirm_passkey(login, enrolment.authenticator_id, response)
    assert isinstance(verdict, Accepted)
    return enrolment.authenticator_id, passkey


def sign(
    house: House, login: str, passkey: SoftPasskey, **how: Any
) -> tuple[SoftPasskey, Mapping[str, Any], Mapping[str, Any], Accepted | Rejected]:
    options = house.provider.begin_assertion(login, fresh_challenge())
    assert options["userVerification"] == "required"
    moved, response = passkey.sign(options, house.origin, **how)
    return moved, options, response, house.provider.finish_assertion(login, options, response)


class ProviderLaws:
    """Collected through its subclasses."""

    def test_every_verb_refuses_an_account_that_it_does_not_know(self, house: House) -> None:
        provider, login, code = house.provider, "nobody-of-that-name", Secret("123456")
        for call in (
            lambda: provider.look(login),
            lambda: provider.check_code(login, code),
            lambda: provider.begin_assertion(login, fresh_challenge()),
            lambda: provider.enrol(login, "hotp", "x", "k1"),
            lambda: provider.confirm_code(login, "x", code),
            lambda: provider.suspend(login, "x", "k2"),
            lambda: provider.resume(login, "x", "k3"),
            lambda: provider.remove(login, "x", "k4"),
            lambda: provider.end_sessions(login, "k5"),
            lambda: provider.resync(login, "x", code, code),
            lambda: provider.reset_failures(login, "x", "k6"),
            lambda: provider.grant_bypass(login, "k7", 60),
            lambda: provider.end_bypass(login, "k7", "k8"),
        ):
            with pytest.raises(Refusal) as refusal:
                call()
            assert refusal.value.code == "unknown_account"

    def test_a_pending_authenticator_signs_nobody_in_until_it_is_proved(self, house: House) -> None:
        login = house.fresh_login()
        token = begin(house, login)
        assert held(house, login)[token.id].state == "pending"
        assert isinstance(house.provider.check_code(login, token.press()), Rejected)
        assert isinstance(house.provider.confirm_code(login, token.id, token.wrong()), Rejected)
        assert held(house, login)[token.id].state == "pending"
        assert house.provider.confirm_code(login, token.id, token.press()) == Accepted(token.id, "hotp", first_use=True)
        assert held(house, login)[token.id].state == "active"
        assert house.provider.check_code(login, token.press()) == Accepted(token.id, "hotp")

    def test_beginning_again_with_the_same_key_replaces_the_orphan(self, house: House) -> None:
        login = house.fresh_login()
        lost = begin(house, login, "k-same")
        found = begin(house, login, "k-same")
        assert [each.key for each in held(house, login).values()] == ["k-same"]
        assert lost.secret != found.secret
        assert not isinstance(house.provider.confirm_code(login, found.id, lost.press()), Accepted)
        assert isinstance(house.provider.confirm_code(login, found.id, found.press()), Accepted)

    def test_beginning_again_leaves_a_proved_authenticator_alone(self, house: House) -> None:
        login = house.fresh_login()
        token = enrolled(house, login, "k-same")
        with pytest.raises(Refusal) as refusal:
            house.provider.enrol(login, "hotp", "again", "k-same")
        assert refusal.value.code == "already_enrolled"
        assert isinstance(house.provider.check_code(login, token.press()), Accepted)

    def test_a_code_is_accepted_once(self, house: House) -> None:
        login = house.fresh_login()
        token = enrolled(house, login)
        code = token.press()
        assert isinstance(house.provider.check_code(login, code), Accepted)
        assert isinstance(house.provider.check_code(login, code), Rejected)

    def test_suspending_and_resuming_may_be_repeated(self, house: House) -> None:
        login = house.fresh_login()
        token = enrolled(house, login)
        for _ in range(2):
            house.provider.suspend(login, token.id, "k-suspend")
            assert held(house, login)[token.id].state == "suspended"
        assert house.provider.check_code(login, token.press()) == Rejected("suspended")
        for _ in range(2):
            house.provider.resume(login, token.id, "k-resume")
            assert held(house, login)[token.id].state == "active"
        assert isinstance(house.provider.check_code(login, token.press()), Accepted)

    def test_resuming_does_not_spare_a_pending_authenticator_its_test(self, house: House) -> None:
        login = house.fresh_login()
        token = begin(house, login)
        house.provider.suspend(login, token.id, "k-suspend")
        assert not isinstance(house.provider.confirm_code(login, token.id, token.press()), Accepted)
        house.provider.resume(login, token.id, "k-resume")
        assert held(house, login)[token.id].state == "pending"
        assert isinstance(house.provider.check_code(login, token.press()), Rejected)

    def test_removing_may_be_repeated_and_stays_removed(self, house: House) -> None:
        login = house.fresh_login()
        token = enrolled(house, login)
        for _ in range(2):
            house.provider.remove(login, token.id, "k-remove")
            assert held(house, login) == {}
        assert isinstance(house.provider.check_code(login, token.press()), Rejected)

    def test_nothing_is_done_to_another_account(self, house: House) -> None:
        owner, other = house.fresh_login(), house.fresh_login()
        token = enrolled(house, owner)
        house.provider.remove(other, token.id, "k-1")
        for act in (house.provider.suspend, house.provider.reset_failures):
            with pytest.raises(Refusal):
                act(other, token.id, "k-2")
        assert isinstance(house.provider.confirm_code(other, token.id, token.press()), Rejected)
        assert isinstance(house.provider.check_code(owner, token.press()), Accepted)

    def test_wrong_codes_lock_and_a_reset_unlocks(self, house: House) -> None:
        login = house.fresh_login()
        token = enrolled(house, login)
        limit = house.provider.capabilities().max_failures
        for count in range(limit):
            assert house.provider.check_code(login, token.wrong()) == Rejected("wrong")
            assert held(house, login)[token.id].fail_count == count + 1
        assert house.provider.check_code(login, token.press()) == Rejected("locked")
        for _ in range(2):
            house.provider.reset_failures(login, token.id, "k-reset")
            assert held(house, login)[token.id].fail_count == 0
        assert isinstance(house.provider.check_code(login, token.press()), Accepted)

    def test_a_wrong_code_is_no_use_of_an_authenticator(self, house: House) -> None:
        login = house.fresh_login()
        token = enrolled(house, login)
        before = held(house, login)[token.id].last_used_at
        house.provider.check_code(login, token.wrong())
        assert held(house, login)[token.id].last_used_at == before
        house.provider.check_code(login, token.press())
        assert held(house, login)[token.id].last_used_at is not None

    def test_resynchronising_takes_two_consecutive_codes(self, house: House) -> None:
        login = house.fresh_login()
        token = enrolled(house, login)
        token.pressed = 40
        assert house.provider.check_code(login, token.press()) == Rejected("wrong")
        first, _, third = token.press(), token.press(), token.press()
        assert house.provider.resync(login, token.id, first, third) == Rejected("wrong")
        assert house.provider.resync(login, token.id, token.press(), token.press()) == Accepted(token.id, "hotp")
        assert isinstance(house.provider.check_code(login, token.press()), Accepted)

    def test_a_pair_of_codes_is_taken_once(self, house: House) -> None:
        login = house.fresh_login()
        token = enrolled(house, login)
        token.pressed = 40
        first, second = token.press(), token.press()
        assert isinstance(house.provider.resync(login, token.id, first, second), Accepted)
        assert isinstance(house.provider.resync(login, token.id, first, second), Rejected)
        assert isinstance(house.provider.check_code(login, second), Rejected), "the codes that were shown sign nobody in"
        assert isinstance(house.provider.check_code(login, token.press()), Accepted)

    def test_only_a_proved_token_in_use_is_brought_back_in_step(self, house: House) -> None:
        login, other = house.fresh_login(), house.fresh_login()
        token = enrolled(house, login)
        assert house.provider.resync(other, token.id, token.press(), token.press()) == Rejected("unknown")
        assert house.provider.resync(login, "no-such-token", token.press(), token.press()) == Rejected("unknown")
        house.provider.suspend(login, token.id, "k-suspend")
        assert house.provider.resync(login, token.id, token.press(), token.press()) == Rejected("suspended")
        house.provider.remove(login, token.id, "k-remove")
        assert house.provider.resync(login, token.id, token.press(), token.press()) == Rejected("unknown")
        fresh = begin(house, other)
        assert house.provider.resync(other, fresh.id, fresh.press(), fresh.press()) == Rejected("unknown")

    @pytest.mark.parametrize("pair", [("", ""), ("x" * 5000, "1"), ("' OR 1=1 --", "*"), ("٣٤٥٦٧٨", "٣٤٥٦٧٩")])
    def test_no_odd_texts_are_a_pair(self, house: House, pair: tuple[str, str]) -> None:
        login = house.fresh_login()
        token = enrolled(house, login)
        assert isinstance(house.provider.resync(login, token.id, Secret(pair[0]), Secret(pair[1])), Rejected)
        assert isinstance(house.provider.check_code(login, token.press()), Accepted)

    @pytest.mark.parametrize("fault", FAULTS)
    def test_a_pair_is_burnt_exactly_where_the_provider_saw_it(self, house: House, fault: str) -> None:
        login = house.fresh_login()
        token = enrolled(house, login)
        token.pressed = 40
        first, second = token.press(), token.press()
        house.break_next(fault)
        with pytest.raises(Unavailable) as unavailable:
            house.provider.resync(login, token.id, first, second)
        if fault != "error":
            assert unavailable.value.effect_unknown
        verdict = house.provider.resync(login, token.id, first, second)
        assert isinstance(verdict, Rejected if fault in UNSEEN else Accepted)
        assert isinstance(house.provider.check_code(login, token.press()), Accepted)

    @pytest.mark.parametrize("fault", FAULTS)
    def test_a_disturbed_reset_of_the_counter_converges_after_a_look(self, house: House, fault: str) -> None:
        login = house.fresh_login()
        token = enrolled(house, login)
        house.provider.check_code(login, token.wrong())
        house.break_next(fault)
        with pytest.raises(Unavailable):
            house.provider.reset_failures(login, token.id, "k-reset")
        assert held(house, login)[token.id].fail_count == (0 if fault in UNSEEN else 1)
        house.provider.reset_failures(login, token.id, "k-reset")
        assert held(house, login)[token.id].fail_count == 0

    @pytest.mark.parametrize("code", ["", " ", "0", "x" * 5000, "12 34", "' OR 1=1 --", "\x00\x00", "٣٤٥٦٧٨", "*", "-1"])
    def test_no_odd_text_is_a_code(self, house: House, code: str) -> None:
        login = house.fresh_login()
        token = enrolled(house, login)
        assert isinstance(house.provider.check_code(login, Secret(code)), Rejected)
        assert isinstance(house.provider.check_code(login, token.press()), Accepted)

    @pytest.mark.parametrize("fault", FAULTS)
    def test_a_disturbed_act_converges_after_a_look(self, house: House, fault: str) -> None:
        login = house.fresh_login()
        token = enrolled(house, login)
        provider = house.provider
        for act, reached in (
            (lambda: provider.suspend(login, token.id, "k-1"), lambda: held(house, login)[token.id].state == "suspended"),
            (lambda: provider.resume(login, token.id, "k-2"), lambda: held(house, login)[token.id].state == "active"),
            (lambda: provider.remove(login, token.id, "k-3"), lambda: token.id not in held(house, login)),
        ):
            house.break_next(fault)
            with pytest.raises(Unavailable) as unavailable:
                act()
            if fault != "error":
                assert unavailable.value.effect_unknown
            assert reached() == (fault in UNSEEN)
            act()
            assert reached()

    @pytest.mark.parametrize("fault", FAULTS)
    def test_a_disturbed_enrolment_leaves_one_authenticator_after_beginning_again(self, house: House, fault: str) -> None:
        login = house.fresh_login()
        house.break_next(fault)
        with pytest.raises(Unavailable):
            begin(house, login, "k-lost")
        assert [each.state for each in held(house, login).values()] == (["pending"] if fault in UNSEEN else [])
        token = begin(house, login, "k-lost")
        assert list(held(house, login)) == [token.id]
        assert isinstance(house.provider.confirm_code(login, token.id, token.press()), Accepted)

    @pytest.mark.parametrize("fault", UNSEEN)
    def test_a_disturbed_validation_is_not_repeated_by_the_connector(self, house: House, fault: str) -> None:
        login = house.fresh_login()
        token = enrolled(house, login)
        house.break_next(fault)
        with pytest.raises(Unavailable) as unavailable:
            house.provider.check_code(login, token.wrong())
        assert unavailable.value.effect_unknown
        assert held(house, login)[token.id].fail_count == 1, "one failure was counted: the code was sent once"

    @pytest.mark.parametrize("fault", FAULTS)
    def test_a_code_is_burnt_exactly_where_the_provider_saw_it(self, house: House, fault: str) -> None:
        login = house.fresh_login()
        token = enrolled(house, login)
        code = token.press()
        house.break_next(fault)
        with pytest.raises(Unavailable):
            house.provider.check_code(login, code)
        assert isinstance(house.provider.check_code(login, code), Rejected if fault in UNSEEN else Accepted)

    def test_a_passkey_is_pending_until_its_first_assertion(self, house: House) -> None:
        login = house.fresh_login()
        authenticator_id, passkey = passkey_for(house, login)
        assert held(house, login)[authenticator_id].state == "pending"
        passkey, _, _, verdict = sign(house, login, passkey)
        assert verdict == Accepted(authenticator_id, "passkey", first_use=True)
        assert held(house, login)[authenticator_id].state == "active"
        _, _, _, verdict = sign(house, login, passkey)
        assert verdict == Accepted(authenticator_id, "passkey")

    def test_a_synced_passkey_is_told_by_its_flag(self, house: House) -> None:
        login = house.fresh_login()
        authenticator_id, passkey = passkey_for(house, login, synced=True)
        _, _, _, verdict = sign(house, login, passkey)
        assert verdict == Accepted(authenticator_id, "passkey_synced", first_use=True)

    @pytest.mark.parametrize("synced", [True, False])
    def test_an_assertion_is_accepted_once(self, house: House, synced: bool) -> None:
        # A synced passkey keeps no counter, so that only the spent challenge tells the repetition.
        login = house.fresh_login()
        _, passkey = passkey_for(house, login, synced=synced)
        _, options, response, verdict = sign(house, login, passkey)
        assert isinstance(verdict, Accepted)
        assert house.provider.finish_assertion(login, options, response) == Rejected("replayed")

    def test_an_assertion_without_user_verification_is_refused(self, house: House) -> None:
        login = house.fresh_login()
        _, passkey = passkey_for(house, login)
        assert sign(house, login, passkey, user_verified=False)[3] == Rejected("no_user_verification")

    def test_an_assertion_for_another_challenge_or_origin_is_refused(self, house: House) -> None:
        login = house.fresh_login()
        _, passkey = passkey_for(house, login)
        options = dict(house.provider.begin_assertion(login, fresh_challenge()))
        other = {**options, "challenge": base64.urlsafe_b64encode(b"another challenge altogether").decode().rstrip("=")}
        _, response = passkey.sign(other, house.origin)
        assert house.provider.finish_assertion(login, options, response) == Rejected("wrong")
        options = dict(house.provider.begin_assertion(login, fresh_challenge()))
        _, response = passkey.sign(options, "http://localhost:6666")
        assert house.provider.finish_assertion(login, options, response) == Rejected("wrong")

    def test_a_suspended_or_removed_passkey_signs_nobody_in(self, house: House) -> None:
        login = house.fresh_login()
        authenticator_id, passkey = passkey_for(house, login)
        passkey, _, _, _ = sign(house, login, passkey)
        options = house.provider.begin_assertion(login, fresh_challenge())
        house.provider.suspend(login, authenticator_id, "k-1")
        _, response = passkey.sign(options, house.origin)
        assert isinstance(house.provider.finish_assertion(login, options, response), Rejected)
        house.provider.resume(login, authenticator_id, "k-2")
        options = house.provider.begin_assertion(login, fresh_challenge())
        house.provider.remove(login, authenticator_id, "k-3")
        _, response = passkey.sign(options, house.origin)
        assert isinstance(house.provider.finish_assertion(login, options, response), Rejected)

    @pytest.mark.parametrize(
        "junk", [{}, {"id": 3}, {"id": "AA", "rawId": "AA", "response": {}}, {"response": None, "id": "é"}]
    )
    def test_junk_from_a_browser_is_refused_and_breaks_nothing(self, house: House, junk: dict[str, Any]) -> None:
        login = house.fresh_login()
        enrolment = house.provider.enrol(login, "passkey", "New phone", "k-passkey")
        assert isinstance(house.provider.confirm_passkey(login, enrolment.authenticator_id, junk), Rejected)
        assert enrolment.creation_options is not None
        passkey, response = SoftPasskey.register(enrolment.creation_options, house.origin, SystemRandomness())
        assert isinstance(house.provider.confirm_passkey(login, enrolment.authenticator_id, response), Accepted)
        options = house.provider.begin_assertion(login, fresh_challenge())
        assert isinstance(house.provider.finish_assertion(login, options, junk), Rejected)
        assert isinstance(sign(house, login, passkey)[3], Accepted)

    def test_a_registration_without_user_verification_is_refused(self, house: House) -> None:
        login = house.fresh_login()
        enrolment = house.provider.enrol(login, "passkey", "New phone", "k-passkey")
        assert enrolment.creation_options is not None
        _, response = SoftPasskey.register(enrolment.creation_options, house.origin, SystemRandomness(), user_verified=False)
        verdict = house.provider.confirm_passkey(login, enrolment.authenticator_id, response)
        assert verdict == Rejected("no_user_verification")

    def test_a_provider_without_a_bypass_gives_none_and_one_with_it_ends_it_for_good(self, house: House) -> None:
        login, provider = house.fresh_login(), house.provider
        if not provider.capabilities().longest_bypass_s:
            with pytest.raises(Refusal) as refusal:
                provider.grant_bypass(login, "k-bypass", 600)
            assert refusal.value.code == "cannot_bypass"
            assert provider.look(login).grants == ()
            provider.end_bypass(login, "k-bypass", "k-end")
            return
        first = provider.grant_bypass(login, "k-bypass", 600)
        again = provider.grant_bypass(login, "k-bypass", 600)
        assert [grant.key for grant in provider.look(login).grants] == ["k-bypass"]
        assert first.code != again.code and again.code.reveal() not in repr(again)
        assert isinstance(provider.check_code(login, again.code), Rejected), "a way in proves nobody to the desk"
        for _ in range(2):
            provider.end_bypass(login, "k-bypass", "k-end")
            assert provider.look(login).grants == ()
        with pytest.raises(Refusal):
            provider.grant_bypass(login, "k-long", provider.capabilities().longest_bypass_s + 1)

    @pytest.mark.parametrize("fault", FAULTS)
    def test_a_disturbed_end_of_a_bypass_converges_after_a_look(self, house: House, fault: str) -> None:
        login, provider = house.fresh_login(), house.provider
        if not provider.capabilities().longest_bypass_s:
            pytest.skip("this provider gives no bypass")
        provider.grant_bypass(login, "k-bypass", 600)
        house.break_next(fault)
        with pytest.raises(Unavailable):
            provider.end_bypass(login, "k-bypass", "k-end")
        assert (provider.look(login).grants == ()) == (fault in UNSEEN)
        provider.end_bypass(login, "k-bypass", "k-end")
        assert provider.look(login).grants == ()

    def test_no_secret_shows_in_a_record(self, house: House) -> None:
        login = house.fresh_login()
        enrolment = house.provider.enrol(login, "hotp", "Key ring token", "k-enrol")
        secret = base64.b32encode(secret_in(enrolment.secret_uri)).decode()
        assert secret not in repr(enrolment) and secret not in repr(house.provider.look(login))
