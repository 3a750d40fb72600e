"""Where a process can be killed: put around commits and provider calls by the tests, from outside; the product knows none of it."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mfadesk.kernel.errors import Unavailable


class Points:
    """Counts the points that a process reaches, and ends it at number `at` (0: never) as a power cut would."""

    def __init__(self, at: int, told: Path) -> None:
        self.at, self.told, self.count, self.dying = at, told, 0, False

    def is_here(self, label: str) -> bool:
        self.count += 1
        if self.count == self.at:
            self.told.write_text(label)
        return self.count == self.at

    def reach(self, label: str) -> None:
        if self.is_here(label) or self.dying:
            os.kill(os.getpid(), signal.SIGKILL)


class Wrapped:
    """A connector whose calls are points: before, done but unseen (and killed while that is noted), and after."""

    def __init__(self, inner: Any, name: str, points: Points) -> None:
        self._inner, self._name, self._points = inner, name, points

    def __getattr__(self, call: str) -> Any:
        method = getattr(self._inner, call)
        if call in ("capabilities", "health", "scene", "close"):
            return method

        def between(*args: Any, **named: Any) -> Any:
            label = f"{self._name}.{call}"
            self._points.reach(f"{label}: before")
            answer = method(*args, **named)
            if self._points.is_here(f"{label}: done but unseen"):
                self._points.dying = True
                raise Unavailable(self._name, "The answer was lost.", effect_unknown=True)
            self._points.reach(f"{label}: after")
            return answer

        return between


def watch_commits(points: Points) -> None:
    """Make the end of every unit of work of this process two points: before its commit and after."""
    from mfadesk.operations import desk as module

    original = module.unit_of_work

    @contextmanager
    def unit(*args: Any) -> Iterator[Any]:
        who = _caller()
        with original(*args) as inner:
            yield inner
            points.reach(f"commit in {who}: before")
        points.reach(f"commit in {who}: after")

    module.unit_of_work = unit


def _caller() -> str:
    frame = sys._getframe(1)
    while frame is not None:
        name = Path(frame.f_code.co_filename)
        if "mfadesk" in name.parts and name.name != "desk.py":
            return f"{name.stem}.{frame.f_code.co_name}"
        frame = frame.f_back
    return "?"
