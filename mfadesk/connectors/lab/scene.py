"""Setting the stage in the lab: accounts, authenticators of any kind and age, sessions, faults, and reading everything back.

The desk cannot reach this: it is for the demo's side room, drills and tests. It plays the parts that the desk does not: the
employee's phone, the provider's own administrator, the passing of years.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from mfadesk.connectors.lab import bypass, codes, faults, oath
from mfadesk.connectors.lab.records import CLOSED, LOCKED, OPEN, list_authenticators, read_one, require_account
from mfadesk.connectors.lab.soft_passkey import SoftPasskey
from mfadesk.connectors.lab.store import LabStore
from mfadesk.connectors.webauthn import RelyingParty
from mfadesk.kernel.clock import Clock, from_stamp, to_stamp
from mfadesk.kernel.errors import Refusal
from mfadesk.kernel.ids import Randomness, new_id
from mfadesk.kernel.sealing import decrypt, encrypt
from mfadesk.ports.provider import Authenticator, AuthenticatorKind, Holdings

ON_PHONE: frozenset[AuthenticatorKind] = frozenset({"totp", "push", "sms", "passkey_synced"})
RECOVERY_CODES = 8


@dataclass(frozen=True, slots=True)
class AuditLine:
    """One line of the lab's own log."""

    n: int
    at: datetime
    login: str
    act: str
    authenticator_id: str | None
    outcome: str


@dataclass(frozen=True, slots=True)
class Mail:
    """One message in the mailbox of the example organisation."""

    n: int
    at: datetime
    to: str
    subject: str
    text: str


