"""Shared by every test: one throwaway desk a test, on whichever database the run is for."""

from __future__ import annotations

import pytest


@pytest.fixture
def throwaway(transactional_db):
    """A whole desk in this process, its tables empty: real operations, real executor, lab in memory."""
    from django.conf import settings

    from mfadesk.cli.throwaway import open_throwaway
    from mfadesk.store.models import TreeHead

    TreeHead.objects.all().delete()
    return open_throwaway(settings.HOME.folder)
