"""A share of the crash harness in every run; `make crash` kills at every point."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SHARE = {"sqlite": 11, "postgresql": 13}
"""Every how-manieth point is tried here."""


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("database", SHARE)
def test_whoever_is_killed_wherever_the_end_is_the_same(database, tmp_path):
    if database == "postgresql":
        from tests.run import find_postgres
        from tests.services.absent import require

        require(find_postgres(), "PostgreSQL", "install its server (Debian: postgresql-15)")
    out = tmp_path / "report.json"
    environment = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    done = subprocess.run(
        [sys.executable, "-m", "tests.crash.harness", "--database", database, "--every", str(SHARE[database]), "--out", out],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-1500:] + done.stderr[-1500:]
    report = json.loads(out.read_text())
    assert report["differences"] == []
    assert report["deaths"] >= 10 and report["states_compared"] > report["deaths"]
