"""A decision needs something to decide on."""

from __future__ import annotations

from mfadesk.prover.product import Node, Product

NAME = "decide-follows-verify"
SENTENCE = "Every decision follows, on every path, a proof for the same action or a more demanding one."


def at(node: Node, product: Product) -> str | None:
    """Return the complaint about a decide step that no sufficient verify step precedes."""
    action = node.step.action
    if node.step.kind != "decide" or action is None:
        return None
    if any(product.demands.covers(have, action) for have in node.verified()):
        return None
    return f'"{node.step.title}" decides to {action.replace("_", " ")}, and nothing was proved for that before.'
