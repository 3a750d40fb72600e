"""A desk that an earlier version wrote, with cases in flight, is upgraded: every case goes on, and the ledger verifies.

How to freeze another one stands in CONTRIBUTING.md.
"""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
FROZEN = sorted(path.name for path in HERE.iterdir() if (path / "desk.sql").exists())
MAX_BYTES = 1 << 20


def test_there_is_a_frozen_desk_and_each_is_small():
    assert "store-0003" in FROZEN
    for name in FROZEN:
        assert sum(path.stat().st_size for path in (HERE / name).rglob("*") if path.is_file()) < MAX_BYTES


def test_the_first_was_written_before_any_later_migration():
    database = sqlite3.connect(":memory:")
    database.executescript((HERE / "store-0003" / "desk.sql").read_text())
    ran = [row[0] for row in database.execute("SELECT name FROM django_migrations WHERE app='store' ORDER BY id")]
    database.close()
    assert ran == ["0001_initial", "0002_wall", "0003_api_tokens"]


@pytest.mark.slow
@pytest.mark.parametrize("name", FROZEN)
def test_after_an_upgrade_every_case_goes_on_and_the_ledger_verifies(name):
    done = subprocess.run(
        [sys.executable, "-m", "tests.frozen.go_on", str(HERE / name)],
        cwd=HERE.parents[1],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    cases = json.loads((HERE / name / "players.json").read_text())["cases"]
    assert set(told["outcomes"]) == set(cases)
    assert set(told["outcomes"].values()) == {"changed"}
    assert set(told["records"].values()) == {True}
    assert told["grew"] > len(cases)
