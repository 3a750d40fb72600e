"""A verifiable credential from a wallet, with a face check against the photo in it.

A real connector speaks OpenID4VP with the binding as nonce. This twin plays it.
"""

from __future__ import annotations

from mfadesk.connectors.factors.twin import Twin


class Service(Twin):
    """The twin of `vc_facecheck`."""

    method = "vc_facecheck"
    asks_for = "Present the employee credential from your wallet and let it check your face."
    answered_by = "service"
