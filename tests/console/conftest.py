"""The gallery on a free port, and a Chromium to look at it with."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.chromium import ABSENT, SWITCHES, find_chromium

HERE = Path(__file__).resolve().parent


@pytest.fixture(scope="session")
def gallery():
    """The address of a gallery of this test process's own."""
    process = subprocess.Popen(
        [sys.executable, str(HERE / "gallery.py")], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    address = process.stdout.readline().strip()
    assert address.startswith("http://localhost:"), "the gallery did not start"
    yield address
    process.terminate()
    process.wait(10)
    process.stdout.close()


@pytest.fixture(scope="module")
def chromium():
    """A running browser; tests that need one are skipped where there is none.

    One a module and not one a session: its running event loop would bar later tests of the same worker from the database.
    """
    path = find_chromium()
    if path is None:
        pytest.skip(ABSENT)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=path, args=list(SWITCHES))
        yield browser
        browser.close()


@pytest.fixture
def open_browser(chromium, gallery):
    """Open a page of the gallery in a browser of its own; its complaints gather in `page.complaints`."""
    contexts = []

    def open_(path="/", *, width=1280, **how):
        context = chromium.new_context(viewport={"width": width, "height": 800}, base_url=gallery, **how)
        context.set_default_timeout(8000)
        contexts.append(context)
        page = context.new_page()
        page.complaints = []
        page.on("console", lambda said: page.complaints.append(said.text) if said.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.goto(path)
        return page

    yield open_
    for context in contexts:
        context.close()


@pytest.fixture
def play(throwaway):
    """A throwaway desk whose pages the views show."""
    from mfadesk.operations.desk import serve_desk
    from tests.road.play import Play

    serve_desk(throwaway.desk)
    yield Play(throwaway)
    serve_desk(None)


@pytest.fixture
def yew(play):
    """One who writes runbooks."""
    from tests.road.test_publishing import Author

    return Author(play, "yew")


@pytest.fixture
def elm(play):
    """Another, since nobody reviews their own."""
    from tests.road.test_publishing import Author

    return Author(play, "elm")
