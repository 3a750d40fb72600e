"""One-time passwords by counter and by time, as arithmetic: no storage, no clock.

Both directions of error matter here: a code that is accepted twice is a replay, and a window that is too wide is a lottery. So
the functions search exactly the counters they are given and compare in constant time.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Iterable
from datetime import datetime
from typing import Literal
from urllib.parse import quote, urlencode

Algorithm = Literal["sha1", "sha256", "sha512"]

DIGITS = 6
TIME_STEP_S = 30
SECRET_BYTES = 20
"""RFC 4226 §4 recommends 160 bits."""


def hotp(secret: bytes, counter: int, digits: int = DIGITS, algorithm: Algorithm = "sha1") -> str:
    """Return the one-time password for `counter`, with leading zeros.

    >>> hotp(b"12345678901234567890", 0)
    '755224'

    Source: RFC 4226 §5.3, appendix D.
    """
    mac = hmac.digest(secret, counter.to_bytes(8, "big"), algorithm)
    offset = mac[-1] & 0x0F
    number = int.from_bytes(mac[offset : offset + 4], "big") & 0x7FFF_FFFF
    return str(number % 10**digits).zfill(digits)


def time_step(at: datetime, time_step_s: int = TIME_STEP_S) -> int:
    """Return the number of whole time steps since the Unix epoch. Source: RFC 6238 §4.2."""
    return int(at.timestamp()) // time_step_s


def find_counter(secret: bytes, code: str, counters: Iterable[int], digits: int = DIGITS) -> int | None:
    """Return the first of `counters` whose password is `code`, or None.

    Negative counters are skipped: a clock near the epoch has no past.
    """
    for counter in counters:
        if counter >= 0 and hmac.compare_digest(hotp(secret, counter, digits).encode(), code.encode()):
            return counter
    return None


def find_consecutive(secret: bytes, first: str, second: str, counters: Iterable[int], digits: int = DIGITS) -> int | None:
    """Return the counter of `second` where the two codes stand side by side, or None. Source: RFC 4226 §7.4."""
    for counter in counters:
        at_first = find_counter(secret, first, (counter,), digits)
        if at_first is not None and find_counter(secret, second, (counter + 1,), digits) is not None:
            return counter + 1
    return None


def to_uri(kind: Literal["totp", "hotp"], secret: bytes, issuer: str, login: str, digits: int = DIGITS) -> str:
    """Return the ``otpauth://`` address that authenticator apps read from a QR code."""
    fields: dict[str, str | int] = {"secret": base64.b32encode(secret).decode().rstrip("="), "issuer": issuer, "digits": digits}
    fields |= {"period": TIME_STEP_S} if kind == "totp" else {"counter": 0}
    return f"otpauth://{kind}/{quote(issuer)}:{quote(login)}?{urlencode(fields, quote_via=quote)}"
