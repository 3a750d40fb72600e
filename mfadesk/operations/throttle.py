"""Counting tries, by source and over all, so that a short code cannot be guessed and no stranger locks anybody out (SETTLED 7)."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from django.db import connection

from mfadesk.kernel.errors import Refusal
from mfadesk.store.models import Throttle

# One statement: two at once are two, also where neither finds a row yet. Reading first would make the first ten at once one.
_COUNT = (
    "INSERT INTO store_throttle (key, count, ends_at) VALUES (%s, 1, %s) ON CONFLICT (key) DO UPDATE SET"
    " count = CASE WHEN store_throttle.ends_at <= %s THEN 1 ELSE store_throttle.count + 1 END,"
    " ends_at = CASE WHEN store_throttle.ends_at <= %s THEN excluded.ends_at ELSE store_throttle.ends_at END"
    " RETURNING count"
)
TOO_MANY = "Too many tries from here. Wait a quarter of an hour, or ring the help desk."


def count_try(key: str, *, limit: int, window_s: int, now: datetime) -> int:
    """Count one more try under `key` in its window and return the number so far.

    Raises Refusal ``too_many_tries`` above `limit`. Must run inside a unit of work; the count stands or falls with it.
    """
    stored = key if len(key) <= 120 else hashlib.sha256(key.encode()).hexdigest()
    began, ends = (connection.ops.adapt_datetimefield_value(at) for at in (now, now + timedelta(seconds=window_s)))
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, (stored, ends, began, began))
        count: int = cursor.fetchone()[0]
    if count > limit:
        raise Refusal("too_many_tries", TOO_MANY)
    return count


def tries_so_far(key: str, now: datetime) -> int:
    """Return how many tries the running window has counted."""
    stored = key if len(key) <= 120 else hashlib.sha256(key.encode()).hexdigest()
    row = Throttle.objects.filter(pk=stored, ends_at__gt=now).first()
    return row.count if row else 0
