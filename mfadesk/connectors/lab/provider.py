"""The lab behind the provider port: every verb is one short transaction, one line in the lab's log, and maybe a fault.

A check burns what it checks in the transaction that answers. An act remembers its key, so twice is once.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from mfadesk.connectors.lab import bypass, codes, faults, oath
from mfadesk.connectors.lab.records import (
    CLOSED,
    LOCKED,
    MAX_FAILURES,
    OPEN,
    Stored,
    find_authenticator,
    is_first_time,
    list_authenticators,
    require_account,
    write_audit,
)
from mfadesk.connectors.lab.scene import LabScene
from mfadesk.connectors.lab.store import LabStore
from mfadesk.connectors.webauthn import WEBAUTHN_KINDS, Asserted, Registered, RelyingParty, challenge_of
from mfadesk.kernel.clock import Clock, SystemClock, to_stamp
from mfadesk.kernel.errors import Invalid, Refusal
from mfadesk.kernel.ids import Randomness, SystemRandomness, new_id
from mfadesk.kernel.sealing import encrypt
from mfadesk.kernel.secret import Secret
from mfadesk.ports.provider import Accepted, AuthenticatorKind, Bypass, Capabilities, Enrolment, Holdings, Rejected

NAME = "lab"
MAX_LABEL = 120
MAX_AUTHENTICATORS = 50
ENROLS: frozenset[AuthenticatorKind] = frozenset({"totp", "hotp", "passkey", "passkey_synced", "security_key"})

_Answer = TypeVar("_Answer")


class LabProvider:
    """The lab as a `Provider`."""

    def __init__(
        self,
        store: LabStore,
        seed_key: bytes,
        relying_party: RelyingParty,
        clock: Clock,
        randomness: Randomness,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.store = store
        self.scene = LabScene(store, seed_key, relying_party, clock, randomness)
        self._seed_key = seed_key
        self._relying_party = relying_party
        self._clock = clock
        self._randomness = randomness
        self._sleep = sleep

    def capabilities(self) -> Capabilities:
        return Capabilities(
            NAME, binds_challenge=True, suspends_without_gap=True, enrols=ENROLS, max_failures=MAX_FAILURES,
            longest_bypass_s=bypass.LONGEST_S, opens_accounts=True,
        )  # fmt: skip

    def health(self) -> None:
        self._serve("health", lambda bench: None)

    def look(self, login: str) -> Holdings:
        def act(bench: codes.Bench) -> Holdings:
            account = require_account(bench.connection, login)
            sessions = bench.connection.execute(
                "SELECT count(*) FROM sessions WHERE login = ? AND ended_at IS NULL", (login,)
            ).fetchone()[0]
            held = tuple(a.to_authenticator() for a in list_authenticators(bench.connection, login))
            return Holdings(login, held, sessions, bench.at, bool(account["disabled"]),
                            bypass.list_grants(bench.connection, login, bench.at), account["disabled"] == LOCKED)  # fmt: skip

        return self._serve("look", act)

    def check_code(self, login: str, code: Secret) -> Accepted | Rejected:
        def act(bench: codes.Bench) -> Accepted | Rejected:
            if require_account(bench.connection, login)["disabled"]:
                return self._log(bench, login, "check_code", Rejected("suspended"))
            verdict = codes.check(bench, list_authenticators(bench.connection, login), code.reveal())
            return self._log(bench, login, "check_code", verdict)

        return self._serve("check_code", act)

    def begin_assertion(self, login: str, challenge: bytes) -> Mapping[str, Any]:
        """Return options that name every credential that may sign in, and those that wait for their test authentication.

        Raises Invalid for a challenge under 16 bytes (WebAuthn level 3 §13.4.3).
        """
        if len(challenge) < 16:
            raise Invalid("challenge", "A challenge has at least 16 bytes.")

        def act(bench: codes.Bench) -> Mapping[str, Any]:
            require_account(bench.connection, login)
            usable = [a for a in list_authenticators(bench.connection, login) if a.credential and not a.suspended]
            return self._relying_party.request_options(challenge, [self._credential_id(bench, a) for a in usable])

        return self._serve("begin_assertion", act)

    def finish_assertion(self, login: str, options: Mapping[str, Any], response: Mapping[str, Any]) -> Accepted | Rejected:
        """Verify once. A pending credential becomes active by it; `Accepted.first_use` says so."""

        def act(bench: codes.Bench) -> Accepted | Rejected:
            account = require_account(bench.connection, login)
            return self._log(bench, login, "finish_assertion", self._assert(bench, account, options, response))

        return self._serve("finish_assertion", act)

    def enrol(self, login: str, kind: AuthenticatorKind, label: str, key: str) -> Enrolment:
        """Begin an authenticator, as the port says; what a crash left under the same key goes first."""
        if kind not in ENROLS:
            raise Refusal("cannot_enrol", f"The lab does not enrol authenticators of the kind {kind}.")
        if not key or len(label) > MAX_LABEL:
            raise Invalid("label", f"An enrolment needs a key, and a label of at most {MAX_LABEL} characters.")

        def act(bench: codes.Bench) -> Enrolment:
            account = require_account(bench.connection, login)
            held = list_authenticators(bench.connection, login)
            for former in held:
                if former.key == key and former.tested:
                    raise Refusal("already_enrolled", "This authenticator is enrolled and tested already.")
                if former.key == key:
                    # What is left of a crash: its secret was shown to nobody who could prove it, so it goes.
                    bench.connection.execute("DELETE FROM authenticators WHERE id = ?", (former.id,))
            if len(held) >= MAX_AUTHENTICATORS:
                raise Refusal("too_many", f"The account holds {MAX_AUTHENTICATORS} authenticators. Remove one first.")
            enrolment = self._begin(bench, account["user_handle"], login, kind, label, key, held)
            write_audit(bench.connection, bench.at, login, "enrol", enrolment.authenticator_id, "pending")
            return enrolment

        return self._serve("enrol", act)

    def confirm_code(self, login: str, authenticator_id: str, code: Secret) -> Accepted | Rejected:
        def act(bench: codes.Bench) -> Accepted | Rejected:
            stored = self._find(bench, login, authenticator_id)
            if stored is None or stored.secret is None:
                verdict: Accepted | Rejected = Rejected("unknown")
            elif stored.suspended or stored.is_locked:
                verdict = Rejected("suspended" if stored.suspended else "locked")
            else:
                verdict = self._settle(bench, stored, codes.check_oath(bench, stored, code.reveal()))
            return self._log(bench, login, "confirm_code", verdict, authenticator_id)

        return self._serve("confirm_code", act)

    def confirm_passkey(self, login: str, authenticator_id: str, response: Mapping[str, Any]) -> Accepted | Rejected:
        def act(bench: codes.Bench) -> Accepted | Rejected:
            stored = self._find(bench, login, authenticator_id)
            if stored is None or stored.challenge is None or stored.suspended:
                return self._log(bench, login, "confirm_passkey", Rejected("unknown"), authenticator_id)
            verdict = self._register(bench, stored, response)
            return self._log(bench, login, "confirm_passkey", verdict, authenticator_id)

        return self._serve("confirm_passkey", act)

    def suspend(self, login: str, authenticator_id: str, key: str) -> None:
        self._act("suspend", login, authenticator_id, key, "UPDATE authenticators SET suspended = 1 WHERE id = ?")

    def resume(self, login: str, authenticator_id: str, key: str) -> None:
        self._act("resume", login, authenticator_id, key, "UPDATE authenticators SET suspended = 0 WHERE id = ?")

    def remove(self, login: str, authenticator_id: str, key: str) -> None:
        self._act("remove", login, authenticator_id, key, "DELETE FROM authenticators WHERE id = ?")

    def reset_failures(self, login: str, authenticator_id: str, key: str) -> None:
        self._act("reset_failures", login, authenticator_id, key, "UPDATE authenticators SET fail_count = 0 WHERE id = ?")

    def end_sessions(self, login: str, key: str) -> None:
        def act(bench: codes.Bench) -> None:
            require_account(bench.connection, login)
            if is_first_time(bench.connection, key, "end_sessions", login, "", bench.at):
                bench.connection.execute(
                    "UPDATE sessions SET ended_at = ? WHERE login = ? AND ended_at IS NULL", (to_stamp(bench.at), login)
                )
                write_audit(bench.connection, bench.at, login, "end_sessions", None, "done")

        self._serve("end_sessions", act)

    def resync(self, login: str, authenticator_id: str, first: Secret, second: Secret) -> Accepted | Rejected:
        def act(bench: codes.Bench) -> Accepted | Rejected:
            stored = self._find(bench, login, authenticator_id)
            if stored is None or stored.secret is None or stored.state == "pending":
                verdict: Accepted | Rejected = Rejected("unknown")
            elif stored.suspended or stored.fail_count >= codes.RESYNC_MAX_FAILURES:
                verdict = Rejected("suspended" if stored.suspended else "locked")
            else:
                verdict = self._settle(bench, stored, codes.resync(bench, stored, first.reveal(), second.reveal()))
            return self._log(bench, login, "resync", verdict, authenticator_id)

        return self._serve("resync", act)

    def grant_bypass(self, login: str, key: str, lasts_s: int) -> Bypass:
        def act(bench: codes.Bench) -> Bypass:
            require_account(bench.connection, login)
            given = bypass.give(bench, login, key, lasts_s, self._randomness)
            write_audit(bench.connection, bench.at, login, "grant_bypass", given.grant.id, to_stamp(given.grant.expires_at))
            return given

        return self._serve("grant_bypass", act)

    def end_bypass(self, login: str, grant_key: str, key: str) -> None:
        def act(bench: codes.Bench) -> None:
            require_account(bench.connection, login)
            there = bypass.end(bench, login, grant_key)
            write_audit(bench.connection, bench.at, login, "end_bypass", None, "done" if there else "absent already")

        self._serve("end_bypass", act)

    def open_account(self, login: str, key: str) -> None:
        self._set_account("open_account", login, key, OPEN)

    def close_account(self, login: str, key: str) -> None:
        self._set_account("close_account", login, key, CLOSED)

    def close(self) -> None:
        """Close the file."""
        self.store.close()

    def _serve(self, method: str, act: Callable[[codes.Bench], _Answer]) -> _Answer:
        """Run `act` in one transaction, with whatever fault is due around it."""
        with self.store.writing() as connection:
            fault = faults.take(connection, method)
            if fault is None:
                return act(codes.Bench(connection, self._clock.now(), self._seed_key))
        faults.happens_before(fault, NAME, self._sleep)
        with self.store.writing() as connection:
            answer = act(codes.Bench(connection, self._clock.now(), self._seed_key))
        faults.happens_after(fault, NAME)
        return answer

    def _act(self, act: str, login: str, authenticator_id: str, key: str, sql: str) -> None:
        def change(bench: codes.Bench) -> None:
            stored = self._find(bench, login, authenticator_id)
            if not is_first_time(bench.connection, key, act, login, authenticator_id, bench.at):
                return
            if stored is None and act != "remove":
                raise Refusal("unknown_authenticator", "The account has no such authenticator.")
            if stored is not None:
                bench.connection.execute(sql, (authenticator_id,))
            write_audit(bench.connection, bench.at, login, act, authenticator_id, "done" if stored else "absent already")

        self._serve(act, change)

    def _set_account(self, act: str, login: str, key: str, to: int) -> None:
        def change(bench: codes.Bench) -> None:
            require_account(bench.connection, login)
            if is_first_time(bench.connection, key, act, login, "", bench.at):
                bench.connection.execute("UPDATE accounts SET disabled = ? WHERE login = ?", (to, login))
                write_audit(bench.connection, bench.at, login, act, None, "done")

        self._serve(act, change)

    def _find(self, bench: codes.Bench, login: str, authenticator_id: str) -> Stored | None:
        require_account(bench.connection, login)
        return find_authenticator(bench.connection, login, authenticator_id)

    def _begin(
        self,
        bench: codes.Bench,
        user_handle: bytes,
        login: str,
        kind: AuthenticatorKind,
        label: str,
        key: str,
        held: list[Stored],
    ) -> Enrolment:
        authenticator_id = new_id("auth", self._randomness)
        secret = box = challenge = None
        if kind in WEBAUTHN_KINDS:
            challenge = self._randomness.bytes(32)
        else:
            secret = self._randomness.bytes(oath.SECRET_BYTES)
            box = encrypt(secret, self._seed_key, "lab/secret/" + authenticator_id, self._randomness)
        bench.connection.execute(
            "INSERT INTO authenticators (id, login, kind, label, tested, on_phone, created_at, key, secret, challenge)"
            " VALUES (?, ?, ?, ?, 0, ?, ?, ?, ?, ?)",
            (authenticator_id, login, kind, label, kind in {"totp", "passkey_synced"}, to_stamp(bench.at), key, box, challenge),
        )
        if secret is not None:
            uri = oath.to_uri("hotp" if kind == "hotp" else "totp", secret, self._relying_party.name, login)
            return Enrolment(authenticator_id, secret_uri=Secret(uri))
        assert challenge is not None
        exclude = [self._credential_id(bench, a) for a in held if a.credential and a.key != key]
        options = self._relying_party.creation_options(login, user_handle, kind, challenge, exclude)
        return Enrolment(authenticator_id, creation_options=options)

    def _register(self, bench: codes.Bench, stored: Stored, response: Mapping[str, Any]) -> Accepted | Rejected:
        assert stored.challenge is not None
        outcome = self._relying_party.verify_registration(stored.challenge, response, stored.kind)
        if not isinstance(outcome, Registered):
            return Rejected(outcome.reason)
        taken = bench.connection.execute(
            "SELECT 1 FROM authenticators WHERE credential_id = ?", (outcome.credential_id,)
        ).fetchone()
        if taken:
            # One credential, one account (WebAuthn level 3 §7.1 step 26).
            return Rejected("replayed")
        bench.connection.execute(
            "UPDATE authenticators SET kind = ?, on_phone = ?, credential_id = ?, credential = ?, sign_count = ?, "
            "backup_eligible = ?, challenge = NULL WHERE id = ?",
            (
                outcome.kind,
                outcome.kind == "passkey_synced",
                outcome.credential_id,
                outcome.credential,
                outcome.sign_count,
                outcome.backup_eligible,
                stored.id,
            ),
        )
        return Accepted(stored.id, outcome.kind)

    def _assert(
        self, bench: codes.Bench, account: sqlite3.Row, options: Mapping[str, Any], response: Mapping[str, Any]
    ) -> Accepted | Rejected:
        try:
            challenge = challenge_of(options)
        except ValueError:
            return Rejected("wrong")
        if account["disabled"]:
            return Rejected("suspended")
        spent = bench.connection.execute(
            "INSERT OR IGNORE INTO spent_challenges VALUES (?, ?)", (challenge, to_stamp(bench.at))
        ).rowcount
        if not spent:
            return Rejected("replayed")
        held = list_authenticators(bench.connection, account["login"])
        outcome = self._relying_party.verify_assertion(challenge, response, held, account["user_handle"])
        if not isinstance(outcome, Asserted):
            return Rejected(outcome.reason)
        if outcome.stored.suspended:
            return Rejected("suspended")
        bench.connection.execute(
            "UPDATE authenticators SET sign_count = ? WHERE id = ?", (outcome.sign_count, outcome.stored.id)
        )
        codes.mark_used(bench, outcome.stored)
        return Accepted(outcome.stored.id, outcome.stored.kind, first_use=not outcome.stored.tested)

    @staticmethod
    def _settle(bench: codes.Bench, stored: Stored, verdict: str) -> Accepted | Rejected:
        if verdict == "accepted":
            codes.mark_used(bench, stored)
            return Accepted(stored.id, stored.kind, first_use=not stored.tested)
        codes.count_failure(bench, stored)
        return Rejected("replayed" if verdict == "replayed" else "wrong")

    @staticmethod
    def _credential_id(bench: codes.Bench, stored: Stored) -> bytes:
        row = bench.connection.execute("SELECT credential_id FROM authenticators WHERE id = ?", (stored.id,)).fetchone()
        return bytes(row["credential_id"])

    @staticmethod
    def _log(
        bench: codes.Bench, login: str, act: str, verdict: Accepted | Rejected, authenticator_id: str | None = None
    ) -> Accepted | Rejected:
        outcome = "accepted" if isinstance(verdict, Accepted) else verdict.reason
        if isinstance(verdict, Accepted):
            authenticator_id = verdict.authenticator_id
        write_audit(bench.connection, bench.at, login, act, authenticator_id, outcome)
        return verdict


def open_lab(
    path: str | Path = ":memory:",
    *,
    seed_key: bytes | None = None,
    rp_id: str = "localhost",
    origins: Iterable[str] = ("http://localhost:8000",),
    issuer: str = "Lab",
    clock: Clock | None = None,
    randomness: Randomness | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> LabProvider:
    """Return the lab in the file at `path`, made if absent.

    seed_key: 32 bytes under which seeds are stored; only ``:memory:`` may do without, where a fresh one is drawn.
    origins: the exact origins that WebAuthn ceremonies may come from.

    Raises Invalid for a file without a key.
    """
    randomness = randomness or SystemRandomness()
    if seed_key is None:
        if str(path) != ":memory:":
            raise Invalid("seed_key", "A lab file needs a 32-byte key for the seeds in it.")
        seed_key = randomness.bytes(32)
    if len(seed_key) != 32:
        raise Invalid("seed_key", "The key for seeds has 32 bytes.")
    relying_party = RelyingParty(rp_id, issuer, origins)
    return LabProvider(LabStore(path), seed_key, relying_party, clock or SystemClock(), randomness, sleep)
