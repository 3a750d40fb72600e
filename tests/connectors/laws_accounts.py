"""The laws of accounts as a whole: closed and opened, sessions ended, a way in for a time."""

from __future__ import annotations

import pytest

from mfadesk.kernel.errors import Refusal, Unavailable
from mfadesk.ports.provider import Accepted, Rejected
from tests.connectors.house import FAULTS, UNSEEN, House, enrolled


class AccountLaws:
    """Collected through the subclasses of `ProviderLaws`."""

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

    @pytest.mark.parametrize("fault", FAULTS)
    def test_a_disturbed_grant_is_given_anew_and_leaves_one_way_in(self, house: House, fault: str) -> None:
        login, provider = house.fresh_login(), house.provider
        if not provider.capabilities().longest_bypass_s:
            pytest.skip("this provider gives no bypass")
        house.break_next(fault)
        with pytest.raises(Unavailable):
            provider.grant_bypass(login, "k-bypass", 600)
        assert len(provider.look(login).grants) == (1 if fault in UNSEEN else 0)
        provider.grant_bypass(login, "k-bypass", 600)
        assert [grant.key for grant in provider.look(login).grants] == ["k-bypass"]

    def test_a_provider_without_accounts_says_so_and_one_with_them_closes_and_opens(self, house: House) -> None:
        login, provider = house.fresh_login(), house.provider
        if not provider.capabilities().opens_accounts:
            for act in (provider.open_account, provider.close_account):
                with pytest.raises(Refusal) as refusal:
                    act(login, "k-1")
                assert refusal.value.code == "cannot_open"
            assert not provider.look(login).disabled
            return
        token = enrolled(house, login)
        for _ in range(2):
            provider.close_account(login, "k-close")
            assert provider.look(login).disabled and not provider.look(login).locked
        assert isinstance(provider.check_code(login, token.press()), Rejected)
        for _ in range(2):
            provider.open_account(login, "k-open")
            assert not provider.look(login).disabled
        assert isinstance(provider.check_code(login, token.press()), Accepted)

    def test_opening_and_closing_refuse_an_account_that_is_not_there(self, house: House) -> None:
        for act in (house.provider.open_account, house.provider.close_account):
            with pytest.raises(Refusal):
                act("nobody-of-that-name", "k-1")

    @pytest.mark.parametrize("fault", FAULTS)
    @pytest.mark.parametrize("act", ["close_account", "open_account"])
    def test_a_disturbed_opening_or_closing_converges_after_a_look(self, house: House, act: str, fault: str) -> None:
        login, provider = house.fresh_login(), house.provider
        if not provider.capabilities().opens_accounts:
            pytest.skip("this provider keeps no accounts")
        if act == "open_account":
            provider.close_account(login, "k-before")
        before = provider.look(login).disabled
        house.break_next(fault)
        with pytest.raises(Unavailable):
            getattr(provider, act)(login, "k-act")
        assert (provider.look(login).disabled != before) == (fault in UNSEEN)
        getattr(provider, act)(login, "k-act")
        assert provider.look(login).disabled != before

    @pytest.mark.parametrize("fault", FAULTS)
    def test_a_disturbed_end_of_sessions_may_be_repeated(self, house: House, fault: str) -> None:
        login, provider = house.fresh_login(), house.provider
        if not provider.capabilities().ends_sessions:
            provider.end_sessions(login, "k-1")
            return
        house.break_next(fault)
        with pytest.raises(Unavailable):
            provider.end_sessions(login, "k-1")
        for _ in range(2):
            provider.end_sessions(login, "k-1")
            assert provider.look(login).sessions == 0
