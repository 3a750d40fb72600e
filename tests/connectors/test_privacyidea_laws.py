"""The common laws against a real privacyIDEA, with a transport in between that loses requests, answers, or their shape."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from mfadesk.connectors.lab import oath
from mfadesk.connectors.lab.soft_passkey import SoftPasskey
from mfadesk.connectors.privacyidea.provider import PrivacyIdeaProvider, open_privacyidea
from mfadesk.kernel.clock import SystemClock
from mfadesk.kernel.errors import Unavailable
from mfadesk.kernel.ids import SystemRandomness
from mfadesk.kernel.secret import Secret
from mfadesk.ports.provider import Accepted, Rejected
from tests.connectors.house import enrolled, held, passkey_for, secret_in, sign
from tests.connectors.laws import ProviderLaws
from tests.services import privacyidea as service

pytestmark = [pytest.mark.privacyidea, pytest.mark.slow, pytest.mark.xdist_group("privacyidea")]

_numbers = itertools.count()


class Disturbance(httpx.BaseTransport):
    """Passes requests on to the server; the next one that is no read fails as told."""

    def __init__(self) -> None:
        self._wire = httpx.HTTPTransport()
        self.fault: str | None = None

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        fault = self.fault
        if fault is None or request.method == "GET":
            return self._wire.handle_request(request)
        self.fault = None
        if fault == "timeout_before":
            raise httpx.ReadTimeout("lost on the way there", request=request)
        if fault == "error":
            return httpx.Response(503, text="<html>try later</html>", request=request)
        self._wire.handle_request(request).read()
        if fault == "timeout_after":
            raise httpx.ReadTimeout("lost on the way back", request=request)
        return httpx.Response(200, text='{"result": "what is this"}', request=request)

    def close(self) -> None:
        self._wire.close()


class PrivacyIdeaHouse:
    origin = service.ORIGIN

    def __init__(self, server: service.PrivacyIdea) -> None:
        self.server = server
        self.wire = Disturbance()
        self.opened: list[PrivacyIdeaProvider] = []
        self.provider: PrivacyIdeaProvider = open_privacyidea(
            server.configuration(), SystemClock(), Secret(server.token), self.wire
        )

    def fresh_login(self) -> str:
        return service.USERS[next(_numbers)]

    def break_next(self, fault: str) -> None:
        self.wire.fault = fault

    def rivals(self) -> tuple[PrivacyIdeaProvider, PrivacyIdeaProvider]:
        other = open_privacyidea(self.server.configuration(), SystemClock(), Secret(self.server.token))
        self.opened.append(other)
        return self.provider, other

    def close(self) -> None:
        for each in (self.provider, *self.opened):
            each.close()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[service.PrivacyIdea]:
    running, process = service.start(tmp_path_factory.mktemp("privacyidea"))
    yield running
    service.stop(process)


@pytest.fixture
def house(server: service.PrivacyIdea) -> Iterator[PrivacyIdeaHouse]:
    house = PrivacyIdeaHouse(server)
    yield house
    house.close()


class TestPrivacyIdea(ProviderLaws):
    """Every law, against the real thing."""

    def test_one_code_shown_twice_at_one_moment_is_taken_once(self, house: PrivacyIdeaHouse) -> None:
        """By one executor: over two connections privacyIDEA 3.14 itself takes it twice, which the package says of it."""
        house.rivals = lambda: (house.provider, house.provider)  # type: ignore[method-assign]
        super().test_one_code_shown_twice_at_one_moment_is_taken_once(house)

    def test_one_assertion_shown_twice_at_one_moment_is_taken_once(self, house: PrivacyIdeaHouse) -> None:
        """By one executor, as with a code."""
        house.rivals = lambda: (house.provider, house.provider)  # type: ignore[method-assign]
        super().test_one_assertion_shown_twice_at_one_moment_is_taken_once(house)


def put_policy(server: service.PrivacyIdea, name: str, **fields: Any) -> None:
    server.call("POST", f"/policy/{name}", fields)


def test_it_is_healthy_and_says_what_it_can(house: PrivacyIdeaHouse) -> None:
    house.provider.health()
    capabilities = house.provider.capabilities()
    assert capabilities.suspends_without_gap and house.provider.find_gaps() == ()
    assert capabilities.enrols >= {"totp", "hotp", "passkey"}
    assert house.provider.find_excess_rights(service.SERVICE_ACCOUNT) == ()
    assert not capabilities.binds_challenge and not capabilities.ends_sessions


def test_an_app_is_enrolled_proved_and_its_codes_are_taken_once(house: PrivacyIdeaHouse) -> None:
    login = house.fresh_login()
    enrolment = house.provider.enrol(login, "totp", "New phone", "k-1")
    secret, step = secret_in(enrolment.secret_uri), int(time.time()) // 30
    code = [Secret(oath.hotp(secret, step + n)) for n in range(-2, 3)]
    assert held(house, login)[enrolment.authenticator_id].on_phone
    assert isinstance(house.provider.check_code(login, code[0]), Rejected)
    assert house.provider.confirm_code(login, enrolment.authenticator_id, code[1]) == Accepted(
        enrolment.authenticator_id, "totp", first_use=True
    )
    assert house.provider.check_code(login, code[1]) == Rejected("replayed")
    assert house.provider.check_code(login, code[3]) == Accepted(enrolment.authenticator_id, "totp")
    assert isinstance(house.provider.check_code(login, code[2]), Rejected)


def test_one_challenge_covers_every_passkey_of_the_account(house: PrivacyIdeaHouse) -> None:
    login = house.fresh_login()
    keys = []
    for key in ("k-1", "k-2"):
        enrolment = house.provider.enrol(login, "security_key", "Key " + key, key)
        passkey, response = SoftPasskey.register(enrolment.creation_options or {}, house.origin, SystemRandomness())
        assert isinstance(house.provider.confirm_passkey(login, enrolment.authenticator_id, response), Accepted)
        keys.append((enrolment.authenticator_id, passkey))
    for authenticator_id, passkey in keys:
        verdict = sign(house, login, passkey)[3]
        assert isinstance(verdict, Accepted) and verdict.authenticator_id == authenticator_id


def test_asking_for_a_passkey_sends_no_text_message(house: PrivacyIdeaHouse) -> None:
    login = house.fresh_login()
    _, passkey = passkey_for(house, login)
    house.server.call("POST", "/token/init", {"type": "sms", "user": login, "realm": "corp", "phone": "+15550100", "genkey": 1})
    sms = next(each for each in held(house, login).values() if each.kind == "sms")
    assert isinstance(sign(house, login, passkey)[3], Accepted)
    challenges = house.server.call("GET", f"/token/challenges/{sms.id}")["challenges"]
    assert challenges == []


def test_a_service_token_that_is_not_accepted_is_named(server: service.PrivacyIdea) -> None:
    provider = open_privacyidea(server.configuration(), SystemClock(), Secret("eyJ.not.ours"))
    with pytest.raises(Unavailable, match="service token"):
        provider.health()
    provider.close()


def test_a_policy_that_waves_people_through_is_a_gap_and_its_acceptance_proves_nothing(house: PrivacyIdeaHouse) -> None:
    login = house.fresh_login()
    put_policy(house.server, "wave", scope="authentication", action={"passOnNoToken": True}, user=[login])
    try:
        assert not house.provider.capabilities().suspends_without_gap
        with pytest.raises(Unavailable, match="proves nothing"):
            house.provider.check_code(login, Secret("123456"))
    finally:
        house.server.call("DELETE", "/policy/wave")


def test_a_token_that_would_work_unproved_is_taken_back(house: PrivacyIdeaHouse) -> None:
    login = house.fresh_login()
    house.server.call("POST", "/policy/disable/enrolment")
    try:
        assert "hotp" not in house.provider.capabilities().enrols
        with pytest.raises(Unavailable, match="verify_enrollment"):
            house.provider.enrol(login, "hotp", "x", "k-1")
        assert held(house, login) == {}
    finally:
        house.server.call("POST", "/policy/enable/enrolment")


def test_a_right_that_is_missing_is_named(house: PrivacyIdeaHouse) -> None:
    login = house.fresh_login()
    token = enrolled(house, login)
    rights = [right for right in service.SERVICE_RIGHTS if right != "disable"]
    house.server.call("DELETE", "/policy/desk")
    put_policy(house.server, "desk", scope="admin", adminuser=service.SERVICE_ACCOUNT, realm="corp", action=", ".join(rights))
    try:
        with pytest.raises(Unavailable, match="no right to suspend"):
            house.provider.suspend(login, token.id, "k-1")
    finally:
        house.server.call("DELETE", "/policy/desk")
        service.allow_desk(house.server)
    assert isinstance(house.provider.check_code(login, token.press()), Accepted)


def test_a_static_password_token_is_not_shown_and_does_not_count(house: PrivacyIdeaHouse) -> None:
    login = house.fresh_login()
    fields = {"type": "spass", "user": login, "realm": "corp", "pin": "correct-horse"}
    house.server.call("POST", "/token/init", fields)
    assert held(house, login) == {}
    assert house.provider.check_code(login, Secret("correct-horse")) == Rejected("unknown")
