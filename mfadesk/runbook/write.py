"""From `Runbook` back to YAML: the same runbook in the one spelling of this module, for imports and for merges.

Reading what was written gives the same digest. Comments and the author's own order of keys are not part of a runbook; they
stay in the author's file.
"""

from __future__ import annotations

from typing import Any

import yaml

from mfadesk.runbook.guards import UNKNOWN
from mfadesk.runbook.model import Edge, Runbook, Step
from mfadesk.runbook.parse import RESULTS
from mfadesk.runbook.walk import words_for_seconds

WIDTH = 120
_WORDS = ("say", "do", "tell")


def write_runbook(runbook: Runbook) -> str:
    """Return the runbook as YAML that `parse_runbook` reads to the same digest."""
    values: dict[str, Any] = {
        "runbook": runbook.id,
        "version": runbook.version,
        "title": runbook.title,
        "summary": runbook.summary,
        "goals": list(runbook.goals),
    }
    results = {variable.name for variable in RESULTS.values()}
    declared = [variable for variable in runbook.variables.values() if variable.name not in results]
    if declared:
        values["variables"] = {one.name: [value for value in one.values if value != UNKNOWN] or [UNKNOWN] for one in declared}
    values["start"] = runbook.start
    values["steps"] = {step.id: _step(step) for step in runbook.steps.values()}
    return yaml.safe_dump(values, sort_keys=False, allow_unicode=True, width=WIDTH)


def _step(step: Step) -> dict[str, Any]:
    """Return the fields that the step's kind uses, and no other."""
    values: dict[str, Any] = {"kind": step.kind}
    if step.phase:
        values["phase"] = step.phase
    values["title"] = step.title
    for words in _WORDS:
        if getattr(step, words) and not (words == "say" and step.outcome == "refused"):
            values[words] = getattr(step, words)
    if step.variable:
        values["variable"] = step.variable
        values["answers"] = {answer.value: answer.label for answer in step.answers}
    for field in ("action", "outcome", "alert", "watcher"):
        if getattr(step, field):
            values[field] = getattr(step, field)
    for field in ("verbs", "kinds"):
        if getattr(step, field):
            values[field] = list(getattr(step, field))
    for field, seconds in (("lasts", step.lasts_s), ("review", step.review_s)):
        if seconds:
            values[field] = words_for_seconds(seconds)
    if step.deadline:
        values["deadline"] = {
            "after": words_for_seconds(step.deadline.after_s),
            "owner": step.deadline.owner,
            "then": step.deadline.then,
        }
    if step.edges:
        values["next"] = _edges(step.edges)
    return values


def _edges(edges: tuple[Edge, ...]) -> str | list[dict[str, str]]:
    if len(edges) == 1 and not edges[0].label:
        return edges[0].to
    written = []
    for edge in edges:
        values = {"when": edge.guard.source} if edge.guard else {}
        written.append(values | {"to": edge.to} | ({"label": edge.label} if edge.label else {}))
    return written
