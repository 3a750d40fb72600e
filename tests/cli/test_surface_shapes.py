"""What `--json` prints has every key that the surface promises, and the exit status says yes, no or wrong use."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

SERVED = """
legitimate:
  - id: a
    caller: {tier: standard}
    situation: {authenticator: works, push: fails}
    then: [use_code_instead]
    expected: {decision: no_credential_change}
"""
NOT_SERVED = SERVED.replace("no_credential_change", "proceed_after_verification")

DRILL = {"results", "id", "kind", "decision", "effects", "passed", "minutes", "why", "attacks", "attacks_stopped",
         "legitimate", "legitimate_served", "skipped"}  # fmt: skip
PROVE = {"runbooks", "id", "digest", "proved", "findings", "seconds"}
FINDING = {"rule", "severity", "step", "sentence", "path"}


def run(*arguments):
    done = subprocess.run(
        [sys.executable, "-m", "mfadesk.cli.main", *arguments],
        capture_output=True, text=True, timeout=240, cwd=ROOT, check=False, env={**os.environ, "NO_COLOR": "1", "MFADESK_HOME": ""},
    )  # fmt: skip
    return done.returncode, done.stdout


def keys_in(value):
    """Return every key in a JSON value, however deep."""
    if isinstance(value, dict):
        return set(value) | set().union(*(keys_in(each) for each in value.values()))
    return set().union(*(keys_in(each) for each in value)) if isinstance(value, list) else set()


@pytest.mark.parametrize(("text", "status", "passed"), [(SERVED, 0, True), (NOT_SERVED, 1, False)])
def test_a_drill_prints_one_document_and_its_status_says_whether_all_passed(tmp_path, text, status, passed):
    file = tmp_path / "play.yaml"
    file.write_text(text)
    ended, told = run("drill", str(file), "--json")
    document = json.loads(told)
    assert ended == status
    assert keys_in(document) >= DRILL
    (result,) = document["results"]
    assert (result["passed"], result["kind"], result["decision"]) == (passed, "legitimate", "no_change_needed")
    assert isinstance(result["minutes"], int | float)
    assert (document["legitimate"], document["legitimate_served"], document["skipped"]) == (1, int(passed), 0)


def test_proving_prints_one_document_whose_status_is_no_where_something_is_not_proved(tmp_path):
    shelf = ROOT / "mfadesk" / "runbook" / "shelf"
    ended, told = run("prove", str(shelf / "saved-codes.yaml"), "--json")
    assert (ended, keys_in(json.loads(told)) >= PROVE) == (0, True)
    weak = tmp_path / "saved-codes.yaml"
    weak.write_text((shelf / "saved-codes.yaml").read_text().replace("outcome: self_service", "outcome: changed"))
    ended, told = run("prove", str(weak), "--json")
    (book,) = json.loads(told)["runbooks"]
    assert (ended, book["proved"]) == (1, False)
    assert book["findings"] and all(set(finding) >= FINDING for finding in book["findings"])


@pytest.mark.parametrize("arguments", [("drill",), ("drill", "no-such-file.yaml"), ("prove", "no-such-file.yaml"), ("fly",)])
def test_wrong_use_has_its_own_status_and_prints_no_document(arguments):
    ended, told = run(*arguments)
    assert (ended, told) == (2, "")


@pytest.mark.shared
@pytest.mark.parametrize(("command", "keys"), [("drill", DRILL), ("prove", PROVE | FINDING)])
def test_the_keys_are_those_of_the_surface(command, keys):
    said = _surface().read_text(encoding="utf-8")
    shape = re.search(rf"^- `{command}`: `(\{{.*?\}})`", said, re.MULTILINE | re.DOTALL).group(1)
    named = set(re.findall(r'"(\w+)"', shape)) - {"attack"}
    assert len(named) > 6
    assert named <= keys


def _surface():
    named = os.environ.get("MFADESK_SHARED", "")
    folders = [Path(named)] if named else [parent / "shared" for parent in ROOT.parents]
    found = next((folder / "design/SURFACE.md" for folder in folders if (folder / "design/SURFACE.md").is_file()), None)
    if found is None:
        pytest.skip("needs ../shared/design/SURFACE.md")
    return found
