"""No effect without a decision that is worth it."""

from __future__ import annotations

from mfadesk.prover.demands import needs_of
from mfadesk.prover.product import EFFECTS, Node, Product

NAME = "evidence-suffices"
SENTENCE = "Before every effect stands, on every path, a decision for an action that demands at least as much."


def at(node: Node, product: Product) -> str | None:
    """Return which effect of the step comes without a sufficient decision."""
    if node.step.kind not in EFFECTS:
        return None
    granted = node.granted()
    for needed in needs_of(node.step):
        if not any(product.demands.covers(have, need) for have in granted for need in needed):
            what = " or ".join(needed).replace("_", " ")
            return f'"{node.step.title}" can be reached without a decision that allows to {what}.'
    return None
