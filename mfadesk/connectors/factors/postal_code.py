"""A letter to the home address that HR holds: slow, for total loss.

A real connector hands the letter to a print service. This twin plays it.
"""

from __future__ import annotations

from mfadesk.connectors.factors.twin import Twin


class Service(Twin):
    """The twin of `postal_code`."""

    method = "postal_code"
    asks_for = "Type the code from the letter that was posted to your home address."
    answered_by = "code"
