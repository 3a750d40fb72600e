"""The same search where only processes show it: the database's own bytes, logs, arguments, environments, the exported record."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.canaries.spellings import spellings, stands_in

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
@pytest.mark.timeout(180)
@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="processes are looked at in /proc")
def test_no_secret_stands_in_files_logs_arguments_or_environments():
    done = subprocess.run([sys.executable, "-m", "tests.canaries.walk"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["leaks"] == []
    # What was searched is what was meant: three processes and their workers, the database with its log, and the record.
    assert len([name for name in told["places"] if name.startswith("environ")]) >= 3
    assert {"file desk.sqlite3", "record", "log serve.log", "log executor.log", "log worker.log"} <= set(told["places"])
    assert told["found"] == ["database", "record"], "what is no secret is found, so the search works"
    assert {"case code", "new seed", "claimant's cookie", "operator's session", "receipt key"} <= set(told["secrets"])


@pytest.mark.parametrize("written", ["ABC-DEF", "ABCDEF", "abcdef", "QUJDLURFRg", "4142432d444546"])
def test_a_secret_is_found_however_it_was_written(written):
    assert stands_in("ABC-DEF", f"somewhere {written} inside".encode())
    assert not stands_in("ABC-DEF", b"something else")


def test_what_would_be_found_by_chance_is_no_canary():
    with pytest.raises(AssertionError, match="by chance"):
        spellings("abc")
