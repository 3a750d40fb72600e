"""Prove a runbook: look at every situation that it can lead to and hold every rule against it.

A finding names the rule, the step, a sentence and the shortest walk to where it shows. Nothing is skipped: a runbook with too
many situations is "not decided", which is not proved.
"""

from __future__ import annotations

import time
from collections.abc import Mapping

from mfadesk.assurance.model import Policy
from mfadesk.prover import understood
from mfadesk.prover.demands import Demands
from mfadesk.prover.model import Finding, Proof
from mfadesk.prover.plain import PLAIN_RULES
from mfadesk.prover.product import MAX_STATES, Product, explore
from mfadesk.prover.rules import GRAPH_RULES, STATE_RULES
from mfadesk.runbook.model import Runbook

RULES: Mapping[str, str] = {
    understood.NAME: understood.SENTENCE,
    **{rule.NAME: rule.SENTENCE for rule in STATE_RULES},
    **{rule.NAME: rule.SENTENCE for rule in GRAPH_RULES},
    **{rule.NAME: rule.SENTENCE for rule in PLAIN_RULES},
}
"""Every rule, by name, with the sentence that it holds a runbook to."""


def prove(runbook: Runbook, policy: Policy | None) -> Proof:
    """Return the proof of `runbook` under `policy`; without one, only a replacement's proof covers a suspension's.

    Each rule reports each step at most once, with the first (shortest) walk that shows it.
    """
    began = time.perf_counter()
    unknown = list(understood.find_unknown(runbook))
    if unknown:
        found = [Finding(understood.NAME, "error", step, sentence, None) for step, sentence in unknown]
        return Proof(runbook.id, runbook.digest, tuple(found), 0, False, time.perf_counter() - began)
    product = explore(runbook, Demands(policy))
    found = [*_by_state(product), *_by_graph(product)]
    if not product.complete:
        sentence = f"The runbook has more than {MAX_STATES} situations: not decided. Split it, or ask less at once."
        found.append(Finding("decided", "error", runbook.start, sentence, None))
    order = {step_id: index for index, step_id in enumerate(runbook.steps)}
    found.sort(key=lambda finding: (order.get(finding.step, 0), finding.rule))
    spent = time.perf_counter() - began
    return Proof(runbook.id, runbook.digest, tuple(found), len(product.nodes), product.complete, spent)


def _by_state(product: Product) -> list[Finding]:
    found: dict[tuple[str, str], Finding] = {}
    for index, node in enumerate(product.nodes):
        for rule in STATE_RULES:
            key = (rule.NAME, node.step.id)
            if key not in found and (sentence := rule.at(node, product)):
                found[key] = Finding(rule.NAME, "error", node.step.id, sentence, product.path_to(index))
    return list(found.values())


def _by_graph(product: Product) -> list[Finding]:
    first: dict[str, int] = {}
    for index, node in enumerate(product.nodes):
        first.setdefault(node.step.id, index)
    found: dict[tuple[str, str], Finding] = {}
    policy = product.demands.policy
    seen = [(rule.NAME, wrong) for rule in GRAPH_RULES for wrong in rule.over(product)]
    seen += [(rule.NAME, wrong) for rule in PLAIN_RULES for wrong in rule.over(product.runbook, policy)]
    for name, (step_id, sentence) in seen:
        path = product.path_to(first[step_id]) if step_id in first else None
        found.setdefault((name, step_id), Finding(name, "error", step_id, sentence, path))
    return list(found.values())
