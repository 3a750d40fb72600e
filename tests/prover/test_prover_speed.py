"""What proving costs, and that a runbook too large to decide is never called proved."""

from __future__ import annotations

import pytest

from mfadesk.assurance.policy import load_policy
from mfadesk.prover import product
from mfadesk.prover.prove import RULES, prove
from mfadesk.runbook.parse import parse_runbook
from mfadesk.runbook.shelf import load_shelf


def chain(steps: int) -> str:
    lines = ["runbook: chain", "version: 1", "title: Chain", "summary: One after the other.", "goals: [try_it]"]
    lines += ["variables: {a: [p, q]}", "idle: {after: 1 h, owner: operator, then: out}", "start: s0", "steps:"]
    for index in range(steps - 1):
        to = f"s{index + 1}" if index < steps - 2 else "out"
        lines += [f"  s{index}:", "    kind: ask", "    title: T", "    say: Hello", "    variable: a"]
        lines += ["    answers: {p: P, q: Q, unknown: U}", "    next:"]
        lines += ['      - {when: a == "p", to: out}', f"      - {{to: {to}}}"]
    return "\n".join([*lines, "  out: {kind: end, title: Out, outcome: handed_over}"])


def test_a_chain_of_two_thousand_steps_costs_no_more_than_its_length():
    short, long = (prove(parse_runbook(chain(steps), "chain.yaml"), None) for steps in (500, 2000))
    assert short.proved
    assert long.proved
    assert (short.states, long.states) == (501, 2001) or long.states <= 4 * short.states + 8
    assert long.seconds < 10


def test_the_shelf_is_proved_under_the_policy_that_ships_in_under_two_seconds():
    policy = load_policy()
    proofs = [prove(book, policy) for book in load_shelf().values()]
    assert [finding for proof in proofs for finding in proof.findings] == []
    assert sum(proof.seconds for proof in proofs) < 2


def test_too_many_situations_are_not_decided_and_so_not_proved(monkeypatch):
    monkeypatch.setattr(product, "MAX_STATES", 20)
    proof = prove(load_shelf()["device-replacement"], None)
    assert not proof.decided
    assert not proof.proved
    assert "decided" in {finding.rule for finding in proof.findings}


@pytest.mark.parametrize("name", sorted(RULES))
def test_every_rule_has_a_sentence(name):
    assert RULES[name].endswith((".", ")"))
