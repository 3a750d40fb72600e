"""An authenticator as the lab stores it, and the few ways to read and write one."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime

from mfadesk.kernel.clock import from_stamp, to_stamp
from mfadesk.kernel.errors import Invalid, Refusal
from mfadesk.ports.provider import Authenticator, AuthenticatorKind, AuthenticatorState

MAX_FAILURES = 10
OPEN, CLOSED, LOCKED = 0, 1, 2
"""What ``accounts.disabled`` says: closed by somebody, or by the lab itself after too many wrong tries."""


@dataclass(frozen=True, slots=True)
class Stored:
    """One row. `tested` and `suspended` are apart, so that resuming what was never tested does not make it active."""

    id: str
    login: str
    kind: AuthenticatorKind
    label: str
    tested: bool
    suspended: bool
    on_phone: bool
    created_at: datetime
    last_used_at: datetime | None
    fail_count: int
    key: str | None
    secret: bytes | None
    counter: int
    drift_steps: int
    last_step: int
    credential: bytes | None
    sign_count: int
    backup_eligible: bool
    challenge: bytes | None

    @property
    def state(self) -> AuthenticatorState:
        if self.suspended:
            return "suspended"
        return "active" if self.tested else "pending"

    @property
    def is_locked(self) -> bool:
        return self.fail_count >= MAX_FAILURES

    def to_authenticator(self) -> Authenticator:
        """Return what the port shows: no secret, no key material."""
        return Authenticator(
            self.id,
            self.kind,
            self.label,
            self.state,
            self.on_phone,
            self.created_at,
            self.last_used_at,
            self.fail_count,
            self.key,
        )


def read_one(row: sqlite3.Row) -> Stored:
    """Return the row as a record."""
    return Stored(
        id=row["id"],
        login=row["login"],
        kind=row["kind"],
        label=row["label"],
        tested=bool(row["tested"]),
        suspended=bool(row["suspended"]),
        on_phone=bool(row["on_phone"]),
        created_at=from_stamp(row["created_at"]),
        last_used_at=from_stamp(row["last_used_at"]) if row["last_used_at"] else None,
        fail_count=row["fail_count"],
        key=row["key"],
        secret=row["secret"],
        counter=row["counter"],
        drift_steps=row["drift_steps"],
        last_step=row["last_step"],
        credential=row["credential"],
        sign_count=row["sign_count"],
        backup_eligible=bool(row["backup_eligible"]),
        challenge=row["challenge"],
    )


def require_account(connection: sqlite3.Connection, login: str) -> sqlite3.Row:
    """Return the account's row. Raises Refusal ``unknown_account``."""
    row = connection.execute("SELECT login, disabled, user_handle FROM accounts WHERE login = ?", (login,)).fetchone()
    if row is None:
        raise Refusal("unknown_account", "The provider does not know this account.")
    assert isinstance(row, sqlite3.Row)
    return row


def list_authenticators(connection: sqlite3.Connection, login: str) -> list[Stored]:
    """Return every authenticator of the account, oldest first."""
    rows = connection.execute("SELECT * FROM authenticators WHERE login = ? ORDER BY created_at, id", (login,))
    return [read_one(row) for row in rows]


def find_authenticator(connection: sqlite3.Connection, login: str, authenticator_id: str) -> Stored | None:
    """Return the authenticator if this account has it; another account's is None."""
    row = connection.execute("SELECT * FROM authenticators WHERE id = ? AND login = ?", (authenticator_id, login)).fetchone()
    return None if row is None else read_one(row)


def is_first_time(connection: sqlite3.Connection, key: str, act: str, login: str, target: str, at: datetime) -> bool:
    """Return whether this key is new, and remember it. Raises Invalid where the key stands for another act already."""
    row = connection.execute("SELECT act, login, target FROM done WHERE key = ?", (key,)).fetchone()
    if row is None:
        connection.execute("INSERT INTO done VALUES (?, ?, ?, ?, ?)", (key, act, login, target, to_stamp(at)))
        return True
    if tuple(row) != (act, login, target):
        raise Invalid("key", "This idempotency key was used for another act. Every act needs a key of its own.")
    return False


def write_audit(
    connection: sqlite3.Connection, at: datetime, login: str, act: str, authenticator_id: str | None, outcome: str
) -> None:
    """Append one line to the lab's own log."""
    connection.execute(
        "INSERT INTO audit (at, login, act, authenticator_id, outcome) VALUES (?, ?, ?, ?, ?)",
        (to_stamp(at), login, act, authenticator_id, outcome),
    )
