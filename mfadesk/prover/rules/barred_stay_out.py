"""Whom policy gives no road, no runbook gives one."""

from __future__ import annotations

from mfadesk.prover.product import EFFECTS, Fact, Node, Product

NAME = "barred-stay-out"
SENTENCE = (
    "Once a guard has seen an emergency account or somebody from another company, no proof, no decision and no effect follows. "
    "(Where no guard looks, the decision itself refuses them.)"
)


def at(node: Node, product: Product) -> str | None:
    """Return the complaint about a proof, a decision or an effect for somebody who has no road here."""
    if node.step.kind in ("verify", "decide", *EFFECTS) and node.has(Fact.BARRED):
        return f'"{node.step.title}" can be reached by an emergency account or somebody from another company.'
    return None
