"""The unit files and the container file start what is there, the executor under a user of its own, each with no more than it needs."""

from __future__ import annotations

import configparser
import re

import pytest
import typer
from click.testing import CliRunner

from mfadesk.cli.main import app
from tests.docs.pages import ROOT

FOLDER = ROOT / "docs/administrators"
UNITS = sorted((FOLDER / "systemd").glob("*.service"))


def read_unit(path):
    parser = configparser.RawConfigParser(strict=False)
    parser.optionxform = str
    parser.read(path)
    return parser


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.stem)
def test_a_unit_starts_a_command_with_options_that_it_has(path):
    words = read_unit(path)["Service"]["ExecStart"].split()
    assert words[0] == "/opt/mfadesk/.venv/bin/mfadesk"
    told = CliRunner().invoke(
        typer.main.get_command(app), [words[1], "--help"], env={"COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb"}
    )
    assert told.exit_code == 0, told.output
    assert all(word in told.output for word in words[2:] if word.startswith("--"))


def test_the_executor_has_a_user_of_its_own_and_all_have_the_same_bars():
    services = [read_unit(path)["Service"] for path in UNITS]
    assert [path.stem for path in UNITS] == ["mfadesk-executor", "mfadesk-web", "mfadesk-worker"]
    assert [service["User"] for service in services] == ["mfadesk-executor", "mfadesk-web", "mfadesk-web"]
    assert [service["EnvironmentFile"] for service in services] == [
        f"/etc/mfadesk/{who}.env" for who in ("executor", "web", "web")
    ]
    assert {service["Group"] for service in services} == {"mfadesk"}
    for service in services:
        assert (
            service["CapabilityBoundingSet"] == ""
            and service["NoNewPrivileges"] == "yes"
            and service["ProtectSystem"] == "strict"
        )
    # What the executor keeps of policies and of what it has seen it writes itself, and nobody else.
    assert [service.get("ReadWritePaths") for service in services] == [
        "/var/lib/mfadesk/keys -/var/lib/mfadesk/policies", "/var/lib/mfadesk/static", None,
    ]  # fmt: skip


def test_the_container_file_installs_the_lock_with_hashes_and_is_not_root():
    text = (FOLDER / "Containerfile").read_text()
    assert "--require-hashes" in text and re.search(r"^USER [1-9]\d*:[1-9]\d*$", text, re.MULTILINE)
    for source in re.findall(r"^COPY (\S+)", text, re.MULTILINE):
        assert (ROOT / source).exists(), source
