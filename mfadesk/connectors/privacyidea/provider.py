"""privacyIDEA behind the provider port. See the package's docstring for what it does differently."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from mfadesk.connectors.privacyidea.ceremony import (
    creation_options,
    request_options,
    require_assertion,
    require_registration,
)
from mfadesk.connectors.privacyidea.client import DEFAULT_TIMEOUT_S, SERVICE, Answer, Client, Declined, not_understood, refuse
from mfadesk.connectors.privacyidea.policies import demands_proof, find_excess, find_gaps
from mfadesk.connectors.privacyidea.tokens import KEY_INFO, Token, parse_token, serial_for
from mfadesk.connectors.privacyidea.verdict import UNKNOWN_USER, judge
from mfadesk.kernel.clock import Clock
from mfadesk.kernel.errors import Invalid, Refusal, Unavailable
from mfadesk.kernel.secret import Secret
from mfadesk.ports.provider import Accepted, AuthenticatorKind, Bypass, Capabilities, Enrolment, Holdings, Rejected

MAX_FAILURES = 10
NO_ACCOUNTS = "privacyIDEA keeps tokens and no accounts. Whoever keeps the account opens or closes it."
MAX_TOKENS = 200
POLICIES_AGE_S = 300
ENROLS: frozenset[AuthenticatorKind] = frozenset({"totp", "hotp", "passkey", "passkey_synced", "security_key"})

_TYPES: dict[AuthenticatorKind, str] = {
    "totp": "totp",
    "hotp": "hotp",
    "passkey": "webauthn",
    "passkey_synced": "webauthn",
    "security_key": "webauthn",
}
_BAD_PARAMETER = 905
_NOT_FOUND = 601
_CODE = re.compile(r"[A-Za-z0-9-]{4,64}")
_LOGIN = re.compile(r"[^\s*\x00-\x1f\x7f]{1,200}")


class PrivacyIdeaProvider:
    """One realm of one privacyIDEA as a `Provider`."""

    def __init__(self, client: Client, realm: str, origins: Iterable[str], clock: Clock) -> None:
        self._client = client
        self._realm = realm
        self._origins = frozenset(origins)
        self._clock = clock
        self._one_proof_at_a_time = threading.Lock()
        self._policies: tuple[datetime, list[Mapping[str, Any]] | None] | None = None

    def capabilities(self) -> Capabilities:
        """Return what can be done, as its policies stand; where we may not read them, suspension is taken to leave a gap."""
        policies = self._read_policies()
        enrols = {kind for kind in ENROLS if kind not in {"totp", "hotp"} and self._origins}
        if policies is not None:
            enrols |= {kind for kind in ("totp", "hotp") if demands_proof(policies, kind, self._realm)}
        return Capabilities(
            "privacyidea",
            binds_challenge=False,
            suspends_without_gap=policies is not None and not find_gaps(policies, self._realm),
            enrols=frozenset(enrols),
            max_failures=MAX_FAILURES,
            ends_sessions=False,
        )

    def health(self) -> None:
        """Return if privacyIDEA answers and our token may read users of the realm."""
        answer = self._client.get("/user/", {"realm": self._realm, "username": "mfadesk-health"})
        if isinstance(answer, Declined):
            refuse(answer, "read the users of our realm")

    def find_gaps(self) -> tuple[str, ...]:
        """Return the ways around a suspended token, as sentences for `check`. Raises Unavailable."""
        policies = self._read_policies()
        return ("our account may not read the policies",) if policies is None else find_gaps(policies, self._realm)

    def find_excess_rights(self, account: str) -> tuple[str, ...]:
        """Return what our `account` may do at privacyIDEA and the desk never asks for, for `check`. Raises Unavailable."""
        return find_excess(self._read_policies() or (), account)

    def look(self, login: str) -> Holdings:
        tokens = self._list(login)
        return Holdings(login, tuple(token.to_authenticator() for token in tokens), 0, self._clock.now())

    def check_code(self, login: str, code: Secret) -> Accepted | Rejected:
        """Return what privacyIDEA says of the code. One after the other: it takes one code twice that it is shown twice at one moment."""
        with self._one_proof_at_a_time:
            return self._check_code(login, code)

    def _check_code(self, login: str, code: Secret) -> Accepted | Rejected:
        held = self._list(login)
        if not _CODE.fullmatch(code.reveal()):
            # An empty code would be a request for a text message: privacyIDEA takes it for a PIN.
            return Rejected("wrong")
        fields = {"user": login, "realm": self._realm, "pass": code.reveal()}
        return judge(held, self._client.post("/validate/check", fields), {"totp", "hotp", "recovery_code"})

    def begin_assertion(self, login: str, challenge: bytes) -> Mapping[str, Any]:
        """Return the options of privacyIDEA's own challenge; `challenge` is not used (`binds_challenge` is False).

        Where other tokens would be set off too (a text message, a push), only the passkey used last is asked for.

        Raises Refusal ``no_passkey`` where there is none that could answer.
        """
        tokens = self._list(login)
        passkeys = [t for t in tokens if t.type == "webauthn" and t.active and t.rollout_state in {"", "enrolled"}]
        if not passkeys:
            raise Refusal("no_passkey", "The account has no passkey that could answer.")
        fields = {"user": login, "realm": self._realm}
        if any(t.kind in {"push", "sms"} and t.active for t in tokens):
            fields["serial"] = max(passkeys, key=lambda t: (t.last_used_at or t.created_at, t.serial)).serial
        answer = self._client.post("/validate/triggerchallenge", fields)
        if isinstance(answer, Declined):
            refuse(answer, "ask for a passkey")
        return request_options(answer)

    def finish_assertion(self, login: str, options: Mapping[str, Any], response: Mapping[str, Any]) -> Accepted | Rejected:
        """Return what privacyIDEA says of the assertion. One after the other, as `check_code`."""
        with self._one_proof_at_a_time:
            return self._finish_assertion(login, options, response)

    def _finish_assertion(self, login: str, options: Mapping[str, Any], response: Mapping[str, Any]) -> Accepted | Rejected:
        ceremony = require_assertion(options, response, self._origins)
        if isinstance(ceremony, Rejected):
            return ceremony
        held = self._list(login)
        pending = {token.serial for token in held if token.state == "pending"}
        fields = {"user": login, "realm": self._realm, "pass": "", **ceremony.fields}
        answer = self._client.post("/validate/check", fields, {"Origin": ceremony.origin})
        if isinstance(answer, Declined) and answer.code == _NOT_FOUND:
            # The challenge is spent or too old.
            return Rejected("replayed")
        if isinstance(answer, Declined) and answer.status in {400, 401}:
            return Rejected("wrong")
        verdict = judge(held, answer, {"passkey_synced", "security_key", "passkey"})
        if isinstance(verdict, Rejected):
            return verdict
        kind = ceremony.kind if verdict.kind != "security_key" else verdict.kind
        return Accepted(verdict.authenticator_id, kind, first_use=verdict.authenticator_id in pending)

    def enrol(self, login: str, kind: AuthenticatorKind, label: str, key: str) -> Enrolment:
        """Begin an authenticator, as the port says; its serial comes from login and key, so a second try finds the first."""
        type_name = _TYPES.get(kind)
        if type_name is None or (type_name == "webauthn" and not self._origins):
            raise Refusal("cannot_enrol", f"privacyIDEA does not enrol authenticators of the kind {kind} here.")
        if not key or not label or len(label) > 80:
            raise Invalid("label", "An enrolment needs a key, and a label of 1 to 80 characters.")
        serial = serial_for(type_name, login, key)
        former = self._find(login, serial)
        if former is not None and former.state != "pending":
            raise Refusal("already_enrolled", "This authenticator is enrolled and tested already.")
        if former is not None:
            self._delete(serial)
        fields = {
            "type": type_name,
            "user": login,
            "realm": self._realm,
            "serial": serial,
            "description": label,
            f"{type_name}.{KEY_INFO}": key,
        }
        if type_name != "webauthn":
            fields["genkey"] = "1"
        answer = self._client.post("/token/init", fields)
        if isinstance(answer, Declined):
            refuse(answer, "enrol a token")
        if answer.detail.get("serial") != serial:
            raise not_understood()
        if type_name == "webauthn":
            return Enrolment(serial, creation_options=creation_options(answer))
        return Enrolment(serial, secret_uri=self._require_pending_secret(answer, type_name, serial))

    def confirm_code(self, login: str, authenticator_id: str, code: Secret) -> Accepted | Rejected:
        token = self._find(login, authenticator_id)
        if token is None or token.type not in {"totp", "hotp"}:
            return Rejected("unknown")
        if not token.active:
            return Rejected("suspended")
        if not _CODE.fullmatch(code.reveal()):
            return Rejected("wrong")
        if token.rollout_state != "verify":
            # Proved already: then this is an ordinary check of this one token.
            return judge(
                [token],
                self._client.post("/validate/check", {"serial": token.serial, "pass": code.reveal()}),
                {"totp", "hotp"},
            )
        fields = {"type": token.type, "serial": token.serial, "user": login, "realm": self._realm, "verify": code.reveal()}
        answer = self._client.post("/token/init", fields)
        if isinstance(answer, Declined):
            if answer.code == _BAD_PARAMETER and "verification of the new token failed" in answer.text.lower():
                return Rejected("wrong")
            refuse(answer, "verify a new token")
        if answer.detail.get("rollout_state") != "enrolled" or answer.detail.get("serial") != token.serial:
            raise not_understood()
        return Accepted(token.serial, token.kind, first_use=True)

    def confirm_passkey(self, login: str, authenticator_id: str, response: Mapping[str, Any]) -> Accepted | Rejected:
        token = self._find(login, authenticator_id)
        if token is None or token.type != "webauthn" or token.rollout_state != "clientwait":
            return Rejected("unknown")
        ceremony = require_registration(response, self._origins)
        if isinstance(ceremony, Rejected):
            return ceremony
        transaction = self._open_transaction(token.serial)
        if transaction is None:
            return Rejected("replayed")
        fields = {"type": "webauthn", "user": login, "realm": self._realm, "serial": token.serial}
        answer = self._client.post(
            "/token/init", {**fields, "transaction_id": transaction, **ceremony.fields}, {"Origin": ceremony.origin}
        )
        if isinstance(answer, Declined):
            if answer.status == 400:
                return Rejected("wrong")
            refuse(answer, "register a passkey")
        return Accepted(token.serial, ceremony.kind)

    def suspend(self, login: str, authenticator_id: str, key: str) -> None:
        self._act(login, authenticator_id, "disable", "suspend a token")

    def resume(self, login: str, authenticator_id: str, key: str) -> None:
        self._act(login, authenticator_id, "enable", "resume a token")

    def reset_failures(self, login: str, authenticator_id: str, key: str) -> None:
        self._act(login, authenticator_id, "reset", "reset a fail counter")

    def remove(self, login: str, authenticator_id: str, key: str) -> None:
        if self._find(login, authenticator_id) is not None:
            self._delete(authenticator_id)

    def end_sessions(self, login: str, key: str) -> None:
        """Do nothing but see that the account is there: privacyIDEA holds no session of the applications behind it."""
        self._list(login)

    def resync(self, login: str, authenticator_id: str, first: Secret, second: Secret) -> Accepted | Rejected:
        token = self._find(login, authenticator_id)
        if token is None or token.type not in {"totp", "hotp"} or token.state == "pending":
            return Rejected("unknown")
        if token.state == "suspended":
            return Rejected("suspended")
        if not (_CODE.fullmatch(first.reveal()) and _CODE.fullmatch(second.reveal())):
            return Rejected("wrong")
        fields = {"serial": token.serial, "otp1": first.reveal(), "otp2": second.reveal()}
        answer = self._client.post("/token/resync", fields)
        if isinstance(answer, Declined):
            refuse(answer, "resynchronise a token")
        if not isinstance(answer.value, bool):
            raise not_understood()
        return Accepted(token.serial, token.kind) if answer.value else Rejected("wrong")

    def grant_bypass(self, login: str, key: str, lasts_s: int) -> Bypass:
        """Refuse: what privacyIDEA has (a registration token) ends only where somebody sets its end in a second call."""
        self._list(login)
        raise Refusal("cannot_bypass", "privacyIDEA gives no way in that ends by itself.")

    def end_bypass(self, login: str, grant_key: str, key: str) -> None:
        self._list(login)

    def open_account(self, login: str, key: str) -> None:
        raise Refusal("cannot_open", NO_ACCOUNTS)

    def close_account(self, login: str, key: str) -> None:
        raise Refusal("cannot_open", NO_ACCOUNTS)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _list(self, login: str) -> list[Token]:
        _require_login(login)
        fields = {"user": login, "realm": self._realm, "pagesize": str(MAX_TOKENS)}
        answer = self._client.get("/token/", fields)
        if isinstance(answer, Declined):
            if answer.code == UNKNOWN_USER:
                raise Refusal("unknown_account", "The provider does not know this account.")
            refuse(answer, "list tokens")
        try:
            entries, count = answer.value["tokens"], int(answer.value["count"])
        except (KeyError, TypeError, ValueError) as error:
            raise not_understood(is_act=False) from error
        if not isinstance(entries, list) or len(entries) != count:
            raise not_understood(is_act=False)
        if not entries:
            # A restricted administrator who may not see a user gets an empty list and no error, so the user is looked up.
            self._require_user(login)
        seen_at = self._clock.now()
        tokens = [parse_token(entry, seen_at) for entry in entries if _belongs(entry, login, self._realm)]
        return sorted((t for t in tokens if t is not None), key=lambda t: (t.created_at, t.serial))

    def _find(self, login: str, serial: str) -> Token | None:
        # Among the user's own: a serial in a query may hold wildcards, and another user's is none of our business.
        return next((token for token in self._list(login) if token.serial == serial), None)

    def _require_user(self, login: str) -> None:
        answer = self._client.get("/user/", {"realm": self._realm, "username": login})
        if isinstance(answer, Declined):
            refuse(answer, "read the users of our realm")
        users = answer.value if isinstance(answer.value, list) else []
        if not any(isinstance(user, dict) and str(user.get("username", "")).casefold() == login.casefold() for user in users):
            raise Refusal("unknown_account", "The provider does not know this account.")

    def _act(self, login: str, serial: str, verb: str, doing: str) -> None:
        if self._find(login, serial) is None:
            raise Refusal("unknown_authenticator", "The account has no such authenticator.")
        answer = self._client.post(f"/token/{verb}", {"serial": serial})
        if isinstance(answer, Declined):
            refuse(answer, doing)
        if not isinstance(answer.value, int):
            raise not_understood()

    def _delete(self, serial: str) -> None:
        answer = self._client.delete(f"/token/{serial}")
        if isinstance(answer, Declined) and answer.code != _NOT_FOUND:
            refuse(answer, "delete a token")

    def _require_pending_secret(self, answer: Answer, type_name: str, serial: str) -> Secret:
        if answer.detail.get("rollout_state") != "verify":
            # It would work before it was proved to: away with it.
            self._delete(serial)
            raise Unavailable(
                SERVICE, "privacyIDEA would activate a new token unproved. Set the enrolment policy verify_enrollment."
            )
        try:
            uri = answer.detail["googleurl"]["value"]
        except (KeyError, TypeError) as error:
            raise not_understood() from error
        if not isinstance(uri, str) or not uri.startswith(f"otpauth://{type_name}/"):
            raise not_understood()
        return Secret(uri)

    def _open_transaction(self, serial: str) -> str | None:
        answer = self._client.get(f"/token/challenges/{serial}", {})
        if isinstance(answer, Declined):
            refuse(answer, "read open challenges (getchallenges)")
        try:
            open_ones = [str(each["transaction_id"]) for each in answer.value["challenges"] if each["serial"] == serial]
        except (KeyError, TypeError) as error:
            raise not_understood(is_act=False) from error
        return open_ones[-1] if open_ones else None

    def _read_policies(self) -> list[Mapping[str, Any]] | None:
        """Return the policies, at most five minutes old, or None where our account may not read them."""
        now = self._clock.now()
        if self._policies and timedelta() <= now - self._policies[0] < timedelta(seconds=POLICIES_AGE_S):
            return self._policies[1]
        answer = self._client.get("/policy/", {})
        policies: list[Mapping[str, Any]] | None = None
        if isinstance(answer, Answer):
            if not isinstance(answer.value, list) or not all(isinstance(each, dict) for each in answer.value):
                raise not_understood(is_act=False)
            policies = answer.value
        self._policies = (now, policies)
        return policies


def open_privacyidea(
    config: Mapping[str, Any], clock: Clock, token: Secret, transport: httpx.BaseTransport | None = None
) -> PrivacyIdeaProvider:
    """Return the provider that `config` describes (`registry.open_provider` says how). Raises Invalid.

    transport: for tests that stand between us and the server.
    """
    realm = config.get("realm")
    if not isinstance(realm, str) or not realm:
        raise Invalid("provider.realm", "Which realm of privacyIDEA holds the people?")
    client = Client(
        str(config.get("url", "")),
        token,
        ca_file=Path(config["ca_file"]) if config.get("ca_file") else None,
        timeout_s=float(config.get("timeout_s", DEFAULT_TIMEOUT_S)),
        allow_loopback_http=config.get("allow_loopback_http") is True,
        transport=transport,
    )
    return PrivacyIdeaProvider(client, realm, config.get("origins", ()), clock)


def _require_login(login: str) -> None:
    if not _LOGIN.fullmatch(login):
        raise Refusal("unknown_account", "The provider does not know this account.")


def _belongs(entry: Any, login: str, realm: str) -> bool:
    if not isinstance(entry, dict):
        raise not_understood(is_act=False)
    return str(entry.get("username", "")).casefold() == login.casefold() and entry.get("user_realm") == realm
