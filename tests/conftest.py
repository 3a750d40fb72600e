"""Shared by every test: one throwaway desk a test, on whichever database the run is for."""

from __future__ import annotations

import os

import hypothesis
import pytest

# A test that is slow because the machine is busy is not wrong; what must be quick is measured by tests of its own.
hypothesis.settings.register_profile("desk", deadline=None)
hypothesis.settings.load_profile("desk")

DATABASE_FIXTURES = {"db", "transactional_db", "throwaway"}


def pytest_addoption(parser):
    parser.addoption("--only-database", action="store_true", help="run the tests that touch the database, and no others")


def pytest_collection_modifyitems(config, items):
    if not config.getoption("--only-database"):
        return
    touching = [i for i in items if DATABASE_FIXTURES & set(i.fixturenames) or i.get_closest_marker("django_db")]
    config.hook.pytest_deselected(items=[i for i in items if i not in touching])
    items[:] = touching


def pytest_terminal_summary(terminalreporter):
    """Name what `make test` left out, where its own closing line comes next."""
    left_out = os.environ.get("MFADESK_NOT_RUN", "").splitlines()
    if left_out:
        terminalreporter.section("not run here, and what would enable it")
        for line in left_out:
            terminalreporter.line(line)


@pytest.fixture
def throwaway(transactional_db):
    """A whole desk in this process, its tables empty: real operations, real executor, lab in memory."""
    from django.conf import settings

    from mfadesk.cli.throwaway import open_throwaway
    from mfadesk.store.models import TreeHead
    from mfadesk.store.seen import open_seen

    TreeHead.objects.all().delete()
    # All tests share the folder, and each begins with empty tables: an executor of before has seen none of them.
    open_seen(settings.HOME).path.unlink(missing_ok=True)
    return open_throwaway(settings.HOME.folder)
