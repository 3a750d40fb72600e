"""An exchange that rings a number on file for the desk, so that nobody at the desk sees the number (SETTLED 15)."""

from __future__ import annotations

from typing import Protocol, runtime_checkable


@runtime_checkable
class Telephone(Protocol):
    """Stands among the factor services, under the method that it serves."""

    method: str

    def is_available(self, login: str) -> bool:
        """Return whether the exchange would ring this person now."""
        ...

    def ring(self, login: str, number: str, staff: str, key: str) -> None:
        """Ring the desk phone of `staff`, then `number`, and join the two. The same key rings once, however often it is given.

        login: whose number it is, for the exchange's own record. Raises Unavailable where it cannot ring.
        """
        ...
