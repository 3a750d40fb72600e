"""A text message to the number on file: restricted by SP 800-63B-4 §3.2.9, and never to a number given in the case (R45).

A real connector speaks to an SMS gateway and asks it for recent SIM swaps. This twin plays it.
"""

from __future__ import annotations

from mfadesk.connectors.factors.twin import Twin


class Service(Twin):
    """The twin of `sms_code`."""

    method = "sms_code"
    asks_for = "Type the code that was sent to the mobile number on file."
    answered_by = "code"
