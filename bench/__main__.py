"""`make bench`: measure every ratio, print the table, and write bench/results/latest.json and README.md beside it.

Each bench runs in a process of its own and hands its rows on as JSON, so that none inherits another's caches or connections. Those
that need PostgreSQL get a fresh server with its durability on; where it is not installed they are named as not measured.

    python -m bench [NAME …]      only these, and nothing is written
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.page import to_page
from bench.rows import describe_machine, find_commit
from tests.run import find_postgres

if TYPE_CHECKING:
    from collections.abc import Iterator

RESULTS = Path(__file__).parent / "results" / "latest.json"
BENCHES = ("ledger", "decisions", "one_commit", "many_writers", "case_page", "wrong_codes")
ON_POSTGRES = ("one_commit", "effects", "retaken")


def main(names: list[str]) -> int:
    """Run the benches and return 0, or 1 where a ratio is below its target."""
    machine = describe_machine()
    rows: list[dict[str, Any]] = []
    for name in [n for n in BENCHES if not names or n in names]:
        rows += _run(name, {})
    wanted = [n for n in ON_POSTGRES if not names or n in names]
    if wanted and find_postgres() is None:
        print(f"Not measured, for want of PostgreSQL (Debian: postgresql-15): {', '.join(wanted)}", file=sys.stderr)
    elif wanted:
        with _postgres() as databases:
            for name in wanted:
                rows += _run(name, {"MFADESK_DATABASE_URL": next(databases)})
    _print(rows)
    if not names:
        RESULTS.parent.mkdir(exist_ok=True)
        found = {"machine": machine, "commit": find_commit(), "rows": rows}
        RESULTS.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        RESULTS.with_name("README.md").write_text(to_page(found), encoding="utf-8")
        print(f"\nWritten to {RESULTS.relative_to(Path.cwd()) if RESULTS.is_relative_to(Path.cwd()) else RESULTS}")
    return 0 if all(row["met"] for row in rows) else 1


def _run(name: str, more: dict[str, str]) -> list[dict[str, Any]]:
    print(f"… {name}", file=sys.stderr, flush=True)
    done = subprocess.run(
        [sys.executable, "-m", f"bench.{name}"], capture_output=True, text=True, check=False, env={**os.environ, **more}
    )
    if done.returncode:
        raise SystemExit(f"bench.{name} failed:\n{done.stderr[-2000:]}")
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


@contextmanager
def _postgres() -> Iterator[Iterator[str]]:
    """Yield addresses of new databases on one server that waits for its disk, as a desk's would."""
    from tests.services.postgres import running

    with running(settings="synchronous_commit=on\n") as server:
        yield (server.create_database(f"bench_{number}") for number in range(100))


def _print(rows: list[dict[str, Any]]) -> None:
    for row in rows:
        aim = f"target {row['target']:g}" if row["target"] else "no target"
        print(f"{'ok ' if row['met'] else 'LOW'} {row['id']:26} ratio {row['ratio']:9.2f}  ({aim}; "
              f"{row['ours']:,.1f} beside {row['peer']:,.1f} {row['unit']})  {row['what']}")  # fmt: skip


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
