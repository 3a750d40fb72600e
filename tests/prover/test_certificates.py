"""A certificate is accepted for the runbook and policy that it proves, and for nothing else; and the checker needs no search."""

from __future__ import annotations

import ast
import copy
import json
from dataclasses import replace
from importlib import resources
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from typer.testing import CliRunner

from mfadesk.assurance.policy import load_policy
from mfadesk.cli.prove import app
from mfadesk.kernel.canonical import digest
from mfadesk.kernel.errors import Refusal
from mfadesk.prover import checker
from mfadesk.prover.certificate import make_certificate, write_down
from mfadesk.prover.checker import check_certificate
from mfadesk.prover.demands import Demands
from mfadesk.prover.product import explore
from mfadesk.prover.prove import prove
from mfadesk.prover.trust import find_trusted
from mfadesk.runbook.parse import canonical_form, parse_runbook
from mfadesk.runbook.shelf import load_shelf
from tests.prover.mutants import mutants
from tests.prover.test_prover_agrees import runbooks

POLICY = load_policy()
SHELF = load_shelf()
BOOK = SHELF["codes-rejected"]


def accepts(book, policy, certificate):
    try:
        check_certificate(book, policy, certificate)
    except Refusal as refusal:
        assert refusal.code == "certificate_rejected"
        return False
    return True


def sealed(certificate):
    """Return a certificate whose own digest is right, whatever it says."""
    return {**certificate, "digest": digest({key: value for key, value in certificate.items() if key != "digest"})}


def changed_policy(tmp_path, old, new):
    text = resources.files("mfadesk.assurance.policies").joinpath("default.yaml").read_text("utf-8")
    assert text.count(old) == 1
    path = tmp_path / "policy.yaml"
    path.write_text(text.replace(old, new), "utf-8")
    return load_policy(path)


@pytest.mark.parametrize("name", sorted(SHELF))
def test_every_runbook_on_the_shelf_has_a_certificate_that_is_accepted(name):
    certificate = make_certificate(SHELF[name], POLICY)
    checked = check_certificate(SHELF[name], POLICY, json.loads(json.dumps(certificate)))
    assert (checked.runbook, checked.policy) == (SHELF[name].digest, POLICY.digest)
    assert checked.situations == prove(SHELF[name], POLICY).states


def test_the_checker_is_small_and_imports_nothing_that_searches():
    source = Path(checker.__file__).read_text("utf-8")
    assert len(source.splitlines()) < 300
    files = [Path(checker.__file__), *(Path(checker.__file__).parent / "plain").glob("*.py")]
    for file in files:
        imported = {node.module for node in ast.walk(ast.parse(file.read_text("utf-8"))) if isinstance(node, ast.ImportFrom)}
        searching = ("product", "demands", "rules", "prove", "certificate")
        assert not {
            module for module in imported if module and module.startswith(tuple(f"mfadesk.prover.{s}" for s in searching))
        }


def test_a_certificate_is_of_one_runbook_and_one_policy(tmp_path):
    certificate = make_certificate(BOOK, POLICY)
    assert accepts(BOOK, POLICY, certificate)
    assert not accepts(SHELF["fix-push"], POLICY, certificate)
    assert not accepts(BOOK, None, certificate)
    assert not accepts(BOOK, changed_policy(tmp_path, "suspensions_per_day: 1", "suspensions_per_day: 2"), certificate)
    # A policy that lies about its digest is counted again.
    assert not accepts(BOOK, replace(POLICY, limits=replace(POLICY.limits, vouches_per_day=50)), certificate)


def test_every_change_of_the_runbook_is_rejected():
    certificate = make_certificate(BOOK, POLICY)
    count = 0
    for kind, where, book in mutants(BOOK):
        assert not accepts(book, POLICY, certificate), (kind, where)
        count += 1
    assert count > 50
    wording = replace(BOOK.steps["try-code"], say="Is it?")
    assert not accepts(replace(BOOK, steps={**BOOK.steps, "try-code": wording}), POLICY, certificate)


def test_a_comment_in_the_file_changes_nothing():
    text = resources.files("mfadesk.runbook").joinpath("shelf/codes-rejected.yaml").read_text("utf-8")
    assert accepts(parse_runbook("# Another comment.\n" + text, "x.yaml"), POLICY, make_certificate(BOOK, POLICY))


