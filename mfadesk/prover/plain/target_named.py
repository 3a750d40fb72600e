"""What is suspended or removed was named by somebody first; a step that has nothing to act on would pass as done."""

from __future__ import annotations

from collections.abc import Iterable

from mfadesk.assurance.model import Policy
from mfadesk.runbook.model import Runbook
from mfadesk.runbook.situation import NAMES_TARGET

NAME = "target-named"
SENTENCE = (
    "A runbook that suspends or removes an authenticator asks the question that names it: what became of it, and what it was."
)
GOES = frozenset({"suspend_old", "remove_old"})
ON_A_TARGET = frozenset({"suspend_old", "remove_old", "lift_suspension", "restore_old"})


def over(runbook: Runbook, policy: Policy | None) -> Iterable[tuple[str, str]]:
    """Yield each act step on an authenticator in a runbook that has no variable by which one is named, or never asks its kind."""
    asked = {step.variable for step in runbook.steps.values()}
    for step in runbook.steps.values():
        if not ON_A_TARGET & set(step.verbs):
            continue
        if not NAMES_TARGET & runbook.variables.keys():
            yield (
                step.id,
                f'"{step.title}" acts on an authenticator, and no question names which: it would do nothing and pass.',
            )
        elif GOES & set(step.verbs) and "authenticator" in runbook.variables and "kind" not in asked:
            yield (
                step.id,
                f'"{step.title}" takes an authenticator away, and nobody is asked what it was: it could be the wrong one.',
            )
