"""The desk under two users of the machine: each process starts, and neither reads or exchanges what is the other's."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
from pathlib import Path

import pytest

from mfadesk.store.home import divide_home, load_home

ROOT = Path(__file__).resolve().parents[2]
WEB, EXECUTOR, GROUP = 61_001, 61_002, 61_000

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become two other users")

ASK = """
import sys
from pathlib import Path
from mfadesk.cli.home import wake
from mfadesk.store.home import load_home
home = load_home(Path(sys.argv[1]))
wake(home)
from mfadesk.operations.asking import ask_executor
from mfadesk.operations.desk import open_desk
print(ask_executor(open_desk(home), "checkpoint", "", {}))
"""

GRASP = """
import os, sys
for name in sys.argv[2:]:
    path = os.path.join(sys.argv[1], name)
    for act in (lambda: open(path).read(), lambda: open(path, "a"), lambda: os.rename(path, path + ".old"), lambda: os.unlink(path)):
        try:
            act()
        except PermissionError:
            continue
        sys.exit(f"{name} was not out of reach")
"""


def find_python() -> str:
    """Return an interpreter of this version that another user can run: this one, or the machine's own where this lies in a home."""
    for program in (sys.executable, "/usr/bin/python3"):
        probe = [program, "-c", "import sys; print(sys.version_info[:2] == " + repr(tuple(sys.version_info[:2])) + ")"]
        try:
            told = subprocess.run(
                probe, user=WEB, group=GROUP, extra_groups=[], cwd="/", capture_output=True, text=True, check=False
            )
        except OSError:
            continue
        if told.stdout.strip() == "True":
            return program
    pytest.skip("no Python of this version that another user of this machine can run")


def start(uid, *arguments, **more):
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join([str(ROOT), sysconfig.get_path("purelib")]),
        "HOME": "/",
    }
    identity = {"user": uid, "group": GROUP, "extra_groups": []} if uid else {}
    return subprocess.Popen(
        [find_python(), *arguments], env=environment, cwd="/", stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        **identity, **more,
    )  # fmt: skip


def run(uid, *arguments):
    process = start(uid, *arguments)
    told, _ = process.communicate(timeout=120)
    return process.returncode, told


@pytest.fixture(scope="module")
def divided():
    """A desk on two users."""
    outer = Path(tempfile.mkdtemp(prefix="mfadesk-two-"))
    outer.chmod(0o755)
    folder = outer / "desk"
    status, told = run(0, "-m", "mfadesk.cli.main", "init", str(folder), "--organisation", "Two users", "--yes")
    assert status == 0, told
    lab = outer / "lab"
    lab.mkdir()
    os.chown(lab, EXECUTOR, GROUP)
    with (folder / "desk.toml").open("a") as file:
        file.write(
            f'\n[provider]\nkind = "lab"\npath = "{lab}/lab.sqlite3"\nseed_key_key = "lab_seed"\nrp_id = "localhost"\n'
            f'origins = ["http://localhost:8000"]\n\n[courier]\nkind = "mailbox"\npath = "{lab}/lab.sqlite3"\n'
        )
    keys = folder / "keys" / "executor.json"
    stored = json.loads(keys.read_text())
    keys.write_text(json.dumps({**stored, "provider": {"lab_seed": base64.b64encode(bytes(32)).decode()}}))
    divide_home(load_home(folder), WEB, EXECUTOR, GROUP)
    able, told = run(WEB, "-c", "import mfadesk, django")
    if able != 0:
        shutil.rmtree(outer)
        pytest.skip(f"another user of this machine cannot run this Python: {told[-80:]}")
    yield folder
    shutil.rmtree(outer)


