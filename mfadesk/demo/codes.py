"""The pretend phones' arithmetic: reads what an authenticator app would scan, and shows the code of now."""

from __future__ import annotations

import base64
import time
from dataclasses import dataclass
from urllib.parse import parse_qs, quote, urlsplit

import pyotp

from mfadesk.kernel.errors import Invalid

PERIOD_S = 30
MAX_TEXT = 600


@dataclass(frozen=True, slots=True)
class Shown:
    """What the screen of a phone shows: the code in two groups, and how many seconds it lasts (None for a token with a button)."""

    code: str
    left_s: int | None


def read_scan(text: str, owner: str) -> str:
    """Return the ``otpauth://`` address that `text` is, or that its bare key stands for. Raises Invalid with what was wrong.

    >>> read_scan("jbsw y3dp ehpk 3pxp jbsw y3dp ehpk 3pxp", "hazel")
    'otpauth://totp/hazel?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP'
    """
    text = text.strip()
    if not text or len(text) > MAX_TEXT:
        raise Invalid("scan", "Paste the address behind the QR code, or the key under it.")
    if not text.lower().startswith("otpauth:"):
        text = f"otpauth://totp/{quote(owner)}?secret={''.join(text.split()).replace('-', '').upper().rstrip('=')}"
    try:
        parts = urlsplit(text)
        asked = parse_qs(parts.query)
        secret = asked.get("secret", [""])[0]
        long_enough = len(base64.b32decode(secret.upper() + "=" * (-len(secret) % 8))) >= 10
        readable = int(asked.get("digits", ["6"])[0]) in (6, 7, 8) and 0 <= int(asked.get("counter", ["0"])[0]) < 2**63
    except ValueError as error:
        raise Invalid("scan", "That is no key: it has letters A to Z and digits 2 to 7 only.") from error
    if not long_enough:
        raise Invalid("scan", "That key is too short. Copy all of it.")
    if parts.hostname not in ("totp", "hotp") or not readable:
        raise Invalid("scan", "That address is for another kind of token.")
    return text


def show(uri: str, counter: int = 0, now: float | None = None) -> Shown:
    """Return what the phone shows. A HOTP token shows nothing before its button was pressed."""
    parts = urlsplit(uri)
    asked = parse_qs(parts.query)
    secret, digits = asked["secret"][0], int(asked.get("digits", ["6"])[0])
    if parts.hostname == "hotp":
        start = int(asked.get("counter", ["0"])[0])
        return Shown(_groups(pyotp.HOTP(secret, digits=digits).at(start + counter - 1)) if counter else "", None)
    moment = time.time() if now is None else now
    ahead = int(asked.get("x-drift", ["0"])[0]) * PERIOD_S
    code = pyotp.TOTP(secret, digits=digits, interval=PERIOD_S).at(int(moment + ahead))
    return Shown(_groups(code), PERIOD_S - int(moment) % PERIOD_S)


def _groups(code: str) -> str:
    return f"{code[: len(code) // 2]} {code[len(code) // 2 :]}"
