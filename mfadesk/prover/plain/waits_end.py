"""Every wait ends."""

from __future__ import annotations

from collections.abc import Iterable

from mfadesk.assurance.model import Policy
from mfadesk.runbook.model import Runbook

NAME = "waits-end"
SENTENCE = (
    "Every step that waits for somebody or something has a deadline that a person can meet, an owner, and what happens then."
)
WAITING = frozenset({"ask", "verify", "decide", "act", "enrol", "resync", "bypass", "confirm", "instruct", "wait"})

SHORTEST_S = 60
"""A shorter wait is over before anybody has read what they are asked."""


def over(runbook: Runbook, policy: Policy | None) -> Iterable[tuple[str, str]]:
    """Yield each waiting step that has no deadline, or one that leads back to itself."""
    for step in runbook.steps.values():
        if step.kind not in WAITING:
            continue
        if step.deadline is None or step.deadline.after_s <= 0 or not step.deadline.owner:
            yield step.id, f'"{step.title}" can wait for ever: it has no deadline.'
        elif step.deadline.after_s < SHORTEST_S:
            yield step.id, f'"{step.title}" waits {step.deadline.after_s} s, in which nobody does anything.'
        elif step.deadline.then == step.id:
            yield step.id, f'"{step.title}" waits again when its deadline has passed.'
