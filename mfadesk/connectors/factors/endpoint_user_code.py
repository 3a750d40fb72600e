"""A code for this person and this case, shown by an agent on the managed device.

A real connector pushes the code through the endpoint management service. This twin plays it.
"""

from __future__ import annotations

from mfadesk.connectors.factors.twin import Twin


class Service(Twin):
    """The twin of `endpoint_user_code`."""

    method = "endpoint_user_code"
    asks_for = "Type the code that the desk's agent shows on your company laptop."
    answered_by = "code"
