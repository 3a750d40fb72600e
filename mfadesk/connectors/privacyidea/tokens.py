"""What privacyIDEA says of a token, read into the port's words; what it does not say, read the cautious way."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from mfadesk.connectors.privacyidea.client import not_understood
from mfadesk.ports.provider import Authenticator, AuthenticatorKind, AuthenticatorState

KINDS: dict[str, AuthenticatorKind] = {
    "totp": "totp",
    "hotp": "hotp",
    "push": "push",
    "sms": "sms",
    "webauthn": "passkey_synced",
    "passkey": "passkey_synced",
    "paper": "recovery_code",
    "tan": "recovery_code",
    "registration": "recovery_code",
}
"""The port's word for each token type; a passkey counts as synced until shown otherwise."""

KEY_INFO = "mfadesk_key"
PREFIXES = {"totp": "TOTP", "hotp": "OATH", "webauthn": "WAN"}
"""privacyIDEA tells WebAuthn tokens by the first letters of their serial, so ours keep to its habit."""


@dataclass(frozen=True, slots=True)
class Token:
    """One token of one user."""

    serial: str
    type: str
    kind: AuthenticatorKind
    label: str
    active: bool
    locked: bool
    rollout_state: str
    used: bool
    created_at: datetime
    last_used_at: datetime | None
    fail_count: int
    hardware: bool
    attested: bool
    key: str | None

    @property
    def state(self) -> AuthenticatorState:
        if self.rollout_state == "clientwait":
            return "pending"
        if not self.active or self.locked:
            return "suspended"
        if self.rollout_state not in {"", "enrolled"}:
            return "pending"
        # Ours to prove: a passkey that we began and that never yet signed anybody in.
        if self.type == "webauthn" and self.key is not None and not self.used:
            return "pending"
        return "active"

    def to_authenticator(self) -> Authenticator:
        """Return what the port shows."""
        on_phone = self.kind in {"totp", "hotp", "push", "sms", "passkey_synced"} and not self.hardware
        return Authenticator(
            self.serial,
            self.kind,
            self.label,
            self.state,
            on_phone,
            self.created_at,
            self.last_used_at,
            self.fail_count,
            self.key,
        )


def parse_token(entry: Any, seen_at: datetime) -> Token | None:
    """Return the token, or None where the port has no word for its type or it was revoked for good.

    Raises Unavailable for an entry that is not what the API promises.
    """
    try:
        token_type = str(entry["tokentype"])
        info: Mapping[str, Any] = entry.get("info") or {}
        if token_type not in KINDS or entry["revoked"] is True:
            return None
        attested = info.get("attestation_level") in {"trusted", "untrusted"} and "attestation_issuer" in info
        return Token(
            serial=_text(entry["serial"]),
            type=token_type,
            kind="security_key" if attested else KINDS[token_type],
            label=_text(entry.get("description") or entry["serial"]),
            active=_flag(entry["active"]),
            locked=_flag(entry["locked"]),
            rollout_state=str(entry.get("rollout_state") or ""),
            used=int(info.get("count_auth_success") or 0) > 0 or "last_auth" in info,
            created_at=parse_moment(info.get("creation_date")) or seen_at,
            last_used_at=parse_moment(info.get("last_auth")),
            fail_count=int(entry["failcount"]),
            hardware=info.get("tokenkind") == "hardware" or attested,
            attested=attested,
            key=info.get(f"{token_type}.{KEY_INFO}"),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise not_understood(is_act=False) from error


def parse_moment(text: Any) -> datetime | None:
    """Return the moment in UTC, or None for nothing. Raises ValueError for what is no moment."""
    if text in (None, ""):
        return None
    moment = datetime.fromisoformat(str(text))
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def serial_for(token_type: str, login: str, key: str) -> str:
    """Return the serial of the token that this key stands for: the same key finds, and never doubles, its own token."""
    return PREFIXES[token_type] + "MD" + hashlib.sha256(f"{login}\n{key}".encode()).hexdigest()[:24].upper()


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError("no boolean")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("no text")
    return value
