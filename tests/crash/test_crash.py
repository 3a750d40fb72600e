"""A share of the crash harness in every run; `make crash` kills at every point."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.run import find_postgres
from tests.services import privacyidea
from tests.services.absent import require

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("database", "provider", "every", "least"),
    [
        ("sqlite", "lab", 19, 9),
        pytest.param("postgresql", "lab", 47, 4, marks=pytest.mark.postgres),
        pytest.param("sqlite", "privacyidea", 83, 3, marks=[pytest.mark.privacyidea, pytest.mark.xdist_group("privacyidea")]),
    ],
)
def test_whoever_is_killed_wherever_the_end_is_the_same(database, provider, every, least, tmp_path):
    """every: which of the points are tried; they are about 210. least: how many deaths that must make."""
    if database == "postgresql":
        require(find_postgres(), "PostgreSQL", "install its server (Debian: postgresql-15)")
    if provider == "privacyidea":
        require(privacyidea.find_environment(), "privacyIDEA", "run tests/services/setup.sh")
    out = tmp_path / "report.json"
    environment = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    done = subprocess.run(
        [sys.executable, "-m", "tests.crash.harness", "--database", database, "--provider", provider, "--every", str(every), "--out", out],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-1500:] + done.stderr[-1500:]
    report = json.loads(out.read_text())
    assert report["differences"] == []
    assert report["deaths"] >= least and report["states_compared"] > report["deaths"]
