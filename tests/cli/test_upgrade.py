"""A desk from before the directory was sealed is sealed once, when it is upgraded, by whoever holds the executor's key; never later."""

from __future__ import annotations

import json

import pytest

from tests.cli.test_backup_and_restore import PEOPLE, must, run

BEFORE_SEALS = """
from mfadesk.cli.home import find_home, wake
wake(find_home(None))
from django.core.management import call_command
call_command("migrate", "store", "0003", interactive=False, verbosity=0)
# What was seen was not kept yet either.
(find_home(None).folder / "keys" / "seen.json").unlink()
"""
DELETE_SEALS = """
from mfadesk.cli.home import find_home, wake
wake(find_home(None))
from mfadesk.store.models import DirectoryHead, PersonRow, PersonSeal
DirectoryHead.objects.all().delete()
PersonSeal.objects.all().delete()
PersonRow.objects.filter(login="hazel").update(manager_id=None)
"""


@pytest.fixture
def home(tmp_path):
    home = tmp_path / "home"
    must(run(home, "init", str(home), "--organisation", "Fernhollow", "--yes"))
    (tmp_path / "people.csv").write_text(PEOPLE)
    must(run(home, "directory", "import", str(tmp_path / "people.csv"), "--yes"))
    return home


def seal_of(home):
    findings = json.loads(run(home, "check", "--json").stdout)["findings"]
    return next(finding for finding in findings if finding["id"] == "directory_seal")


def test_a_desk_from_before_is_sealed_by_its_upgrade_and_by_no_later_one(home, tmp_path):
    must(run(home, code=BEFORE_SEALS))
    must(run(home, "upgrade", "--yes"))
    assert seal_of(home)["level"] == "ok"
    must(run(home, code=DELETE_SEALS))
    must(run(home, "upgrade", "--yes"))
    found = seal_of(home)
    assert found["level"] == "fail" and "--mend" in found["what_to_do"]
    again = run(home, "directory", "import", str(tmp_path / "people.csv"), "--yes")
    assert again.returncode != 0 and "seal" in again.stdout + again.stderr
    must(run(home, "directory", "import", str(tmp_path / "people.csv"), "--yes", "--mend"))
    assert seal_of(home)["level"] == "ok"


def test_an_upgrade_that_cannot_read_the_key_changes_nothing(home):
    must(run(home, code=BEFORE_SEALS))
    key = home / "keys" / "executor.json"
    kept = key.read_bytes()
    key.unlink()
    refused = run(home, "upgrade", "--yes")
    assert refused.returncode != 0
    key.write_bytes(kept)
    assert "migrations wait" in must(run(home, "upgrade", "--yes"))
    assert seal_of(home)["level"] == "ok"
