"""A desk goes into one file and comes back, on either database, with every case and a ledger that counts to the same root."""

from __future__ import annotations

import io
import os
import sqlite3
import subprocess
import sys
import tarfile
from contextlib import closing
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PEOPLE = "id,login,name,tier,manager,work_mail\n1,oak,Oak Harrow,exec,,oak@example.com\n2,hazel,Hazel Linden,standard,1,h@example.com\n"
OPEN_A_CASE = """
from mfadesk.cli.home import find_home, wake
wake(find_home(None))
from mfadesk.operations.desk import current_desk
from mfadesk.operations.open_case import open_case
from mfadesk.ports.people import Actor
for _ in range(3):
    open_case(current_desk(), Actor("staff", "1", frozenset({"operator"}), None), "2", goal="replace_device")
"""
COUNT = """
from mfadesk.cli.home import find_home, wake
wake(find_home(None))
from mfadesk.store.copying import count_ledger
from mfadesk.store.models import CaseRow, EffectRow, PersonRow, RequestRow, StaffInvitation
end = count_ledger()
print(end.size, end.root, CaseRow.objects.count(), EffectRow.objects.count(), PersonRow.objects.count(), StaffInvitation.objects.count())
"""


def run(home: Path, *words: str, code: str | None = None, url: str = "") -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "MFADESK_HOME": str(home), "MFADESK_DATABASE_URL": url}
    command = [sys.executable, "-c", code] if code else [sys.executable, "-m", "mfadesk.cli.main", *words]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def must(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    folder = tmp_path_factory.mktemp("desk")
    home = folder / "home"
    must(run(home, "init", str(home), "--organisation", "Fernhollow", "--yes"))
    (folder / "people.csv").write_text(PEOPLE)
    must(run(home, "directory", "import", str(folder / "people.csv"), "--yes"))
    must(run(home, code=OPEN_A_CASE))
    return home


def test_a_desk_comes_back_whole_with_its_keys(desk, tmp_path):
    must(run(desk, "backup", str(tmp_path / "all.backup"), "--with-keys"))
    assert (tmp_path / "all.backup").stat().st_mode & 0o777 == 0o600
    must(run(desk, "restore", str(tmp_path / "all.backup"), str(tmp_path / "new"), "--yes"))
    assert must(run(tmp_path / "new", code=COUNT)) == must(run(desk, code=COUNT))
    for name in ("web.json", "executor.json", "public.json"):
        assert (tmp_path / "new/keys" / name).read_bytes() == (desk / "keys" / name).read_bytes()
        assert (tmp_path / "new/keys" / name).stat().st_mode & 0o077 in (0, 0o040)


def test_keys_stay_out_unless_they_are_asked_for_and_are_named_as_missing(desk, tmp_path):
    said = must(run(desk, "backup", str(tmp_path / "data.backup")))
    assert "secret keys are not in it" in said
    with tarfile.open(tmp_path / "data.backup") as archive:
        assert not {"keys/web.json", "keys/executor.json"} & set(archive.getnames())
    secret = (desk / "keys/executor.json").read_text().split('"receipt": "')[1].split('"')[0]
    assert secret.encode() not in (tmp_path / "data.backup").read_bytes()
    assert "keys/executor.json" in must(run(desk, "restore", str(tmp_path / "data.backup"), str(tmp_path / "new"), "--yes"))
    must(run(desk, "restore", str(tmp_path / "data.backup"), str(tmp_path / "two"), "--keys", str(desk / "keys"), "--yes"))
    assert must(run(tmp_path / "two", code=COUNT)) == must(run(desk, code=COUNT))


def test_a_desk_moves_to_postgresql_and_back_with_the_same_root(desk, tmp_path):
    from tests.services.postgres import running

    with running() as server:
        url, empty = server.create_database("moved"), server.create_database("other")
        must(run(desk, "backup", str(tmp_path / "a.backup"), "--with-keys"))
        must(run(desk, "restore", str(tmp_path / "a.backup"), str(tmp_path / "pg"), "--database-url", url, "--yes"))
        before = must(run(desk, code=COUNT))
        assert must(run(tmp_path / "pg", code=COUNT)) == before
        must(run(tmp_path / "pg", code=OPEN_A_CASE))
        grown = must(run(tmp_path / "pg", code=COUNT))
        assert grown != before
        must(run(tmp_path / "pg", "backup", str(tmp_path / "b.backup"), "--with-keys"))
        must(run(desk, "restore", str(tmp_path / "b.backup"), str(tmp_path / "back"), "--database-url", "sqlite", "--yes"))
        assert must(run(tmp_path / "back", code=COUNT)) == grown
        again = run(desk, "restore", str(tmp_path / "a.backup"), str(tmp_path / "x"), "--database-url", url, "--yes")
        assert again.returncode == 2
        assert "rows of a desk in it already" in again.stderr
        assert must(run(tmp_path / "pg", code=COUNT)) == grown
        assert server.run("SELECT count(*) FROM pg_tables WHERE schemaname='public'", database="other") == [(0,)]
        assert empty


def damage(name: str, file: Path, to: Path) -> None:
    data = file.read_bytes()
    if name == "cut short":
        to.write_bytes(data[: len(data) // 2])
    elif name == "a byte changed":
        place = len(data) - 20_000
        to.write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
    elif name == "no archive":
        to.write_text("hello")
    else:
        to.write_bytes(data)
        with tarfile.open(to, "a") as archive:
            stranger = tarfile.TarInfo("../outside")
            stranger.size = 2
            archive.addfile(stranger, io.BytesIO(b"no"))


@pytest.mark.parametrize("how", ["cut short", "a byte changed", "no archive", "a stranger inside"])
def test_a_damaged_backup_leaves_nothing_behind_and_says_why(desk, tmp_path, how):
    must(run(desk, "backup", str(tmp_path / "good")))
    damage(how, tmp_path / "good", tmp_path / "bad")
    done = run(desk, "restore", str(tmp_path / "bad"), str(tmp_path / "new"), "--yes")
    assert done.returncode == 2, done.stderr
    assert "backup" in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad", "good"]


def test_a_backup_whose_ledger_was_changed_is_not_kept(desk, tmp_path):
    must(run(desk, "backup", str(tmp_path / "good")))
    with tarfile.open(tmp_path / "good") as archive:
        archive.extractall(tmp_path / "in", filter="data")
    with closing(sqlite3.connect(tmp_path / "in/desk.sqlite3", isolation_level=None)) as database:
        database.execute("DELETE FROM store_eventrow WHERE leaf_index=2")
    from mfadesk.cli.archive import write_archive

    files = {name: tmp_path / "in" / name for name in ("desk.sqlite3", "desk.toml", "keys/public.json")}
    write_archive(tmp_path / "bad", files, made_at="2026-11-24T09:00:00.000000Z", entries=10, root="0" * 64)
    done = run(desk, "restore", str(tmp_path / "bad"), str(tmp_path / "new"), "--yes")
    assert done.returncode == 4
    assert "gap" in done.stderr
    assert not (tmp_path / "new").exists()


def test_nothing_that_exists_is_replaced(desk, tmp_path):
    (tmp_path / "there").write_text("mine")
    assert run(desk, "backup", str(tmp_path / "there")).returncode == 2
    assert (tmp_path / "there").read_text() == "mine"
    must(run(desk, "backup", str(tmp_path / "good")))
    assert run(desk, "restore", str(tmp_path / "good"), str(desk), "--yes").returncode == 2
    asked = run(desk, "restore", str(tmp_path / "good"), str(tmp_path / "new"))
    assert asked.returncode == 1
    assert "--yes" in asked.stderr
    assert not (tmp_path / "new").exists()
