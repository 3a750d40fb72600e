"""The program's edge: exit statuses, late loading, and what it refuses to touch."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from mfadesk.cli import main as program
from mfadesk.cli.demo import only_one, require_free, reset
from mfadesk.cli.filesystems import kind_of
from mfadesk.cli.supervise import Child, Supervisor
from mfadesk.kernel.errors import Broken, Invalid, Refusal, Unavailable
from mfadesk.kernel.ids import SystemRandomness
from mfadesk.store.home import Config, create_home

ROOT = Path(__file__).resolve().parents[2]


def run(*arguments, **environment):
    return subprocess.run(
        [sys.executable, "-m", "mfadesk.cli.main", *arguments],
        capture_output=True, text=True, timeout=60, cwd=ROOT, check=False,
        env={**os.environ, "NO_COLOR": "1", "MFADESK_HOME": "", **environment},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("error", "status"),
    [(Refusal("x", "No."), 1), (Invalid("x", "Bad."), 2), (Unavailable("x", "Gone."), 3), (Broken("Bug."), 4)],
)
def test_each_kind_of_no_has_its_own_exit_status(monkeypatch, capsys, error, status):
    def fail(*arguments, **options):
        raise error

    monkeypatch.setattr(program, "app", fail)
    with pytest.raises(SystemExit) as ended:
        program.main([])
    assert ended.value.code == status
    assert error.sentence in capsys.readouterr().err


def test_a_fault_of_ours_says_so_without_a_traceback(monkeypatch, capsys):
    def fail(*arguments, **options):
        raise ZeroDivisionError("oops")

    monkeypatch.setattr(program, "app", fail)
    monkeypatch.delenv("MFADESK_DEBUG", raising=False)
    with pytest.raises(SystemExit) as ended:
        program.main([])
    told = capsys.readouterr().err
    assert ended.value.code == 4
    assert "ZeroDivisionError" in told and "Traceback" not in told


def test_version_help_and_wrong_use():
    version, wrong, empty = run("--version"), run("fly"), run("check")
    assert (version.returncode, version.stdout.split()[0]) == (0, "mfadesk")
    assert wrong.returncode == 2 and wrong.stdout == ""
    assert empty.returncode == 2 and "Which desk?" in empty.stderr


@pytest.mark.parametrize("command", ["init", "upgrade", "demo", "serve", "worker", "executor", "check", "directory", "staff"])
def test_every_command_explains_itself(command):
    told = (
        run(command, "--help")
        if command not in ("directory", "staff")
        else run(command, {"directory": "import", "staff": "invite"}[command], "--help")
    )
    assert told.returncode == 0
    assert "Example: " in told.stdout
    assert "\x1b[" not in told.stdout


def test_the_ledger_is_verified_without_django():
    code = (
        "import sys, typer\nfrom mfadesk.cli.main import app\n"
        "typer.main.get_command(app).get_command(None, 'ledger')\nprint('django' in sys.modules)"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, timeout=60, check=True)
    assert told.stdout.strip() == "False"


def test_a_taken_port_is_named_with_what_to_do():
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(Refusal, match=f"Port {port} is taken.*PORT={port + 1}"):
            require_free(port)


def test_a_reset_touches_no_real_desk_and_no_stranger_s_files(tmp_path):
    real = tmp_path / "real"
    create_home(real, Config(organisation="Real", public_url="http://localhost:8000"), SystemRandomness())
    with pytest.raises(Refusal, match="real desk"):
        reset(real)
    other = tmp_path / "other"
    other.mkdir()
    (other / "thesis.txt").write_text("years of work")
    with pytest.raises(Refusal, match="thesis"):
        reset(other)
    assert (other / "thesis.txt").exists() and (real / "desk.toml").exists()
    demo = tmp_path / "demo"
    create_home(demo, Config(organisation="Demo", public_url="http://localhost:8000", demo=True), SystemRandomness())
    with only_one(demo), pytest.raises(Refusal, match="already"):
        reset(demo)
    reset(demo)
    assert not demo.exists()


@pytest.mark.parametrize(
    ("folder", "kind"),
    [
        ("/srv/desk", "nfs4"),
        ("/srv", "nfs4"),
        ("/home/desk", "ext4"),
        ("/srvx", "ext4"),
        ("/with space/desk", "cifs"),
        ("/srv/local/x", "xfs"),
    ],
)
def test_the_nearest_mount_decides_what_a_folder_is_on(folder, kind):
    mounts = "/dev/a / ext4 rw 0 0\nnas:/x /srv nfs4 rw 0 0\n//nas/y /with\\040space cifs rw 0 0\n/dev/b /srv/local xfs rw 0 0\nbroken\n"
    assert kind_of(Path(folder), mounts) == kind


def test_a_child_that_dies_is_started_again_with_growing_pauses_and_all_end_together():
    said = []
    quick = Child("quick", [sys.executable, "-c", "raise SystemExit(3)"], {})
    steady = Child("steady", [sys.executable, "-c", "import time; time.sleep(60)"], {})
    supervisor = Supervisor([quick, steady], said.append)
    supervisor.start()
    supervisor.watch(until=lambda: quick.restarts >= 2, tick_s=0.02)
    assert steady.restarts == 0
    assert quick.pause_s > 0.5
    assert any("quick process ended (3)" in line for line in said)
    supervisor.end()
    assert steady.process.poll() is not None


def test_help_says_how_it_ends_and_what_it_reads_and_offers_nothing_that_it_is_not():
    told = CliRunner().invoke(program.app, ["--help"], env={"COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb"})
    for word in ("Exit status", "wrong use", "MFADESK_HOME", "MFADESK_DATABASE_URL", "desk.toml", "docs/administrators"):
        assert word in told.output
    for name in ("check", "staff", "executor"):
        told = CliRunner().invoke(program.app, [name, "--help"], env={"COLUMNS": "200", "NO_COLOR": "1"})
        assert told.exit_code == 0 and "completion" not in told.output
