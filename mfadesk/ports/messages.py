"""Messages to people: written by the desk, carried by a connector, never to an address that was typed during a case (R45)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Message:
    """One message. `key` makes a repetition harmless where the carrier can tell."""

    to: str
    subject: str
    text: str
    key: str


class Courier(Protocol):
    """Carries messages. Raises Unavailable where the carrier does not take them."""

    def health(self) -> None: ...

    def send(self, message: Message) -> None: ...
