"""Faults on demand: what a real service does to us sooner or later, made to happen now.

They live in the lab's own file, so that a demo page in one process can upset a connector in another.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from mfadesk.kernel.errors import Unavailable

FaultKind = Literal["latency", "error", "timeout_before", "timeout_after", "wrong_shape"]
MAX_LATENCY_S = 30.0


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong.

    kind: ``latency`` waits and then works; ``error`` answers no and does nothing; ``timeout_before`` is silent and idle;
      ``timeout_after`` acts and is silent; ``wrong_shape`` acts and answers what nobody can read.
    method: the port's method, or ``*`` for any.
    times: how often, 1 or more.
    """

    kind: FaultKind
    method: str = "*"
    times: int = 1
    latency_s: float = 0.0


def inject(connection: sqlite3.Connection, fault: Fault) -> None:
    """Have `fault` happen from now on; within a transaction of the caller."""
    connection.execute(
        "INSERT INTO faults (kind, method, remaining, latency_s) VALUES (?, ?, ?, ?)",
        (fault.kind, fault.method, max(1, fault.times), min(max(fault.latency_s, 0.0), MAX_LATENCY_S)),
    )


def take(connection: sqlite3.Connection, method: str) -> Fault | None:
    """Return the fault that is due for `method` and count it down, or None; within a transaction of the caller."""
    row = connection.execute(
        "SELECT n, kind, method, remaining, latency_s FROM faults WHERE method IN (?, '*') ORDER BY n LIMIT 1", (method,)
    ).fetchone()
    if row is None:
        return None
    connection.execute("UPDATE faults SET remaining = remaining - 1 WHERE n = ?", (row["n"],))
    connection.execute("DELETE FROM faults WHERE remaining < 1")
    return Fault(row["kind"], row["method"], row["remaining"], row["latency_s"])


def happens_before(fault: Fault, service: str, sleep: Callable[[float], None] = time.sleep) -> None:
    """Play the part of `fault` that comes before the act. Raises Unavailable."""
    if fault.latency_s:
        sleep(fault.latency_s)
    if fault.kind == "error":
        raise Unavailable(service, "The provider answered that it cannot serve now (503). Nothing was done.")
    if fault.kind == "timeout_before":
        raise Unavailable(service, "The provider did not answer in time.", effect_unknown=True)


def happens_after(fault: Fault, service: str) -> None:
    """Play the part of `fault` that comes after the act was done. Raises Unavailable."""
    if fault.kind == "timeout_after":
        raise Unavailable(service, "The provider did not answer in time.", effect_unknown=True)
    if fault.kind == "wrong_shape":
        raise Unavailable(service, "The provider answered in a form that is not understood.", effect_unknown=True)
