"""What a browser says of itself on every page: the zone of its clock, and whether it wants light or dark."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.http import HttpResponse
from django.test import RequestFactory
from django.utils import timezone

from mfadesk.console.jinja_env import clock
from mfadesk.operations.clock_words import clock_words
from mfadesk.site.middleware import ZONE_COOKIE, zone

AT = datetime(2026, 1, 15, 23, 30, tzinfo=UTC)


def shown(cookie):
    """Return a time in words and as it stands on a page, for a browser with that cookie."""
    request = RequestFactory().get("/")
    request.COOKIES = {ZONE_COOKIE: cookie}
    return zone(lambda _: HttpResponse(f"{clock_words(AT)} {clock(AT)}"))(request).content.decode()


def test_times_are_in_the_viewers_zone_and_name_it():
    assert shown("Europe%2FBerlin").startswith("00:30 CET ")
    assert ">16 Jan 2026, 00:30<" in shown("Europe/Berlin") or ">16 Jan, 00:30<" in shown("Europe/Berlin")
    assert shown("Asia/Kathmandu").startswith("05:15 UTC+05:45 ")
    assert shown("America/Sao_Paulo").startswith("20:30 UTC-03:00 ")
    assert 'datetime="2026-01-15T23:30:00Z"' in shown("Asia/Kathmandu")
    assert timezone.get_current_timezone_name() == "UTC"


@pytest.mark.parametrize(
    "cookie", ["", "UTC", "Europe/Nowhere", "../../etc/passwd", "/etc/localtime", "x" * 5_000, "<b>", "%00", "Europe%2F.."]
)
def test_a_zone_that_is_none_reads_as_utc(cookie):
    assert shown(cookie).startswith("23:30 UTC ")


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/sign-in/", "/me/", "/nothing/here"])
def test_the_theme_that_was_chosen_holds_on_every_page(client, path):
    assert "data-theme" not in client.get(path).content.decode()
    client.cookies["mfadesk_theme"] = "dark"
    assert 'data-theme="dark"' in client.get(path).content.decode()
    client.cookies["mfadesk_theme"] = '"><script>'
    assert "data-theme" not in client.get(path).content.decode()
