"""Time as an argument. The core never asks the machine what time it is; it is told."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Protocol

_STAMP = re.compile(r"\d{4}-\d\d-\d\dT(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{6}Z", re.ASCII)
_ZONE = -len("+00:00")


class Clock(Protocol):
    """Anything that knows the time."""

    def now(self) -> datetime:
        """Return the present moment, aware, in UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class FakeClock:
    """A clock that stands still until it is told to go on: for tests, drills and rehearsals."""

    def __init__(self, at: datetime) -> None:
        self._at = require_utc(at)

    def now(self) -> datetime:
        return self._at

    def advance(self, seconds: float) -> None:
        """Move `seconds` on; a negative number sets the clock back, as a wrong clock would."""
        self._at += timedelta(seconds=seconds)


def require_utc(moment: datetime) -> datetime:
    """Return `moment` in UTC. Raises ValueError for a naive datetime, which could mean any hour of the day."""
    if moment.tzinfo is None:
        raise ValueError("a time without a zone is not a time")
    return moment.astimezone(UTC)


def to_stamp(moment: datetime) -> str:
    """Return the RFC 3339 form with microseconds and a Z; equal moments give equal text, and text order is time order.

    >>> to_stamp(datetime(2026, 11, 24, 14, 28, tzinfo=UTC))
    '2026-11-24T14:28:00.000000Z'
    """
    return require_utc(moment).isoformat(timespec="microseconds")[:_ZONE] + "Z"


def from_stamp(stamp: str) -> datetime:
    """Return the moment that `to_stamp` wrote. Raises ValueError for anything else."""
    if _STAMP.fullmatch(stamp) is None:
        raise ValueError(f"not a time as this desk writes it: {stamp[:40]!r}")
    return datetime.fromisoformat(stamp)
