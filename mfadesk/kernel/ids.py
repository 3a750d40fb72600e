"""Identifiers and randomness, both passed in, so that a drill can be repeated to the byte."""

from __future__ import annotations

import random
import secrets
from typing import Protocol

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's base 32 in lower case: no i, l, o, u, so nothing is misread or rude."""


class Randomness(Protocol):
    """Where unpredictable bytes come from."""

    def bytes(self, count: int) -> bytes:
        """Return `count` bytes."""
        ...


class SystemRandomness:
    """The operating system's generator."""

    def bytes(self, count: int) -> bytes:
        return secrets.token_bytes(count)


class SeededRandomness:
    """A repeatable stream for tests and drills. Never for anything that guards a person."""

    def __init__(self, seed: int) -> None:
        self._stream = random.Random(seed)  # noqa: S311 - repeatable on purpose

    def bytes(self, count: int) -> bytes:
        return self._stream.randbytes(count)


def new_id(kind: str, randomness: Randomness) -> str:
    """Return a fresh identifier such as ``case_7h2k…``: the kind, and 100 bits in base 32."""
    return f"{kind}_{encode_base32(randomness.bytes(13))[:20]}"


def encode_base32(data: bytes) -> str:
    """Return `data` in Crockford's base 32, most significant bits first, without padding."""
    bits = len(data) * 8
    number = int.from_bytes(data, "big")
    spare = -bits % 5
    number <<= spare
    return "".join(ALPHABET[(number >> shift) & 31] for shift in range(bits + spare - 5, -1, -5))
