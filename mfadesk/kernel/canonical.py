"""One byte string for one value, so that a digest means something.

The type set is narrow on purpose: text, integers, booleans, null, lists and objects with ASCII keys. Floats are refused, since
1.0 and 1 print differently everywhere, and non-ASCII keys, since RFC 8785 sorts those by UTF-16 and Python by code point.
Within that set the bytes agree with RFC 8785 (JSON Canonicalization Scheme); a test holds them against another implementation.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

MAX_DEPTH = 32
"""Deeper values are a fault in the caller, and would cost a recursion a value."""

LARGEST_INTEGER = 2**53 - 1
"""RFC 8785 numbers are IEEE 754 doubles; beyond this two integers may print alike."""


_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
_PLAIN = frozenset({str, bool, type(None)})


def canonical_json(value: Any) -> bytes:
    """Return the canonical UTF-8 bytes of `value`.

    >>> canonical_json({"b": 1, "a": ["é", None, True]}).decode()
    '{"a":["é",null,true],"b":1}'

    Raises TypeError for a type outside the set and ValueError for a value outside its range.
    Source: RFC 8785 §3.2.
    """
    _check(value, 0)
    return _ENCODER.encode(value).encode()


def digest(value: Any) -> str:
    """Return the SHA-256 of the canonical bytes, as 64 hex digits."""
    return hashlib.sha256(canonical_json(value)).hexdigest()


def _check(value: Any, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise ValueError(f"nested deeper than {MAX_DEPTH}")
    if value is None or isinstance(value, bool | str):
        return
    if isinstance(value, int):
        if abs(value) > LARGEST_INTEGER:
            raise ValueError(f"{value} is beyond the integers that every JSON reader keeps")
    elif isinstance(value, Mapping):
        for key, item in value.items():
            if not (isinstance(key, str) and key.isascii()):
                raise TypeError(f"key {key!r} is not ASCII text")
            if type(item) not in _PLAIN:
                _check(item, depth + 1)
    elif isinstance(value, Sequence):
        for item in value:
            if type(item) not in _PLAIN:
                _check(item, depth + 1)
    else:
        raise TypeError(f"{type(value).__name__} has no canonical form here")
