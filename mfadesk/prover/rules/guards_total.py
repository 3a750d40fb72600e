"""Each guard is sometimes the one that holds, and something always holds."""

from __future__ import annotations

from collections.abc import Iterable

from mfadesk.prover.product import Product

NAME = "guards-total"
SENTENCE = "Every step but an end leads on whatever the answers are, and no guard is dead."


def over(product: Product) -> Iterable[tuple[str, str]]:
    """Yield steps whose edges leave a case standing, and guards that never hold in any situation."""
    reached = {node.step.id for node in product.nodes}
    for step in product.runbook.steps.values():
        if step.kind == "end":
            continue
        if not step.edges or step.edges[-1].guard is not None:
            yield step.id, f'"{step.title}" has no edge for every other case.'
            continue
        for index, edge in enumerate(step.edges):
            if edge.guard is None and index < len(step.edges) - 1:
                yield step.id, f'Below edge {index + 1} of "{step.title}" no edge is ever taken.'
            elif edge.guard is not None and step.id in reached and (step.id, index) not in product.taken:
                yield step.id, f'The guard {edge.guard.source} of "{step.title}" never holds.'
