"""The laws of passkeys: one challenge, one answer, by whom it was meant for and with the person there."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from mfadesk.connectors.lab.soft_passkey import SoftPasskey
from mfadesk.kernel.errors import Unavailable
from mfadesk.kernel.ids import SystemRandomness
from mfadesk.ports.provider import Accepted, Rejected
from tests.connectors.house import FAULTS, UNSEEN, House, fresh_challenge, held, passkey_for, sign


class PasskeyLaws:
    """Collected through the subclasses of `ProviderLaws`."""

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

    def test_an_answer_to_a_registration_that_was_begun_anew_registers_nothing(self, house: House) -> None:
        login = house.fresh_login()
        late = house.provider.enrol(login, "passkey", "New phone", "k-passkey")
        _, response = SoftPasskey.register(late.creation_options or {}, house.origin, SystemRandomness())
        newer = house.provider.enrol(login, "passkey", "New phone", "k-passkey")
        for authenticator_id in {late.authenticator_id, newer.authenticator_id}:
            assert isinstance(house.provider.confirm_passkey(login, authenticator_id, response), Rejected)
        _, response = SoftPasskey.register(newer.creation_options or {}, house.origin, SystemRandomness())
        assert isinstance(house.provider.confirm_passkey(login, newer.authenticator_id, response), Accepted)

    @pytest.mark.parametrize("fault", FAULTS)
    def test_a_disturbed_registration_is_finished_or_begun_anew(self, house: House, fault: str) -> None:
        login = house.fresh_login()
        begun = house.provider.enrol(login, "passkey", "New phone", "k-passkey")
        passkey, response = SoftPasskey.register(begun.creation_options or {}, house.origin, SystemRandomness())
        house.break_next(fault)
        with pytest.raises(Unavailable):
            house.provider.confirm_passkey(login, begun.authenticator_id, response)
        again = house.provider.confirm_passkey(login, begun.authenticator_id, response)
        assert isinstance(again, Accepted) or fault in UNSEEN
        # Whether or not it was seen, it works as soon as it signed in once; nobody holds two of them.
        assert [each.state for each in held(house, login).values()] == ["pending"]
        assert isinstance(sign(house, login, passkey)[3], Accepted)
        assert [each.state for each in held(house, login).values()] == ["active"]

    @pytest.mark.parametrize("fault", FAULTS)
    def test_a_disturbed_assertion_is_spent_exactly_where_the_provider_saw_it(self, house: House, fault: str) -> None:
        login = house.fresh_login()
        _, passkey = passkey_for(house, login)
        passkey = sign(house, login, passkey)[0]
        options = house.provider.begin_assertion(login, fresh_challenge())
        passkey, response = passkey.sign(options, house.origin)
        house.break_next(fault)
        with pytest.raises(Unavailable):
            house.provider.finish_assertion(login, options, response)
        assert isinstance(house.provider.finish_assertion(login, options, response), Rejected if fault in UNSEEN else Accepted)
        assert isinstance(sign(house, login, passkey)[3], Accepted)

    @pytest.mark.parametrize("fault", FAULTS)
    def test_a_disturbed_beginning_costs_a_beginning(self, house: House, fault: str) -> None:
        login = house.fresh_login()
        _, passkey = passkey_for(house, login)
        passkey = sign(house, login, passkey)[0]
        house.break_next(fault)
        with pytest.raises(Unavailable):
            house.provider.begin_assertion(login, fresh_challenge())
        assert isinstance(sign(house, login, passkey)[3], Accepted)
