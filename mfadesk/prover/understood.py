"""Is every word of the runbook one that the prover knows? What it does not know it does not skip: it says so, with the line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import get_args

from mfadesk.assurance.model import ActionId
from mfadesk.runbook.model import Outcome, Runbook, Step, StepKind, Verb
from mfadesk.runbook.parse import RESULTS

NAME = "understood"
SENTENCE = (
    "The prover knows every kind of step, verb, action, outcome, variable and sign in a guard, and every step named is there."
)
_WORDS = {"const": 2, "in": 3, "not": 2}


def find_unknown(runbook: Runbook) -> Iterator[tuple[str, str]]:
    """Yield step and sentence for everything that the prover has no meaning for; with any, nothing can be proved."""
    if runbook.start not in runbook.steps:
        yield next(iter(runbook.steps), ""), f"The runbook starts at {runbook.start}, which is no step."
    for step in runbook.steps.values():
        for sentence in _unknown_in(step, runbook):
            yield step.id, f"{step.place or step.line}: {sentence}"


def _unknown_in(step: Step, runbook: Runbook) -> Iterator[str]:
    if step.kind not in get_args(StepKind):
        yield f'the prover knows no step of kind "{step.kind}".'
    for verb in step.verbs:
        if verb not in get_args(Verb):
            yield f'the prover knows no verb "{verb}".'
    if step.action is not None and step.action not in get_args(ActionId):
        yield f'the prover knows no action "{step.action}".'
    if step.kind == "end" and step.outcome not in get_args(Outcome):
        yield f'the prover knows no outcome "{step.outcome}".'
    if step.kind == "ask":
        variable = runbook.variables.get(step.variable or "")
        if variable is None or not {answer.value for answer in step.answers} <= set(variable.values):
            yield f'the question sets "{step.variable}" to something that it never is.'
    for to in (*(edge.to for edge in step.edges), *((step.deadline.then,) if step.deadline else ())):
        if to not in runbook.steps:
            yield f'it leads to "{to}", which is no step.'
    for edge in step.edges:
        if edge.guard is not None and (wrong := _unknown_sign(edge.guard.tree, runbook)):
            yield f"the guard {edge.guard.source} holds {wrong}, which the prover does not know."


def _unknown_sign(tree: tuple[object, ...], runbook: Runbook) -> str:
    """Return the first part of a guard that has no meaning, or "" where all has."""
    sign, parts = str(tree[0]), tree[1:]
    if sign in _WORDS and len(tree) != _WORDS[sign]:
        return f'"{sign}" with {len(parts)} parts'
    if sign == "const":
        return "" if isinstance(parts[0], bool) else f"{parts[0]!r}"
    if sign == "in":
        results = {variable.name: variable for variable in RESULTS.values()}
        variable = runbook.variables.get(str(parts[0])) or results.get(str(parts[0]))
        values = parts[1] if isinstance(parts[1], tuple) else ()
        if variable is None or not values or not set(values) <= set(variable.values):
            return f"{parts[0]} in {parts[1]}"
        return ""
    if sign not in ("not", "and", "or") or not parts:
        return f'"{sign}"'
    return next((wrong for part in parts if isinstance(part, tuple) and (wrong := _unknown_sign(part, runbook))), "")
