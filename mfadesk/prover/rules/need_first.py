"""Diagnose before you reset."""

from __future__ import annotations

from mfadesk.prover.product import Fact, Node, Product

NAME = "need-first"
SENTENCE = "Before anybody has to prove anything, a question asks whether a credential must change at all."


def at(node: Node, product: Product) -> str | None:
    """Return the complaint about a verify step that no question precedes."""
    if node.step.kind == "verify" and not node.has(Fact.ASKED):
        return f'"{node.step.title}" asks for proof before any question asked whether a change is needed.'
    return None
