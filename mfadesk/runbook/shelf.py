"""The runbooks that ship with the desk, and which of them serves a caller's goal.

The files lie in the folder `shelf` beside this module. A goal without a runbook is said to have none: the desk hands over,
and a drill counts it apart, instead of bending another road to fit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from types import MappingProxyType

from mfadesk.kernel.errors import Broken
from mfadesk.runbook.model import Runbook
from mfadesk.runbook.parse import parse_runbook
from mfadesk.runbook.situation import GOAL_WORDS, UNKNOWN

MAX_SHELF_FILES = 200


@dataclass(frozen=True, slots=True)
class Choice:
    """The runbook for a caller's goal, or None and why there is none."""

    runbook: Runbook | None
    why_not: str = ""


@lru_cache(maxsize=1)
def load_shelf() -> Mapping[str, Runbook]:
    """Return the shipped runbooks by id, read once a process.

    Raises Invalid for a file that does not parse and Broken where two runbooks claim one id or one goal.
    """
    folder = resources.files("mfadesk.runbook").joinpath("shelf")
    shelf: dict[str, Runbook] = {}
    goals: dict[str, str] = {}
    files = sorted((item for item in folder.iterdir() if item.name.endswith(".yaml")), key=lambda item: item.name)
    for item in files[:MAX_SHELF_FILES]:
        runbook = parse_runbook(item.read_text(encoding="utf-8"), item.name)
        if runbook.id in shelf:
            raise Broken(f"two runbooks on the shelf are called {runbook.id}")
        for goal in runbook.goals:
            if goal in goals:
                raise Broken(f"{runbook.id} and {goals[goal]} both claim the goal {goal}")
            goals[goal] = runbook.id
        shelf[runbook.id] = runbook
    return MappingProxyType(shelf)


def find_source(digest: str) -> str | None:
    """Return the file of the shipped runbook with this digest as its author wrote it, fragments included by name; None for others."""
    folder = resources.files("mfadesk.runbook").joinpath("shelf")
    for runbook in load_shelf().values():
        if runbook.digest == digest:
            item = folder.joinpath(f"{runbook.id}.yaml")
            return item.read_text(encoding="utf-8") if item.is_file() else None
    return None


def choose(goal: str, answers: Mapping[str, str], shelf: Mapping[str, Runbook] | None = None) -> Choice:
    """Return the runbook that serves `goal`, given what the caller has answered already.

    Answers can show that the goal named another road: codes that are rejected are repaired and not replaced, and somebody
    who never had a device needs a first one. A goal that nobody named leads to the runbook that asks most.
    """
    books = load_shelf() if shelf is None else shelf
    real = _real_goal(goal, answers)
    for runbook in books.values():
        if real in runbook.goals:
            return Choice(runbook)
    return Choice(None, f"no runbook for {GOAL_WORDS.get(real, real).lower()} ({real})")


def _real_goal(goal: str, answers: Mapping[str, str]) -> str:
    if goal in ("replace_device", "regain_access", UNKNOWN):
        if answers.get("authenticator") == "none_yet":
            return "first_credential"
        kind, claim = answers.get("kind", UNKNOWN), answers.get("authenticator", UNKNOWN)
        # A token in place of a phone or of something unnamed that is gone is a new device like any other.
        is_token = kind in ("hardware_token", "key") or (kind == UNKNOWN and claim in ("works", UNKNOWN))
        if answers.get("new_device") == "new_token" and is_token:
            return "replace_token"
        if answers.get("authenticator") == "drifted":
            return "fix_codes"
        if answers.get("push") == "unwanted":
            return "stop_prompts"
        return "regain_access" if goal == UNKNOWN else goal
    return goal
