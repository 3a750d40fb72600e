"""A spare security key, registered in advance, released from a site's safe and touched.

A real connector reads the safe's log and verifies the key's assertion. This twin plays it.
"""

from __future__ import annotations

from mfadesk.connectors.factors.twin import Twin


class Service(Twin):
    """The twin of `spare_key_pickup`."""

    method = "spare_key_pickup"
    asks_for = "Take your spare key from the site's safe and touch it once."
    answered_by = "device"
