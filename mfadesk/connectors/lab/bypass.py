"""Ways in for a time: one code, good once, with an end that the lab keeps by itself."""

from __future__ import annotations

import sqlite3
from datetime import datetime, timedelta

from mfadesk.connectors.lab.codes import Bench, hash_recovery_code, new_recovery_code
from mfadesk.kernel.clock import from_stamp, to_stamp
from mfadesk.kernel.errors import Refusal
from mfadesk.kernel.ids import Randomness, new_id
from mfadesk.kernel.secret import Secret
from mfadesk.ports.provider import Bypass, Grant

LONGEST_S = 24 * 3_600
SESSION = "bypass"
"""How a session is called that a grant opened."""


def give(bench: Bench, login: str, key: str, lasts_s: int, randomness: Randomness) -> Bypass:
    """Return a fresh grant; one of the same key is replaced, since its code may have been lost on the way."""
    if not key or not 0 < lasts_s <= LONGEST_S:
        raise Refusal("cannot_bypass", f"The lab gives a way in for at most {LONGEST_S // 3600} hours, under a key.")
    code, expires_at = new_recovery_code(randomness), bench.at + timedelta(seconds=lasts_s)
    bench.connection.execute("DELETE FROM bypasses WHERE login = ? AND key = ?", (login, key))
    grant = Grant(new_id("byp", randomness), key, expires_at)
    bench.connection.execute(
        "INSERT INTO bypasses VALUES (?, ?, ?, ?, ?, NULL)",
        (grant.id, login, key, hash_recovery_code(code, bench.seed_key), to_stamp(expires_at)),
    )
    return Bypass(grant, Secret(code))


def end(bench: Bench, login: str, grant_key: str) -> bool:
    """End the grant and what it opened; return whether it was there."""
    gone = bench.connection.execute("DELETE FROM bypasses WHERE login = ? AND key = ?", (login, grant_key)).rowcount
    bench.connection.execute(
        "UPDATE sessions SET ended_at = ? WHERE login = ? AND label = ? AND ended_at IS NULL",
        (to_stamp(bench.at), login, SESSION),
    )
    return bool(gone)


def list_grants(connection: sqlite3.Connection, login: str, at: datetime) -> tuple[Grant, ...]:
    """Return what could still sign in, or has and is not over."""
    rows = connection.execute("SELECT * FROM bypasses WHERE login = ? ORDER BY expires_at, id", (login,))
    found = [
        Grant(r["id"], r["key"], from_stamp(r["expires_at"]), from_stamp(r["used_at"]) if r["used_at"] else None) for r in rows
    ]
    return tuple(grant for grant in found if at < grant.expires_at)


def sign_in(bench: Bench, login: str, code: str) -> bool:
    """Return whether the code opened a session: once, and before its end."""
    used = bench.connection.execute(
        "UPDATE bypasses SET used_at = ? WHERE login = ? AND hash = ? AND used_at IS NULL AND expires_at > ?",
        (to_stamp(bench.at), login, hash_recovery_code(code, bench.seed_key), to_stamp(bench.at)),
    ).rowcount
    return bool(used)
