"""The two shapes of a rule about walks."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from mfadesk.prover.product import Node, Product


class StateRule(Protocol):
    """A rule that looks at one situation, just before its step is carried out."""

    NAME: str
    SENTENCE: str

    def at(self, node: Node, product: Product) -> str | None:
        """Return what is wrong here, or None."""
        ...


class GraphRule(Protocol):
    """A rule that looks at all situations together."""

    NAME: str
    SENTENCE: str

    def over(self, product: Product) -> Iterable[tuple[str, str]]:
        """Yield step and sentence for everything that is wrong."""
        ...
