"""`mfadesk check` on a healthy desk and on broken ones: the one sentence that says what is wrong, what to do, and status 1."""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from mfadesk.kernel.ids import SeededRandomness
from mfadesk.ledger.note import Checkpoint, sign_checkpoint
from mfadesk.store.home import Config, create_home, load_home

ROOT = Path(__file__).resolve().parents[2]

MIGHT_WARN = {"wall", "address", "administrator", "operators", "directory", "executor", "worker", "wrapping_web", "wrapping_executor",
              "approvers", "factors", "second_step", "staff_passkeys", "older_keys", "desk_keys", "challenge", "suspend"}  # fmt: skip
"""What a new desk has still to do."""


def run(*arguments, **environment):
    return subprocess.run(
        [sys.executable, "-m", "mfadesk.cli.main", *arguments], cwd=ROOT, capture_output=True, text=True, check=False, timeout=120,
        env={**os.environ, "MFADESK_HOME": "", "NO_COLOR": "1", **environment},
    )  # fmt: skip


@pytest.fixture(scope="module")
def healthy(tmp_path_factory):
    """A new desk with a provider and mail, which nothing but its own newness speaks against."""
    folder = tmp_path_factory.mktemp("check") / "desk"
    done = run("init", str(folder), "--organisation", "Checked", "--yes")
    assert done.returncode == 0, done.stderr
    with (folder / "desk.toml").open("a") as file:
        file.write('\n[provider]\nkind = "lab"\npath = ":memory:"\n\n[courier]\nkind = "mailbox"\npath = ":memory:"\n')
    return folder


@pytest.fixture
def desk(healthy, tmp_path):
    folder = tmp_path / "desk"
    shutil.copytree(healthy, folder)
    return folder


def check(folder, **environment):
    """Return the findings by id, and the exit status."""
    done = run("check", "--home", str(folder), "--json", **environment)
    assert "Traceback" not in done.stderr, done.stderr
    found = json.loads(done.stdout)["findings"]
    return {one["id"]: one for one in found if one["level"] != "ok"}, found, done.returncode


def replace_table(folder, table, text):
    path = folder / "desk.toml"
    path.write_text(re.sub(rf"\[{table}\].*?(?=\n\[|\Z)", text, path.read_text(), flags=re.S))


def closed_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def open_to_others(folder):
    (folder / "keys" / "executor.json").chmod(0o644)


def folder_open_to_others(folder):
    folder.chmod(0o755)


def no_key(folder):
    (folder / "keys" / "web.json").unlink()


def damaged_key(folder):
    (folder / "keys" / "executor.json").write_text("{")


def keys_of_another_desk(folder):
    other = create_home(
        folder.parent / "other", Config(organisation="Other", public_url="http://localhost"), SeededRandomness(5)
    )
    shutil.copy(other.key_file("executor"), folder / "keys" / "executor.json")


def two_executors(folder):
    """A checkpoint by an executor that has other keys and works on this database."""
    home = load_home(folder)
    note = sign_checkpoint(Checkpoint(home.public_keys().origin, 1, bytes(32)), bytes(range(32)))
    with sqlite3.connect(folder / "desk.sqlite3") as database:
        database.execute("INSERT INTO store_checkpoint (size, note, at) VALUES (1, ?, '2026-11-24 09:00:00')", (note,))
    database.close()


def database_put_back(folder):
    """The executor has seen more of the ledger than there is."""
    (folder / "keys" / "seen.json").write_text(json.dumps({"ledger": [900, "00" * 32]}))


def old_tables(folder):
    with sqlite3.connect(folder / "desk.sqlite3") as database:
        database.execute("DELETE FROM django_migrations WHERE app='store' AND name >= '0004'")
        database.execute("DROP TABLE store_personseal")
        database.execute("DROP TABLE store_directoryhead")
    database.close()


def no_database(folder):
    (folder / "desk.sqlite3").unlink()


def clock_set_back(folder):
    """A file that was written in what is now the future."""
    os.utime(folder / "desk.lock", (time.time() + 86_400,) * 2)


def no_provider(folder):
    secret = folder / "token"
    secret.write_text("token")
    secret.chmod(0o600)
    replace_table(
        folder, "provider", f'[provider]\nkind = "privacyidea"\nurl = "https://127.0.0.1:{closed_port()}"\nrealm = "r"\n'
        f'token_file = "{secret}"\norigins = ["http://localhost:8000"]\n',
    )  # fmt: skip


def no_mail(folder):
    secret = folder / "password"
    secret.write_text("password")
    secret.chmod(0o600)
    replace_table(
        folder, "courier", f'[courier]\nkind = "smtp"\nhost = "127.0.0.1"\nport = {closed_port()}\nsender = "desk@checked.example"\n'
        f'tls = "starttls"\nuser = "desk"\npassword_file = "{secret}"\n',
    )  # fmt: skip


def demo_on_a_real_address(folder):
    path = folder / "desk.toml"
    text = (
        path.read_text().replace("demo = false", "demo = true").replace("http://localhost:8000", "https://desk.checked.example")
    )
    path.write_text(text)


def rest_of_a_demo(folder):
    (folder / "demo.json").write_text("{}")


def policy_with_a_mistake(folder):
    shipped = (ROOT / "mfadesk/assurance/policies/default.yaml").read_text()
    (folder / "policy.yaml").write_text(shipped.replace("version: 1", "version: 1\nsurprise: 3", 1))
    set_policy(folder)


