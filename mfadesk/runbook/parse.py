"""From YAML to `Runbook`, with every mistake named by file, line and column. Nothing else makes a runbook.

Includes are carried out first (`fragments.py`). What cannot be understood is refused here: unknown keys, missing targets, guards
that do not type-check, edges that come after one that always holds. What is understood but unsafe (no deadline, no test of a new
authenticator) is the prover's to say.
The digest is taken of the parsed form, so that spelling, order of keys and folding of texts do not change it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, cast, get_args, get_type_hints

from mfadesk.assurance.model import ActionId
from mfadesk.kernel.canonical import digest
from mfadesk.kernel.errors import Invalid
from mfadesk.ports.provider import AuthenticatorKind
from mfadesk.runbook import fields as f
from mfadesk.runbook.fields import MAX_STEPS
from mfadesk.runbook.fragments import Library, expand, shipped_fragments
from mfadesk.runbook.guards import UNKNOWN, Place, parse_guard, suggest, variables_of
from mfadesk.runbook.model import (
    Answer,
    Deadline,
    Edge,
    Guard,
    Outcome,
    Runbook,
    Step,
    StepKind,
    Variable,
    Verb,
)
from mfadesk.runbook.situation import KNOWN_VARIABLES
from mfadesk.runbook.speech import REFUSAL_SPEECH
from mfadesk.runbook.yaml_tree import Fields, Node, Scalar, read_tree

MAX_EDGES = 24
MAX_GUARDS = 6
MAX_VARIABLES = 40
MAX_VALUES = 24
MAX_GOALS = 24
MAX_VERSION = 1_000_000

RESULTS: Mapping[StepKind, Variable] = {
    "decide": Variable("decision", ("allowed", "refused", UNKNOWN)),
    "resync": Variable("resync", ("accepted", "rejected", UNKNOWN)),
}
"""What the engine itself sets when such a step is over. Guards may look at them; no author may declare them.

The other kinds need none: act, enrol and confirm are over only when it is done (the provider was read back, the test sign-in
was accepted), and otherwise their deadline leads on.
"""

OWNERS = get_args(get_type_hints(Deadline)["owner"])

IDLE_KINDS: frozenset[StepKind] = frozenset({"ask", "instruct", "decide"})
"""Steps that take the runbook's `idle` deadline where they have none of their own."""

_COMMON = ("kind", "title", "phase", "say", "do", "tell")
_NEEDED: Mapping[StepKind, tuple[str, ...]] = {
    "ask": ("say", "variable", "answers", "next"),
    "verify": ("action", "next"),
    "decide": ("action", "next"),
    "act": ("verbs", "next"),
    "enrol": ("kinds", "next"),
    "resync": ("next",),
    "bypass": ("lasts", "watcher", "review", "next"),
    "confirm": ("next",),
    "notify": ("tell", "next"),
    "instruct": ("next",),
    "wait": ("next",),
    "escalate": ("alert", "next"),
    "end": ("outcome",),
}
_ALLOWED: Mapping[StepKind, tuple[str, ...]] = {"end": ("alert",), "notify": (), "escalate": ()}
_TOP = ("runbook", "version", "title", "summary", "goals", "vocabulary", "variables", "idle", "start", "steps")
_OPTIONAL = ("vocabulary", "variables", "idle")


def parse_runbook(text: str, name: str, library: Library = shipped_fragments) -> Runbook:
    """Return the runbook in `text`; `name` is the file name that mistakes are reported under.

    library: where the fragments that it includes are found.

    Raises Invalid ``name:line:column`` with a sentence that says what was meant, for the first mistake found.
    """
    root = f.as_fields(read_tree(text, name), _TOP, (part for part in _TOP if part not in _OPTIONAL))
    field = {key: node for key, (_, node) in root.fields.items()}
    expanded = expand(f.as_open_fields(field["steps"], MAX_STEPS, "steps"), library, MAX_STEPS)
    steps_node, variables = expanded.steps, _all_variables((field, *expanded.declared))
    for key, _ in steps_node.fields.values():
        f.as_word(key, f.STEP_ID, "the step id")
    reader = _StepReader(variables, list(steps_node.fields))
    idle = reader.deadline(field["idle"]) if "idle" in field else None
    steps = {}
    for key, node in steps_node.fields.values():
        step = reader.step(key, node)
        steps[step.id] = replace(step, deadline=idle) if step.deadline is None and step.kind in IDLE_KINDS else step
    used = {name for step in steps.values() for edge in step.edges for name in variables_of(edge.guard)}
    results = {item.name: item for item in RESULTS.values() if item.name in used}
    runbook = Runbook(
        id=f.as_word(field["runbook"], f.STEP_ID, "the runbook id"),
        version=f.as_number(field["version"], 1, MAX_VERSION),
        title=f.as_text(field["title"], f.MAX_TITLE_CHARS),
        summary=f.as_text(field["summary"]),
        start=reader.target(field["start"]),
        variables=variables | results,
        steps=steps,
        digest="",
        goals=tuple(f.as_word(item, f.WORD, "the goal") for item in f.as_items(field["goals"], MAX_GOALS, "goals")),
    )
    return replace(runbook, digest=digest(canonical_form(runbook)))


