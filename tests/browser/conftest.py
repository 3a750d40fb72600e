"""One demo desk a worker, one Chromium a module, and as many people at browsers of their own as a test needs."""

from __future__ import annotations

import pytest

from tests.browser.demo_desk import DemoDesk
from tests.chromium import ABSENT, SWITCHES, find_chromium


@pytest.fixture(scope="module")
def chromium():
    """A running browser. One a module: its running event loop would bar later tests of the same worker from the database."""
    path = find_chromium()
    if path is None:
        pytest.skip(ABSENT)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=path, args=list(SWITCHES))
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def desk(tmp_path_factory):
    """The demo, whole: web, worker and executor as processes of their own."""
    if find_chromium() is None:
        pytest.skip(ABSENT)
    running = DemoDesk(tmp_path_factory.mktemp("demo"))
    yield running
    running.stop()


@pytest.fixture
def somebody(chromium, desk):
    """Somebody at a browser of their own; whatever any of these browsers complained of fails the test, and so does a broken policy."""
    from tests.browser.somebody import Somebody

    people, reports = [], desk.count_reports()

    def arrive(**how):
        people.append(Somebody(chromium, desk, **how))
        return people[-1]

    yield arrive
    for one in people:
        one.close()
    assert desk.count_reports() == reports


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    """Keep these tests in the order in which they are written: one desk remembers what everybody before did to it."""
    places = [place for place, item in enumerate(items) if "/tests/browser/" in str(item.path)]
    written = sorted((items[place] for place in places), key=lambda item: (str(item.path), item.location[1]))
    for place, item in zip(places, written, strict=True):
        items[place] = item
