"""What was replaced must not sign in any more, and nobody who used it may stay inside."""

from __future__ import annotations

from mfadesk.prover.product import Fact, Node, Product

NAME = "old-is-removed"
SENTENCE = "When a replacement ends as changed, the old authenticator is removed and its sessions are ended."


def at(node: Node, product: Product) -> str | None:
    """Return the complaint about a `changed` end of a replacement that leaves something of the old one."""
    step = node.step
    if step.kind != "end" or step.outcome != "changed" or "replace_authenticator" not in node.granted():
        return None
    if not node.has(Fact.REMOVED):
        return f'"{step.title}" can be reached while the old authenticator still exists.'
    if not node.has(Fact.SESSIONS_ENDED):
        return f'"{step.title}" can be reached while sessions of the old authenticator go on.'
    return None