def no_policy(folder):
    set_policy(folder)


def policy_that_unproves(folder):
    """A policy of the installer's that suspends on little proof for longer than the shelf's runbooks are proved for."""
    shipped = (ROOT / "mfadesk/assurance/policies/default.yaml").read_text()
    (folder / "policy.yaml").write_text(shipped.replace("low_proof_suspension_s: 86400", "low_proof_suspension_s: 864000"))
    set_policy(folder)


def set_policy(folder):
    path = folder / "desk.toml"
    path.write_text(re.sub(r'(?m)^policy = ".*"$', f'policy = "{folder}/policy.yaml"', path.read_text()))


def wrapping_key_gone(folder):
    with (folder / "desk.toml").open("a") as file:
        file.write('\n[wrapping]\nweb = "env:NOT_SET_ANYWHERE"\n')
    path = folder / "keys" / "web.json"
    path.write_text(json.dumps({"wrapped": base64.b64encode(bytes(60)).decode(), "by": "00000000"}))


def wrapping_not_done(folder):
    with (folder / "desk.toml").open("a") as file:
        file.write('\n[wrapping]\nexecutor = "env:PATH"\n')


BROKEN = [
    (open_to_others, "key_executor", "may be read by others", "chmod 600"),
    (folder_open_to_others, "home_mode", "may look into", "chmod o-rwx"),
    (no_key, "key_web", "missing", "Restore keys/"),
    (damaged_key, "key_executor", "damaged", "Restore keys/"),
    (keys_of_another_desk, "keys_fit", "do not belong together", "from one backup"),
    (two_executors, "ledger_key", "signed by a key", "stop all but one"),
    (database_put_back, "seen", "has seen 900", "delete keys/seen.json"),
    (old_tables, "migrations", "have not run", "mfadesk upgrade"),
    (no_database, "database", "is not there", "mfadesk restore"),
    (clock_set_back, "clock", "future", "Set the clock"),
    (no_provider, "provider", "could not be reached", "[provider]"),
    (no_mail, "mail", "did not answer", "[courier]"),
    (demo_on_a_real_address, "settings", "side room", "desk.toml"),
    (rest_of_a_demo, "demo_rest", "made from a demo", "mfadesk init"),
    (policy_with_a_mistake, "policy", "13:1: surprise", "Correct that place"),
    (no_policy, "policy", "cannot be read", "the one that ships"),
    (policy_that_unproves, "runbooks", "Not proved", "mfadesk prove"),
    (wrapping_key_gone, "key_web", "NOT_SET_ANYWHERE", "Restore keys/"),
    (wrapping_not_done, "wrapping_executor", "in clear", "rotate-keys --wrap"),
]


def test_a_healthy_desk_passes_and_looking_changes_nothing(desk):
    def picture():
        return {path.relative_to(desk): path.stat().st_mtime_ns for path in desk.rglob("*") if "sqlite3-" not in path.name}

    before = picture()
    wrong, found, status = check(desk)
    assert (status, {one for one, told in wrong.items() if told["level"] == "fail"}) == (0, set())
    assert set(wrong) <= MIGHT_WARN
    assert picture() == before
    assert all(one["what_to_do"] for one in wrong.values())


@pytest.mark.slow
@pytest.mark.parametrize(("breaking", "name", "sentence", "what_to_do"), BROKEN, ids=lambda part: getattr(part, "__name__", ""))
def test_a_broken_desk_is_told_what_is_wrong_and_what_to_do(desk, breaking, name, sentence, what_to_do):
    breaking(desk)
    wrong, found, status = check(desk)
    assert status == 1
    assert name in wrong, (name, found)
    told = wrong[name]
    assert told["level"] == "fail"
    assert sentence in told["sentence"] and what_to_do in told["what_to_do"], told
    # What fell over because of it says so too, and never shows our insides.
    assert not [one for one in found if "Could not be looked at" in one["sentence"]]
    assert told["sentence"].endswith(".")


@contextmanager
def mounted(folder, *options):
    """A small disk of its own, where this machine lets us mount one."""
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", *options, "tmpfs", str(folder)], capture_output=True, check=False).returncode:
        pytest.skip("this machine lets nobody mount a disk")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.slow
def test_a_disk_without_room_and_one_that_may_only_be_read_are_named(healthy, tmp_path):
    with mounted(tmp_path / "small", "-o", "size=40m") as disk:
        shutil.copytree(healthy, disk / "desk")
        wrong, _, status = check(disk / "desk")
        assert status == 1 and "MiB are free" in wrong["disk"]["sentence"] and "Make room" in wrong["disk"]["what_to_do"]
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        wrong, found, status = check(disk / "desk")
        assert status == 1
        assert "cannot be written" in wrong["database_write"]["sentence"], found
        assert "for writing" in wrong["database_write"]["what_to_do"]


@pytest.mark.slow
def test_a_server_that_is_gone_is_named_and_not_waited_for(desk):
    wrong, _, status = check(desk, MFADESK_DATABASE_URL=f"postgresql://desk@127.0.0.1:{closed_port()}/desk")
    assert status == 1 and "does not answer" in wrong["database"]["sentence"] and "Start it" in wrong["database"]["what_to_do"]
