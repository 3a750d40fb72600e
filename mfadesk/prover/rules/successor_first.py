"""The old one is the way back until the new one works."""

from __future__ import annotations

from mfadesk.prover.product import Fact, Node, Product

NAME = "successor-first"
SENTENCE = "An authenticator is removed only after its successor was tested."


def at(node: Node, product: Product) -> str | None:
    """Return the complaint about a removal that comes before the test of the successor."""
    step = node.step
    if step.kind == "act" and "remove_old" in step.verbs and (node.has(Fact.PENDING) or not node.has(Fact.TESTED)):
        return f'"{step.title}" can remove the old authenticator before a new one was tested.'
    return None
