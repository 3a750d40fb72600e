"""A proof that nobody can give in time is a refusal in slow motion."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from mfadesk.assurance.model import Policy
from mfadesk.prover.plain.populations import is_enough, price_sets
from mfadesk.runbook.model import Runbook

NAME = "proof-possible"
SENTENCE = "For every tier and threat level some set of methods suffices for what is to be proved, and the step waits long enough for it."


def over(runbook: Runbook, policy: Policy | None) -> Iterable[tuple[str, str]]:
    """Yield each verify step that nobody of some tier could pass, or not in its time."""
    if policy is None:
        return
    for step in runbook.steps.values():
        if step.kind != "verify" or not step.action:
            continue
        for who, minutes in quickest(policy, step.action):
            if minutes is None:
                yield step.id, f'No set of methods suffices for "{step.title}" of {who}.'
                break
            if step.deadline and minutes * 60 > step.deadline.after_s:
                yield step.id, f'"{step.title}" waits less than the {minutes} minutes that {who} need at the least.'
                break


@lru_cache(maxsize=64)
def quickest(policy: Policy, action: str) -> tuple[tuple[str, int | None], ...]:
    """Return, for each tier and threat level, the fewest minutes in which `action` can be proved; None where it cannot."""
    found = []
    for (name, tier, threat), requirement in policy.requirements.items():
        if name == action:
            # A set takes as long as the slowest of its methods, so that no larger one is quicker than one it holds.
            times = (one.minutes for one in price_sets(policy) if is_enough(one, requirement))
            found.append((f"{tier} ({threat})", min(times, default=None)))
    return tuple(found)
