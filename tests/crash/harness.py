"""One road after the other, each with one death; the report says where, and whether the end was the same.

python -m tests.crash.harness [--database postgresql] [--provider privacyidea] [--every 7] [--out FILE]
"""

from __future__ import annotations

import argparse
import json
import platform
import signal
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mfadesk.kernel.errors import Broken
from tests.crash.houses import House, LabHouse, PrivacyIdeaHouse
from tests.crash.summary import name_difference
from tests.crash.world import TRIAL_S, World, set_up
from tests.services import privacyidea
from tests.services.postgres import Postgres, running

HOWS = ("alone", "two executors", "database gone")
"""How a killed executor comes back: as one, as two at once, or while the database is away."""
GONE_S = 0.4
SEEN_DEAD_S = 2.0
MAX_POINTS = 600


@dataclass(slots=True)
class Report:
    """What was killed where, and what differed afterwards."""

    database: str
    provider: str
    killed: Counter[str] = field(default_factory=Counter)
    differences: list[dict[str, Any]] = field(default_factory=list)
    points: dict[str, int] = field(default_factory=dict)
    roads: int = 0
    seconds: float = 0.0

    def to_json(self) -> dict[str, Any]:
        return {
            "database": self.database, "provider": self.provider, "machine": f"{platform.machine()}, Python {platform.python_version()}",
            "points_of_a_road": self.points, "deaths": sum(self.killed.values()), "states_compared": self.roads,
            "differences": self.differences, "seconds": round(self.seconds, 1), "killed_at": dict(sorted(self.killed.items())),
        }  # fmt: skip


@dataclass(slots=True)
class Harness:
    world: World
    server: Postgres | None
    report: Report
    number: int = 0
    expected: dict[str, Any] | None = None

    def road(self, who: str = "", at: int = 0, how: str = "alone") -> str:
        """Play one road, killing `who` at point `at`; return the point's label, empty where the road ended before it."""
        world = self.world
        self.number += 1
        person, old, memory = world.new_person(self.number)
        world.label.unlink(missing_ok=True)
        executors = {world.executor(at if who == "executor" else 0)}
        people = world.people(person, memory, at if who == "web" else 0)
        until, died, settled = time.monotonic() + TRIAL_S, False, False
        while not settled and time.monotonic() < until:
            for child, status in world.find_dead().items():
                died = died or status == -signal.SIGKILL
                if child == people:
                    people = world.people(person, memory) if status else 0
                elif child in executors:
                    executors.discard(child)
                    executors |= self._recover(how)
            time.sleep(0.01)
            settled = not people and world.is_settled(person)
            if not people and not settled:
                world.clock.advance(1)
        label = f"{who}, {world.label.read_text()}" if world.label.exists() else ""
        seen_by = time.monotonic() + SEEN_DEAD_S
        while label and not died and time.monotonic() < seen_by:
            # The road can be over before a death in an idle round is seen.
            died = any(status == -signal.SIGKILL for status in world.find_dead().values())
            time.sleep(0.01)
        world.end()
        try:
            found = world.result(person, old)
        except Broken as error:
            found = {"ledger": str(error)}
        if not settled:
            found["over"] = f"not within {TRIAL_S:g} s"
        self.report.roads += 1
        if self.expected is None:
            self.expected = found
        if found != self.expected or bool(label) != died:
            self.report.differences.append(
                {"at": label, "how": how, "kind": name_difference(found, self.expected), "found": found}
            )
            print(self.report.differences[-1], file=sys.stderr)
        if label:
            self.report.killed[f"{label} ({how})" if who == "executor" else label] += 1
        return label

    def _recover(self, how: str) -> set[int]:
        if how == "two executors":
            return {self.world.executor(), self.world.executor()}
        if how == "database gone":
            with self._gone():
                child = self.world.executor()
                time.sleep(GONE_S)
            return {child}
        return {self.world.executor()}

    @contextmanager
    def _gone(self) -> Iterator[None]:
        """Have the database away: the server is killed, or the file is held by somebody who does not let go."""
        from django.db import connections

        connections.close_all()
        if self.server is not None:
            self.server.stop(signal.SIGQUIT)
            yield
            self.server.start()
            return

        def hold() -> None:
            # In a process of its own: SQLite keeps its locks by process, and a fork of the holder would believe to have them.
            holder = sqlite3.connect(self.world.desk.home.database_file, timeout=10, isolation_level=None)
            holder.execute("BEGIN EXCLUSIVE")
            time.sleep(TRIAL_S)

        holder = self.world.fork(hold)
        try:
            time.sleep(GONE_S / 4)
            yield
        finally:
            self.world.end(holder)


@contextmanager
def _open_house(provider: str, folder: Path) -> Iterator[House]:
    if provider == "lab":
        yield LabHouse(folder)
        return
    (folder / "privacyidea").mkdir()
    running_server, process = privacyidea.start(folder / "privacyidea")
    try:
        yield PrivacyIdeaHouse(running_server, folder)
    finally:
        privacyidea.stop(process)


def run(database: str, provider: str, every: int, first: int = 1, say=lambda _line: None) -> Report:
    """Kill at every `every`th point from number `first` on, executor and web, and return the report."""
    report, began = Report(database, provider), time.monotonic()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mfadesk-crash-")))
        server = stack.enter_context(running()) if database == "postgresql" else None
        house = stack.enter_context(_open_house(provider, folder))
        set_up(folder, house, server.create_database("crash") if server else "")
        world = World(folder, house)
        stack.callback(world.end)
        harness = Harness(world, server, report)
        harness.road()
        if harness.expected.keys() & {"over", "ledger"}:
            raise SystemExit(
                f"A road without a death did not end well ({harness.expected}): this machine is too busy to compare with it."
            )
        say(f"a road without a death: {json.dumps(harness.expected, ensure_ascii=False)}")
        turn = 0
        for who in ("executor", "web"):
            for at in range(first, MAX_POINTS, every):
                how = HOWS[turn % 3] if who == "executor" else "alone"
                turn += 1
                label = harness.road(who, at, how)
                if not label:
                    report.points[who] = at - 1
                    break
                say(f"{at:>4} {label} ({how}){'  DIFFERS' if report.differences else ''}")
        report.seconds = time.monotonic() - began
    return report


def main() -> int:
    """Run the harness and print or write its report; exit status 1 where an end differed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--provider", choices=["lab", "privacyidea"], default="lab")
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    report = run(asked.database, asked.provider, asked.every, say=lambda line: print(line, flush=True))
    text = json.dumps(report.to_json(), indent=1, ensure_ascii=False) + "\n"
    if asked.out:
        asked.out.parent.mkdir(parents=True, exist_ok=True)
        asked.out.write_text(text)
    print(
        f"\n{asked.database}, {asked.provider}: {sum(report.killed.values())} deaths at {len(report.killed)} places, {report.roads} ends compared,"
        f" {len(report.differences)} differ, {report.seconds:.0f} s."
    )
    for one in report.differences:
        print(json.dumps(one, ensure_ascii=False))
    return 1 if report.differences or not report.killed else 0


if __name__ == "__main__":
    sys.exit(main())