def damaged():
    """Yield certificates with one thing changed, and with their own digest made right again."""
    good = make_certificate(BOOK, POLICY)
    for step_id, step in good["steps"].items():
        for field, value in [("rank", 0), ("rank", 99), ("keeps", ["kind", "codes_now"]), ("situations", [])]:
            if step[field] != value and not (field == "rank" and (step_id == BOOK.start or not BOOK.steps[step_id].edges)):
                bad = copy.deepcopy(good)
                bad["steps"][step_id][field] = value
                yield (step_id, field, value), bad
        for index, situation in enumerate(step["situations"]):
            for fact in ("allowed:resync_authenticator", "asked", "tested"):
                bad = copy.deepcopy(good)
                bad["steps"][step_id]["situations"][index]["facts"] = sorted({*situation["facts"]} ^ {fact})
                yield (step_id, index, fact), bad
            bad = copy.deepcopy(good)
            del bad["steps"][step_id]["situations"][index]
            yield (step_id, index, "left out"), bad
        bad = copy.deepcopy(good)
        bad["steps"][step_id]["situations"].append({"known": [None] * len(step["keeps"]), "facts": ["asked", "made_up"]})
        yield (step_id, "one more"), bad
    for field in good:
        yield field, {key: value for key, value in good.items() if key != field}
        yield field, {**good, field: "other"}


def test_every_change_of_the_certificate_is_rejected_even_with_its_digest_made_right():
    count = 0
    for what, bad in damaged():
        if what != "digest":
            assert not accepts(BOOK, POLICY, sealed(bad) if "digest" in bad else bad), what
        assert not accepts(BOOK, POLICY, bad), what
        count += 1
    assert count > 150


@pytest.mark.parametrize("name", ["codes-rejected", "unwanted-prompts", "restore-account", "first-credential", "replace-token"])
def test_prover_and_checker_judge_every_damaged_runbook_alike(name):
    """The situations are written down whether they prove anything or not; the checker finds the same runbooks wanting."""
    for kind, where, mutant in mutants(SHELF[name]):
        proof = prove(mutant, POLICY)
        if "understood" in {finding.rule for finding in proof.findings}:
            continue
        book = replace(mutant, digest=digest(canonical_form(mutant)))
        assert accepts(book, POLICY, write_down(explore(book, Demands(POLICY)))) == proof.proved, (kind, where)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(runbooks())
def test_prover_and_checker_judge_random_runbooks_alike(book):
    book = replace(book, digest=digest(canonical_form(book)))
    assert accepts(book, None, write_down(explore(book, Demands(None)))) == prove(book, None).proved


def test_what_is_not_proved_gets_no_certificate_and_no_place_at_the_desk():
    steps = {**BOOK.steps, "test": replace(BOOK.steps["test"], deadline=None)}
    bad = replace(BOOK, steps=steps, id="bad")
    with pytest.raises(Refusal, match="can wait for ever"):
        make_certificate(bad, POLICY)
    trusted = find_trusted([BOOK, bad], POLICY)
    assert list(trusted.runbooks.values()) == [BOOK]
    assert "can wait for ever" in trusted.refused["bad"]


def test_the_desk_uses_only_runbooks_whose_certificate_is_accepted(throwaway, monkeypatch):
    from mfadesk.operations import desk as room
    from mfadesk.prover import trust

    assert len(throwaway.desk.runbooks) == len(SHELF)
    trust._why_not.cache_clear()
    monkeypatch.setattr(trust, "make_certificate", lambda book, policy: make_certificate(BOOK, policy))
    opened = room.open_desk(throwaway.desk.home)
    trust._why_not.cache_clear()
    assert list(opened.runbooks) == [BOOK.digest]


def test_prove_writes_certificates_and_checks_them_without_proving(tmp_path):
    run, file = CliRunner(), tmp_path / "certificates.json"
    assert run.invoke(app, ["--certificate", str(file)]).exit_code == 0
    document = json.loads(file.read_text("utf-8"))
    assert document["certificates"].keys() == SHELF.keys()
    told = run.invoke(app, ["--check", str(file)])
    assert told.exit_code == 0
    assert "device-replacement: certificate accepted" in told.stdout
    document["certificates"]["device-replacement"] = document["certificates"]["fix-push"]
    file.write_text(json.dumps(document), "utf-8")
    told = run.invoke(app, ["--check", str(file), "--json"])
    assert told.exit_code == 1
    (bad,) = [one for one in json.loads(told.stdout)["certificates"] if not one["accepted"]]
    assert bad["id"] == "device-replacement"
    assert "rejected" in bad["sentence"]
