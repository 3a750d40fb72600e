"""How a secret may be written down by accident: as it is, without its gaps, in base 64, in hex, in an address."""

from __future__ import annotations

import base64
from urllib.parse import quote

SHORTEST = 6
"""Anything shorter would be found by chance."""


def spellings(secret: str | bytes) -> set[bytes]:
    """Return every spelling to look for."""
    raw = secret if isinstance(secret, bytes) else secret.encode()
    found = {raw, base64.b64encode(raw).rstrip(b"="), raw.hex().encode(), base64.urlsafe_b64encode(raw).rstrip(b"=")}
    if isinstance(secret, str):
        plain = secret.replace("-", "").replace(" ", "")
        found |= {plain.encode(), quote(secret).encode()}
        if " " not in secret:
            found |= {plain.lower().encode(), plain.upper().encode()}
    short = [each for each in found if len(each) < SHORTEST]
    assert not short, f"{short} would be found by chance"
    return found


def stands_in(secret: str | bytes, place: bytes) -> bool:
    """Return whether the secret stands in `place` in any spelling."""
    return any(each in place for each in spellings(secret))
