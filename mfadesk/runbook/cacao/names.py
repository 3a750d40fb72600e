"""Identifiers and times as CACAO wants them.

A step's identifier must be the same in every export, or nobody can compare two versions. It is therefore made from the names
that an author keeps (runbook, step, role of the object), never from a digest of what stands in it, and takes the form of
UUID version 4, which the standard asks of steps and which its schema checks.
"""

from __future__ import annotations

import hashlib
import re
import uuid
from datetime import UTC, datetime

from mfadesk.kernel.errors import Invalid

SPEC_VERSION = "cacao-2.0"
EXTENSION = "extension-definition--6f1c2f0a-93d5-4c0e-8a57-1f6b2d9e4c31"
"""Our extension, the same in every export of every desk."""

IDENTIFIER = re.compile(
    r"([a-z][a-z0-9-]+[a-z0-9])--[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[1-5][0-9a-fA-F]{3}-[89abAB][0-9a-fA-F]{3}-[0-9a-fA-F]{12}"
)


def make_id(kind: str, *names: str) -> str:
    """Return ``kind--UUID`` for those names, the same one every time.

    Source: CACAO 2.0 §10.10, RFC 9562 §5.4 (the form).
    """
    raw = hashlib.sha256("\0".join(("mfadesk cacao", kind, *names)).encode()).digest()
    return f"{kind}--{uuid.UUID(bytes=raw[:16], version=4)}"


def kind_of(identifier: str) -> str:
    """Return what stands before the ``--``."""
    return identifier.partition("--")[0]


def write_time(at: datetime) -> str:
    """Return the time in UTC with exactly three decimals. Source: CACAO 2.0 §10.17."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03}Z"


def read_time(text: str, where: str) -> datetime:
    """Return the time. Raises Invalid for one that is none, or that names another zone than UTC."""
    try:
        at = datetime.fromisoformat(text)
    except (ValueError, TypeError) as error:
        raise Invalid(where, f'"{text}" is no time such as 2026-03-01T09:00:00.000Z') from error
    if at.utcoffset() is None or at.utcoffset().total_seconds():  # type: ignore[union-attr]
        raise Invalid(where, f'"{text}" is not in UTC: write it with a Z at its end')
    return at
