"""A call back to the number on file through an exchange, so that nobody at the desk sees the number (SETTLED 15).

A real connector has the exchange place the call; how long the number has been on file is judged by policy, not here. This
twin writes the call into the lab's file, where the pretend phone shows it. The words are said by the operator, who attests the call
with a desk key; the exchange proves nothing.
"""

from __future__ import annotations

from mfadesk.connectors.factors.twin import Twin
from mfadesk.kernel.errors import Unavailable


class Service(Twin):
    """The twin of `callback_on_file`."""

    method = "callback_on_file"
    asks_for = "Answer the call to your number on file and type the two words that the desk says."
    answered_by = "code"

    def ring(self, login: str, number: str, staff: str, key: str) -> None:
        """Ring, once a key. Raises Unavailable where the lab says that this person cannot be rung."""
        if not self.is_available(login):
            raise Unavailable(self.method, "The exchange could not place the call. Nothing changed. Try again, or another way.")
        with self._store.writing() as connection:
            connection.execute(
                "INSERT OR IGNORE INTO calls (key, login, number, staff) VALUES (?, ?, ?, ?)", (key, login, number, staff)
            )
