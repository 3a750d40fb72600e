"""The one commit beside the same four statements in the bare driver: same file, same pragmas, same bytes, rounds in turn.

Two rows. The commit alone: event, salted leaf, case, head and effect, from a state in hand. And the whole verb by which evidence
counts: read and fold the case first (about ten events), mint the receipt, then commit. The peer gets finished values each time.
"""

from __future__ import annotations

import json
import os
import sqlite3
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from bench.rows import Row, print_rows

if TYPE_CHECKING:
    from mfadesk.cases.state import CaseState
    from mfadesk.operations.desk import Desk

CASES = 600
ROUND_S = 0.6
ROUNDS = 7
TARGET_SQLITE, TARGET_POSTGRES = 0.35, 0.55

STATEMENTS = (
    "INSERT INTO store_eventrow (leaf_index, case_id, seq, kind, at, actor, body, fields, leaf) VALUES (?,?,?,?,?,?,?,?,?)",
    "INSERT INTO store_caserow (id, subject_id, seq, status, ending, goal, step, owner, waiting_for, deadline_at, opened_at,"
    " changed_at) VALUES (?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT (id) DO UPDATE SET seq=excluded.seq, changed_at=excluded.changed_at",
    "UPDATE store_treehead SET size=?, frontier=? WHERE id=1",
    "INSERT INTO store_effectrow (id, case_id, verb, args, state, due_at, lease_until, fence, attempts, problem)"
    " VALUES (?,?,?,?,'due',?,'',0,0,'')",
)


def measure(home: Path) -> list[Row]:
    """Return the rows for the database that Django has been set up with."""
    from django.db import connection

    from mfadesk.cli.throwaway import open_throwaway
    from mfadesk.store.commit import load_case

    desk = open_throwaway(home, seed=0).desk
    cases = [open_case(desk) for _ in range(CASES)]
    fresh = load_case(open_case(desk))
    postgres = connection.vendor == "postgresql"
    bare, close = _bare_postgres() if postgres else _bare_sqlite(desk)
    sides: dict[str, list[float]] = {"commit": [], "whole": [], "bare": []}
    for _ in range(ROUNDS):
        sides["commit"].append(_rate(lambda n: commit_alone(desk, fresh)))
        sides["whole"].append(_rate(lambda n: _record_evidence(desk, cases[n % CASES])))
        sides["bare"].append(_rate(bare))
    close()
    database = "postgresql" if postgres else "sqlite"
    return [
        _row(f"one_commit_{database}", "the one commit: event, salted leaf, case, head and effect", sides["commit"], sides["bare"],
             TARGET_POSTGRES if postgres else TARGET_SQLITE),
        _row(f"record_evidence_{database}", "evidence counted: read and fold ten events, mint, commit", sides["whole"], sides["bare"], 0),
    ]  # fmt: skip


def _row(id: str, what: str, ours: list[float], peer: list[float], target: float) -> Row:
    return Row(
        id=id, what=f"{what}, beside the same four statements in the bare driver", ours=median(ours), peer=median(peer),
        unit="commits/s", ratio=median(a / b for a, b in zip(ours, peer, strict=True)), target=target,
        bound="Python around each statement, canonical JSON and hashes; the peer does little but wait for the disk",
    )  # fmt: skip


def open_case(desk: Desk) -> str:
    """Return a new case with one event."""
    from mfadesk.cases.state import CaseState
    from mfadesk.kernel.ids import new_id

    with desk.unit() as unit:
        draft = desk.draft(CaseState(new_id("case", desk.randomness)), "staff:1")
        draft.emit(
            "case_opened", subject="p_bench", tier="standard", break_glass=False, employment="active", goal="replace_device",
            channel="phone", caller="subject", runbook="device-replacement", runbook_digest="0" * 64, policy_digest="0" * 64,
        )  # fmt: skip
        unit.commit(draft)
    return draft.state.id