class LabScene:
    """The lab's back room, over the same file as a `LabProvider`."""

    def __init__(
        self, store: LabStore, seed_key: bytes, relying_party: RelyingParty, clock: Clock, randomness: Randomness
    ) -> None:
        self._store = store
        self._seed_key = seed_key
        self._relying_party = relying_party
        self._clock = clock
        self._randomness = randomness

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """Keep everything that is set up inside in one transaction: a whole organisation would wait for the disk at every step."""
        with self._store.writing():
            yield

    def add_account(self, login: str, *, disabled: bool = False, locked: bool = False) -> None:
        """Make the account; there already is fine, and `disabled` is set either way. locked: closed by the lab itself."""
        with self._store.writing() as connection:
            connection.execute(
                "INSERT INTO accounts VALUES (?, ?, ?) ON CONFLICT (login) DO UPDATE SET disabled = excluded.disabled",
                (login, LOCKED if locked else CLOSED if disabled else OPEN, self._randomness.bytes(16)),
            )

    def add_authenticator(
        self,
        login: str,
        kind: AuthenticatorKind,
        label: str,
        *,
        created_at: datetime | None = None,
        last_used_at: datetime | None = None,
        on_phone: bool | None = None,
        suspended: bool = False,
        fail_count: int = 0,
        secret: bytes | None = None,
        counter: int = 0,
        drift_steps: int = 0,
        passkey: SoftPasskey | None = None,
    ) -> str:
        """Return the id of a new, tested authenticator.

        secret: OATH secret; drawn where absent. drift_steps: how far the lab believes the token's clock to be.
        passkey: for the WebAuthn kinds, the software authenticator whose key is registered; without one it is a mere record.

        Raises Refusal ``unknown_account``.
        """
        authenticator_id = new_id("auth", self._randomness)
        if kind in {"totp", "hotp"}:
            secret = self._randomness.bytes(oath.SECRET_BYTES) if secret is None else secret
        box = None
        if secret is not None:
            box = encrypt(secret, self._seed_key, "lab/secret/" + authenticator_id, self._randomness)
        with self._store.writing() as connection:
            require_account(connection, login)
            connection.execute(
                "INSERT INTO authenticators (id, login, kind, label, tested, suspended, on_phone, created_at, last_used_at,"
                " fail_count, secret, counter, drift_steps, credential_id, credential, sign_count, backup_eligible)"
                " VALUES (?, ?, ?, ?, 1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    authenticator_id,
                    login,
                    kind,
                    label,
                    suspended,
                    kind in ON_PHONE if on_phone is None else on_phone,
                    to_stamp(created_at or self._clock.now()),
                    to_stamp(last_used_at) if last_used_at else None,
                    fail_count,
                    box,
                    counter,
                    drift_steps,
                    passkey.credential_id if passkey else None,
                    passkey.credential_data() if passkey else None,
                    passkey.sign_count if passkey else 0,
                    passkey.backup_eligible if passkey else False,
                ),
            )
        return authenticator_id

    def add_passkey(
        self,
        login: str,
        label: str,
        kind: Literal["passkey", "passkey_synced", "security_key"] = "passkey",
        *,
        created_at: datetime | None = None,
        last_used_at: datetime | None = None,
        on_phone: bool | None = None,
    ) -> tuple[str, SoftPasskey]:
        """Return the id of a registered credential, and the software authenticator that holds its key."""
        passkey = SoftPasskey.make(
            self._relying_party.rp_id,
            self._user_handle(login),
            self._randomness,
            synced=kind == "passkey_synced",
            roaming=kind == "security_key",
        )
        authenticator_id = self.add_authenticator(
            login,
            kind,
            label,
            created_at=created_at,
            last_used_at=last_used_at,
            on_phone=on_phone,
            passkey=passkey,
        )
        return authenticator_id, passkey

    def add_recovery_codes(
        self,
        login: str,
        label: str = "Saved recovery codes",
        *,
        count: int = RECOVERY_CODES,
        created_at: datetime | None = None,
        on_phone: bool = False,
    ) -> tuple[str, tuple[str, ...]]:
        """Return the id of a new set, and its codes in clear: the only time that they are."""
        drawn = tuple(codes.new_recovery_code(self._randomness) for _ in range(count))
        authenticator_id = self.add_authenticator(
            login, "recovery_code", label, created_at=created_at or self._clock.now(), on_phone=on_phone
        )
        with self._store.writing() as connection:
            connection.executemany(
                "INSERT INTO recovery_codes (authenticator_id, hash) VALUES (?, ?)",
                [(authenticator_id, codes.hash_recovery_code(code, self._seed_key)) for code in drawn],
            )
        return authenticator_id, drawn

    def add_session(self, login: str, label: str = "browser", *, started_at: datetime | None = None) -> str:
        """Return the id of a new open session."""
        session_id = new_id("sess", self._randomness)
        with self._store.writing() as connection:
            require_account(connection, login)
            started = to_stamp(started_at or self._clock.now())
            connection.execute("INSERT INTO sessions VALUES (?, ?, ?, ?, NULL)", (session_id, login, label, started))
        return session_id

    def current_code(self, authenticator_id: str, *, later: int = 0) -> str:
        """Return the code that the token shows now; `later` steps or presses ahead (negative: before).

        A TOTP token's clock runs as the lab believes it does (`drift_steps`).

        Raises Refusal ``unknown_authenticator``.
        """
        with self._store.reading() as connection:
            row = connection.execute("SELECT * FROM authenticators WHERE id = ?", (authenticator_id,)).fetchone()
        if row is None or row["secret"] is None:
            raise Refusal("unknown_authenticator", "The lab holds no one-time-password token of this id.")
        stored = read_one(row)
        secret = decrypt(row["secret"], self._seed_key, "lab/secret/" + stored.id)
        if stored.kind == "hotp":
            return oath.hotp(secret, stored.counter + later)
        return oath.hotp(secret, oath.time_step(self._clock.now()) + stored.drift_steps + later)

    def sign_in_with_bypass(self, login: str, code: str) -> bool:
        """Return whether the provider's own sign-in page let somebody in with this code."""
        with self._store.writing() as connection:
            done = bypass.sign_in(codes.Bench(connection, self._clock.now(), self._seed_key), login, code)
        if done:
            self.add_session(login, bypass.SESSION)
        return done

    def inject(self, fault: faults.Fault) -> None:
        """Have `fault` happen from the next call on, also to connectors in other processes."""
        with self._store.writing() as connection:
            faults.inject(connection, fault)

    def clear_faults(self) -> None:
        """Have everything work again."""
        with self._store.writing() as connection:
            connection.execute("DELETE FROM faults")

    def list_accounts(self) -> list[str]:
        """Return every login, in order."""
        with self._store.reading() as connection:
            return [row["login"] for row in connection.execute("SELECT login FROM accounts ORDER BY login")]

    def set_failures(self, authenticator_id: str, count: int) -> None:
        """Make it as if this many wrong codes had been tried."""
        with self._store.writing() as connection:
            connection.execute("UPDATE authenticators SET fail_count = ? WHERE id = ?", (count, authenticator_id))

    def holdings(self, login: str) -> Holdings:
        """Return what the account holds, past every fault. Raises Refusal ``unknown_account``."""
        with self._store.reading() as connection:
            account = require_account(connection, login)
            authenticators = tuple(a.to_authenticator() for a in list_authenticators(connection, login))
            sessions = connection.execute(
                "SELECT count(*) FROM sessions WHERE login = ? AND ended_at IS NULL", (login,)
            ).fetchone()[0]
            grants = bypass.list_grants(connection, login, self._clock.now())
        return Holdings(
            login, authenticators, sessions, self._clock.now(), bool(account["disabled"]), grants, account["disabled"] == LOCKED
        )

    def list_authenticators(self) -> list[tuple[str, Authenticator]]:
        """Return every authenticator of the lab with its login."""
        with self._store.reading() as connection:
            rows = connection.execute("SELECT * FROM authenticators ORDER BY login, created_at, id").fetchall()
        return [(row["login"], read_one(row).to_authenticator()) for row in rows]

    def list_audit(self, login: str | None = None, *, limit: int = 1000) -> list[AuditLine]:
        """Return the newest lines of the lab's log, oldest first."""
        sql = "SELECT * FROM (SELECT * FROM audit WHERE ? IS NULL OR login = ? ORDER BY n DESC LIMIT ?) ORDER BY n"
        with self._store.reading() as connection:
            rows = connection.execute(sql, (login, login, limit)).fetchall()
        return [AuditLine(r["n"], from_stamp(r["at"]), r["login"], r["act"], r["authenticator_id"], r["outcome"]) for r in rows]

    def set_factor(self, login: str, method: str, *, available: bool = True, passes: bool = True) -> None:
        """Decide whether this person can use a method of the twins, and whether the service would ever say yes."""
        with self._store.writing() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO twin_factors (login, method, available, response) VALUES (?, ?, ?, ?)",
                (login, method, available, login if passes else None),
            )

    def find_answer(self, method: str, login: str, binding: bytes | None = None) -> str | None:
        """Return what this person has in hand to answer an open check: a text message, a code on a laptop, a device's reply.

        Without a `binding`, of the newest check. None where no check is open or the service says no to everything.
        """
        with self._store.reading() as connection:
            row = connection.execute(
                "SELECT response FROM twin_checks WHERE method = ? AND login = ? AND (? IS NULL OR binding = ?)"
                " AND finished = 0 ORDER BY rowid DESC LIMIT 1",
                (method, login, binding, binding),
            ).fetchone()
        return (row["response"] or None) if row else None

    def list_open_checks(self, login: str) -> list[tuple[str, str]]:
        """Return method and answer of every check that waits for this person, newest first: what a pretend phone shows."""
        with self._store.reading() as connection:
            rows = connection.execute(
                "SELECT method, response FROM twin_checks WHERE login = ? AND finished = 0 AND response != ''"
                " ORDER BY rowid DESC",
                (login,),
            ).fetchall()
        return [(row["method"], row["response"]) for row in rows]

    def list_calls(self, login: str) -> list[tuple[str, str]]:
        """Return number and caller of every call that the exchange placed to this person, newest first."""
        with self._store.reading() as connection:
            rows = connection.execute("SELECT number, staff FROM calls WHERE login = ? ORDER BY n DESC", (login,)).fetchall()
        return [(row["number"], row["staff"]) for row in rows]

    def list_mail(self, address: str | None = None) -> list[Mail]:
        """Return the messages to one address, or all, newest first."""
        with self._store.reading() as connection:
            rows = connection.execute(
                "SELECT * FROM mailbox WHERE ? IS NULL OR address = ? ORDER BY n DESC", (address, address)
            ).fetchall()
        return [Mail(r["n"], from_stamp(r["at"]), r["address"], r["subject"], r["text"]) for r in rows]

    def _user_handle(self, login: str) -> bytes:
        with self._store.reading() as connection:
            account: sqlite3.Row = require_account(connection, login)
        return bytes(account["user_handle"])
