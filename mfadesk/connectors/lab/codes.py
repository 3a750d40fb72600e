"""Which authenticator made this code: OATH windows, replay, drift, locks, and recovery codes that work once.

Called inside one write transaction, so that two requests with the same code cannot both find it unused.
"""

from __future__ import annotations

import hashlib
import hmac
import sqlite3
from dataclasses import dataclass
from datetime import datetime

from mfadesk.connectors.lab import oath
from mfadesk.connectors.lab.records import MAX_FAILURES, Stored
from mfadesk.kernel.clock import to_stamp
from mfadesk.kernel.ids import ALPHABET, Randomness, encode_base32
from mfadesk.kernel.sealing import decrypt
from mfadesk.ports.provider import Accepted, Rejected

TOTP_WINDOW_STEPS = 1
"""RFC 6238 §5.2 recommends at most one step for transmission delay."""

MAX_DRIFT_STEPS = 120
"""A clock an hour out is resynchronised; beyond that the token is replaced. Also bounds how far drift may creep."""

HOTP_LOOK_AHEAD = 10
HOTP_RESYNC_WINDOW = 1000
RESYNC_MAX_FAILURES = 2 * MAX_FAILURES
"""A locked token may still be resynchronised (that is why it is locked), though not guessed at for ever."""

RECOVERY_CODE_LENGTH = 16
"""80 bits; SP 800-63B-4 §4.2.1.1 asks for at least 64."""

_OATH_KINDS = ("totp", "hotp")
_MISREAD = str.maketrans("oil", "011")


@dataclass(frozen=True, slots=True)
class Bench:
    """What checking needs: the open transaction, the moment, and the key that seeds are stored under."""

    connection: sqlite3.Connection
    at: datetime
    seed_key: bytes

    def secret_of(self, stored: Stored) -> bytes:
        """Return the OATH secret in clear. Raises Refusal ``box_not_ours`` with another lab's key."""
        return decrypt(stored.secret or b"", self.seed_key, "lab/secret/" + stored.id)


def new_recovery_code(randomness: Randomness) -> str:
    """Return a fresh code in four groups, such as ``7h2k-…``."""
    text = encode_base32(randomness.bytes(10))[:RECOVERY_CODE_LENGTH]
    return "-".join(text[i : i + 4] for i in range(0, RECOVERY_CODE_LENGTH, 4))


def hash_recovery_code(code: str, seed_key: bytes) -> bytes:
    """Return what is stored of a recovery code: a keyed hash. 80 random bits need no slow one."""
    return hmac.digest(seed_key, b"recovery/" + _plain(code).encode(), hashlib.sha256)


def check(bench: Bench, held: list[Stored], code: str) -> Accepted | Rejected:
    """Return which active authenticator of `held` made `code`, and burn the code.

    A recovery code is told by its length; it neither helps nor hurts the OATH counters, and the other way round.
    """
    plain = _plain(code)
    kinds: tuple[str, ...] = ("recovery_code",) if len(plain) == RECOVERY_CODE_LENGTH else _OATH_KINDS
    candidates = [a for a in held if a.kind in kinds]
    active = [a for a in candidates if a.state == "active"]
    if not active:
        return Rejected("suspended" if any(a.state == "suspended" for a in candidates) else "unknown")
    usable = [a for a in active if not a.is_locked]
    if not usable:
        return Rejected("locked")
    verdicts = [_check_recovery(bench, a, plain) if a.kind == "recovery_code" else check_oath(bench, a, plain) for a in usable]
    for authenticator, verdict in zip(usable, verdicts, strict=True):
        if verdict == "accepted":
            mark_used(bench, authenticator)
            return Accepted(authenticator.id, authenticator.kind)
    for authenticator in usable:
        count_failure(bench, authenticator)
    return Rejected("replayed" if "replayed" in verdicts else "wrong")


