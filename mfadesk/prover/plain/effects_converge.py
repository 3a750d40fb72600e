"""A provider that did half of it leaves nobody guessing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from mfadesk.assurance.model import Policy
from mfadesk.runbook.model import Runbook
from mfadesk.runbook.walk import targets

NAME = "effects-converge"
SENTENCE = (
    "Every action at a provider has its undo, or doing it again leads to the same; and where it is not known to be done in time, "
    "somebody is told before the case ends."
)
BY: Mapping[str, str] = {
    "suspend_old": "lift_suspension gives it back, at the latest when a suspension on little proof ends",
    "remove_old": "what is gone stays gone; removing again finds nothing",
    "end_sessions": "ending again finds none",
    "reset_failures": "zero stays zero",
    "lift_suspension": "suspend_old",
    "restore_old": "suspend_old",
    "open_account": "close_account",
    "enrol": "what was begun and not tested is discarded when the case ends",
    "resync": "the counter only moves forward, and the next pair moves it again",
    "bypass": "it ends at the provider by itself and is taken back when the case ends otherwise",
}
"""How each effect is undone or converges. An effect that is not listed here is not understood, and so not proved."""


def over(runbook: Runbook, policy: Policy | None) -> Iterable[tuple[str, str]]:
    """Yield each step with an effect that nobody can undo, or whose lateness nobody hears of."""
    heard = _heard(runbook)
    for step in runbook.steps.values():
        effects = step.verbs if step.kind == "act" else (step.kind,) if step.kind in BY else ()
        for effect in effects:
            if effect not in BY:
                yield step.id, f'"{step.title}" does {effect}, and nobody wrote down how that is undone or repeated.'
        if effects and step.deadline and not heard[step.deadline.then]:
            yield step.id, f'Where "{step.title}" is not done in time, the case can end and security is not told.'


def _heard(runbook: Runbook) -> Mapping[str, bool]:
    """Return, for each step, whether every way from it passes an alert; a step that a circle keeps open does not."""
    found = {
        step.id: step.kind == "escalate" or (step.kind == "end" and step.alert is not None) for step in runbook.steps.values()
    }
    before: dict[str, list[str]] = {step_id: [] for step_id in runbook.steps}
    waiting = {}
    for step in runbook.steps.values():
        after = targets(step)
        waiting[step.id] = len(after)
        for to in after:
            before[to].append(step.id)
    todo = [step_id for step_id, yes in found.items() if yes]
    while todo:
        for step_id in before[todo.pop()]:
            waiting[step_id] -= 1
            if waiting[step_id] == 0 and not found[step_id]:
                found[step_id] = True
                todo.append(step_id)
    return found
