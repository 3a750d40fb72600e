"""The lab's file: tables, one connection, short transactions.

One connection a store, guarded by a lock: a thread waits for microseconds, and other processes are kept out by SQLite itself
(WAL, ``BEGIN IMMEDIATE`` for writers). ``:memory:`` gives a drill a provider of its own in a fraction of a millisecond.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

BUSY_TIMEOUT_S = 5.0

SCHEMA = """
CREATE TABLE IF NOT EXISTS accounts (
    login TEXT PRIMARY KEY, disabled INTEGER NOT NULL DEFAULT 0, user_handle BLOB NOT NULL UNIQUE
) STRICT;
CREATE TABLE IF NOT EXISTS authenticators (
    id TEXT PRIMARY KEY, login TEXT NOT NULL REFERENCES accounts(login), kind TEXT NOT NULL, label TEXT NOT NULL,
    tested INTEGER NOT NULL, suspended INTEGER NOT NULL DEFAULT 0, on_phone INTEGER NOT NULL,
    created_at TEXT NOT NULL, last_used_at TEXT, fail_count INTEGER NOT NULL DEFAULT 0, key TEXT,
    secret BLOB, counter INTEGER NOT NULL DEFAULT 0, drift_steps INTEGER NOT NULL DEFAULT 0,
    last_step INTEGER NOT NULL DEFAULT -1,
    credential_id BLOB UNIQUE, credential BLOB, sign_count INTEGER NOT NULL DEFAULT 0,
    backup_eligible INTEGER NOT NULL DEFAULT 0,
    challenge BLOB
) STRICT;
CREATE INDEX IF NOT EXISTS authenticators_login ON authenticators (login);
CREATE TABLE IF NOT EXISTS recovery_codes (
    authenticator_id TEXT NOT NULL REFERENCES authenticators(id) ON DELETE CASCADE, hash BLOB NOT NULL, used_at TEXT,
    PRIMARY KEY (authenticator_id, hash)
) STRICT;
CREATE TABLE IF NOT EXISTS sessions (
    id TEXT PRIMARY KEY, login TEXT NOT NULL REFERENCES accounts(login), label TEXT NOT NULL, started_at TEXT NOT NULL,
    ended_at TEXT
) STRICT;
CREATE TABLE IF NOT EXISTS done (
    key TEXT PRIMARY KEY, act TEXT NOT NULL, login TEXT NOT NULL, target TEXT NOT NULL, at TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS bypasses (
    id TEXT PRIMARY KEY, login TEXT NOT NULL REFERENCES accounts(login), key TEXT NOT NULL, hash BLOB NOT NULL,
    expires_at TEXT NOT NULL, used_at TEXT, UNIQUE (login, key)
) STRICT;
CREATE TABLE IF NOT EXISTS spent_challenges (challenge BLOB PRIMARY KEY, at TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS audit (
    n INTEGER PRIMARY KEY, at TEXT NOT NULL, login TEXT NOT NULL, act TEXT NOT NULL, authenticator_id TEXT,
    outcome TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS faults (
    n INTEGER PRIMARY KEY, kind TEXT NOT NULL, method TEXT NOT NULL, remaining INTEGER NOT NULL, latency_s REAL NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS twin_factors (
    login TEXT NOT NULL, method TEXT NOT NULL, available INTEGER NOT NULL, response TEXT, PRIMARY KEY (login, method)
) STRICT;
CREATE TABLE IF NOT EXISTS twin_checks (
    method TEXT NOT NULL, login TEXT NOT NULL, binding BLOB NOT NULL, response TEXT NOT NULL,
    finished INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (method, login, binding)
) STRICT;
CREATE TABLE IF NOT EXISTS mailbox (
    n INTEGER PRIMARY KEY, at TEXT NOT NULL, address TEXT NOT NULL, subject TEXT NOT NULL, text TEXT NOT NULL,
    key TEXT NOT NULL UNIQUE
) STRICT;
CREATE TABLE IF NOT EXISTS calls (
    n INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, login TEXT NOT NULL, number TEXT NOT NULL, staff TEXT NOT NULL
) STRICT;
"""


class LabStore:
    """One open lab file."""

    def __init__(self, path: str | Path) -> None:
        self.path = str(path)
        self._lock = threading.RLock()
        # Autocommit: every transaction below says where it begins and ends.
        self._connection = sqlite3.connect(self.path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False)
        self._connection.row_factory = sqlite3.Row
        self._connection.execute("PRAGMA foreign_keys = ON")
        if self.path != ":memory:":
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = FULL")
        if not self._connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'calls'").fetchone():
            self._connection.executescript(SCHEMA)

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Yield the connection for one or more reads."""
        with self._lock:
            yield self._connection

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Yield the connection inside one transaction: all of it is kept, or on an exception none. Inside another it joins that."""
        with self._lock:
            if self._connection.in_transaction:
                yield self._connection
                return
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def keep(self) -> sqlite3.Connection:
        """Return a copy of everything as it is now, in memory."""
        copy = sqlite3.connect(":memory:", check_same_thread=False)
        with self._lock:
            self._connection.backup(copy)
        return copy

    def bring_back(self, kept: sqlite3.Connection) -> None:
        """Make everything as it was when `kept` was made."""
        with self._lock:
            kept.backup(self._connection)

    def close(self) -> None:
        """Close the file; an open store in memory is gone."""
        with self._lock:
            self._connection.close()
