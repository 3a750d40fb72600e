"""How a case code is said over a bad line: each letter by its word of the international alphabet, digits as digits.

Source: ICAO Annex 10, Volume II, table 5-1.
"""

from __future__ import annotations

_WORDS = """Alfa Bravo Charlie Delta Echo Foxtrot Golf Hotel India Juliett Kilo Lima Mike
November Oscar Papa Quebec Romeo Sierra Tango Uniform Victor Whiskey X-ray Yankee Zulu""".split()  # noqa: SIM905 - a block of words reads better
_DIGITS = "zero one two three four five six seven eight nine".split()  # noqa: SIM905 - a block of words reads better


def spell_code(code: str) -> tuple[tuple[str, ...], ...]:
    """Return the words for `code`, one tuple for each group between dashes.

    >>> spell_code("4MR-7KX")
    (('four', 'Mike', 'Romeo'), ('seven', 'Kilo', 'X-ray'))
    """
    return tuple(
        tuple(_word(symbol) for symbol in group if symbol.isascii() and symbol.isalnum()) for group in code.split("-") if group
    )


def _word(symbol: str) -> str:
    if symbol.isdigit():
        return _DIGITS[int(symbol)]
    return next(word for word in _WORDS if word[0] == symbol.upper())