def canonical_form(runbook: Runbook) -> dict[str, Any]:
    """Return the runbook as plain values in one form, whatever its file looked like; line numbers are left out."""
    return {
        "runbook": runbook.id,
        "version": runbook.version,
        "title": runbook.title,
        "summary": runbook.summary,
        "start": runbook.start,
        "goals": sorted(runbook.goals),
        "variables": {name: sorted(variable.values) for name, variable in runbook.variables.items()},
        "steps": {step.id: _canonical_step(step) for step in runbook.steps.values()},
    }


def _canonical_step(step: Step) -> dict[str, Any]:
    deadline = step.deadline
    return {
        "kind": step.kind,
        "title": step.title,
        "phase": step.phase,
        "say": step.say,
        "do": step.do,
        "tell": step.tell,
        "variable": step.variable,
        "answers": [[answer.value, answer.label] for answer in step.answers],
        "action": step.action,
        "verbs": list(step.verbs),
        "kinds": list(step.kinds),
        "outcome": step.outcome,
        "alert": step.alert,
        "deadline": [deadline.after_s, deadline.owner, deadline.then] if deadline else None,
        **({"bypass": [step.lasts_s, step.watcher, step.review_s]} if step.kind == "bypass" else {}),
        "edges": [[edge.to, edge.guard.tree if edge.guard else None, edge.label] for edge in step.edges],
    }


def _all_variables(places: Iterable[Mapping[str, Node]]) -> dict[str, Variable]:
    """Return the variables of the runbook and of every fragment in it; who declares one again must mean the same values."""
    found: dict[str, Variable] = {}
    for place in places:
        for part, read in (("vocabulary", _known), ("variables", _variables)):
            node = place.get(part)
            for name, variable in (read(node) if node else {}).items():
                if node and set(found.setdefault(name, variable).values) != set(variable.values):
                    raise Invalid(node.where, f'"{name}" is elsewhere one of {", ".join(found[name].values)}: say the same')
    return found


def _known(node: Node) -> dict[str, Variable]:
    """Return variables that the desk knows, taken by name with all their values."""
    names = f.as_choices(node, KNOWN_VARIABLES, "variable that the desk knows")
    return {name: Variable(name, KNOWN_VARIABLES[name]) for name in names}


def _variables(node: Node) -> dict[str, Variable]:
    """Return the declared variables; `unknown` is added to each, since it is the value before anyone answered."""
    found: dict[str, Variable] = {}
    reserved = {item.name for item in RESULTS.values()}
    for key, values in f.as_open_fields(node, MAX_VARIABLES, "variables").fields.values():
        name = f.as_word(key, f.WORD, "the variable")
        if name in reserved or name in ("true", "false", "in"):
            raise Invalid(key.where, f'"{name}" is set by the desk itself; choose another name')
        listed: list[str] = []
        for item in f.as_items(values, MAX_VALUES, "values"):
            value = f.as_word(item, f.WORD, "the value")
            if value in listed:
                raise Invalid(item.where, f'"{value}" stands twice')
            listed.append(value)
        found[name] = Variable(name, (*(value for value in listed if value != UNKNOWN), UNKNOWN))
    return found


