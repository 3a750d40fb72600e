"""A bypass that nobody ends, watches or looks at again is a second password."""

from __future__ import annotations

from collections.abc import Iterable

from mfadesk.assurance.model import Policy
from mfadesk.runbook.model import Runbook

NAME = "bypass-bounded"
SENTENCE = (
    "Every bypass has an end within a day, somebody at the desk or in security who watches it, and a review within a week."
)
LONGEST_S = 24 * 3_600
LATEST_REVIEW_S = 7 * 24 * 3_600
WATCHERS = ("operator", "security")


def over(runbook: Runbook, policy: Policy | None) -> Iterable[tuple[str, str]]:
    """Yield each bypass step that lacks one of the three."""
    for step in runbook.steps.values():
        if step.kind != "bypass":
            continue
        if not 0 < step.lasts_s <= LONGEST_S:
            yield step.id, f'"{step.title}" has no end within a day.'
        elif step.watcher not in WATCHERS:
            yield step.id, f'"{step.title}" is watched by nobody.'
        elif not 0 < step.review_s <= LATEST_REVIEW_S:
            yield step.id, f'"{step.title}" is never looked at again.'
