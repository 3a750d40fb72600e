"""`mfadesk ledger verify` as an auditor runs it: a process of its own, a file, a key."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ledger_samples import OTHER_VKEY, VKEY, small_ledger
from typer.testing import CliRunner

from mfadesk.cli.ledger import app

PACK = small_ledger().pack()


@pytest.fixture
def record(tmp_path: Path) -> Path:
    path = tmp_path / "case.jsonl"
    path.write_bytes(PACK)
    return path


def run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["verify", *arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.stdout, result.stderr


def run_json(*arguments: str) -> tuple[int, dict[str, Any]]:
    status, out, _ = run(*arguments, "--json")
    value = json.loads(out)
    assert set(value) == {"ok", "entries", "first_bad", "sentence"}
    return status, value


def test_a_sound_record_is_ok(record: Path) -> None:
    status, value = run_json(str(record), "--key", VKEY)
    assert (status, value["ok"], value["entries"], value["first_bad"]) == (0, True, 3, None)
    assert run(str(record), "--key", VKEY)[:2] == (0, value["sentence"] + "\n")


def test_the_key_may_be_a_file(record: Path, tmp_path: Path) -> None:
    key = tmp_path / "desk.vkey"
    key.write_text(f"# the desk's key\n{OTHER_VKEY}\n{VKEY}\n")
    assert run_json(str(record), "--key", str(key))[0] == 0


def test_a_changed_record_is_not_ok_and_names_the_entry(record: Path) -> None:
    record.write_bytes(PACK.replace(b'"passkey"', b'"passkez"'))
    status, value = run_json(str(record), "--key", VKEY)
    assert (status, value["ok"], value["entries"], value["first_bad"]) == (1, False, 1, 3)


def test_no_key_is_never_ok(record: Path) -> None:
    status, value = run_json(str(record))
    assert (status, value["ok"]) == (1, False)
    assert "no key was given" in value["sentence"]


def test_another_key_is_not_ok(record: Path) -> None:
    assert run_json(str(record), "--key", OTHER_VKEY)[0] == 1


@pytest.mark.parametrize("key", ["nonsense", "", VKEY[:-1], "x" * 5000, "a\0b"])
def test_a_malformed_key_is_wrong_use(record: Path, key: str) -> None:
    status, value = run_json(str(record), "--key", key)
    assert (status, value["ok"]) == (2, False)
    status, out, err = run(str(record), "--key", key)
    assert (status, out) == (2, "")
    assert "--key" in err


def test_a_key_file_without_a_key_is_wrong_use(record: Path, tmp_path: Path) -> None:
    for content in [b"", b"\xff\xfe", b"nonsense"]:
        (tmp_path / "bad.vkey").write_bytes(content)
        assert run_json(str(record), "--key", str(tmp_path / "bad.vkey"))[0] == 2
    assert run_json(str(record), "--key", str(tmp_path))[0] == 2


def test_a_missing_file_is_wrong_use(tmp_path: Path) -> None:
    for path in [tmp_path / "none.jsonl", tmp_path, tmp_path / ("x" * 300)]:
        status, value = run_json(str(path), "--key", VKEY)
        assert status == 2
        assert "cannot be read" in value["sentence"]
    status, out, err = run(str(tmp_path / "none.jsonl"))
    assert (status, out) == (2, "")
    assert "No such file" in err


def test_an_empty_file_is_refused(record: Path) -> None:
    record.write_bytes(b"")
    assert run(str(record), "--key", VKEY)[:2] == (1, "The file is empty.\n")


def test_verifying_loads_neither_the_framework_nor_a_room_above_the_ledger(record: Path) -> None:
    code = (
        "import sys\n"
        "from mfadesk.cli.ledger import app\n"
        "try:\n"
        "    app(sys.argv[1:])\n"
        "finally:\n"
        "    rooms = sorted({m.split('.')[1] for m in sys.modules if m.startswith('mfadesk.')})\n"
        "    print(rooms, [m for m in ('django', 'sqlite3', 'httpx') if m in sys.modules], file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "verify", str(record), "--key", VKEY, "--json"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["ok"] is True
    assert done.stderr.splitlines()[-1] == "['cli', 'kernel', 'ledger'] []"


def test_help_shows_an_example() -> None:
    result = CliRunner().invoke(app, ["verify", "--help"])
    assert result.exit_code == 0
    assert "Example" in result.stdout
