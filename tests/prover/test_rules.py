"""Each rule catches the mistake that it is there for, in the shelf or in the policy, and says so with a walk where one leads there."""

from __future__ import annotations

from dataclasses import replace
from importlib import resources
from types import MappingProxyType

import pytest

from mfadesk.assurance.policy import load_policy
from mfadesk.prover.plain import populations
from mfadesk.prover.prove import prove
from mfadesk.runbook.model import Answer, Edge, Guard
from mfadesk.runbook.parse import parse_runbook
from mfadesk.runbook.shelf import load_shelf

POLICY = load_policy()
SHELF = load_shelf()


def change(name, step_id, **fields):
    book = SHELF[name]
    return replace(book, steps={**book.steps, step_id: replace(book.steps[step_id], **fields)})


def found(book, policy=POLICY):
    return {(finding.rule, finding.step): finding for finding in prove(book, policy).findings}


def demand(action, **fields):
    """Return the policy with other demands for one action, of every tier."""
    changed = {key: replace(r, **fields) if key[0] == action else r for key, r in POLICY.requirements.items()}
    return replace(POLICY, requirements=MappingProxyType(changed), digest="changed")


def to(step_id):
    return (Edge(step_id, None, ""),)


@pytest.mark.parametrize(
    ("rule", "step", "book"),
    [
        ("no-dead-end", "replace-refused", change("device-replacement", "device-at-hand", edges=to("replace-refused"))),
        ("no-dead-end", "refused", change("switch-off", "what-is-wrong", edges=to("refused"))),
        ("barred-stay-out", "prove", change("restore-account", "alarm-break-glass", edges=to("prove"))),
        ("suspension-reachable", "replace", change("lost-or-stolen", "what-happened", edges=to("replace"))),
        ("target-named", "prove-to-suspend-suspend", change("lost-or-stolen", "what-kind", variable="new_device", answers=(
            Answer("at_hand", "Yes"), Answer("unknown", "They can't say")))),
        ("suspension-bounded", "alarm", change("unwanted-prompts", "suspend-suspend", kind="instruct", verbs=(), say="Wait.")),
        ("last-resistant-kept", "replace-remove-old", change("device-replacement", "replace-set-up", kinds=("totp",))),
        ("successor-not-weaker", "set-up", change("first-credential", "set-up", kinds=("totp",))),
        ("effects-converge", "give-give", change("longer-bypass", "give-not-given", alert=None)),
        ("proof-possible", "replace", change("device-replacement", "replace", deadline=replace(
            SHELF["device-replacement"].steps["replace"].deadline, after_s=30))),
        ("secrets-not-handled", "replace-set-up", change("device-replacement", "replace-set-up", do="Write the code down for them.")),
        ("secrets-not-handled", "give-give", change("longer-bypass", "give-give", do="Send them the password by mail.")),
    ],
)  # fmt: skip
def test_a_runbook_with_the_mistake_is_not_proved(rule, step, book):
    finding = found(book).get((rule, step))
    assert finding, sorted(found(book))
    assert finding.sentence.endswith(".")
    assert finding.path is None or finding.path.end == step
    assert (rule, step) not in found(SHELF[book.id])


@pytest.mark.parametrize(
    ("rule", "name", "policy"),
    [
        ("evidence-resists", "device-replacement", demand("replace_authenticator", resists=())),
        ("evidence-resists", "first-credential", demand("bind_first_authenticator", resist_minimum=0)),
        ("proof-possible", "contact-change", demand("change_contact", minimum=900)),
        ("suspension-bounded", "lost-or-stolen", demand("suspend_authenticator", minimum=0)),
        ("suspension-bounded", "lost-or-stolen", demand("suspend_authenticator", approvals=1)),
        ("suspension-bounded", "unwanted-prompts", demand("suspend_authenticator", minimum=200)),
        ("suspension-bounded", "restore-account", demand("restore_account", minimum=20)),
        (
            "suspension-bounded",
            "lost-or-stolen",
            replace(POLICY, limits=replace(POLICY.limits, suspensions_per_day=3), digest="often"),
        ),
    ],
)
def test_a_policy_with_the_mistake_is_not_proved(rule, name, policy):
    assert rule in {finding.rule for finding in prove(SHELF[name], policy).findings}
    assert prove(SHELF[name], POLICY).proved


def test_a_decision_that_allows_too_little_is_caught(monkeypatch):
    requirement = POLICY.requirements["replace_authenticator", "standard", "normal"]
    assert populations.find_disagreement(POLICY, requirement) is None
    real = populations.decide
    lax = replace(POLICY, requirements={key: replace(r, resists=(), minimum=1) for key, r in POLICY.requirements.items()})
    monkeypatch.setattr(
        populations, "decide", lambda e, c, action, tier, threat, policy, now: real(e, c, action, tier, threat, lax, now)
    )
    assert populations.find_disagreement(POLICY, requirement)


def test_the_sets_that_suffice_are_those_that_the_decision_allows():
    for tier in ("standard", "exec"):
        requirement = POLICY.requirements["replace_authenticator", tier, "normal"]
        sets = populations.find_sufficient(POLICY, requirement)
        assert sets
        for one in sets:
            evidence = [populations.evidence_of(name, POLICY) for name in one.methods]
            told = populations.decide(
                evidence, populations.KNOWN, "replace_authenticator", tier, "normal", POLICY, populations.NOW
            )
            assert isinstance(told, populations.Allowed), one.methods


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"kind": "dance"}, 'no step of kind "dance"'),
        ({"verbs": ("explode",)}, 'no verb "explode"'),
        ({"action": "open_sesame"}, 'no action "open_sesame"'),
        ({"edges": to("nowhere")}, '"nowhere", which is no step'),
        ({"edges": (Edge("replace-set-up", Guard("x", ("xor", ("const", True))), ""), *to("replace-set-up"))}, '"xor"'),
        ({"edges": (Edge("replace-set-up", Guard("x", ("in", "moon", ("full",))), ""), *to("replace-set-up"))}, "moon"),
    ],
)
def test_what_is_not_understood_is_an_error_that_names_the_line(fields, words):
    book = change("device-replacement", "replace-suspend-old", **fields)
    proof = prove(book, POLICY)
    (finding,) = proof.findings
    assert not proof.decided
    assert not proof.proved
    assert (finding.rule, finding.step) == ("understood", "replace-suspend-old")
    assert words in finding.sentence
    fragment, _, including = finding.sentence.partition(" (included at ")
    assert fragment.startswith("fragments/suspend-old.yaml:")
    assert including.startswith("fragments/replace-device.yaml:")
    line = int(fragment.split(":")[1])
    text = resources.files("mfadesk.runbook").joinpath("shelf/fragments/suspend-old.yaml").read_text("utf-8")
    assert text.splitlines()[line - 1].strip() == "suspend:"
    text = resources.files("mfadesk.runbook").joinpath("shelf/device-replacement.yaml").read_text("utf-8")
    assert parse_runbook(text, "device-replacement.yaml").digest == SHELF["device-replacement"].digest
