"""How soon another executor takes what a killed one held: twenty executors, each killed with SIGKILL in the middle of an effect.

Nobody tells the survivor of a death; it sees only that a lease is over. So the bar is the lease and one second, and a late writer's
fence must then change nothing.
"""

from __future__ import annotations

import os
import signal
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from bench.effects import ask_for_nothing, open_case_about_nobody
from bench.rows import Row, print_rows

if TYPE_CHECKING:
    from mfadesk.executor.core import Executor
    from mfadesk.executor.taking import Taken

KILLS = 20
LATEST_S = 1.0


def measure(home: Path) -> list[Row]:
    """Return the row; every effect must have been done exactly once in the end."""
    from mfadesk.cli.throwaway import open_throwaway
    from mfadesk.executor.core import IDLE_S
    from mfadesk.executor.taking import LEASE_S, Fenced, close_row
    from mfadesk.kernel.clock import SystemClock
    from mfadesk.store.models import EffectRow, EventRow

    throwaway = open_throwaway(home, seed=0)
    executor = throwaway.executor
    executor.desk = replace(throwaway.desk, clock=SystemClock())
    case_id = open_case_about_nobody(executor.desk)
    while executor.step():
        pass
    for _ in range(KILLS):
        ask_for_nothing(executor.desk, case_id)
    held = [_take_and_die(executor) for _ in range(KILLS)]
    late: list[float] = []
    while len(late) < KILLS:
        if executor.run_effect(executor):
            late.append(time.time() - (held[len(late)][1] + LEASE_S))
        else:
            time.sleep(IDLE_S)
    done = EventRow.objects.filter(case_id=case_id, kind="effect_done").count()
    if EffectRow.objects.exclude(state="done").exists() or done != KILLS:
        raise AssertionError(f"{done} of {KILLS} effects were done once")
    for taken, _at in held:
        try:
            close_row(taken, state="parked")
        except Fenced:
            continue
        raise AssertionError("a late writer changed what another had taken")
    worst = max(late)
    return [
        Row("effect_retaken", f"a killed executor's effect done by another, after the lease of {LEASE_S} s, the latest of {KILLS} kills",
            worst, LATEST_S, "s", LATEST_S / max(worst, 0.001), 1, "the poll of an idle executor, and the effects before it"),
    ]  # fmt: skip


def _take_and_die(executor: Executor) -> tuple[Taken, float]:
    """Return what a process took before it was killed, and when it took it."""
    import pickle

    from django.db import connections

    from mfadesk.executor.taking import take_due

    connections.close_all()
    ear, mouth = os.pipe()
    child = os.fork()
    if not child:
        (taken,) = take_due(executor)
        os.write(mouth, pickle.dumps((taken, time.time())))
        signal.pause()
    told: tuple[Taken, float] = pickle.loads(os.read(ear, 65_536))  # noqa: S301 - from our own child
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    os.close(ear)
    os.close(mouth)
    return told


if __name__ == "__main__":
    from mfadesk.cli.throwaway import set_up_django

    print_rows(measure(set_up_django(database_url=os.environ.get("MFADESK_DATABASE_URL", ""))))