def commit_alone(desk: Desk, state: CaseState) -> None:
    """Commit one event to a case of its own, so that no reading is part of it."""
    from mfadesk.kernel.ids import new_id

    with desk.unit() as unit:
        draft = desk.draft(replace(state, id=new_id("case", desk.randomness)), "executor")
        draft.emit("alert_raised", pattern="bench")
        draft.intend("consider", quiet=True)
        unit.commit(draft)


def _record_evidence(desk: Desk, case_id: str) -> None:
    from mfadesk.executor.receipts import mint

    with desk.unit() as unit:
        draft = desk.draft(unit.load(case_id), "executor")
        body = mint(
            b"k" * 32, draft.state, method="totp_existing", now=draft.now, policy=desk.policy, by="executor",
            session="session", authenticator="totp-1", randomness=desk.randomness,
        )  # fmt: skip
        draft.emit("evidence_recorded", **body)
        draft.intend("consider", quiet=True)
        unit.commit(draft)


def _bare_values(number: int) -> list[tuple[Any, ...]]:
    """Return values as long as ours: the longest event body, a case's row, a frontier of sixteen hashes, an effect's row."""
    body = json.dumps({"method": "totp_existing", "receipt": "0" * 64, "nonce": "0" * 24, "by": "executor", "n": number,
                       "session": "session", "authenticator": "totp-1", "expires_at": "2026-11-24T09:00:00.000000Z"})  # fmt: skip
    stamp = "2026-11-24T09:00:00.000000Z"
    case = f"bare_{number % CASES:020}"
    return [
        (10_000_000 + number, case, number, "evidence_recorded", stamp, "executor", body, "[]", b"l" * 200),
        (case, "p_bench", number, "open", "", "replace_device", "verify", "", "operator", None, stamp, stamp),
        (number, json.dumps(["0" * 64] * 16)),
        (f"eff_{number:020}", case, "consider", '{"target":""}', stamp),
    ]


def _bare_sqlite(desk: Desk) -> tuple[Callable[[int], None], Callable[[], None]]:
    """Return the bare transaction on a table of the same shape in the same file, and how to close its connection."""
    driver = sqlite3.connect(desk.home.database_file, isolation_level=None)
    driver.execute("PRAGMA journal_mode=WAL")
    driver.execute("PRAGMA synchronous=FULL")
    # The head row is ours to keep gapless; the peer moves one of its own.
    driver.execute("CREATE TABLE bare_head AS SELECT * FROM store_treehead")
    statements = [text.replace("store_treehead", "bare_head") for text in STATEMENTS]
    counter = iter(range(10**9))

    def transact(_n: int) -> None:
        driver.execute("BEGIN IMMEDIATE")
        for statement, values in zip(statements, _bare_values(next(counter)), strict=True):
            driver.execute(statement, values)
        driver.execute("COMMIT")

    return transact, driver.close


def _bare_postgres() -> tuple[Callable[[int], None], Callable[[], None]]:
    import psycopg
    from django.db import connection

    driver = psycopg.connect(
        **{k: v for k, v in connection.get_connection_params().items() if k in ("dbname", "user", "password", "host", "port")}
    )
    driver.execute("CREATE TABLE bare_head AS SELECT * FROM store_treehead")
    driver.commit()
    statements = [text.replace("store_treehead", "bare_head").replace("?", "%s") for text in STATEMENTS]
    counter = iter(range(10**9))

    def transact(_n: int) -> None:
        for statement, values in zip(statements, _bare_values(next(counter)), strict=True):
            driver.execute(statement, values)
        driver.commit()

    return transact, driver.close


def _rate(work: Callable[[int], None]) -> float:
    began, done = time.perf_counter(), 0
    while (spent := time.perf_counter() - began) < ROUND_S:
        work(done)
        done += 1
    return done / spent


if __name__ == "__main__":
    from mfadesk.cli.throwaway import set_up_django

    print_rows(measure(set_up_django(database_url=os.environ.get("MFADESK_DATABASE_URL", ""))))