class _StepReader:
    """Reads steps against the variables and step ids of one file."""

    def __init__(self, variables: Mapping[str, Variable], step_ids: list[str]) -> None:
        self._variables = variables
        self._for_guards = {**variables, **{item.name: item for item in RESULTS.values()}}
        self._step_ids = step_ids
        self._known = frozenset(step_ids)

    def step(self, key: Scalar, node: Node) -> Step:
        """Return one step. Raises Invalid for what its kind does not have, and for a target or guard that does not fit."""
        if not isinstance(node, Fields) or "kind" not in node.fields:
            raise Invalid(node.where, f'the step "{key.text}" has no kind')
        kind = cast(StepKind, f.as_choice(node.fields["kind"][1], get_args(StepKind), "kind of step"))
        allowed = (*_COMMON, *_NEEDED[kind], *_ALLOWED.get(kind, ("deadline",)))
        f.as_fields(node, allowed, ("title", *_NEEDED[kind]))
        field = {name: item for name, (_, item) in node.fields.items()}
        variable = self._variable(field["variable"]) if "variable" in field else None
        outcome = cast(Outcome, f.as_choice(field["outcome"], get_args(Outcome), "outcome")) if kind == "end" else None
        say = f.as_text(field["say"]) if "say" in field else ""
        if outcome == "refused":
            if say:
                raise Invalid(field["say"].where, "a refusal has one wording for the whole desk: leave `say` out")
            say = REFUSAL_SPEECH
        step = Step(
            id=key.text,
            kind=kind,
            title=f.as_text(field["title"], f.MAX_TITLE_CHARS),
            edges=self._edges(field["next"]) if "next" in field else (),
            line=key.line,
            place=key.where,
            say=say,
            do=f.as_text(field["do"]) if "do" in field else "",
            tell=f.as_text(field["tell"]) if "tell" in field else "",
            variable=variable.name if variable else None,
            answers=self._answers(field["answers"], variable) if variable else (),
            action=f.as_choice(field["action"], get_args(ActionId), "action") if "action" in field else None,
            verbs=cast(tuple[Verb, ...], f.as_choices(field["verbs"], get_args(Verb), "verb")) if "verbs" in field else (),
            kinds=f.as_choices(field["kinds"], get_args(AuthenticatorKind), "kind of authenticator")
            if "kinds" in field
            else (),
            deadline=self.deadline(field["deadline"]) if "deadline" in field else None,
            outcome=outcome,
            alert=f.as_word(field["alert"], f.STEP_ID, "the alert") if "alert" in field else None,
            lasts_s=f.as_duration_s(field["lasts"]) if "lasts" in field else 0,
            watcher=f.as_choice(field["watcher"], OWNERS, "watcher") if "watcher" in field else "",
            review_s=f.as_duration_s(field["review"]) if "review" in field else 0,
            phase=f.as_text(field["phase"], f.MAX_TITLE_CHARS) if "phase" in field else "",
        )
        if kind == "instruct" and not (step.say or step.do or step.tell):
            raise Invalid(node.where, "an instruct step says nothing: give it `say`, `do` or `tell`")
        return step

    def target(self, node: Node) -> str:
        """Return the id of a step that exists."""
        scalar = f.as_scalar(node)
        if scalar.text not in self._known:
            raise Invalid(scalar.where, f'there is no step "{scalar.text}".{suggest(scalar.text, self._step_ids)}')
        return scalar.text

    def deadline(self, node: Node) -> Deadline:
        """Return a deadline: how long, who owns the wait, and what follows."""
        field = f.as_fields(node, ("after", "owner", "then"), ("after", "owner", "then")).fields
        return Deadline(
            after_s=f.as_duration_s(field["after"][1]),
            owner=cast(Any, f.as_choice(field["owner"][1], OWNERS, "owner")),
            then=self.target(field["then"][1]),
        )

    def _variable(self, node: Node) -> Variable:
        scalar = f.as_scalar(node)
        if scalar.text not in self._variables:
            raise Invalid(scalar.where, f'there is no variable "{scalar.text}".{suggest(scalar.text, self._variables)}')
        return self._variables[scalar.text]

    def _answers(self, node: Node, variable: Variable) -> tuple[Answer, ...]:
        """Return one answer for every value, `unknown` included: there is always a truthful way out of a question."""
        found = f.as_fields(node, variable.values)
        for value in variable.values:
            if value not in found.fields:
                raise Invalid(node.where, f'no answer for "{value}": every value of "{variable.name}" needs its words')
        return tuple(Answer(key.text, f.as_text(label, f.MAX_TITLE_CHARS)) for key, label in found.fields.values())

    def _edges(self, node: Node) -> tuple[Edge, ...]:
        if isinstance(node, Scalar):
            return (Edge(self.target(node), None, ""),)
        items = f.as_items(node, MAX_EDGES, "edges")
        edges = []
        for index, item in enumerate(items):
            edge = self._edge(item)
            last = index == len(items) - 1
            if edge.guard is None and not last:
                raise Invalid(item.where, "an edge without `when` always holds, so the edges below are never taken")
            if edge.guard is not None and last:
                raise Invalid(item.where, "the last edge must have no `when`: it says what happens in every other case")
            edges.append(edge)
        return tuple(edges)

    def _edge(self, node: Node) -> Edge:
        field = f.as_fields(node, ("when", "to", "label"), ("to",)).fields
        guard = self._guard(field["when"][1]) if "when" in field else None
        label = f.as_text(field["label"][1], f.MAX_TITLE_CHARS) if "label" in field else ""
        return Edge(self.target(field["to"][1]), guard, label)

    def _guard(self, node: Node) -> Guard:
        """Return the guard; of a list, all must hold."""
        if isinstance(node, Scalar):
            column = node.column if node.inline else 1
            return parse_guard(node.text, self._for_guards, Place(node.file, node.line, column, node.via))
        parts = [self._guard(f.as_scalar(item)) for item in f.as_items(node, MAX_GUARDS, "guards")]
        if len(parts) == 1:
            return parts[0]
        return Guard(" && ".join(f"({part.source})" for part in parts), ("and", *(part.tree for part in parts)))
