"""The shape of one measured ratio, and what is said of the machine that measured it."""

from __future__ import annotations

import json
import os
import platform
import sqlite3
import subprocess
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

SYNC_S = 0.5


@dataclass(frozen=True, slots=True)
class Row:
    """One comparison, both sides measured in the same run.

    ours, peer: medians in `unit`. ratio: how many times the peer's our side is, so that more is better; where less is better the
    sides are turned round before it is made. target: the least ratio that the project promises.
    bound: what keeps the ratio where it is, in a sentence.
    """

    id: str
    what: str
    ours: float
    peer: float
    unit: str
    ratio: float
    target: float
    bound: str = ""

    @property
    def met(self) -> bool:
        return self.ratio >= self.target

    def to_json(self) -> dict[str, Any]:
        """Return the row as it stands in the results file."""
        found = asdict(self)
        for name in ("ours", "peer", "ratio"):
            found[name] = round(found[name], 4)
        return {**found, "met": self.met}


def describe_machine() -> dict[str, Any]:
    """Return what a reader needs to judge the figures: processor, cores, memory, versions, and how busy it was."""
    cpu = next((line.split(":", 1)[1].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")), "unknown")
    memory = next((int(line.split()[1]) >> 20 for line in _lines("/proc/meminfo") if line.startswith("MemTotal")), 0)
    return {
        "processor": cpu,
        "cores": os.cpu_count() or 0,
        "memory_gib": memory,
        "system": platform.platform(terse=True),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "load_before": round(os.getloadavg()[0], 2),
        "syncs_a_second": _syncs_a_second(),
    }


def _syncs_a_second() -> int:
    return round(1000 / sync_ms())


def sync_ms(folder: Path | None = None) -> float:
    """Return in how many ms the disk under a folder (the temporary one) keeps 4 KiB for good: the floor under every commit."""
    with tempfile.TemporaryFile(dir=folder) as file:
        done, began = 0, time.perf_counter()
        while time.perf_counter() < began + SYNC_S:
            os.pwrite(file.fileno(), b"x" * 4096, done * 4096)
            os.fdatasync(file.fileno())
            done += 1
        return (time.perf_counter() - began) / done * 1000


def find_commit() -> str:
    """Return the commit that was measured, with a mark where files had changed since; empty outside a checkout."""
    root = Path(__file__).resolve().parents[1]
    try:
        head = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=root, capture_output=True, text=True, check=True)
        dirty = subprocess.run(["git", "status", "--porcelain"], cwd=root, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return ""
    return head.stdout.strip() + ("+changes" if dirty.stdout.strip() else "")


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text().splitlines()
    except OSError:
        return []


def print_rows(rows: list[Row]) -> None:
    """Print rows as one JSON document, by which a bench in a process of its own hands them on."""
    print(json.dumps([row.to_json() for row in rows]))
