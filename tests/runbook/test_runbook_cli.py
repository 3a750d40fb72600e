"""`mfadesk prove` and `mfadesk runbook`: shapes, exit statuses, and mistakes in files."""

from __future__ import annotations

import json
import re

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from typer.testing import CliRunner

from mfadesk.cli.prove import app as prove_app
from mfadesk.cli.runbook import app as runbook_app
from mfadesk.kernel.errors import Invalid
from mfadesk.runbook.shelf import load_shelf
from mfadesk.runbook.write import write_runbook

RUN = CliRunner()


def broken(tmp_path):
    text = write_runbook(load_shelf()["codes-rejected"])
    path = tmp_path / "mine.yaml"
    assert 'when: decision == "allowed"' in text
    path.write_text(text.replace('when: decision == "allowed"', 'when: decision != "allowed"'))
    return path


def test_prove_without_a_path_proves_the_shelf_as_one_json_document():
    result = RUN.invoke(prove_app, ["--json"])
    document = json.loads(result.stdout)
    assert result.exit_code == 0
    assert {book["id"] for book in document["runbooks"]} >= {"device-replacement", "fix-push"}
    for book in document["runbooks"]:
        assert book["proved"] is True
        assert book["findings"] == []
        assert len(book["digest"]) == 64
        assert book["seconds"] >= 0


def test_prove_says_no_with_a_walk_that_shows_why(tmp_path):
    path = broken(tmp_path)
    result = RUN.invoke(prove_app, [str(path), "--json"])
    (book,) = json.loads(result.stdout)["runbooks"]
    assert result.exit_code == 1
    assert book["proved"] is False
    finding = next(item for item in book["findings"] if item["rule"] == "evidence-suffices")
    assert finding["severity"] == "error"
    assert finding["step"] == "resync"
    assert [hop["step"] for hop in finding["path"]][-2:] == ["prove-decide", "resync"]
    words = RUN.invoke(prove_app, [str(path)])
    assert words.exit_code == 1
    assert "NOT proved" in words.stdout
    assert "decision = refused" in words.stdout


@pytest.mark.parametrize("content", [None, b"\xff\xfe", b"a" * 3_000_000, b"runbook: x"])
def test_a_file_that_is_no_runbook_is_wrong_use(tmp_path, content):
    path = tmp_path / "x.yaml"
    if content is not None:
        path.write_bytes(content)
    result = RUN.invoke(prove_app, [str(path)])
    assert isinstance(result.exception, Invalid)
    assert "x.yaml" in str(result.exception)


def test_lint_prints_each_mistake_with_its_line(tmp_path):
    assert RUN.invoke(runbook_app, ["lint"]).exit_code == 0
    result = RUN.invoke(runbook_app, ["lint", str(broken(tmp_path))])
    assert result.exit_code == 1
    assert "[evidence-suffices]" in result.stdout
    bad = tmp_path / "bad.yaml"
    bad.write_text("runbok: x")
    assert 'Did you mean "runbook"' in RUN.invoke(runbook_app, ["lint", str(bad)]).stdout


def test_show_prints_an_outline_and_draws_a_map(tmp_path):
    result = RUN.invoke(runbook_app, ["show", "fix-push", "--svg", str(tmp_path / "map.svg")])
    assert result.exit_code == 0
    assert "Use a code instead [instruct]" in result.stdout
    assert (tmp_path / "map.svg").read_text("utf-8").startswith("<svg")
    assert isinstance(RUN.invoke(runbook_app, ["show", "no-such"]).exception, Invalid)


def test_a_runbook_goes_out_signed_and_comes_back_as_it_was(tmp_path):
    key = Ed25519PrivateKey.generate()
    pem = serialization.Encoding.PEM
    (tmp_path / "key").write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    (tmp_path / "pub").write_bytes(key.public_key().public_bytes(pem, serialization.PublicFormat.SubjectPublicKeyInfo))
    out, again = tmp_path / "playbook.json", tmp_path / "again.yaml"
    assert RUN.invoke(runbook_app, ["export", "fix-push", "--sign", str(tmp_path / "key"), "--out", str(out)]).exit_code == 0
    result = RUN.invoke(runbook_app, ["import", str(out), "--key", str(tmp_path / "pub"), "--out", str(again)])
    assert result.exit_code == 0 and "signature of mfadesk: verified" in result.stdout
    assert RUN.invoke(runbook_app, ["diff", "fix-push", str(again)]).exit_code == 0


def test_a_diff_names_steps_fields_and_the_rules_that_are_newly_broken(tmp_path):
    result = RUN.invoke(runbook_app, ["diff", "codes-rejected", str(broken(tmp_path))])
    assert result.exit_code == 1
    assert "edges" in result.stdout and "broken: " in result.stdout and "not proved" in result.stdout
    assert "Nothing differs" not in result.stdout


def test_a_diff_says_whom_it_shuts_out_what_an_attack_becomes_and_draws_both(tmp_path):
    path = tmp_path / "mine.yaml"
    text = write_runbook(load_shelf()["lost-or-stolen"]).replace(
        "action: replace_authenticator", "action: suspend_authenticator"
    )
    path.write_text(text.replace("to: no-change", "to: left-open"))
    result = RUN.invoke(runbook_app, ["diff", "lost-or-stolen", str(path), "--svg", str(tmp_path / "map.svg")])
    assert result.exit_code == 1
    assert re.search(r"^shut out: .*authenticator = works.*: Found again → Left open$", result.stdout, re.MULTILINE)
    assert re.search(r"^cheapest attack, standard: 65 points → [0-9]+ points", result.stdout, re.MULTILINE)
    assert ">changed<" in (tmp_path / "map.svg").read_text()
    assert (tmp_path / "map-before.svg").read_text().startswith("<svg")


def test_a_file_that_is_no_playbook_or_no_key_is_refused_by_name(tmp_path):
    path = tmp_path / "x.json"
    path.write_text('{"type": "playbook"}')
    for words in (
        ["import", str(path)],
        ["export", "fix-push", "--sign", str(path)],
        ["import", str(path), "--key", str(path)],
    ):
        error = RUN.invoke(runbook_app, words).exception
        assert isinstance(error, Invalid) and str(path.name) in str(error)
