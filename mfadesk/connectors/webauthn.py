"""One WebAuthn relying party, for the lab and for desk keys: options out, responses verified, nothing stored here.

What a browser sends is hostile until verified; everything that is wrong with it becomes one verdict, so that nobody learns from
the difference. User verification is always required (SP 800-63B-4 §3.1.6: a key alone is one factor).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, Literal, Protocol, TypeVar

from fido2.server import Fido2Server
from fido2.utils import websafe_decode, websafe_encode
from fido2.webauthn import (
    AttestedCredentialData,
    AuthenticationResponse,
    AuthenticatorData,
    PublicKeyCredentialRpEntity,
    RegistrationResponse,
)

from mfadesk.ports.provider import AuthenticatorKind

TIMEOUT_MS = 300_000
"""Five minutes: somebody has to find the key in a bag first. WebAuthn level 3 §15.1 recommends 300 to 600 s."""

ALGORITHMS = (-7, -8, -257)
"""ES256, EdDSA, RS256: what authenticators of today make."""

WEBAUTHN_KINDS: tuple[AuthenticatorKind, ...] = ("passkey", "passkey_synced", "security_key")


@dataclass(frozen=True, slots=True)
class Registered:
    """A verified registration. `kind` is what the authenticator is, whatever was asked for."""

    kind: AuthenticatorKind
    credential_id: bytes
    credential: bytes
    sign_count: int
    backup_eligible: bool


class Held(Protocol):
    """A credential as whoever verifies keeps it: the lab's own, or a desk key in the executor's register."""

    @property
    def id(self) -> str: ...

    @property
    def credential(self) -> bytes | None: ...

    @property
    def sign_count(self) -> int: ...

    @property
    def backup_eligible(self) -> bool: ...


H = TypeVar("H", bound=Held)


@dataclass(frozen=True, slots=True)
class Asserted(Generic[H]):
    """A verified assertion by `stored`."""

    stored: H
    sign_count: int


@dataclass(frozen=True, slots=True)
class Failed:
    """Not verified."""

    reason: Literal["wrong", "no_user_verification", "unknown", "replayed"]


class RelyingParty:
    """One relying party: an id, and the exact origins from which ceremonies are accepted."""

    def __init__(self, rp_id: str, name: str, origins: Iterable[str]) -> None:
        self.rp_id = rp_id
        self.name = name
        self._origins = frozenset(origins)
        # An exact list, not any origin under the id: `localhost` would otherwise cover every port of the machine.
        self._server = Fido2Server(PublicKeyCredentialRpEntity(name=name, id=rp_id), verify_origin=self._origins.__contains__)

    def creation_options(
        self, login: str, user_handle: bytes, kind: AuthenticatorKind, challenge: bytes, exclude: Iterable[bytes]
    ) -> dict[str, Any]:
        """Return `PublicKeyCredentialCreationOptionsJSON`. Source: WebAuthn level 3 §5.4."""
        selection: dict[str, Any] = {"userVerification": "required", "residentKey": "required", "requireResidentKey": True}
        if kind == "security_key":
            selection = {
                "userVerification": "required",
                "residentKey": "preferred",
                "requireResidentKey": False,
                "authenticatorAttachment": "cross-platform",
            }
        return {
            "rp": {"id": self.rp_id, "name": self.name},
            "user": {"id": websafe_encode(user_handle), "name": login, "displayName": login},
            "challenge": websafe_encode(challenge),
            "pubKeyCredParams": [{"type": "public-key", "alg": alg} for alg in ALGORITHMS],
            "timeout": TIMEOUT_MS,
            "excludeCredentials": [_descriptor(each) for each in exclude],
            "authenticatorSelection": selection,
            "attestation": "none",
        }

    def request_options(self, challenge: bytes, allow: Iterable[bytes]) -> dict[str, Any]:
        """Return `PublicKeyCredentialRequestOptionsJSON`. Source: WebAuthn level 3 §5.5."""
        return {
            "challenge": websafe_encode(challenge),
            "timeout": TIMEOUT_MS,
            "rpId": self.rp_id,
            "allowCredentials": [_descriptor(each) for each in allow],
            "userVerification": "required",
        }

    def verify_registration(
        self, challenge: bytes, response: Mapping[str, Any], asked: AuthenticatorKind
    ) -> Registered | Failed:
        """Return the new credential. Source: WebAuthn level 3 §7.1."""
        try:
            parsed = RegistrationResponse.from_dict(response)
            data = parsed.response.attestation_object.auth_data
            if not data.is_user_verified():
                return Failed("no_user_verification")
            if parsed.response.client_data.cross_origin:
                return Failed("wrong")
            data = self._server.register_complete(_state(challenge), parsed)
            credential = data.credential_data
            if (
                credential is None
                or credential.credential_id != parsed.raw_id
                or credential.public_key.get(3) not in ALGORITHMS
            ):
                return Failed("wrong")
        except Exception:  # hostile input: the library raises whatever its parser trips over, and all of it means no
            return Failed("wrong")
        return Registered(
            _kind_of(data, asked, response),
            bytes(credential.credential_id),
            bytes(credential),
            data.counter,
            data.is_backup_eligible(),
        )

    def verify_assertion(
        self, challenge: bytes, response: Mapping[str, Any], held: Iterable[H], user_handle: bytes
    ) -> Asserted[H] | Failed:
        """Return which credential of `held` signed. Source: WebAuthn level 3 §7.2."""
        try:
            parsed = AuthenticationResponse.from_dict(response)
            data = parsed.response.authenticator_data
            by_id = {AttestedCredentialData(a.credential).credential_id: a for a in held if a.credential is not None}
            stored = by_id.get(parsed.raw_id)
            if stored is None or stored.credential is None:
                return Failed("unknown")
            self._server.authenticate_complete(
                {"challenge": websafe_encode(challenge), "user_verification": None},
                [AttestedCredentialData(stored.credential)],
                parsed,
            )
            handle = parsed.response.user_handle
            if parsed.response.client_data.cross_origin or (handle and handle != user_handle):
                return Failed("wrong")
        except Exception:  # as above
            return Failed("wrong")
        if not data.is_user_verified():
            return Failed("no_user_verification")
        if data.is_backup_eligible() != stored.backup_eligible:
            return Failed("wrong")
        if (data.counter or stored.sign_count) and data.counter <= stored.sign_count:
            # A counter that does not move on is what a cloned key looks like (§7.2 step 22).
            return Failed("replayed")
        return Asserted(stored, data.counter)


def challenge_of(options: Mapping[str, Any]) -> bytes:
    """Return the challenge in `options`. Raises ValueError where there is none."""
    challenge = options.get("challenge")
    if not isinstance(challenge, str):
        raise ValueError("options without a challenge")
    return websafe_decode(challenge)


def _state(challenge: bytes) -> dict[str, Any]:
    return {"challenge": websafe_encode(challenge), "user_verification": "required"}


def _descriptor(credential_id: bytes) -> dict[str, str]:
    return {"type": "public-key", "id": websafe_encode(credential_id)}


def _kind_of(data: AuthenticatorData, asked: AuthenticatorKind, response: Mapping[str, Any]) -> AuthenticatorKind:
    """A credential that may be copied to a cloud is synced; a roaming one is a security key; else it stays on its device."""
    if data.is_backup_eligible():
        return "passkey_synced"
    roaming = asked == "security_key" or response.get("authenticatorAttachment") == "cross-platform"
    return "security_key" if roaming else "passkey"
