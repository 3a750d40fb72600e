"""Clock times in sentences, in the zone of whoever reads. A page sets the zone for its request; everywhere else it is UTC.

A time never stands without its zone. What is signed, sent or kept as a record says UTC and does not come here.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils import timezone


def zone_name(at: datetime | None = None) -> str:
    """Return what the reader's zone is called at `at` (now): ``CET``, or ``UTC-03:00`` for a zone without a name of its own."""
    here = timezone.localtime(at)
    name = here.tzname() or ""
    if name.isalpha():
        return name
    minutes = (here.utcoffset() or timedelta()) // timedelta(minutes=1)
    sign, rest = ("-" if minutes < 0 else "+"), abs(minutes)
    return f"UTC{sign}{rest // 60:02}:{rest % 60:02}"


def clock_words(at: datetime) -> str:
    """Return the hour of `at` with its zone: ``14:41 CET``."""
    return f"{timezone.localtime(at):%H:%M} {zone_name(at)}"
