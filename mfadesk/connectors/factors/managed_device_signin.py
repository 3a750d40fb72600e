"""Sign-in from a managed device whose key never leaves it (Windows Hello for Business, Platform SSO, a device certificate).

A real connector redeems an OIDC code with `max_age=0` and reads the device claim of the identity provider. This twin plays
it.
"""

from __future__ import annotations

from mfadesk.connectors.factors.twin import Twin


class Service(Twin):
    """The twin of `managed_device_signin`."""

    method = "managed_device_signin"
    asks_for = "Sign in to this page on your company laptop, with its own key and a fresh gesture."
    answered_by = "device"
