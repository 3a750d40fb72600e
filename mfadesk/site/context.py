"""What every page of this room may know about the desk."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest


def desk(request: HttpRequest) -> dict[str, Any]:
    """Return the organisation's name, and whether this is the example desk."""
    return {"organisation": settings.CONFIG.organisation, "demo": settings.DEMO, "desk_phone": settings.CONFIG.desk_phone}
