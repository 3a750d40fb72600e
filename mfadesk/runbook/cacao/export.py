"""A runbook as a CACAO 2.0 playbook.

Others see plain manual steps, conditions over variables and named ends. What the standard has no words for (which proof is
enough, who may answer, outcomes, the guard language, deadlines with an owner) travels whole in our extension: the runbook's
own text, by which an import gives the same digest. What a reader without the extension loses is listed in it by name.

Branches in CACAO are calls: control comes back to the step that opened them. Here nothing is left to do after a branch, so no
condition has an `on_completion`, and a branch that joins another does so by naming its step. Each way into an end has an end
of its own, as the standard asks.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mfadesk.kernel.canonical import digest
from mfadesk.runbook.cacao.conditions import write_condition
from mfadesk.runbook.cacao.names import EXTENSION, SPEC_VERSION, make_id, write_time
from mfadesk.runbook.model import Runbook, Step
from mfadesk.runbook.parse import RESULTS, canonical_form
from mfadesk.runbook.walk import words_for_seconds
from mfadesk.runbook.write import write_runbook

EXTENSION_VERSION = "1.0.0"
LANGUAGE_VERSION = "1"
_AGENTS = {
    "operator": ("group", "Help desk", "Speaks with the caller and says what is on the screen."),
    "claimant": ("individual", "The person", "Whose authenticator this is about, at a page of their own."),
    "security": ("group", "Security", "Hears alarms and decides what no runbook decides."),
    "desk": ("organization", "mfadesk", "The desk itself: judges proofs, decides, and acts at the identity provider."),
}
_BY_KIND = {
    "ask": "operator", "instruct": "operator", "escalate": "security", "verify": "claimant", "enrol": "claimant",
    "resync": "claimant", "confirm": "claimant", "decide": "desk", "act": "desk", "bypass": "desk", "notify": "desk", "wait": "desk",
}  # fmt: skip
_DOES = {
    "verify": "The person proves who they are at their own page; which proofs are enough is the desk's policy for this action.",
    "decide": "The desk decides from what was proved, under its policy, and signs the decision.",
    "enrol": "The person sets up the new authenticator at their own page.",
    "resync": "The person types two codes that follow each other, at their own page.",
    "bypass": "The desk opens a way in that ends by itself.",
    "confirm": "The person signs in once with the new authenticator, and the identity provider accepts it.",
    "notify": "The desk tells the person at every address it has.",
    "wait": "Nothing is done until the time is over.",
    "escalate": "Security is told.",
}
_VERBS = {
    "suspend_old": "suspend the old authenticator",
    "remove_old": "remove the old authenticator",
    "end_sessions": "end every session",
    "reset_failures": "reset the count of failures",
    "lift_suspension": "lift the suspension",
    "restore_old": "restore what was suspended",
    "open_account": "open the account",
}
_LOST = {
    "verify": "which proofs are enough, which of them count as independent, and how often one may be tried",
    "decide": "the policy by which the desk decides",
    "act": "the verb, its key against doing it twice, its undo and its reading back",
    "enrol": "which kinds of authenticator may be set up, and that a secret is seen by one person only",
    "bypass": "its end, its watcher and its review",
    "confirm": "that only the provider's own answer counts",
    "notify": "that every address hears, each by a way of its own",
    "ask": "the words for each answer, and that only these answers can be given",
}


@dataclass(frozen=True, slots=True)
class Edition:
    """What a file does not say about itself: who made it and when. Times are in UTC."""

    author: str
    created: datetime
    modified: datetime


def export_playbook(runbook: Runbook, edition: Edition) -> dict[str, Any]:
    """Return the playbook, unsigned. The same runbook and edition give the same document.

    Source: CACAO 2.0 §3.1 (playbook), §4 (workflow), §9 (extensions).
    """
    author = make_id("identity", edition.author)
    created, modified = write_time(edition.created), write_time(edition.modified)
    marking = make_id("marking-tlp", edition.author)
    workflow = _Workflow(runbook)
    return {
        "type": "playbook",
        "spec_version": SPEC_VERSION,
        "id": make_id("playbook", edition.author, runbook.id),
        "name": runbook.title,
        "description": runbook.summary,
        "playbook_types": ["remediation"],
        "playbook_activities": ["step-sequence"],
        "playbook_processing_summary": {
            "manual_playbook": True, "if_logic": workflow.branches, "temporal_logic": True, "data_markings": True, "extensions": True,
        },
        "created_by": author,
        "created": created,
        "modified": modified,
        "labels": ["mfadesk", *sorted(runbook.goals)],
        "markings": [marking],
        "playbook_variables": {
            f"__{one.name}__": {"type": "string", "description": f"One of: {', '.join(one.values)}.", "value": "unknown"}
            for one in runbook.variables.values()
        },
        "workflow_start": workflow.start,
        "workflow": workflow.steps,
        "agent_definitions": {
            workflow.agent(role): {"type": kind, "name": name, "description": description}
            for role, (kind, name, description) in _AGENTS.items()
        },
        "data_marking_definitions": {
            marking: {
                "type": "marking-tlp", "id": marking, "created_by": author, "created": created, "tlpv2_level": "TLP:AMBER+STRICT",
            }
        },
        "extension_definitions": {EXTENSION: _define_extension()},
        "playbook_extensions": {
            EXTENSION: {
                "runbook_name": runbook.id,
                "language_version": LANGUAGE_VERSION,
                "author": edition.author,
                "runbook_digest": runbook.digest,
                "runbook_b64": base64.b64encode(write_runbook(runbook).encode()).decode(),
                "step_map": workflow.step_map,
                "loss_report": list(_losses(runbook)),
            }
        },
    }  # fmt: skip


def _define_extension() -> dict[str, str]:
    return {
        "type": "extension-definition",
        "name": "mfadesk runbook",
        "description": "The runbook that this playbook shows, whole.",
        "created_by": make_id("identity", "mfadesk"),
        "schema": "runbook_b64: the runbook in YAML, base64; runbook_digest: SHA-256 of its canonical form; "
        "step_map: our step to theirs; loss_report: what a reader without this extension loses",
        "version": EXTENSION_VERSION,
    }


class _Workflow:
    """Lays the steps of one runbook out as a workflow."""

    def __init__(self, runbook: Runbook) -> None:
        self._runbook = runbook
        self._forms = canonical_form(runbook)["steps"]
        self.steps: dict[str, dict[str, Any]] = {}
        self.step_map: dict[str, str] = {}
        self.branches = False
        self.start = self._id("start", "start")
        self.steps[self.start] = {"type": "start", "name": "Start", "on_completion": self._enter(runbook.start, "start")}
        for step in runbook.steps.values():
            if step.kind != "end":
                self._lay(step)

    def agent(self, role: str) -> str:
        return self._id(_AGENTS[role][0], f"agent {role}")

    def _id(self, kind: str, *names: str) -> str:
        return make_id(kind, self._runbook.id, *names)

    def _enter(self, step_id: str, by: str) -> str:
        """Return where an arrow to `step_id` points; an end is made anew for each arrow, `by` naming it."""
        step = self._runbook.steps[step_id]
        if step.kind != "end":
            return self._id("action", step_id)
        identifier = self._id("end", step_id, by)
        words = [f"Outcome: {str(step.outcome).replace('_', ' ')}."]
        words += [f"Say: {step.say}"] if step.say else []
        words += [f"Security hears: {step.alert}."] if step.alert else []
        self.steps[identifier] = {"type": "end", "name": step.title, "description": " ".join(words)}
        self.steps[identifier]["step_extensions"] = self._own(step)
        return identifier

    def _lay(self, step: Step) -> None:
        identifier = self._id("action", step.id)
        self.step_map[step.id] = identifier
        laid: dict[str, Any] = {
            "type": "action",
            "name": step.title,
            "commands": [{"type": "manual", "command": _command(step)}],
            "agent": self.agent(_BY_KIND[step.kind]),
        }
        given = step.variable or (RESULTS[step.kind].name if step.kind in RESULTS else None)
        if given in self._runbook.variables:
            laid["out_args"] = [f"__{given}__"]
        follows = self._follow(step)
        if step.deadline:
            laid |= {"timeout": step.deadline.after_s * 1000, "on_success": follows}
            laid["on_failure"] = self._enter(step.deadline.then, f"{step.id} deadline")
        else:
            laid["on_completion"] = follows
        laid["step_extensions"] = self._own(step)
        self.steps[identifier] = laid

    def _follow(self, step: Step) -> str:
        """Return what comes after the step: its one follower, or the first of a chain of conditions in the order of its edges."""
        edges = [edge for edge in step.edges if edge.guard is None or edge.guard.tree != ("const", False)]
        sure = next(at for at, edge in enumerate(edges) if edge.guard is None or edge.guard.tree == ("const", True))
        follows = self._enter(edges[sure].to, f"{step.id} {sure}")
        for at in reversed(range(sure)):
            edge = edges[at]
            assert edge.guard is not None
            identifier = self._id("if-condition", step.id, str(at))
            self.steps[identifier] = {
                "type": "if-condition",
                "name": edge.label or f"After: {step.title}",
                "condition": write_condition(edge.guard.tree),
                "on_true": self._enter(edge.to, f"{step.id} {at}"),
                "on_false": follows,
            }
            follows, self.branches = identifier, True
        return follows

    def _own(self, step: Step) -> dict[str, Any]:
        return {EXTENSION: {"step_id": step.id, "step_kind": step.kind, "step_digest": digest(self._forms[step.id])}}


def _command(step: Step) -> str:
    """Return what a person would have to do, in words."""
    lines = [f"Say: {step.say}"] if step.say else []
    lines += [f"Do: {step.do}"] if step.do else []
    lines += [f"Their page says: {step.tell}"] if step.tell else []
    if step.kind in _DOES:
        lines.append(_DOES[step.kind])
    if step.verbs:
        lines.append(f"The desk will {', then '.join(_VERBS[verb] for verb in step.verbs)}.")
    if step.answers:
        lines.append(
            f"Answers for __{step.variable}__: " + "; ".join(f"{one.value} ({one.label})" for one in step.answers) + "."
        )
    if step.kind == "bypass":
        lines.append(f"It ends after {words_for_seconds(step.lasts_s)} at the latest; {step.watcher} watches it.")
    if step.deadline:
        lines.append(f"Not later than {words_for_seconds(step.deadline.after_s)}; the wait is {step.deadline.owner}'s.")
    return "\n".join(lines)


def _losses(runbook: Runbook) -> tuple[dict[str, str], ...]:
    found = [
        {"step": step.id, "field": step.kind, "reason": f"A manual step has no place for {_LOST[step.kind]}."}
        for step in runbook.steps.values()
        if step.kind in _LOST
    ]
    owned = [step for step in runbook.steps.values() if step.deadline]
    found += [{"step": one.id, "field": "deadline", "reason": "A timeout has no owner."} for one in owned]
    ends = [step for step in runbook.steps.values() if step.kind == "end"]
    found += [{"step": one.id, "field": "outcome", "reason": "An end has a name and no outcome."} for one in ends]
    return tuple(found)
