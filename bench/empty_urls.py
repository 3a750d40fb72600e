"""The desk's addresses and one more that answers nothing, for the bench of pages."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import path

from mfadesk.site.urls import urlpatterns as desk


def empty(request: HttpRequest) -> HttpResponse:
    """Answer with nothing at all."""
    return HttpResponse()


urlpatterns = [path("empty", empty), *desk]
