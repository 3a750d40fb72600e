"""What the example people hold in their hands: phones, passkeys, sign-ins. One JSON file in the demo's folder, and nowhere else.

A real desk never sees any of this. The side room needs it so that one person can play everybody; the web process keeps no key of the
lab for it, since what a phone knows is here.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from mfadesk.connectors.lab.soft_passkey import SoftPasskey
from mfadesk.kernel.errors import Broken

FILE = "demo.json"


@dataclass(slots=True)
class Phone:
    """An app or token that shows codes. `counter` counts the presses of a HOTP token; `gone` is traded in or wiped."""

    id: str
    owner: str
    label: str
    uri: str
    gone: bool = False
    counter: int = 0


@dataclass(slots=True)
class Key:
    """A demo passkey: whose it is, what it is called, and the software authenticator as JSON."""

    id: str
    owner: str
    label: str
    passkey: str

    def soft(self) -> SoftPasskey:
        """Return the software authenticator."""
        return SoftPasskey.from_json(self.passkey)


@dataclass(slots=True)
class SignIn:
    """How a member of the example staff signs in."""

    login: str
    password: str
    seed: str
    desk: str
    does: str


@dataclass(slots=True)
class DemoState:
    """Everything in the file."""

    phones: list[Phone] = field(default_factory=list)
    keys: list[Key] = field(default_factory=list)
    sign_ins: list[SignIn] = field(default_factory=list)
    paper: dict[str, list[str]] = field(default_factory=dict)
    """Recovery codes on paper, by login."""


def read_state(folder: Path) -> DemoState:
    """Return what the demo in `folder` holds. Raises Broken where the file is missing or damaged."""
    try:
        return _from_json(json.loads((folder / FILE).read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Broken("The demo's file is missing or damaged. `make demo-reset` starts over.") from error


@contextmanager
def changing_state(folder: Path) -> Iterator[DemoState]:
    """Yield the state for a change; it is written when the block ends and left alone when it raises. Other processes wait."""
    with (folder / (FILE + ".lock")).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        state = read_state(folder)
        yield state
        write_state(folder, state)


def write_state(folder: Path, state: DemoState) -> None:
    """Write the file in one step, readable by its owner only."""
    path = folder / (FILE + ".new")
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(asdict(state), file, ensure_ascii=False, indent=1)
    path.replace(folder / FILE)


def _from_json(values: Mapping[str, Any]) -> DemoState:
    return DemoState(
        phones=[Phone(**item) for item in values["phones"]],
        keys=[Key(**item) for item in values["keys"]],
        sign_ins=[SignIn(**item) for item in values["sign_ins"]],
        paper={login: list(codes) for login, codes in values["paper"].items()},
    )
