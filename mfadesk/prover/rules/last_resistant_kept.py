"""Phishing resistance is not lost on the way from one phone to the next."""

from __future__ import annotations

from mfadesk.prover.product import Fact, Node, Product

NAME = "last-resistant-kept"
SENTENCE = (
    "Nothing is removed before a successor was tested that could be phishing-resistant, so that the last such authenticator "
    "always has an heir as strong."
)


def at(node: Node, product: Product) -> str | None:
    """Return the complaint about a removal after which nothing phishing-resistant need be left."""
    step = node.step
    if step.kind == "act" and "remove_old" in step.verbs and not (node.has(Fact.TESTED) and node.has(Fact.RESISTANT)):
        return f'"{step.title}" can remove the last phishing-resistant authenticator, and no tested heir could be one.'
    return None
