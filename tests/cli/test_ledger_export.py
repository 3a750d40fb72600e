"""`mfadesk ledger key · export · checkpoint` on a desk whose executor does not run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mfadesk.kernel.ids import SystemRandomness
from mfadesk.ledger.note import parse_vkeys
from mfadesk.store.home import Config, create_home

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def home(tmp_path):
    config = Config(organisation="Fernhollow", public_url="http://localhost:8000", provider={"kind": "lab"})
    return create_home(tmp_path / "desk", config, SystemRandomness())


def _ledger(home, *words):
    environment = {**os.environ, "MFADESK_HOME": str(home.folder)}
    command = [sys.executable, "-m", "mfadesk.cli.main", "ledger", *words]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def test_the_key_that_is_printed_is_the_desks_own_and_can_be_given_to_verify(home):
    done = _ledger(home, "key")
    (key,) = parse_vkeys(done.stdout.strip())
    assert done.returncode == 0
    assert (key.name, key.public) == (home.public_keys().origin, home.public_keys().checkpoint_verify)


def test_an_export_names_either_a_case_or_a_whole_period(home, tmp_path):
    for words in ((), ("--from", "2026-11-01"), ("--case", "case_1", "--from", "2026-11-01", "--to", "2026-11-02")):
        done = _ledger(home, "export", "--out", str(tmp_path / "out"), *words)
        assert done.returncode == 2, done.stderr
        assert "--case" in done.stderr
    assert not (tmp_path / "out").exists()


def test_a_day_that_is_no_date_is_wrong_use(home, tmp_path):
    done = _ledger(home, "export", "--out", str(tmp_path / "out"), "--from", "yesterday", "--to", "2026-11-02")
    assert done.returncode == 2
    assert "YYYY-MM-DD" in done.stderr
