"""A loop without a bound is a call without an end, and a guess without a limit."""

from __future__ import annotations

from collections.abc import Iterable

from mfadesk.assurance.model import Policy
from mfadesk.runbook.model import Runbook
from mfadesk.runbook.walk import targets

NAME = "loops-bounded"
SENTENCE = "No step is reached twice in one case. (Repeated tries happen inside a step, within the limits of policy.)"


def over(runbook: Runbook, policy: Policy | None) -> Iterable[tuple[str, str]]:
    """Yield each step that can lead back to itself, by Kahn's elimination of steps without open predecessors."""
    steps = runbook.steps
    following = {step.id: targets(step) for step in steps.values()}
    open_before = dict.fromkeys(steps, 0)
    for after in following.values():
        for to in after:
            open_before[to] += 1
    todo = [step_id for step_id, count in open_before.items() if count == 0]
    while todo:
        for to in following[todo.pop()]:
            open_before[to] -= 1
            if open_before[to] == 0:
                todo.append(to)
    left = {step_id for step_id, count in open_before.items() if count > 0}
    for step_id in sorted(left):
        if _returns(step_id, following, left):
            yield step_id, f'"{steps[step_id].title}" can lead back to itself, without a bound.'


def _returns(start: str, following: dict[str, tuple[str, ...]], within: set[str]) -> bool:
    todo = [to for to in following[start] if to in within]
    seen = set(todo)
    while todo:
        here = todo.pop()
        if here == start:
            return True
        for to in following[here]:
            if to in within and to not in seen:
                seen.add(to)
                todo.append(to)
    return False
