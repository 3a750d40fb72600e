"""A proof written down: for each step every situation in which a case can reach it, so that checking needs no search.

The certificate is plain JSON. It names the digests of the runbook and of the policy, for each step its rank (no edge leads to a
lower or equal one, so that nothing circles), the variables that still matter there, and the situations: what those variables
are (null: anything) and what has happened. `checker.py` accepts or rejects it and shares no code with this side.
"""

from __future__ import annotations

from typing import Any

from mfadesk.assurance.model import Policy
from mfadesk.kernel.canonical import digest
from mfadesk.kernel.errors import Refusal
from mfadesk.prover.demands import Demands
from mfadesk.prover.product import Fact, Node, Product, explore
from mfadesk.prover.prove import prove
from mfadesk.runbook.model import Runbook
from mfadesk.runbook.walk import targets

FORMAT = "mfadesk-certificate-1"


def make_certificate(runbook: Runbook, policy: Policy | None) -> dict[str, Any]:
    """Return the certificate of a runbook that is proved under `policy`.

    Raises Refusal ``not_proved`` with the first finding where it is not.
    """
    proof = prove(runbook, policy)
    if not proof.proved:
        raise Refusal("not_proved", f"{runbook.id} is not proved: {proof.findings[0].sentence}")
    return write_down(explore(runbook, Demands(policy)))


def write_down(product: Product) -> dict[str, Any]:
    """Return every situation of the product as a certificate, whether or not it proves anything: that is the checker's to say."""
    runbook, policy = product.runbook, product.demands.policy
    names = sorted(runbook.variables)
    keeps: dict[str, list[str]] = {step_id: [] for step_id in runbook.steps}
    for node in product.nodes:
        known = [name for name, value in zip(names, node.known, strict=True) if value is not None]
        keeps[node.step.id] = sorted({*keeps[node.step.id], *known})
    situations: dict[str, set[tuple[tuple[str | None, ...], tuple[str, ...]]]] = {step_id: set() for step_id in runbook.steps}
    for node in product.nodes:
        known_here = dict(zip(names, node.known, strict=True))
        situations[node.step.id].add((tuple(known_here[name] for name in keeps[node.step.id]), _words(node)))
    body: dict[str, Any] = {
        "format": FORMAT,
        "runbook": runbook.digest,
        "policy": policy.digest if policy else "",
        "steps": {
            step_id: {
                "rank": rank,
                "keeps": keeps[step_id],
                "situations": [
                    {"known": list(known), "facts": list(facts)}
                    for known, facts in sorted(situations[step_id], key=lambda one: ([value or "" for value in one[0]], one[1]))
                ],
            }
            for step_id, rank in _ranks(runbook).items()
        },
    }
    return {**body, "digest": digest(body)}


def _words(node: Node) -> tuple[str, ...]:
    """Return what has happened, in the words of the certificate."""
    told = [(fact.name or "").lower() for fact in Fact if node.has(fact)]
    told += [f"proved:{action}" for action in node.verified()] + [f"allowed:{action}" for action in node.granted()]
    return tuple(sorted(told))


def _ranks(runbook: Runbook) -> dict[str, int]:
    """Return, for each step, the length of the longest way to it; the runbook is proved, so nothing circles."""
    waiting = dict.fromkeys(runbook.steps, 0)
    for step in runbook.steps.values():
        for to in targets(step):
            waiting[to] += 1
    ranks = dict.fromkeys(runbook.steps, 0)
    todo = [step_id for step_id, count in waiting.items() if count == 0]
    while todo:
        step = runbook.steps[todo.pop()]
        for to in targets(step):
            ranks[to] = max(ranks[to], ranks[step.id] + 1)
            waiting[to] -= 1
            if waiting[to] == 0:
                todo.append(to)
    return ranks
