"""What the two processes without a page share: they end when asked, and say that they are alive."""

from __future__ import annotations

import signal
import threading
from types import FrameType


class Ending:
    """Becomes true when the process is asked to end. Work in hand is finished first."""

    def __init__(self) -> None:
        self._event = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._ask)

    def _ask(self, signum: int, frame: FrameType | None) -> None:
        self._event.set()

    def is_asked(self) -> bool:
        """Return whether the end was asked for."""
        return self._event.is_set()

    def wait(self, seconds: float) -> None:
        """Sleep, but no longer than until the end is asked for."""
        self._event.wait(seconds)
