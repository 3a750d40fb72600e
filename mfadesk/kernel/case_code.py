"""Case codes: short enough to say, hard to mishear, and worth nothing but finding a case.

Six symbols from an alphabet of 23 without vowels (no words), B, L, S, Z, 0, 1, 5, 8 (no look-alikes or sound-alikes). The last
symbol checks the other five, so that a misheard code is caught before it counts as a guess.
"""

from __future__ import annotations

from mfadesk.kernel.errors import Invalid
from mfadesk.kernel.ids import Randomness

SYMBOLS = "CDFGHJKMNPQRTVWXY234679"
LENGTH = 6


def new_case_code(randomness: Randomness) -> str:
    """Return a fresh code in its spoken form, such as ``4MR-7KX``."""
    body = [_draw(randomness) for _ in range(LENGTH - 1)]
    code = "".join(SYMBOLS[i] for i in [*body, _check(body)])
    return f"{code[:3]}-{code[3:]}"


def parse_case_code(text: str) -> str:
    """Return the code in its one spelling, whatever case, spacing or dashes a person typed.

    Raises Invalid where it cannot be a code: wrong length, a symbol that is never used, or a check symbol that does not fit.
    """
    letters = [c for c in text.upper() if c.isalnum()][: LENGTH + 1]
    places = [SYMBOLS.find(c) for c in letters]
    if len(letters) != LENGTH or -1 in places or places[-1] != _check(places[:-1]):
        raise Invalid("code", "That case code is not open. Check it with the person on the phone.")
    code = "".join(letters)
    return f"{code[:3]}-{code[3:]}"


def _draw(randomness: Randomness) -> int:
    # Rejection keeps every symbol equally likely: 253 is the largest multiple of 23 in a byte.
    while True:
        byte = randomness.bytes(1)[0]
        if byte < 253:
            return byte % 23


def _check(places: list[int]) -> int:
    # 23 is prime, so weights 1…5 catch every single wrong symbol and every swap of two neighbours.
    return sum((weight + 1) * place for weight, place in enumerate(places)) % 23
