"""WebAuthn between a browser's JSON and privacyIDEA's form fields.

privacyIDEA verifies; this module refuses beforehand what it might let pass as policy stands: another origin than ours, another
challenge than was given, or a signature without user verification.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fido2.utils import websafe_decode, websafe_encode
from fido2.webauthn import AttestationObject, AuthenticatorData

from mfadesk.connectors.privacyidea.client import Answer, not_understood
from mfadesk.ports.provider import AuthenticatorKind, Rejected


@dataclass(frozen=True, slots=True)
class Ceremony:
    """What to send: form fields, the origin that the browser signed, and what the authenticator's flags say that it is."""

    fields: Mapping[str, str]
    origin: str
    kind: AuthenticatorKind


def creation_options(answer: Answer) -> dict[str, Any]:
    """Return `PublicKeyCredentialCreationOptionsJSON` from the answer to ``/token/init``. Raises Unavailable."""
    try:
        asked = answer.detail["webAuthnRegisterRequest"]
        return {
            "rp": {"id": asked["relyingParty"]["id"], "name": asked["relyingParty"]["name"]},
            # privacyIDEA uses the serial as user handle.
            "user": {
                "id": websafe_encode(asked["serialNumber"].encode()),
                "name": asked["name"],
                "displayName": asked["name"],
            },
            "challenge": asked["nonce"],
            "pubKeyCredParams": asked["pubKeyCredAlgorithms"],
            "timeout": asked.get("timeout", 60_000),
            "excludeCredentials": asked.get("excludeCredentials", []),
            "authenticatorSelection": {**asked.get("authenticatorSelection", {}), "userVerification": "required"},
            "attestation": asked.get("attestation", "none"),
        }
    except (KeyError, TypeError, AttributeError) as error:
        raise not_understood() from error


def request_options(answer: Answer) -> dict[str, Any]:
    """Return `PublicKeyCredentialRequestOptionsJSON` from the answer to ``/validate/triggerchallenge``; ``state`` is ours."""
    try:
        challenges = [each for each in answer.detail["multi_challenge"] if each["type"] == "webauthn"]
        asked = [each["attributes"]["webAuthnSignRequest"] for each in challenges]
        if len({(each["challenge"], each["rpId"]) for each in asked}) != 1:
            raise not_understood()
        return {
            "challenge": asked[0]["challenge"],
            "timeout": asked[0].get("timeout", 60_000),
            "rpId": asked[0]["rpId"],
            "allowCredentials": [
                {"type": "public-key", "id": credential["id"]} for each in asked for credential in each["allowCredentials"]
            ],
            "userVerification": "required",
            "state": {"transaction_id": str(challenges[0]["transaction_id"])},
        }
    except (KeyError, TypeError, IndexError) as error:
        raise not_understood() from error


def require_assertion(options: Mapping[str, Any], response: Mapping[str, Any], origins: frozenset[str]) -> Ceremony | Rejected:
    """Return what to send of an `AuthenticationResponseJSON`, or why not."""
    try:
        answer = response["response"]
        transaction_id = options["state"]["transaction_id"]
        origin = _require_client_data(answer["clientDataJSON"], "webauthn.get", origins, options["challenge"])
        data = AuthenticatorData(websafe_decode(answer["authenticatorData"]))
        fields = {
            "transaction_id": str(transaction_id),
            "credentialid": _b64(response["id"]),
            "clientdata": _b64(answer["clientDataJSON"]),
            "signaturedata": _b64(answer["signature"]),
            "authenticatordata": _b64(answer["authenticatorData"]),
        }
        if answer.get("userHandle"):
            fields["userhandle"] = _b64(answer["userHandle"])
    except Exception:  # hostile input: whatever the parser trips over means no
        return Rejected("wrong")
    if not data.is_user_verified():
        return Rejected("no_user_verification")
    return Ceremony(fields, origin, "passkey_synced" if data.is_backup_eligible() else "passkey")


def require_registration(response: Mapping[str, Any], origins: frozenset[str]) -> Ceremony | Rejected:
    """Return what to send of a `RegistrationResponseJSON`, or why not."""
    try:
        answer = response["response"]
        origin = _require_client_data(answer["clientDataJSON"], "webauthn.create", origins, None)
        data = AttestationObject(websafe_decode(answer["attestationObject"])).auth_data
        fields = {"clientdata": _b64(answer["clientDataJSON"]), "regdata": _b64(answer["attestationObject"])}
    except Exception:  # as above
        return Rejected("wrong")
    if not data.is_user_verified():
        return Rejected("no_user_verification")
    return Ceremony(fields, origin, "passkey_synced" if data.is_backup_eligible() else "passkey")


def _require_client_data(encoded: str, kind: str, origins: frozenset[str], challenge: str | None) -> str:
    client_data = json.loads(websafe_decode(encoded))
    if client_data["type"] != kind or client_data["origin"] not in origins or client_data.get("crossOrigin"):
        raise ValueError("not from our page")
    if challenge is not None and websafe_decode(client_data["challenge"]) != websafe_decode(challenge):
        raise ValueError("not the challenge that was given")
    return str(client_data["origin"])


def _b64(text: Any) -> str:
    return websafe_encode(websafe_decode(str(text)))
