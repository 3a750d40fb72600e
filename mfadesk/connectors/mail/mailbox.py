"""The courier's twin: mail goes into the lab's file, where the demo's side room and a test can read it."""

from __future__ import annotations

from mfadesk.connectors.lab.store import LabStore
from mfadesk.connectors.mail.message import require_message
from mfadesk.kernel.clock import Clock, to_stamp
from mfadesk.ports.messages import Message


class Mailbox:
    """A `Courier` that keeps what it is given; the same key is kept once."""

    def __init__(self, store: LabStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def health(self) -> None:
        with self._store.reading() as connection:
            connection.execute("SELECT 1 FROM mailbox LIMIT 1")

    def send(self, message: Message) -> None:
        """Keep the message. Raises Invalid for what no mail server would take."""
        require_message(message)
        with self._store.writing() as connection:
            connection.execute(
                "INSERT OR IGNORE INTO mailbox (at, address, subject, text, key) VALUES (?, ?, ?, ?, ?)",
                (to_stamp(self._clock.now()), message.to, message.subject, message.text, message.key),
            )
