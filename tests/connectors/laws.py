"""The laws that every provider keeps, played against each: subclass `ProviderLaws` and give it a `house`."""

from __future__ import annotations

import base64

import pytest

from mfadesk.kernel.errors import Refusal, Unavailable
from mfadesk.kernel.secret import Secret
from mfadesk.ports.provider import Accepted, Rejected
from tests.connectors.house import FAULTS, UNSEEN, House, begin, enrolled, fresh_challenge, held, secret_in
from tests.connectors.laws_accounts import AccountLaws
from tests.connectors.laws_codes import CodeLaws
from tests.connectors.laws_passkeys import PasskeyLaws
from tests.connectors.laws_raced import RacedLaws


class ProviderLaws(AccountLaws, CodeLaws, PasskeyLaws, RacedLaws):
    """Collected through its subclasses. Those of authenticators as such stand here."""

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

    def test_no_secret_shows_in_a_record(self, house: House) -> None:
        login = house.fresh_login()
        enrolment = house.provider.enrol(login, "hotp", "Key ring token", "k-enrol")
        secret = base64.b32encode(secret_in(enrolment.secret_uri)).decode()
        assert secret not in repr(enrolment) and secret not in repr(house.provider.look(login))
