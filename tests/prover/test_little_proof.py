"""What one cheap proof may do ends by itself; it throws nobody out, whatever a runbook asks for."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from mfadesk.assurance.policy import load_policy
from mfadesk.cases.engine import is_authorised
from mfadesk.cases.parts import Verdict
from mfadesk.cases.state import CaseState
from mfadesk.prover.prove import prove
from mfadesk.runbook.shelf import load_shelf

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)


def allowed(action):
    verdict = Verdict(action, True, NOW, NOW, NOW + timedelta(hours=1), 40, 15, (), (), "")
    return CaseState("case_1", verdicts={action: verdict})


def test_a_decision_to_suspend_ends_no_session():
    assert is_authorised(allowed("suspend_authenticator"), "suspend_old", NOW)
    assert not is_authorised(allowed("suspend_authenticator"), "end_sessions", NOW)
    assert is_authorised(allowed("replace_authenticator"), "end_sessions", NOW)


@pytest.mark.parametrize("policy", [None, load_policy()])
def test_a_runbook_that_ends_sessions_on_it_is_not_proved(policy):
    book = load_shelf()["unwanted-prompts"]
    step = replace(book.steps["suspend-suspend"], verbs=("suspend_old", "end_sessions"))
    assert prove(book, policy).proved
    found = prove(replace(book, steps={**book.steps, "suspend-suspend": step}), policy)
    assert not found.proved
    assert {f.rule for f in found.findings if f.severity == "error"} == {"evidence-suffices"}
