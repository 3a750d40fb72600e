"""Counting tries, by source and over all, so that a short code cannot be guessed and no stranger locks anybody out (SETTLED 7)."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from mfadesk.kernel.errors import Refusal
from mfadesk.store.models import Throttle

TOO_MANY = "Too many tries from here. Wait a quarter of an hour, or ring the help desk."


def count_try(key: str, *, limit: int, window_s: int, now: datetime) -> int:
    """Count one more try under `key` in its window and return the number so far.

    Raises Refusal ``too_many_tries`` above `limit`. Must run inside a unit of work; the count stands or falls with it.
    """
    stored = key if len(key) <= 120 else hashlib.sha256(key.encode()).hexdigest()
    # Locked, so that two at once are two; SQLite has one writer anyway.
    row = Throttle.objects.select_for_update().filter(pk=stored).first()
    if row is None or row.ends_at <= now:
        Throttle.objects.update_or_create(key=stored, defaults={"count": 1, "ends_at": now + timedelta(seconds=window_s)})
        return 1
    if row.count >= limit:
        raise Refusal("too_many_tries", TOO_MANY)
    Throttle.objects.filter(pk=stored).update(count=row.count + 1)
    return row.count + 1


def tries_so_far(key: str, now: datetime) -> int:
    """Return how many tries the running window has counted."""
    stored = key if len(key) <= 120 else hashlib.sha256(key.encode()).hexdigest()
    row = Throttle.objects.filter(pk=stored, ends_at__gt=now).first()
    return row.count if row else 0
