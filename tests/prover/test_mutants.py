"""Break the shelf by machine and see what the prover says. What is unsafe by another judge must be caught."""

from __future__ import annotations

from collections import Counter

import pytest

from mfadesk.assurance.policy import load_policy
from mfadesk.prover.prove import prove
from mfadesk.runbook.shelf import load_shelf
from tests.prover.mutants import mutants, plainly_unsafe
from tests.prover.slow import walk_everything

SMALL_ENOUGH = ("codes-rejected", "contact-change", "fix-push", "unwanted-prompts", "switch-off", "password-only")
POLICY = load_policy()
LEAKS = {"say the method", "say the reason"}


def measure(name: str):
    """Return counts of mutants: all, unsafe by the other judge, unsafe and caught; and those missed.

    Both judges know the same fixed order of actions: under a policy that prices one proof above another the prover rightly
    takes the dearer one for the cheaper, which the other judge would call a miss.
    """
    counts: Counter[str] = Counter()
    missed = []
    for kind, where, book in mutants(load_shelf()[name]):
        counts["all"] += 1
        found = not prove(book, None).proved
        counts["objected"] += found
        unsafe = plainly_unsafe(book) or (kind in LEAKS and kind)
        if not unsafe and name in SMALL_ENOUGH:
            wrong = walk_everything(book)[0]
            unsafe = str(sorted(wrong)) if wrong else None
        if unsafe:
            counts["unsafe"] += 1
            counts["caught"] += found
            if not found:
                missed.append((kind, where, unsafe))
    return counts, missed


@pytest.mark.parametrize("name", sorted(load_shelf()))
def test_every_mutant_that_another_judge_calls_unsafe_is_caught(name):
    counts, missed = measure(name)
    assert missed == []
    assert counts["unsafe"] > 0.3 * counts["all"] > 5


@pytest.mark.parametrize(
    ("name", "kind", "where", "rule"),
    [
        ("device-replacement", "skip a step", "prove", "evidence-suffices"),
        ("device-replacement", "drop the step", "test", "new-is-tested"),
        ("device-replacement", "drop the step", "tell-changed", "person-told"),
        ("device-replacement", "flip a guard", "decide", "evidence-suffices"),
        ("device-replacement", "drop a verb", "remove-old", "old-is-removed"),
        ("device-replacement", "remove instead of suspend", "suspend-old", "successor-first"),
        ("device-replacement", "ask for another action", "prove", "decide-follows-verify"),
        ("device-replacement", "ask for another action", "decide", "evidence-suffices"),
        ("device-replacement", "drop the deadline", "set-up", "waits-end"),
        ("device-replacement", "drop the alert", "suspended-for-now", "suspension-owned"),
        ("device-replacement", "go back to the start", "test", "loops-bounded"),
        ("device-replacement", "say the method", "refused", "texts-keep-secrets"),
        ("device-replacement", "let a guard always hold", "still-works", "steps-reached"),
        ("contact-change", "drop the step", "can-they", "need-first"),
        ("unwanted-prompts", "rename the outcome", "with-security", "outcome-honest"),
    ],
)
def test_each_kind_of_damage_is_named_by_its_rule(name, kind, where, rule):
    books = [book for what, place, book in mutants(load_shelf()[name]) if (what, place) == (kind, where)]
    assert books
    assert any(rule in {finding.rule for finding in prove(book, POLICY).findings} for book in books)


if __name__ == "__main__":
    total: Counter[str] = Counter()
    for shelf_name in load_shelf():
        counted, left = measure(shelf_name)
        total += counted
        print(shelf_name, dict(counted), left)
    print("total", dict(total))
