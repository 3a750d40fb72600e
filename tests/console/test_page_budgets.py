"""What every page weighs and holds, read as text: budgets of CONSOLE, and nothing that a strict content policy would refuse."""

from __future__ import annotations

import gzip
import re
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import HTTPCookieProcessor, build_opener

import django_htmx
import pytest

from mfadesk import console
from tests.console import samples

STATIC = Path(console.__file__).parent / "static/mfadesk"
HTMX = Path(django_htmx.__file__).parent / "static/django_htmx/htmx-2.min.js"
STAFF = ["/", "/gallery/empty", "/cases/new", "/cases/new?q=hazel", "/cases/verify/ending", "/desk-key", "/nope"]
STAFF += ["/api/v1/"]
STAFF += [
    "/runbooks",
    "/runbooks/rules",
    "/runbooks/device-replacement",
    "/runbooks/broken?wrong=1&at=2",
    "/runbooks/drafts/d1",
]
STAFF += [f"/cases/{name}" for name in samples.CASES]
PEOPLE = ["/me/", "/me/link/token", *(f"/vouch/{n}" for n in samples.VOUCHES), *(f"/me/not-me/{n}" for n in samples.NOT_MES)]
PEOPLE += [f"/gallery/portal/{name}" for name in samples.PORTALS]


def size_gz(data: bytes) -> int:
    return len(gzip.compress(data, 9))


@pytest.fixture(scope="module")
def fetch(gallery):
    opener = build_opener(HTTPCookieProcessor(CookieJar()))

    def read(path: str) -> str:
        try:
            with opener.open(gallery + path) as answer:
                return answer.read().decode()
        except HTTPError as error:
            return error.read().decode()

    return read


@pytest.mark.parametrize("path", [f"/cases/{name}" for name in samples.CASES])
def test_a_case_page_fits_the_first_flight_even_with_two_hundred_events(fetch, path):
    assert size_gz(fetch(path).encode()) <= 14 * 1024


@pytest.mark.parametrize("path", PEOPLE)
def test_a_page_for_people_stays_under_five_kilobytes(fetch, path):
    assert size_gz(fetch(path).encode()) <= 5 * 1024


def test_all_styles_and_all_scripts_stay_inside_their_budgets():
    assert sum(size_gz(path.read_bytes()) for path in STATIC.glob("*.css")) <= 14 * 1024
    assert size_gz(HTMX.read_bytes()) + sum(size_gz(path.read_bytes()) for path in STATIC.glob("*.js")) <= 35 * 1024


@pytest.mark.parametrize("path", [*STAFF, *PEOPLE])
def test_no_page_holds_an_inline_style_script_or_handler(fetch, path):
    page = fetch(path)
    assert page.startswith("<!doctype html>")
    assert not re.search(r"<[^>]+\sstyle\s*=", page)
    assert "<style" not in page
    assert not re.search(r"<script(?![^>]*\ssrc=)", page)
    assert not re.search(r"<[^>]+\son[a-z]+\s*=", page)


@pytest.mark.parametrize("path", [*STAFF, *PEOPLE])
def test_every_form_that_acts_carries_a_token(fetch, path):
    for form in re.findall(r'<form[^>]*method="post".*?</form>', fetch(path), re.DOTALL):
        assert "csrfmiddlewaretoken" in form


@pytest.mark.parametrize("name", sorted(set(samples.PORTALS) - {"prove", "prove-again", "prove-nothing", "checking", "wait", "choose"}
                                        - {"enrol", "enrol-passkey", "test", "test-wrong", "test-passkey"}))  # fmt: skip
def test_a_page_that_asks_for_no_passkey_and_waits_for_nothing_loads_no_script(fetch, name):
    assert "<script" not in fetch(f"/gallery/portal/{name}")


def test_before_a_first_proof_the_page_of_a_session_names_nobody(fetch):
    page = fetch("/gallery/portal/confirm")
    assert "Hazel" not in page and "Linden" not in page
