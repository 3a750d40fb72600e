"""Keeps a few child processes alive: starts them, restarts whichever dies, and ends them all on Ctrl-C. For the demo only;
an installation leaves this to its service manager, which knows more about machines than we do.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 10.0
STEADY_AFTER_S = 20.0
"""A child that lived this long is well again: its next death is answered at once."""
GRACE_S = 6.0
"""How long a child may take to end when asked, before it is killed."""

_DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG


@dataclass(slots=True)
class Child:
    """One process to keep alive. `log` takes its output; None leaves it on ours."""

    name: str
    argv: Sequence[str]
    environment: Mapping[str, str]
    log: Path | None = None
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    pause_s: float = FIRST_PAUSE_S
    due_at: float = 0.0
    restarts: int = field(default=0)


def die_with_parent() -> None:
    """Ask the kernel to end this process when its parent dies, so that a killed demo leaves no executor behind. Linux only."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGTERM, 0, 0, 0)


class Supervisor:
    """Runs `children` until `stop` is called or a signal comes."""

    def __init__(self, children: Sequence[Child], say: Callable[[str], None]) -> None:
        self.children = list(children)
        self._say = say
        self._stopping = False

    def stop(self, signum: int = 0, frame: FrameType | None = None) -> None:
        """Ask for the end; `run` returns soon after."""
        self._stopping = True

    @property
    def stopping(self) -> bool:
        return self._stopping

    def start(self) -> None:
        """Start every child once."""
        for child in self.children:
            self._spawn(child)

    def watch(self, until: Callable[[], bool] = lambda: False, tick_s: float = 0.1) -> None:
        """Restart the dead until `until` is true or the end was asked for."""
        while not self._stopping and not until():
            self.tend(time.monotonic())
            time.sleep(tick_s)

    def tend(self, now: float) -> None:
        """Look at each child once: note a death, and start again what is due."""
        for child in self.children:
            if child.process is None:
                if now >= child.due_at:
                    child.restarts += 1
                    self._spawn(child)
                continue
            code = child.process.poll()
            if code is None:
                continue
            if now - child.started_at > STEADY_AFTER_S:
                child.pause_s = FIRST_PAUSE_S
            self._say(f"The {child.name} process ended ({code}); starting it again in {child.pause_s:g} s.")
            child.process = None
            child.due_at = now + child.pause_s
            child.pause_s = min(child.pause_s * 2, LONGEST_PAUSE_S)

    def end(self) -> None:
        """Ask every child to end, wait, and kill what does not."""
        alive = [child.process for child in self.children if child.process is not None and child.process.poll() is None]
        for process in alive:
            process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + GRACE_S
        for process in alive:
            try:
                process.wait(max(0.05, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _spawn(self, child: Child) -> None:
        output = None if child.log is None else child.log.open("ab")
        try:
            # A session of its own: Ctrl-C reaches us alone, and we decide in which order things end.
            child.process = subprocess.Popen(
                list(child.argv),
                env={**os.environ, **child.environment},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT if output else None,
                start_new_session=True,
            )
        finally:
            if output is not None:
                output.close()
        child.started_at = time.monotonic()
