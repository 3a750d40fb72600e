"""A step that nothing reaches is a procedure that somebody believes in and nobody follows."""

from __future__ import annotations

from collections.abc import Iterable

from mfadesk.prover.product import Product

NAME = "steps-reached"
SENTENCE = "Every step can be reached."


def over(product: Product) -> Iterable[tuple[str, str]]:
    """Yield each step that no situation reaches."""
    reached = {node.step.id for node in product.nodes}
    for step in product.runbook.steps.values():
        if step.id not in reached:
            yield step.id, f'No case ever reaches "{step.title}".'
