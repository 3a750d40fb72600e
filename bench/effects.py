"""Durable effects, from intent to result event, beside procrastinate on the same PostgreSQL: three thousand that do nothing.

Both commit each piece of work by itself, at the same durability, and then call something that does nothing. Ours commits the intent
with its event and leaf, takes rows under a lease and a fence, reads the cases, walks their runbooks, and commits the results with
another event and leaf each, several in one transaction. The peer commits a job, takes it, and marks it done.
"""

from __future__ import annotations

import logging
import os
import time
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

from bench.rows import Row, print_rows

if TYPE_CHECKING:
    from mfadesk.cli.throwaway import Throwaway
    from mfadesk.operations.desk import Desk

EFFECTS, ROUNDS = 600, 5
A_CASE = 10
"""Effects a case: a real one has about as many."""
TARGET = 2
WORKERS = (1, 4)
BOUND = "one wait for the disk and five trips for each intent, as it is somebody's command; takes and results go several a transaction"


def measure(home: Path) -> list[Row]:
    """Return the row; both sides take turns, each with fresh work."""
    from mfadesk.cli.throwaway import open_throwaway
    from mfadesk.kernel.clock import SystemClock

    throwaway = open_throwaway(home, seed=0)
    # What is quick is told by a clock that goes.
    throwaway.executor.desk = replace(throwaway.desk, clock=SystemClock())
    peer = _Procrastinate(os.environ["MFADESK_DATABASE_URL"])
    return [row for workers in WORKERS for row in _compare(throwaway, peer, workers)]


def _compare(throwaway: Throwaway, peer: _Procrastinate, workers: int) -> list[Row]:
    ours, theirs = [], []
    for _ in range(ROUNDS):
        ours.append(EFFECTS / _run_ours(throwaway, workers))
        theirs.append(EFFECTS / peer.run(EFFECTS, workers))
    many = f"_{workers}_workers" if workers > 1 else ""
    who = f"{workers} workers" if workers > 1 else "one worker"
    return [
        Row(f"effects_procrastinate{many}", f"effects from intent to result, {who}, {EFFECTS} a round, beside procrastinate's jobs",
            median(ours), median(theirs), "effects/s", median(a / b for a, b in zip(ours, theirs, strict=True)),
            0 if many else TARGET, BOUND),
    ]  # fmt: skip


def _run_ours(throwaway: Throwaway, workers: int) -> float:
    from mfadesk.store.models import EffectRow

    desk = throwaway.executor.desk
    cases = [open_case_about_nobody(desk) for _ in range(EFFECTS // A_CASE)]
    throwaway.settle()
    began = time.perf_counter()
    for case_id in cases * A_CASE:
        ask_for_nothing(desk, case_id)
    if workers == 1:
        _work_off(throwaway)
    else:
        _work_off_by(workers, throwaway)
    spent = time.perf_counter() - began
    left = EffectRow.objects.exclude(state="done").count()
    if left:
        raise AssertionError(f"{left} effects were not done")
    return spent


def _work_off(throwaway: Throwaway) -> None:
    while throwaway.executor.run_effect(throwaway.executor):
        pass


def _work_off_by(workers: int, throwaway: Throwaway) -> None:
    """Work off what is due in so many processes, as several executors of one desk would."""
    from django.db import connections

    connections.close_all()
    children = []
    for _ in range(workers):
        child = os.fork()
        if not child:
            status = 1
            try:
                _work_off(throwaway)
                status = 0
            finally:
                os._exit(status)
        children.append(child)
    for child in children:
        if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]):
            raise SystemExit("a worker fell over")


def open_case_about_nobody(desk: Desk) -> str:
    """Return a case that stands at its runbook's first question; there is nobody to look up, so that an effect does nothing."""
    from mfadesk.kernel.ids import new_id
    from mfadesk.operations.open_case import open_case
    from mfadesk.ports.people import Actor

    # A new operator each time: one of them opens so many an hour and no more.
    operator = Actor("staff", new_id("bench", desk.randomness), frozenset({"operator"}), None)
    return open_case(desk, operator, None, said_name="Nobody", goal="replace_device")


def ask_for_nothing(desk: Desk, case_id: str) -> None:
    """Commit the intent of one effect that does nothing."""
    with desk.unit() as unit:
        draft = desk.draft(unit.load(case_id), "executor")
        draft.intend("look")
        unit.commit(draft)


class _Procrastinate:
    """The peer's own tables in the same database, one worker, no waiting for notifications."""

    def __init__(self, url: str) -> None:
        import procrastinate

        parts = urlsplit(url)
        settings = {"dbname": parts.path.lstrip("/"), "user": parts.username, **dict(parse_qsl(parts.query))}
        logging.getLogger("procrastinate").setLevel(logging.ERROR)
        self.connector = procrastinate.SyncPsycopgConnector(kwargs=settings, min_size=1, max_size=1)
        self.app = procrastinate.App(connector=self.connector)
        self.worker_app = procrastinate.App(connector=procrastinate.PsycopgConnector(kwargs=settings, min_size=1, max_size=4))

        async def nothing() -> None:
            pass

        self.task = self.app.task(nothing, name="nothing")
        self.worker_app.task(nothing, name="nothing")
        with self.app.open():
            self.app.schema_manager.apply_schema()

    def run(self, jobs: int, workers: int) -> float:
        """Return the seconds for `jobs`, put in one transaction each and worked off."""
        import asyncio

        with self.app.open():
            began = time.perf_counter()
            for _ in range(jobs):
                self.task.defer()
        spent = time.perf_counter() - began

        async def work() -> float:
            async with self.worker_app.open_async():
                started = time.perf_counter()
                await self.worker_app.run_worker_async(
                    wait=False, concurrency=workers, listen_notify=False, install_signal_handlers=False
                )
                return time.perf_counter() - started

        return spent + asyncio.run(work())


if __name__ == "__main__":
    from mfadesk.cli.throwaway import set_up_django

    print_rows(measure(set_up_django(database_url=os.environ.get("MFADESK_DATABASE_URL", ""))))
