"""A badge read at a staffed service point; photo and face are compared by an operator, which is their attestation, not this.

A real connector reads the event from the access control system. This twin plays it.
"""

from __future__ import annotations

from mfadesk.connectors.factors.twin import Twin


class Service(Twin):
    """The twin of `in_person_badge`."""

    method = "in_person_badge"
    asks_for = "Hold your badge to the reader at the service point."
    answered_by = "device"
