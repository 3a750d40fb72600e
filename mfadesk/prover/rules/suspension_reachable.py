"""A thief does not wait until the owner has found proof enough for a replacement."""

from __future__ import annotations

from mfadesk.prover.product import EFFECTS, Fact, Node, Product

NAME = "suspension-reachable"
SENTENCE = (
    "Where a loss, a theft or a strange prompt is reported, the authenticator is suspended on little proof before anybody is asked "
    "for more; and nothing is given back on little proof."
)
URGENT_GOALS = frozenset({"report_loss", "stop_prompts"})
"""Goals of callers who want something switched off, and now."""

GIVES_BACK = frozenset({"restore_old", "lift_suspension", "open_account"})
LITTLE = frozenset({"suspend_authenticator", "resync_authenticator"})


def at(node: Node, product: Product) -> str | None:
    """Return the complaint about proof asked for before the suspension, or something given back on little of it."""
    step = node.step
    if step.kind in EFFECTS and GIVES_BACK & set(step.verbs) and set(node.granted()) <= LITTLE:
        return f'"{step.title}" can give an authenticator back on little proof.'
    if not URGENT_GOALS & set(product.runbook.goals):
        return None
    if step.kind in ("verify", "decide") and step.action != "suspend_authenticator" and not node.has(Fact.SUSPENDED):
        return f'"{step.title}" asks for more than little proof before anything is suspended.'
    return None
