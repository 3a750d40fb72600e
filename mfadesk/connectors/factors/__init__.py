"""Services that verify a method outside the identity provider, one file a method, found by name.

Each shipped file holds a twin: it behaves as the real service would towards the desk, and reads who can pass from the lab.
Adding a method is adding a file with a `Service` class; the same goes for putting a real connector in a twin's place.
"""

from __future__ import annotations

import importlib
import pkgutil

from mfadesk.connectors.factors.twin import Twin


def find_services() -> dict[str, type[Twin]]:
    """Return the service class of every method that has a file here, by method."""
    found: dict[str, type[Twin]] = {}
    for module in pkgutil.iter_modules(__path__):
        service = getattr(importlib.import_module(f"{__name__}.{module.name}"), "Service", None)
        if service is not None:
            found[service.method] = service
    return found
