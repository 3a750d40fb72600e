"""A WebAuthn authenticator made of software: for walks without a browser, pretend phones, and tests that need a bad one.

It plays browser and authenticator at once and is as strict as both: it refuses an origin that the relying party's id does not
cover, which is the whole point of a passkey. What it makes is verified like any other; nothing trusts it.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from fido2.cose import ES256
from fido2.utils import sha256, websafe_decode, websafe_encode
from fido2.webauthn import Aaguid, AttestationObject, AttestedCredentialData, AuthenticatorData, CollectedClientData

from mfadesk.kernel.errors import Invalid, Refusal
from mfadesk.kernel.ids import Randomness

_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""Order of the group on P-256 (SP 800-186 §3.2.1.3)."""


@dataclass(frozen=True, slots=True)
class SoftPasskey:
    """One credential. `synced` keys say that they may be backed up and are; `roaming` ones are keys on a ring.

    Frozen: signing returns the passkey with its counter moved on, which whoever keeps it stores in place of the old.
    """

    rp_id: str
    user_handle: bytes
    credential_id: bytes
    scalar: bytes
    sign_count: int = 0
    backup_eligible: bool = False
    roaming: bool = False

    @classmethod
    def make(
        cls, rp_id: str, user_handle: bytes, randomness: Randomness, *, synced: bool = False, roaming: bool = False
    ) -> SoftPasskey:
        """Return a fresh ES256 key pair for one account at one relying party."""
        scalar = int.from_bytes(randomness.bytes(40), "big") % (_ORDER - 1) + 1
        return cls(rp_id, user_handle, randomness.bytes(32), scalar.to_bytes(32, "big"), 0, synced, roaming)

    @classmethod
    def register(
        cls,
        options: Mapping[str, Any],
        origin: str,
        randomness: Randomness,
        *,
        synced: bool = False,
        roaming: bool | None = None,
        user_verified: bool = True,
    ) -> tuple[SoftPasskey, dict[str, Any]]:
        """Return a new passkey and its `RegistrationResponseJSON` for creation `options` (JSON form).

        roaming: whether it is a security key; where None, as the options ask.

        Raises Refusal ``wrong_site`` where the origin does not belong to the relying party.
        """
        rp_id = str(options["rp"]["id"])
        _require_site(rp_id, origin)
        if roaming is None:
            roaming = options.get("authenticatorSelection", {}).get("authenticatorAttachment") == "cross-platform"
        handle = websafe_decode(options["user"]["id"])
        passkey = cls.make(rp_id, handle, randomness, synced=synced, roaming=roaming)
        flags = passkey._flags(user_verified) | AuthenticatorData.FLAG.AT
        data = AuthenticatorData.create(sha256(rp_id.encode()), flags, 0, passkey.credential_data())
        client_data = CollectedClientData.create(CollectedClientData.TYPE.CREATE, options["challenge"], origin)
        answer = {
            "clientDataJSON": websafe_encode(client_data),
            "attestationObject": websafe_encode(AttestationObject.create("none", data, {})),
            "transports": ["usb"] if roaming else ["internal"],
        }
        return passkey, passkey._wrap(answer)

    def sign(
        self, options: Mapping[str, Any], origin: str, *, user_verified: bool = True
    ) -> tuple[SoftPasskey, dict[str, Any]]:
        """Return the passkey moved on, and the `AuthenticationResponseJSON` for request `options` (JSON form).

        Raises Refusal ``wrong_site`` as above, and ``not_asked`` where the options list credentials and this is none of them.
        """
        _require_site(str(options.get("rpId", self.rp_id)), origin)
        allowed = options.get("allowCredentials") or []
        if options.get("rpId", self.rp_id) != self.rp_id or (allowed and not self.is_asked(options)):
            raise Refusal("not_asked", "This passkey was not asked for.")
        # Synced passkeys keep no counter: it could not be kept in step between devices.
        count = 0 if self.backup_eligible else self.sign_count + 1
        data = AuthenticatorData.create(sha256(self.rp_id.encode()), self._flags(user_verified), count)
        client_data = CollectedClientData.create(CollectedClientData.TYPE.GET, options["challenge"], origin)
        answer = {
            "clientDataJSON": websafe_encode(client_data),
            "authenticatorData": websafe_encode(data),
            "signature": websafe_encode(self._key().sign(data + client_data.hash, ec.ECDSA(hashes.SHA256()))),
            "userHandle": websafe_encode(self.user_handle),
        }
        return replace(self, sign_count=count), self._wrap(answer)

    def is_asked(self, options: Mapping[str, Any]) -> bool:
        """Return whether request `options` name this credential."""
        return websafe_encode(self.credential_id) in {each["id"] for each in options.get("allowCredentials") or []}

    def credential_data(self) -> bytes:
        """Return the attested credential data: what a relying party stores."""
        public = ES256.from_cryptography_key(self._key().public_key())  # type: ignore[no-untyped-call]
        return bytes(AttestedCredentialData.create(Aaguid.NONE, self.credential_id, public))

    def to_json(self) -> str:
        """Return everything, key included, as JSON: for a demo's own file, never for a person's."""
        return json.dumps(
            {
                "rp_id": self.rp_id,
                "user_handle": base64.b64encode(self.user_handle).decode(),
                "credential_id": base64.b64encode(self.credential_id).decode(),
                "scalar": base64.b64encode(self.scalar).decode(),
                "sign_count": self.sign_count,
                "backup_eligible": self.backup_eligible,
                "roaming": self.roaming,
            }
        )

    @classmethod
    def from_json(cls, text: str) -> SoftPasskey:
        """Return what `to_json` wrote. Raises Invalid."""
        try:
            fields = json.loads(text)
            for name in ("user_handle", "credential_id", "scalar"):
                fields[name] = base64.b64decode(fields[name], validate=True)
            return cls(**fields)
        except (ValueError, KeyError, TypeError) as error:
            raise Invalid("passkey", "This is no stored software passkey.") from error

    def _key(self) -> ec.EllipticCurvePrivateKey:
        return ec.derive_private_key(int.from_bytes(self.scalar, "big"), ec.SECP256R1())

    def _flags(self, user_verified: bool) -> AuthenticatorData.FLAG:
        flags = AuthenticatorData.FLAG.UP
        if user_verified:
            flags |= AuthenticatorData.FLAG.UV
        if self.backup_eligible:
            flags |= AuthenticatorData.FLAG.BE | AuthenticatorData.FLAG.BS
        return flags

    def _wrap(self, answer: dict[str, Any]) -> dict[str, Any]:
        identifier = websafe_encode(self.credential_id)
        return {
            "id": identifier,
            "rawId": identifier,
            "type": "public-key",
            "authenticatorAttachment": "cross-platform" if self.roaming else "platform",
            "clientExtensionResults": {},
            "response": answer,
        }


def _require_site(rp_id: str, origin: str) -> None:
    """Raise Refusal ``wrong_site`` unless the origin's host is the relying party's id or below it (WebAuthn level 3 §5.1.3)."""
    host = urlsplit(origin).hostname or ""
    if host != rp_id and not host.endswith("." + rp_id):
        raise Refusal("wrong_site", "This passkey belongs to another site.")
