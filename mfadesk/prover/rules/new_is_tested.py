"""A new authenticator that nobody tried is a locked door waiting for Monday."""

from __future__ import annotations

from mfadesk.prover.product import Fact, Node, Product

NAME = "new-is-tested"
SENTENCE = (
    "Every authenticator that is new, or was brought back in step, is tested by a real sign-in before a case ends well, "
    "and every test has one to test."
)


def at(node: Node, product: Product) -> str | None:
    """Return the complaint about a good end with an untested authenticator, or a test with nothing to test."""
    step = node.step
    if step.kind == "confirm" and not node.has(Fact.PENDING | Fact.UNTRIED):
        return f'"{step.title}" can be reached with nothing to test.'
    if step.kind == "end" and step.outcome in ("changed", "no_change_needed") and node.has(Fact.UNTRIED):
        return f'"{step.title}" can be reached with codes brought back in step that nobody tried.'
    if step.kind == "end" and step.outcome == "changed":
        if node.has(Fact.PENDING):
            return f'"{step.title}" can be reached with a new authenticator that was never tested.'
        if not node.has(Fact.TESTED | Fact.RESTORED):
            return (
                f'"{step.title}" says that something changed, and can be reached without a new authenticator or one given back.'
            )
    return None
