"""What `mfadesk check` finds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Level = Literal["ok", "warn", "fail"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding. `id` is stable; `what_to_do` is empty where nothing is."""

    id: str
    level: Level
    sentence: str
    what_to_do: str


def passed(check: str, sentence: str) -> Finding:
    """Return that all is well."""
    return Finding(check, "ok", sentence, "")


def warned(check: str, sentence: str, what_to_do: str) -> Finding:
    """Return something that somebody should know and may live with."""
    return Finding(check, "warn", sentence, what_to_do)


def failed(check: str, sentence: str, what_to_do: str) -> Finding:
    """Return something that must be put right before calls come in."""
    return Finding(check, "fail", sentence, what_to_do)
