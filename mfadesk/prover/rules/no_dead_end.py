"""Whoever can prove themselves is helped."""

from __future__ import annotations

from mfadesk.prover.product import Fact, Node, Product

NAME = "no-dead-end"
SENTENCE = (
    "A case is refused only where the last decision refused it, or for an account that has no road; so nobody who still holds a "
    "sufficient set is turned away. A runbook that decides nothing refuses only after it told security."
)


def at(node: Node, product: Product) -> str | None:
    """Return the complaint about a refusal that no decision stands behind."""
    step = node.step
    if step.kind != "end" or step.outcome != "refused" or node.has(Fact.REFUSED | Fact.BARRED):
        return None
    if any(other.kind == "decide" for other in product.runbook.steps.values()):
        return f'"{step.title}" turns away somebody whom no decision refused.'
    if not node.has(Fact.ALARMED):
        return f'"{step.title}" turns somebody away, and nobody decided that or heard of it.'
    return None
