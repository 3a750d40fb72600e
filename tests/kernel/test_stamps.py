"""Stamps: one spelling a moment, in order as text, and nothing else read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mfadesk.kernel.clock import from_stamp, to_stamp

moments = st.datetimes(timezones=st.just(UTC))


@given(moments)
def test_a_stamp_reads_back_as_its_moment(moment: datetime) -> None:
    assert from_stamp(to_stamp(moment)) == moment
    assert len(to_stamp(moment)) == 27


@given(moments, moments)
def test_text_order_is_time_order(a: datetime, b: datetime) -> None:
    assert (to_stamp(a) < to_stamp(b)) == (a < b)


def test_another_zone_is_written_in_utc() -> None:
    assert to_stamp(datetime(2026, 11, 24, 1, tzinfo=timezone(timedelta(hours=2)))) == "2026-11-23T23:00:00.000000Z"


@pytest.mark.parametrize(
    "text",
    [
        "", "2026-11-24", "2026-11-24T14:28:00Z", "2026-11-24 14:28:00.000000Z", "2026-11-24T14:28:00.000000+00:00",
        "2026-W48-2T14:28:00.000000Z", "2026-11-24T24:00:00.000000Z", "2026-02-30T00:00:00.000000Z",
        "2026-11-24T14:28:00,000000Z", "２０２６-11-24T14:28:00.000000Z", "2026-11-24T14:28:00.000000Z\n",
    ],
)  # fmt: skip
def test_any_other_spelling_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        from_stamp(text)
