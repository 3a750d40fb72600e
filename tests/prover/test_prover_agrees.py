"""The prover against an independent interpreter, on random small runbooks and on the shelf."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mfadesk.prover.prove import prove
from mfadesk.prover.rules import STATE_RULES
from mfadesk.runbook.guards import Place, parse_guard
from mfadesk.runbook.model import Answer, Deadline, Edge, Runbook, Step, Variable
from mfadesk.runbook.shelf import load_shelf
from mfadesk.runbook.walk import DEADLINE_EDGE
from tests.prover.slow import walk_everything

VARIABLES = {
    "phone": Variable("phone", ("works", "gone", "unknown")),
    "account": Variable("account", ("person", "break_glass", "unknown")),
    "decision": Variable("decision", ("allowed", "refused", "unknown")),
}
ACTIONS = [
    "replace_authenticator",
    "suspend_authenticator",
    "resync_authenticator",
    "grant_bypass",
    "add_authenticator",
    "bind_first_authenticator",
]
VERBS = ["suspend_old", "remove_old", "end_sessions", "reset_failures", "lift_suspension", "restore_old", "open_account"]
KINDS = [
    "ask",
    "verify",
    "decide",
    "decide",
    "act",
    "act",
    "enrol",
    "resync",
    "bypass",
    "confirm",
    "notify",
    "instruct",
    "escalate",
]
OUTCOMES = ["changed", "changed", "no_change_needed", "refused", "abandoned", "handed_over", "self_service", "bridged"]
COMPARED = {rule.NAME for rule in STATE_RULES} | {"steps-reached"}


@st.composite
def guards(draw):
    name = draw(st.sampled_from(sorted(VARIABLES)))
    value = draw(st.sampled_from(VARIABLES[name].values))
    source = f'{name} {draw(st.sampled_from(["==", "!="]))} "{value}"'
    return parse_guard(source, VARIABLES, Place("f", 1, 1))


@st.composite
def runbooks(draw):
    """Draw up to seven steps and two ends; edges go forward only, so every walk ends."""
    count = draw(st.integers(2, 7))
    ids = [f"s{index}" for index in range(count)] + ["good", "bad"]
    steps = {}
    for index in range(count):
        kind = draw(st.sampled_from(KINDS))
        later = st.sampled_from(ids[index + 1 :])
        ahead = st.one_of(st.just(ids[index + 1]), later)
        edges = [Edge(draw(later), draw(guards()), "") for _ in range(draw(st.integers(0, 2)))] + [Edge(draw(ahead), None, "")]
        late = draw(st.one_of(st.none(), later))
        steps[ids[index]] = Step(
            id=ids[index],
            kind=kind,
            title=ids[index],
            edges=tuple(edges),
            line=1,
            variable="phone" if kind == "ask" else None,
            answers=tuple(Answer(value, value) for value in VARIABLES["phone"].values) if kind == "ask" else (),
            action=draw(st.sampled_from(ACTIONS)) if kind in ("verify", "decide") else None,
            verbs=tuple(draw(st.lists(st.sampled_from(VERBS), min_size=1, max_size=2, unique=True))) if kind == "act" else (),
            kinds=draw(st.sampled_from([("totp",), ("totp", "passkey"), ("security_key",)])) if kind == "enrol" else (),
            deadline=Deadline(60, "operator", late)
            if late and kind in ("act", "enrol", "resync", "bypass", "verify", "ask")
            else None,
        )
    for end in ("good", "bad"):
        outcome = draw(st.sampled_from(OUTCOMES))
        alert = draw(st.sampled_from([None, "alert"]))
        steps[end] = Step(id=end, kind="end", title=end, edges=(), line=1, outcome=outcome, alert=alert)
    return Runbook(
        "random", 1, "Random", "Random", "s0", VARIABLES, steps, "", (draw(st.sampled_from(["try_it", "report_loss"])),)
    )


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(runbooks())
def test_rule_by_rule_the_prover_finds_what_walking_every_path_finds(book):
    slow, _ = walk_everything(book)
    fast = {(finding.rule, finding.step) for finding in prove(book, None).findings if finding.rule in COMPARED}
    assert fast == slow


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(runbooks())
def test_every_counter_example_is_a_walk_that_the_runbook_allows(book):
    for finding in prove(book, None).findings:
        if finding.path is None:
            continue
        here = book.start
        for hop in finding.path.hops:
            step = book.steps[hop.step]
            assert step.id == here
            here = step.deadline.then if hop.edge == DEADLINE_EDGE else step.edges[hop.edge].to
        assert here == finding.path.end


@pytest.mark.parametrize("name", ["codes-rejected", "contact-change", "fix-push", "unwanted-prompts", "lost-or-stolen"])
def test_no_walk_through_a_proved_runbook_goes_wrong(name):
    book = load_shelf()[name]
    assert prove(book, None).proved
    found, walks = walk_everything(book)
    assert walks > 3
    assert found == set()


def test_a_walk_through_a_broken_runbook_does_go_wrong():
    book = load_shelf()["codes-rejected"]
    decide = book.steps["prove-decide"]
    broken = replace(book, steps={**book.steps, "prove-decide": replace(decide, edges=(Edge("resync", None, ""),))})
    assert ("evidence-suffices", "resync") in walk_everything(broken)[0]
    assert "evidence-suffices" in {finding.rule for finding in prove(broken, None).findings}


def test_a_decision_that_stands_is_read_as_what_it_was():
    """What was allowed is not decided again; a guard behind the second decide step must not be taken to read anything else."""
    yes = parse_guard('decision == "allowed"', VARIABLES, Place("f", 1, 1))
    steps = {
        "s0": Step("s0", "decide", "s0", (Edge("s1", yes, ""), Edge("bad", None, "")), 1, action="replace_authenticator"),
        "s1": Step("s1", "decide", "s1", (Edge("good", yes, ""), Edge("bad", None, "")), 1, action="replace_authenticator"),
        "good": Step("good", "end", "good", (), 1, outcome="changed"),
        "bad": Step("bad", "end", "bad", (), 1, outcome="changed"),
    }
    book = Runbook("again", 1, "Again", "Again", "s0", VARIABLES, steps, "", ("try_it",))
    fast = {(finding.rule, finding.step) for finding in prove(book, None).findings if finding.rule in COMPARED}
    assert fast == walk_everything(book)[0]
    assert ("old-is-removed", "good") in fast
    assert ("old-is-removed", "bad") not in fast
