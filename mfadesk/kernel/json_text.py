"""JSON that a browser or a stranger sent: read within bounds, or refused, and never a fault further in.

What passes can be put into canonical form once its floats are left out: no deep nesting, no lone surrogate, no number that is
larger than a machine's.
"""

from __future__ import annotations

import json
from typing import Any

MAX_DEPTH = 16
"""A WebAuthn answer is four deep."""

LARGEST = 2**53 - 1


def parse_json(text: str | bytes, most: int) -> Any:
    """Return the value in `text`. Raises ValueError for what is empty, longer than `most`, no JSON, or beyond the bounds above.

    >>> parse_json('{"id": "x"}', 100)
    {'id': 'x'}
    """
    if not 0 < len(text) <= most:
        raise ValueError("empty, or too long")
    try:
        value = json.loads(text, parse_constant=_refuse)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    waiting = [(value, 1)]
    while waiting:
        one, depth = waiting.pop()
        if depth > MAX_DEPTH:
            raise ValueError("nested too deeply")
        if isinstance(one, str):
            # A lone surrogate cannot be encoded.
            one.encode()
        elif isinstance(one, int) and abs(one) > LARGEST:
            raise ValueError("a number that is too large")
        elif isinstance(one, dict):
            waiting += [(part, depth + 1) for pair in one.items() for part in pair]
        elif isinstance(one, list):
            waiting += [(part, depth + 1) for part in one]
    return value


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is no number")
