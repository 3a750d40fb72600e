"""An outcome says what happened, so that a report of outcomes is true."""

from __future__ import annotations

from mfadesk.prover.product import Fact, Node, Product

NAME = "outcome-honest"
SENTENCE = (
    "A refusal, a self-service or a no-change leaves no new and no missing authenticator; "
    "only a refusal may leave one suspended, and none of them a bypass."
)


def at(node: Node, product: Product) -> str | None:
    """Return the complaint about an end whose outcome hides what was done."""
    step = node.step
    if step.kind != "end":
        return None
    if step.outcome == "bridged" and not node.has(Fact.BYPASSED):
        return f'"{step.title}" ends as bridged, and can be reached without a bypass.'
    if node.has(Fact.BYPASSED) and step.outcome in ("refused", "no_change_needed", "self_service", "stopped"):
        return f'"{step.title}" ends as {step.outcome}, yet a bypass can be open.'
    if step.outcome in ("refused", "no_change_needed", "self_service", "stopped"):
        if node.has(Fact.PENDING | Fact.TESTED | Fact.REMOVED):
            return f'"{step.title}" ends as {step.outcome}, yet an authenticator can have come or gone.'
        if node.has(Fact.RESTORED):
            return f'"{step.title}" ends as {step.outcome}, yet an authenticator can have been given back.'
        if node.has(Fact.SUSPENDED) and step.outcome in ("no_change_needed", "self_service"):
            return f'"{step.title}" ends as {step.outcome}, yet an authenticator can be suspended.'
        if node.has(Fact.RESYNCED) and step.outcome == "refused":
            return f'"{step.title}" ends as refused, yet an authenticator can have been brought in step.'
    if step.outcome in ("handed_over", "abandoned") and node.has(Fact.TESTED | Fact.REMOVED | Fact.BYPASSED) and not step.alert:
        return f'"{step.title}" ends as {step.outcome} half way through a change, and tells nobody.'
    return None
