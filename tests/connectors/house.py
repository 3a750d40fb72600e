"""What the laws need of a provider: a fresh account, the next act made to fail in a chosen way, two connections at once; and the person's side."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any, Protocol
from urllib.parse import parse_qs, urlsplit

from mfadesk.connectors.lab import oath
from mfadesk.connectors.lab.soft_passkey import SoftPasskey
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

    def rivals(self) -> tuple[Provider, Provider]:
        """Return two connections to the same accounts, as two processes have them."""
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
