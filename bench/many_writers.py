"""Eight processes that write the one commit to one SQLite file as fast as they can: does anybody starve, and how long does one wait?

Beside them, in the same run, the same eight without the advisory lock before BEGIN: only SQLite's own busy handler keeps order.
"""

from __future__ import annotations

import json
import os
import tempfile
import time
import traceback
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import quantiles

from bench.one_commit import commit_alone, open_case
from bench.rows import Row, print_rows, sync_ms

PROCESSES = 8
ROUND_S = 4.0
PAUSE_S = 0.01
"""Between two commits of one process: 8 processes still write far more than a desk with 50 operators ever will."""
P99_MS = 20.0


def measure(home: Path, folder: Path) -> list[Row]:
    """Return the rows: the 99th percentile with our lock against the bar and the disk, and the longest wait without it against ours."""
    before = sync_ms(folder)
    ours, refused = _round(home, folder, locked=True)
    bare, bare_refused = _round(home, folder, locked=False)
    floor = PROCESSES * (before + sync_ms(folder)) / 2
    p99, bare_p99 = (quantiles(waits, n=100)[98] for waits in (ours, bare))
    if refused:
        raise SystemExit(f"{refused} commits were refused: somebody was locked out")
    bound = (
        f"{len(ours)} commits, none locked out, longest {max(ours):.1f} ms; without the lock {len(bare)} commits,"
        f" {bare_refused} locked out, p99 {bare_p99:.1f} ms, longest {max(bare):.1f} ms. All write through one file: whoever comes last"
        f" waits for {PROCESSES} commits, and {PROCESSES} bare syncs alone took {floor:.1f} ms on this disk in this run. The bar"
        f" of {P99_MS:g} ms is for a disk that syncs in {P99_MS / PROCESSES / 2:.2f} ms or less."
    )
    return [
        Row("sqlite_8_writers_p99", "a commit among 8 writing processes, 99th percentile against the bar",
            p99, P99_MS, "ms", P99_MS / p99, 1.0, bound),
        Row("sqlite_8_writers_floor", "the same 99th percentile beside the disk's own floor: eight bare syncs, one after the other",
            p99, floor, "ms", floor / p99, 0.0,
            "the lock, the fold of the case, seven statements and the hashes, eight times over; the rest is the disk."),
        Row("sqlite_8_writers_longest", "the longest wait among 8 writing processes, with SQLite's busy handler alone and with ours",
            max(ours), max(bare), "ms", max(bare) / max(ours), 0.0),
    ]  # fmt: skip


def _round(home: Path, folder: Path, *, locked: bool) -> tuple[list[float], int]:
    """Return how long each commit took in ms, over all processes, and how many were refused."""
    from django.db import connections

    connections.close_all()
    for left in folder.glob("*.json"):
        left.unlink()
    go = folder / "go"
    go.unlink(missing_ok=True)
    children = [_fork(partial(_write, home, folder / f"{n}.json", go, locked)) for n in range(PROCESSES)]
    while len(list(folder.glob("*.ready"))) < PROCESSES:
        time.sleep(0.05)
    go.touch()
    for child in children:
        if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]):
            raise SystemExit("a writer fell over")
    told = [json.loads((folder / f"{n}.json").read_text()) for n in range(PROCESSES)]
    return [wait for one in told for wait in one["waits"]], sum(one["refused"] for one in told)


def _write(home: Path, out: Path, go: Path, locked: bool) -> None:
    from mfadesk.cli.throwaway import open_throwaway
    from mfadesk.kernel.errors import Unavailable
    from mfadesk.operations import desk as desk_module
    from mfadesk.store.commit import load_case, unit_of_work

    play = open_throwaway(home, seed=0)
    desk = play.desk
    if not locked:
        desk_module.unit_of_work = lambda _file, randomness: unit_of_work(None, randomness)
    state = load_case(open_case(desk))
    waits: list[float] = []
    refused = 0
    ready = out.with_suffix(".ready")
    ready.touch()
    while not go.exists():
        time.sleep(0.005)
    ready.unlink()
    end = time.monotonic() + ROUND_S
    while time.monotonic() < end:
        started = time.monotonic()
        try:
            commit_alone(desk, state)
        except Unavailable:
            refused += 1
        waits.append((time.monotonic() - started) * 1000)
        time.sleep(PAUSE_S)
    out.write_text(json.dumps({"waits": waits, "refused": refused}))


def _fork(work: Callable[[], None]) -> int:
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        work()
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(status)


def main() -> None:
    """Measure on a desk of this process's own."""
    from mfadesk.cli.throwaway import set_up_django

    os.environ.pop("MFADESK_DATABASE_URL", None)
    with tempfile.TemporaryDirectory(prefix="mfadesk-bench-") as folder:
        home = set_up_django(Path(folder) / "desk")
        print_rows(measure(home, Path(folder)))


if __name__ == "__main__":
    main()
