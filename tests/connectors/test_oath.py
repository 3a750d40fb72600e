"""One-time passwords against the vectors of their standards, and the windows around them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pyotp
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mfadesk.connectors.lab import oath
from mfadesk.connectors.lab.provider import LabProvider, open_lab
from mfadesk.kernel.clock import FakeClock
from mfadesk.kernel.ids import SeededRandomness
from mfadesk.kernel.secret import Secret
from mfadesk.ports.provider import Accepted, Rejected

NOW = datetime(2026, 11, 24, 14, 0, 10, tzinfo=UTC)

# RFC 4226 appendix D.
HOTP_VALUES = ["755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"]

# RFC 6238 appendix B: seconds, then the values for SHA-1, SHA-256 and SHA-512 with eight digits.
TOTP_VALUES = (
    (59, "94287082", "46119246", "90693936"),
    (1111111109, "07081804", "68084774", "25091201"),
    (1111111111, "14050471", "67062674", "99943326"),
    (1234567890, "89005924", "91819424", "93441116"),
    (2000000000, "69279037", "90698825", "38618901"),
    (20000000000, "65353130", "77737706", "47863826"),
)
DIGITS = b"1234567890"
SECRETS = {"sha1": DIGITS * 2, "sha256": (DIGITS * 4)[:32], "sha512": (DIGITS * 7)[:64]}


@pytest.mark.parametrize(("counter", "expected"), list(enumerate(HOTP_VALUES)))
def test_hotp_gives_the_values_of_rfc_4226_appendix_d(counter: int, expected: str) -> None:
    assert oath.hotp(DIGITS * 2, counter) == expected


@pytest.mark.parametrize("row", TOTP_VALUES)
def test_totp_gives_the_values_of_rfc_6238_appendix_b(row: tuple[int, str, str, str]) -> None:
    step = oath.time_step(datetime.fromtimestamp(row[0], UTC))
    assert tuple(oath.hotp(SECRETS[name], step, 8, name) for name in ("sha1", "sha256", "sha512")) == row[1:]


@settings(deadline=None)
@given(st.binary(min_size=16, max_size=40), st.integers(0, 2**40))
def test_hotp_agrees_with_another_implementation(secret: bytes, counter: int) -> None:
    import base64

    assert oath.hotp(secret, counter) == pyotp.HOTP(base64.b32encode(secret).decode()).at(counter)


def test_the_address_in_the_qr_code_is_read_by_another_implementation() -> None:
    uri = oath.to_uri("totp", b"k" * 20, "Corp & Söhne", "ünsal@corp.test")
    parsed = pyotp.parse_uri(uri)
    assert isinstance(parsed, pyotp.TOTP)
    assert (parsed.name, parsed.issuer, parsed.digits, parsed.interval) == ("ünsal@corp.test", "Corp & Söhne", 6, 30)
    assert parsed.byte_secret() == b"k" * 20


class Phone:
    """A lab with one account that holds one TOTP app."""

    def __init__(self, **how: object) -> None:
        self.clock = FakeClock(NOW)
        self.lab: LabProvider = open_lab(clock=self.clock, randomness=SeededRandomness(3))
        self.lab.scene.add_account("ada")
        self.id = self.lab.scene.add_authenticator("ada", "totp", "Phone", secret=b"s" * 20, **how)

    def type(self, step_offset: int) -> Accepted | Rejected:
        code = oath.hotp(b"s" * 20, oath.time_step(self.clock.now()) + step_offset)
        return self.lab.check_code("ada", Secret(code))


@pytest.mark.parametrize("offset", [-1, 0, 1])
def test_totp_allows_one_step_either_side(offset: int) -> None:
    phone = Phone()
    assert phone.type(offset) == Accepted(phone.id, "totp")


@pytest.mark.parametrize("offset", [-3, -2, 2, 3])
def test_totp_allows_no_more_than_one_step(offset: int) -> None:
    assert Phone().type(offset) == Rejected("wrong")


def test_an_earlier_step_is_a_replay_once_a_later_one_was_accepted() -> None:
    phone = Phone()
    assert isinstance(phone.type(1), Accepted)
    assert phone.type(0) == Rejected("replayed")
    assert phone.type(1) == Rejected("replayed")


def test_drift_is_remembered_step_by_step() -> None:
    phone = Phone()
    for drift in (1, 2, 3):
        phone.clock.advance(60)
        assert isinstance(phone.type(drift), Accepted), drift
    phone.clock.advance(60)
    assert phone.type(0) == Rejected("wrong"), "the window has moved with the token's clock"


def test_resynchronising_moves_the_window_and_burns_both_codes() -> None:
    phone = Phone()
    step = oath.time_step(phone.clock.now()) + 41
    codes = [Secret(oath.hotp(b"s" * 20, step + i)) for i in range(3)]
    assert phone.lab.check_code("ada", codes[0]) == Rejected("wrong")
    assert phone.lab.resync("ada", phone.id, codes[0], codes[2]) == Rejected("wrong")
    assert isinstance(phone.lab.resync("ada", phone.id, codes[0], codes[1]), Accepted)
    assert phone.lab.check_code("ada", codes[1]) == Rejected("replayed")
    assert isinstance(phone.lab.check_code("ada", codes[2]), Accepted)


def test_resynchronising_reaches_an_hour_and_no_further() -> None:
    phone = Phone()
    far = oath.time_step(phone.clock.now() + timedelta(hours=1, minutes=2))
    first, second = (Secret(oath.hotp(b"s" * 20, far + i)) for i in range(2))
    assert phone.lab.resync("ada", phone.id, first, second) == Rejected("wrong")


def test_a_clock_set_back_accepts_nothing_twice() -> None:
    phone = Phone()
    assert isinstance(phone.type(0), Accepted)
    phone.clock.advance(-3600)
    assert all(isinstance(phone.type(offset), Rejected) for offset in (-1, 0, 1))
