"""Addresses of the API, version 1: its resources, its document, and the page about it."""

from __future__ import annotations

from django.urls import path

from mfadesk.api import document
from mfadesk.api.resources import api

urlpatterns = [
    path("", document.page, name="api_reference"),
    path("openapi.json", document.openapi, name="api_openapi"),
    path("", api.urls),
]
