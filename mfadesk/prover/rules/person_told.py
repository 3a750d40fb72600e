"""The person hears of every change, on every address that was there before the call."""

from __future__ import annotations

from mfadesk.prover.product import Fact, Node, Product

NAME = "person-told"
SENTENCE = "After the last effect the person is told before the case ends, or the end alerts security, which tells them."


def at(node: Node, product: Product) -> str | None:
    """Return the complaint about an end after an effect that the person was not told of."""
    step = node.step
    if step.kind == "end" and node.has(Fact.UNTOLD) and not step.alert:
        return f'"{step.title}" can be reached after a change that the person was not told of.'
    return None