def check_oath(bench: Bench, stored: Stored, code: str) -> str:
    """Return ``accepted`` (and move the counter), ``replayed`` or ``wrong`` for one OATH authenticator."""
    code = _plain(code)
    secret = bench.secret_of(stored)
    if stored.kind == "hotp":
        counter = oath.find_counter(secret, code, range(stored.counter, stored.counter + HOTP_LOOK_AHEAD))
        if counter is not None:
            bench.connection.execute("UPDATE authenticators SET counter = ? WHERE id = ?", (counter + 1, stored.id))
            return "accepted"
        behind = range(max(0, stored.counter - HOTP_LOOK_AHEAD), stored.counter)
        return "wrong" if oath.find_counter(secret, code, behind) is None else "replayed"
    present = oath.time_step(bench.at)
    expected = present + stored.drift_steps
    step = oath.find_counter(secret, code, _near(expected))
    if step is None or abs(step - present) > MAX_DRIFT_STEPS:
        return "wrong"
    if step <= stored.last_step:
        return "replayed"
    _set_step(bench, stored, step, step - present)
    return "accepted"


def resync(bench: Bench, stored: Stored, first: str, second: str) -> str:
    """Return ``accepted`` after moving counter or drift to where two consecutive codes put it, else ``wrong``.

    Source: RFC 4226 §7.4, RFC 6238 §6.
    """
    first, second = _plain(first), _plain(second)
    secret = bench.secret_of(stored)
    if stored.kind == "hotp":
        counter = oath.find_consecutive(secret, first, second, range(stored.counter, stored.counter + HOTP_RESYNC_WINDOW))
        if counter is None:
            return "wrong"
        bench.connection.execute("UPDATE authenticators SET counter = ? WHERE id = ?", (counter + 1, stored.id))
        return "accepted"
    present = oath.time_step(bench.at)
    reach = range(max(present - MAX_DRIFT_STEPS, stored.last_step + 1), present + MAX_DRIFT_STEPS)
    step = oath.find_consecutive(secret, first, second, reach)
    if step is None:
        return "wrong"
    _set_step(bench, stored, step, step - present)
    return "accepted"


def mark_used(bench: Bench, stored: Stored) -> None:
    """Note a success: used now, tested, no failures."""
    bench.connection.execute(
        "UPDATE authenticators SET last_used_at = ?, tested = 1, fail_count = 0 WHERE id = ?", (to_stamp(bench.at), stored.id)
    )


def count_failure(bench: Bench, stored: Stored) -> None:
    """Note a wrong code."""
    bench.connection.execute("UPDATE authenticators SET fail_count = fail_count + 1 WHERE id = ?", (stored.id,))


def _set_step(bench: Bench, stored: Stored, step: int, drift_steps: int) -> None:
    bench.connection.execute(
        "UPDATE authenticators SET last_step = ?, drift_steps = ? WHERE id = ?", (step, drift_steps, stored.id)
    )


def _near(step: int) -> list[int]:
    # The likeliest first: the present step, then one late, then one early.
    return [step, *(step + sign * i for i in range(1, TOTP_WINDOW_STEPS + 1) for sign in (-1, 1))]


def _check_recovery(bench: Bench, stored: Stored, plain: str) -> str:
    row = bench.connection.execute(
        "SELECT used_at FROM recovery_codes WHERE authenticator_id = ? AND hash = ?",
        (stored.id, hash_recovery_code(plain, bench.seed_key)),
    ).fetchone()
    if row is None:
        return "wrong"
    if row["used_at"] is not None:
        return "replayed"
    bench.connection.execute(
        "UPDATE recovery_codes SET used_at = ? WHERE authenticator_id = ? AND hash = ?",
        (to_stamp(bench.at), stored.id, hash_recovery_code(plain, bench.seed_key)),
    )
    return "accepted"


def _plain(code: str) -> str:
    """Return the code without what people add to it: spaces, dashes, capitals, letters that Crockford reads as digits."""
    return "".join(c for c in code[:64].lower().translate(_MISREAD) if c in ALPHABET)
