"""A push that says what the help desk is verifying for, answered by a code carried to the portal; mere approval is no answer.

A real connector speaks to the identity provider's push service. This twin plays it.
"""

from __future__ import annotations

from mfadesk.connectors.factors.twin import Twin


class Service(Twin):
    """The twin of `push_code_transfer`."""

    method = "push_code_transfer"
    asks_for = "Open the request on your authenticator app and type the code that it shows."
    answered_by = "code"
