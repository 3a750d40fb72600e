"""What every page of this room may know about the desk."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from mfadesk.console.jinja_env import theme_of
from mfadesk.operations.clock_words import zone_name


def desk(request: HttpRequest) -> dict[str, Any]:
    """Return the organisation's name, whether this is the example desk, and how this browser wants its pages."""
    return {
        "organisation": settings.CONFIG.organisation,
        "demo": settings.DEMO,
        "desk_phone": settings.CONFIG.desk_phone,
        "theme": theme_of(request),
        "zone": zone_name(),
    }
