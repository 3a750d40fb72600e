"""Break the shelf by machine and see what the prover says. What is unsafe by another judge is caught, or explained.

This is a sample; `make mutants` looks at every mutant and writes bench/results/mutants.md.
"""

from __future__ import annotations

import json

import pytest

from bench.mutants import RESULTS, measure
from mfadesk.assurance.policy import load_policy
from mfadesk.prover.prove import prove
from mfadesk.runbook.shelf import load_shelf
from tests.prover.mutants import MANY, many_mutants, mutants

POLICY = load_policy()


@pytest.mark.parametrize("name", sorted(load_shelf()))
def test_a_mutant_that_another_judge_calls_unsafe_is_caught_or_explained(name):
    told = measure(name, most=40)
    assert told["mutants"] >= 40
    assert [miss for miss in told["misses"] if not miss["explained"]] == []
    assert told["missed"] <= 0.05 * told["unsafe"]
    assert told["unsafe"] > 0.3 * told["mutants"]


def test_every_runbook_has_enough_different_mutants_and_they_are_the_same_each_time():
    book = load_shelf()["password-only"]
    first, again = many_mutants(book), many_mutants(book)
    assert len(first) >= MANY
    assert first == again
    assert len({repr(sorted(mutant.book.steps.items())) for mutant in first}) >= MANY - 5
    assert all(mutant.book != book for mutant in first)


def test_the_report_is_of_this_shelf_and_explains_every_miss():
    report = json.loads((RESULTS / "mutants.json").read_text("utf-8"))
    assert {row["runbook"] for row in report["runbooks"]} == set(load_shelf())
    for row in report["runbooks"]:
        assert row["mutants"] >= MANY
        assert row["caught"] + row["missed"] == row["unsafe"]
        assert all(miss["explained"] for miss in row["misses"])
        assert len(row["misses"]) == row["missed"]
    assert (RESULTS / "mutants.md").read_text("utf-8").startswith("# The shipped runbooks, broken by machine")


@pytest.mark.parametrize(
    ("name", "kind", "where", "rule"),
    [
        ("device-replacement", "skip a step", "replace", "evidence-suffices"),
        ("device-replacement", "drop the step", "replace-set-up-test", "new-is-tested"),
        ("device-replacement", "drop the step", "replace-remove-old-tell", "person-told"),
        ("device-replacement", "flip a guard", "replace-decide", "evidence-suffices"),
        ("device-replacement", "drop a verb", "replace-remove-old", "old-is-removed"),
        ("device-replacement", "remove_old instead of suspend_old", "replace-suspend-old", "successor-first"),
        ("device-replacement", "change two steps about", "replace-set-up-test", "successor-first"),
        ("device-replacement", "ask for another action", "replace", "decide-follows-verify"),
        ("device-replacement", "ask for another action", "replace-decide", "evidence-suffices"),
        ("device-replacement", "drop the deadline", "replace-set-up", "waits-end"),
        ("device-replacement", "shorten the wait to a second", "replace-set-up", "waits-end"),
        ("device-replacement", "offer codes only", "replace-set-up", "successor-not-weaker"),
        ("device-replacement", "drop the alert", "suspended-for-now", "suspension-owned"),
        ("device-replacement", "go back to the start", "replace-set-up-test", "loops-bounded"),
        ("device-replacement", "say the method", "replace-refused", "texts-keep-secrets"),
        ("device-replacement", "ask for the password", "replace", "secrets-not-handled"),
        ("device-replacement", "let a guard always hold", "still-works", "steps-reached"),
        ("longer-bypass", "a way in for a week", "give-give", "bypass-bounded"),
        ("contact-change", "drop the step", "can-they", "need-first"),
        ("unwanted-prompts", "rename the outcome", "with-security", "outcome-honest"),
    ],
)
def test_each_kind_of_damage_is_named_by_its_rule(name, kind, where, rule):
    books = [book for what, place, book in mutants(load_shelf()[name]) if (what, place) == (kind, where)]
    assert books
    assert any(rule in {finding.rule for finding in prove(book, POLICY).findings} for book in books)
