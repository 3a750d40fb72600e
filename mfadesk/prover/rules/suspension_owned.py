"""Nothing stays switched off without somebody who knows."""

from __future__ import annotations

from mfadesk.prover.product import Fact, Node, Product

NAME = "suspension-owned"
SENTENCE = "What is suspended is replaced or lifted before the end, or the end names an owner: abandoned, or an alert."


def at(node: Node, product: Product) -> str | None:
    """Return the complaint about an end that leaves a suspension to nobody."""
    step = node.step
    if step.kind == "end" and node.has(Fact.SUSPENDED) and step.outcome != "abandoned" and not step.alert:
        return f'"{step.title}" can leave an authenticator suspended, and nobody owns that.'
    return None
