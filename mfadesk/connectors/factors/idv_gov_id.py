"""Government document and live selfie, judged by a vendor and matched to the name that HR holds.

A real connector opens a session at the vendor, bound to the case, and fetches the verdict itself. This twin plays it.
"""

from __future__ import annotations

from mfadesk.connectors.factors.twin import Twin


class Service(Twin):
    """The twin of `idv_gov_id`."""

    method = "idv_gov_id"
    asks_for = "Show your identity document and your face to the identity verification service."
    answered_by = "service"
