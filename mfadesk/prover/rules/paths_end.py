"""No dead ends."""

from __future__ import annotations

from collections.abc import Iterable

from mfadesk.prover.product import Product

NAME = "paths-end"
SENTENCE = "From every situation some way leads to an end, and an end leads nowhere."


def over(product: Product) -> Iterable[tuple[str, str]]:
    """Yield each step from which a situation cannot reach an end."""
    back: list[list[int]] = [[] for _ in product.nodes]
    for index, arrows in enumerate(product.arrows):
        for to in arrows:
            back[to].append(index)
    todo = [index for index, node in enumerate(product.nodes) if node.step.kind == "end"]
    good = set(todo)
    while todo:
        for index in back[todo.pop()]:
            if index not in good:
                good.add(index)
                todo.append(index)
    for index, node in enumerate(product.nodes):
        if index not in good:
            yield node.step.id, f'From "{node.step.title}" a case can get to where no end is.'
        elif node.step.kind == "end" and product.arrows[index]:
            yield node.step.id, f'"{node.step.title}" is an end and leads on all the same.'
