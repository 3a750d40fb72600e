"""What the desk asks of an identity provider, narrow on purpose: look, check, act, read back. Nothing else may be called.

Three rules hold for every connector, and `tests/connectors/laws.py` plays them against each:
* a check of a code or an assertion is never repeated by the connector, since the first try may have burnt it;
* an act takes an idempotency key and may be repeated after a look: twice is once;
* an answer that is not understood raises Unavailable with `effect_unknown`, never a guess.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol

from mfadesk.kernel.secret import Secret

AuthenticatorKind = Literal["totp", "hotp", "push", "passkey", "passkey_synced", "security_key", "recovery_code", "sms"]
AuthenticatorState = Literal["active", "suspended", "pending"]
"""`pending` was begun and never proved to work: it cannot sign anybody in."""

PHISHING_RESISTANT: frozenset[AuthenticatorKind] = frozenset({"passkey", "passkey_synced", "security_key"})


@dataclass(frozen=True, slots=True)
class Authenticator:
    """One authenticator as the provider holds it. `on_phone` says that it goes where the phone goes."""

    id: str
    kind: AuthenticatorKind
    label: str
    state: AuthenticatorState
    on_phone: bool
    created_at: datetime
    last_used_at: datetime | None
    fail_count: int = 0
    key: str | None = None
    """The idempotency key that created it, where we did."""


@dataclass(frozen=True, slots=True)
class Grant:
    """A way in for a time, instead of an authenticator: one code, good once, that ends by itself at the provider.

    key: the idempotency key that gave it, by which it is ended too.
    """

    id: str
    key: str
    expires_at: datetime
    used_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Bypass:
    """A grant just given, with its code: it leaves the executor only sealed to the claimant's browser."""

    grant: Grant
    code: Secret


@dataclass(frozen=True, slots=True)
class Holdings:
    """All that a provider holds of one account, as seen at one moment."""

    login: str
    authenticators: tuple[Authenticator, ...]
    sessions: int
    seen_at: datetime
    disabled: bool = False
    """Nobody signs in to it, with whatever they hold."""
    grants: tuple[Grant, ...] = ()
    """Grants that could still sign somebody in."""
    locked: bool = False
    """The provider itself closed it after too many wrong tries; `disabled` is True as well. Otherwise somebody closed it."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """The provider accepted a code or an assertion made with this authenticator."""

    authenticator_id: str
    kind: AuthenticatorKind
    first_use: bool = False
    """This was the test that made a pending authenticator active: it proves that the new one works, not who holds it."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """The provider said no. `reason` is for staff and the record, never for whoever typed the code."""

    reason: Literal["wrong", "replayed", "locked", "suspended", "unknown", "no_user_verification"]


@dataclass(frozen=True, slots=True)
class Enrolment:
    """A fresh authenticator in state `pending`. Exactly one of the two is set.

    secret_uri: an ``otpauth://`` address (TOTP, HOTP); it leaves the executor only sealed to the claimant's browser.
    creation_options: WebAuthn `PublicKeyCredentialCreationOptions` as JSON.
    """

    authenticator_id: str
    secret_uri: Secret | None = None
    creation_options: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a provider can do. What it cannot do is not offered, and `check` says so."""

    name: str
    binds_challenge: bool
    """WebAuthn challenges may be ours, so that an assertion can commit to case, action and statement."""
    suspends_without_gap: bool
    """While an authenticator is suspended, the password alone neither signs in nor registers another one."""
    enrols: frozenset[AuthenticatorKind]
    max_failures: int
    """After this many wrong codes the provider locks; the desk stops earlier."""
    ends_sessions: bool = True
    """`end_sessions` does something here; where False, sessions live elsewhere and the record says that nobody ended them."""
    longest_bypass_s: int = 0
    """How long a grant may last that the provider ends by itself; 0 where it has none, and then none is offered."""
    opens_accounts: bool = False
    """Accounts are closed and opened here; where False they are elsewhere, and none is ever seen closed."""


class Provider(Protocol):
    """One identity provider. Every method raises Unavailable where it does not answer."""

    def capabilities(self) -> Capabilities: ...

    def health(self) -> None:
        """Return if the provider answers and our credential works; raise Unavailable with what to do otherwise."""
        ...

    def look(self, login: str) -> Holdings:
        """Return what is held now. Raises Refusal ``unknown_account``."""
        ...

    def check_code(self, login: str, code: Secret) -> Accepted | Rejected:
        """Have the provider validate a TOTP, HOTP or recovery code, once."""
        ...

    def begin_assertion(self, login: str, challenge: bytes) -> Mapping[str, Any]:
        """Return `PublicKeyCredentialRequestOptions` as JSON, user verification required.

        The options carry `challenge` where `binds_challenge`; any extra state for `finish_assertion` is in the key ``state``.
        """
        ...

    def finish_assertion(self, login: str, options: Mapping[str, Any], response: Mapping[str, Any]) -> Accepted | Rejected:
        """Verify the browser's `AuthenticatorAssertionResponse` JSON against `options`, once."""
        ...

    def enrol(self, login: str, kind: AuthenticatorKind, label: str, key: str) -> Enrolment:
        """Begin a new authenticator, state `pending`. The same key begins it anew: an orphan of a crash is replaced."""
        ...

    def confirm_code(self, login: str, authenticator_id: str, code: Secret) -> Accepted | Rejected:
        """Test a pending OATH authenticator by a real validation; accepted makes it active."""
        ...

    def confirm_passkey(self, login: str, authenticator_id: str, response: Mapping[str, Any]) -> Accepted | Rejected:
        """Finish a WebAuthn registration; the credential stays `pending` until a first assertion is accepted."""
        ...

    def suspend(self, login: str, authenticator_id: str, key: str) -> None:
        """Make it unable to sign in, reversibly."""
        ...

    def resume(self, login: str, authenticator_id: str, key: str) -> None: ...

    def remove(self, login: str, authenticator_id: str, key: str) -> None:
        """Delete it; absent already is success."""
        ...

    def end_sessions(self, login: str, key: str) -> None:
        """End every session and token of the account."""
        ...

    def resync(self, login: str, authenticator_id: str, first: Secret, second: Secret) -> Accepted | Rejected:
        """Resynchronise an OATH token by two consecutive codes, within the provider's window."""
        ...

    def grant_bypass(self, login: str, key: str, lasts_s: int) -> Bypass:
        """Give a code that signs in once within `lasts_s`, and ends at the provider whether or not anybody comes back to end it.

        The same key gives it anew: an orphan of a crash is replaced. Raises Refusal ``cannot_bypass`` where the provider has none.
        """
        ...

    def end_bypass(self, login: str, grant_key: str, key: str) -> None:
        """End the grant that `grant_key` gave, and every session that it opened; absent already is success."""
        ...

    def open_account(self, login: str, key: str) -> None:
        """Let a disabled or locked account sign in again; open already is success. Raises Refusal ``cannot_open``."""
        ...

    def close_account(self, login: str, key: str) -> None:
        """Let nobody sign in to the account, until it is opened. Raises Refusal ``cannot_open``."""
        ...

    def reset_failures(self, login: str, authenticator_id: str, key: str) -> None:
        """Clear the fail counter of an authenticator that still works."""
        ...
