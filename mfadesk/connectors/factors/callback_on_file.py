"""A call back to the number on file through a telephone service, so that nobody at the desk sees the number (SETTLED 15).

A real connector has the exchange place the call; how long the number has been on file is judged by policy, not here. This
twin plays it.
"""

from __future__ import annotations

from mfadesk.connectors.factors.twin import Twin


class Service(Twin):
    """The twin of `callback_on_file`."""

    method = "callback_on_file"
    asks_for = "Answer the call to your number on file and type the code that the voice gives."
    answered_by = "code"
