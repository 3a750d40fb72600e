"""Ways to verify a claimant that are neither a code nor a passkey at the provider: a managed device, a badge desk, an ID check.

Each stands behind this one port with a twin that ships, so that a drill can play every method that policy names. A real
connector later replaces the twin of its method and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from mfadesk.kernel.secret import Secret


@dataclass(frozen=True, slots=True)
class Passed:
    """The service says that the person passed. `detail` holds what the record should keep: no secret, no biometric."""

    detail: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class NotPassed:
    """The service says no, or not yet."""

    reason: str


class FactorService(Protocol):
    """One outside service that verifies one method, named as in policy (``managed_device_signin``)."""

    method: str

    def is_available(self, login: str) -> bool:
        """Return whether this person can use the method now, as far as the service knows."""
        ...

    def begin(self, login: str, binding: bytes) -> Mapping[str, Any]:
        """Start a check bound to `binding` (32 bytes that commit to case, action and session); return what the page needs."""
        ...

    def finish(self, login: str, binding: bytes, response: Secret) -> Passed | NotPassed:
        """Verify the outcome of that check, once. Raises Unavailable."""
        ...