def test_the_executor_starts_without_the_web_tiers_keys_and_answers_it(divided):
    executor = start(EXECUTOR, "-m", "mfadesk.cli.main", "executor", "--home", str(divided))
    try:
        deadline = time.monotonic() + 60
        status, told = 1, ""
        while status != 0 and time.monotonic() < deadline and executor.poll() is None:
            status, told = run(WEB, "-c", ASK, str(divided))
        assert executor.poll() is None, executor.stdout.read()
        assert (status, told.strip().splitlines()[-1]) == (0, "{'ok': True}")
        # It remembers how far it has seen the ledger where the web tier reads, changes and takes away nothing.
        assert json.loads((divided / "keys" / "seen.json").read_text())["ledger"][0] > 0
        assert run(WEB, "-c", GRASP, str(divided), "keys/seen.json") == (0, "")
    finally:
        executor.terminate()
        executor.communicate(timeout=30)


def test_neither_user_reads_writes_or_exchanges_the_others_keys(divided):
    assert run(WEB, "-c", GRASP, str(divided), "keys/executor.json") == (0, "")
    assert run(EXECUTOR, "-c", "import sys; open(sys.argv[1])", str(divided / "keys" / "web.json"))[0] != 0
    moved, told = run(WEB, "-c", "import os, sys; os.rename(sys.argv[1], sys.argv[1] + '.old')", str(divided / "keys"))
    assert moved != 0 and "PermissionError" in told


@pytest.mark.parametrize("uid", [WEB, EXECUTOR])
def test_check_finds_no_fault_in_the_files_of_a_divided_desk(divided, uid):
    found = findings(divided, uid)
    assert {name: level for name, level, _ in found if level == "fail" and name.startswith(("home_mode", "key_", "wall"))} == {}
    assert any(name == "key_public" and level == "ok" for name, level, _ in found)


@pytest.mark.parametrize(
    ("path", "mode", "name"),
    [(".", 0o755, "home_mode"), ("keys", 0o770, "home_mode"), ("keys/public.json", 0o600, "key_public"),
     ("keys/executor.json", 0o640, "key_executor"), ("keys/web.json", 0o644, "key_web")],
)  # fmt: skip
def test_check_names_the_file_whose_mode_is_wrong(divided, path, mode, name):
    target = divided / path
    before = target.stat().st_mode & 0o7777
    target.chmod(mode)
    try:
        reader = EXECUTOR if name == "key_executor" else WEB
        [sentence] = [said for found, level, said in findings(divided, reader) if found == name and level == "fail"]
    finally:
        target.chmod(before)
    assert target.name in sentence


def test_check_says_when_the_web_tiers_user_could_exchange_the_key_files(divided):
    os.chown(divided / "keys", WEB, GROUP)
    try:
        assert any(name == "wall_owner" and level == "fail" for name, level, _ in findings(divided, EXECUTOR))
    finally:
        os.chown(divided / "keys", EXECUTOR, GROUP)


def findings(folder, uid):
    _, told = run(uid, "-m", "mfadesk.cli.main", "check", "--home", str(folder), "--json")
    return [(one["id"], one["level"], one["sentence"]) for one in json.loads(told.strip().splitlines()[-1])["findings"]]


def test_a_rotation_by_root_leaves_each_file_with_its_owner_and_mode(divided):
    def owners():
        told = {path.name: path.stat() for path in (divided / "keys").iterdir()}
        return {name: (one.st_uid, one.st_gid, one.st_mode & 0o777) for name, one in told.items()}

    before, content = owners(), (divided / "keys" / "executor.json").read_text()
    status, told = run(0, "-m", "mfadesk.cli.main", "rotate-keys", "--home", str(divided), "--yes")
    assert status == 0, told
    assert owners() == before and (divided / "keys" / "executor.json").read_text() != content
    # Neither of the two alone may exchange what is the other's, so neither can rotate.
    assert run(WEB, "-m", "mfadesk.cli.main", "rotate-keys", "web", "--home", str(divided), "--yes")[0] == 1
    assert run(EXECUTOR, "-m", "mfadesk.cli.main", "rotate-keys", "--home", str(divided), "--yes")[0] == 1
