"""Django's secret key and its fallbacks, out of the desk's ring of session keys."""

from __future__ import annotations

import base64

from mfadesk.kernel.sealing import all_of
from mfadesk.store.home import Home


def session_secrets(home: Home) -> list[str]:
    """Return the key that signs sessions, then those that still verify them. Raises Invalid, and PermissionError for another user."""
    return [base64.b64encode(key).decode() for key in all_of(home.web_keys().session)]
