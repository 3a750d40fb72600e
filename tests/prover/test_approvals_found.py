"""The prover plays every small desk against the rule that finds and counts approvers; a rule that is wrong anywhere is caught."""

from __future__ import annotations

import pytest

from mfadesk.assurance.policy import load_policy
from mfadesk.cases import approvals
from mfadesk.prover.plain import approvals_found
from mfadesk.prover.prove import prove
from mfadesk.runbook.shelf import load_shelf


@pytest.fixture(autouse=True)
def fresh():
    approvals_found.find_wrong_desk.cache_clear()
    yield
    approvals_found.find_wrong_desk.cache_clear()


def test_the_rule_that_is_used_finds_the_right_people_on_every_small_desk():
    assert [approvals_found.find_wrong_desk(needed) for needed in (1, 2, 3)] == ["", "", ""]


@pytest.mark.parametrize("bar", ["subject", "report", "worked_on_it", "voucher"])
def test_leaving_out_any_one_bar_is_caught(monkeypatch, bar):
    real = approvals.find_bar
    monkeypatch.setattr(approvals, "find_bar", lambda state, who: "" if real(state, who) == bar else real(state, who))
    assert "the wrong people would be found" in approvals_found.find_wrong_desk(1)


def test_counting_accounts_instead_of_people_is_caught(monkeypatch):
    monkeypatch.setattr(approvals_found, "count_approvals", lambda state, action, approvers, now: state.approvals)
    assert approvals_found.find_wrong_desk(1)


def test_an_approval_that_outlives_a_change_is_caught(monkeypatch):
    monkeypatch.setattr(approvals, "digest_of_bundle", lambda state, action: "the same for all")
    monkeypatch.setattr(approvals_found, "digest_of_bundle", lambda state, action: "the same for all")
    assert "would count" in approvals_found.find_wrong_desk(1)


def test_the_finding_stands_at_the_decide_step_whose_action_asks_for_approvals(monkeypatch):
    monkeypatch.setattr(approvals, "find_bar", lambda state, who: "")
    proof = prove(load_shelf()["device-replacement"], load_policy())
    assert [f.step for f in proof.findings if f.rule == "approvals-found"] == ["replace-decide"]
