"""What happens to tests whose service is not there: skipped with one reason, or failed where everything is required."""

from __future__ import annotations

import os
from typing import TypeVar

import pytest

_Found = TypeVar("_Found")


def require(found: _Found | None, service: str, what_to_do: str) -> _Found:
    """Return `found`; where it is None skip the test, or fail it with ``MFADESK_REQUIRE=all``."""
    if found is not None:
        return found
    reason = f"{service} is not here: {what_to_do}"
    if os.environ.get("MFADESK_REQUIRE") == "all":
        pytest.fail(reason)
    pytest.skip(reason)
