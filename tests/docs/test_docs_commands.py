"""The commands in the pages are run as they stand, so that they cannot rot."""

from __future__ import annotations

import os
import re
import socket
import sqlite3
import subprocess
import sys
import time
from contextlib import closing

import pytest

from tests.docs.pages import PAGES, ROOT, read_blocks

MARKED = [page for page in PAGES if read_blocks(page)]
A_BLOCK_S = 120


@pytest.fixture
def shell(tmp_path):
    """Run commands in an empty folder, in which `mfadesk` is the program and nothing says where a desk is."""
    bin_ = tmp_path / "bin"
    work = tmp_path / "work"
    bin_.mkdir()
    work.mkdir()
    program = bin_ / "mfadesk"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m mfadesk.cli.main "$@"\n')
    program.chmod(0o755)
    for name in ("mfadesk", "docs", "requirements"):
        (work / name).symlink_to(ROOT / name)
    gone = {"MFADESK_HOME", "DJANGO_SETTINGS_MODULE", "MFADESK_DATABASE_URL", "MFADESK_DEBUG"}
    kept = {name: value for name, value in os.environ.items() if name not in gone}
    environment = {**kept, "PATH": f"{bin_}:{kept['PATH']}", "PYTHONPATH": str(ROOT), "HOME": str(tmp_path), "NO_COLOR": "1",
                   "PORT": str(free_port())}  # fmt: skip

    def run(commands):
        return subprocess.run(
            ["bash", "-euo", "pipefail", "-c", commands], cwd=work, env=environment, capture_output=True, text=True,
            timeout=A_BLOCK_S, check=False, stdin=subprocess.DEVNULL,
        )  # fmt: skip

    run.work, run.environment = work, environment
    return run


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Running:
    """An executor for the desk that a page has made in `desk`, while its block runs."""

    def __init__(self, shell):
        self.shell = shell

    def __enter__(self):
        self.log = (self.shell.work / "executor.log").open("wb")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "mfadesk.cli.main", "executor", "--home", "desk"], cwd=self.shell.work,
            env=self.shell.environment, stdout=self.log, stderr=self.log,
        )  # fmt: skip
        until = time.monotonic() + 60
        while not self.is_seen():
            assert self.process.poll() is None and time.monotonic() < until, (self.shell.work / "executor.log").read_text()
            time.sleep(0.2)

    def is_seen(self):
        with closing(sqlite3.connect(self.shell.work / "desk/desk.sqlite3")) as database:
            return database.execute("SELECT count(*) FROM store_heartbeat WHERE name = 'executor'").fetchone()[0] == 1

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(15)
        self.log.close()


def test_the_pages_do_hold_commands():
    assert {page.name for page in MARKED} >= {"README.md", "verify-a-record.md", "install.md", "running.md"}


@pytest.mark.slow
@pytest.mark.xdist_group("docs")
@pytest.mark.parametrize("page", MARKED, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_that_a_page_marks_as_tested_works(shell, page):
    for block in read_blocks(page):
        where = f"{page.relative_to(ROOT)}:{block.line}"
        if "with executor" in block.how:
            with Running(shell):
                done = shell(block.commands)
        else:
            done = shell(block.commands)
        assert done.returncode == block.status, f"{where}\n{block.commands}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"


def commands_in(app, prefix=()):
    """Yield every command of the program, and of its groups, as a path of words."""
    for name, command in getattr(app, "commands", {}).items():
        if hasattr(command, "commands"):
            yield from commands_in(command, (*prefix, name))
        else:
            yield (*prefix, name), command


def every_command():
    import importlib

    import typer

    from mfadesk.cli.main import COMMANDS, module_of

    for name in COMMANDS:
        if importlib.util.find_spec(module_of(name)) is None:
            continue
        command = typer.main.get_command(importlib.import_module(module_of(name)).app)
        if hasattr(command, "commands"):
            yield from commands_in(command, (name,))
        else:
            yield (name,), command


@pytest.mark.parametrize(("words", "command"), [pytest.param(*one, id=" ".join(one[0])) for one in every_command()])
def test_every_command_says_what_it_does_with_an_example_and_a_word_for_each_option(words, command):
    told = command.help or ""
    assert re.match(r"[A-Z].{10,}[.!]", told), "what it does, in a sentence"
    example = re.search(r"Example: (mfadesk .+)", told)
    assert example is not None, "an example"
    assert example[1].startswith("mfadesk " + " ".join(words)), example[1]
    for option in command.params:
        if not getattr(option, "hidden", False) and option.name != "help":
            assert getattr(option, "help", None), f"{option.name} has no word of help"


def test_the_pages_name_no_command_that_is_not_there():
    known = {" ".join(words) for words, _ in every_command()}
    groups = {words.split()[0] for words in known if " " in words}
    wrong = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        told = re.findall(
            r"`mfadesk ([a-z][a-z-]*)(?: ([a-z-]+))?|^\s*mfadesk ([a-z][a-z-]*)(?: ([a-z-]+))?", text, re.MULTILINE
        )
        for a, b, c, d in told:
            first, second = a or c, b or d
            if first not in groups and first not in known:
                wrong.append((page.name, first))
            if first in groups and second and f"{first} {second}" not in known:
                wrong.append((page.name, f"{first} {second}"))
    assert wrong == []
