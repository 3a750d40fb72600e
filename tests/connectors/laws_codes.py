"""The laws of codes: each is taken once, whatever happens on the way, and only from an authenticator that may."""

from __future__ import annotations

import pytest

from mfadesk.kernel.errors import Unavailable
from mfadesk.kernel.secret import Secret
from mfadesk.ports.provider import Accepted, Rejected
from tests.connectors.house import FAULTS, UNSEEN, House, begin, enrolled, held


class CodeLaws:
    """Collected through the subclasses of `ProviderLaws`."""

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

    def test_a_code_is_accepted_once(self, house: House) -> None:
        login = house.fresh_login()
        token = enrolled(house, login)
        code = token.press()
        assert isinstance(house.provider.check_code(login, code), Accepted)
        assert isinstance(house.provider.check_code(login, code), Rejected)

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

    @pytest.mark.parametrize("code", ["", " ", "0", "x" * 5000, "12 34", "' OR 1=1 --", "\x00\x00", "٣٤٥٦٧٨", "*", "-1"])
    def test_no_odd_text_is_a_code(self, house: House, code: str) -> None:
        login = house.fresh_login()
        token = enrolled(house, login)
        assert isinstance(house.provider.check_code(login, Secret(code)), Rejected)
        assert isinstance(house.provider.check_code(login, token.press()), Accepted)

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

    @pytest.mark.parametrize("fault", FAULTS)
    def test_a_disturbed_test_of_a_new_token_is_not_taken_for_a_yes_and_another_code_settles_it(
        self, house: House, fault: str
    ) -> None:
        login = house.fresh_login()
        token = begin(house, login)
        house.break_next(fault)
        with pytest.raises(Unavailable):
            house.provider.confirm_code(login, token.id, token.press())
        assert held(house, login)[token.id].state == ("active" if fault in UNSEEN else "pending")
        verdict = house.provider.confirm_code(login, token.id, token.press())
        assert isinstance(verdict, Accepted)
        assert held(house, login)[token.id].state == "active"

    def test_a_code_that_comes_late_tests_nothing_any_more(self, house: House) -> None:
        login = house.fresh_login()
        token = begin(house, login)
        house.provider.remove(login, token.id, "k-remove")
        assert isinstance(house.provider.confirm_code(login, token.id, token.press()), Rejected)
        assert held(house, login) == {}
