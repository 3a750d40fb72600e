"""A draft of a runbook from somebody else's playbook: what maps is kept, what does not is named, and nothing is made up.

Nothing that such a playbook asks for is ever carried out by the desk: a manual step becomes an instruction to the operator,
and so does every other command, with a note that the desk does not run it. A condition that compares a variable with fixed
texts becomes a guard; any other becomes a question that the operator answers. Branches in CACAO are calls, so each step is
drafted once for every place that control can come back to.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from mfadesk.kernel.errors import Invalid
from mfadesk.runbook.cacao.conditions import NoGuard, Tree, read_condition
from mfadesk.runbook.cacao.secrets import find_secrets
from mfadesk.runbook.cacao.words import names_in, plain_text, slug, span, word
from mfadesk.runbook.fields import MAX_STEPS, MAX_TEXT_CHARS, MAX_TITLE_CHARS
from mfadesk.runbook.guards import UNKNOWN, Place, parse_guard
from mfadesk.runbook.model import Variable
from mfadesk.runbook.parse import MAX_EDGES, MAX_VALUES, MAX_VARIABLES
from mfadesk.runbook.write import WIDTH

LEFT_OPEN = "left-open"
IDLE = {"after": "8 h", "owner": "operator", "then": LEFT_OPEN}
_KNOWN = frozenset({
    "type", "name", "description", "delay", "timeout", "on_completion", "on_success", "on_failure", "commands",
    "out_args", "condition", "on_true", "on_false", "switch", "cases", "next_steps", "playbook_id", "playbook_version",
})  # fmt: skip
_ASIDE = ("external_references", "step_variables", "owner", "step_extensions", "in_args", "agent", "targets")
_TOP = frozenset({
    "type", "spec_version", "id", "name", "description", "created_by", "created", "modified", "workflow", "workflow_start",
    "playbook_variables", "agent_definitions", "target_definitions", "authentication_info_definitions", "signatures",
    "playbook_types", "playbook_activities", "playbook_processing_summary",
})  # fmt: skip
_HOLDS, _WORKED = "holds", "worked"
"""The two variables that a draft brings along for questions of its own."""


@dataclass(frozen=True, slots=True)
class Loss:
    """Something that was not taken over: where it stands in the playbook, what it is, and why not."""

    where: str
    what: str
    why: str


Call = tuple[str, int]
"""A step of the playbook, and the number of the place that control comes back to after it; 0 is the end."""


def draft_from(playbook: Mapping[str, Any], name: str) -> tuple[str, tuple[Loss, ...]]:
    """Return a draft in YAML and what was not taken over. `name` is the file's, for mistakes.

    Raises Invalid for a playbook without a workflow, or one whose draft would have more than MAX_STEPS steps.
    """
    workflow = playbook.get("workflow")
    start = playbook.get("workflow_start")
    if not isinstance(workflow, dict) or not all(isinstance(step, dict) for step in workflow.values()):
        raise Invalid(f"{name}: workflow", "there is no workflow, so there is nothing to draft")
    if len(workflow) > MAX_STEPS:
        raise Invalid(f"{name}: workflow", f"{len(workflow)} steps; {MAX_STEPS} are taken")
    if not isinstance(start, str) or start not in workflow:
        raise Invalid(f"{name}: workflow_start", "it names no step of the workflow")
    draft = _Draft(playbook, workflow, name)
    first = draft.follow((start, 0))
    values = {
        "runbook": slug(playbook.get("name"), "imported"),
        "version": 1,
        "title": plain_text(playbook.get("name"), MAX_TITLE_CHARS) or "Imported playbook",
        "summary": plain_text(playbook.get("description")) or "Drafted from a playbook that said nothing about itself.",
        "goals": ["imported"],
        **({"variables": draft.declared()} if draft.variables else {}),
        "idle": IDLE,
        "start": first,
        "steps": dict(reversed(draft.steps.items()))
        | {LEFT_OPEN: {"kind": "end", "title": "Left open", "outcome": "abandoned"}},
    }
    losses = [*draft.losses, *find_losses_at_the_top(playbook, workflow, draft.reached)]
    return yaml.safe_dump(values, sort_keys=False, allow_unicode=True, width=WIDTH), tuple(dict.fromkeys(losses))


def find_losses_at_the_top(playbook: Mapping[str, Any], workflow: Mapping[str, Any], reached: set[str]) -> list[Loss]:
    """Return what the playbook says outside its reachable steps that a runbook has no place for."""
    found = [Loss(place, "a secret", "it stood open in the file and was left there; whoever owns it should change it")
             for place in find_secrets(playbook)]  # fmt: skip
    found += [Loss(key, "this property", "a runbook has no place for it") for key in playbook if key not in _TOP]
    found += [Loss(f"workflow/{step}", "this step", "no way leads to it") for step in workflow if step not in reached]
    return found


@dataclass
class _Draft:
    """Drafts the steps that can be reached, without recursion: each call waits until the calls that it names are drafted."""

    playbook: Mapping[str, Any]
    workflow: Mapping[str, dict[str, Any]]
    name: str
    steps: dict[str, dict[str, Any]] = field(default_factory=dict)
    losses: list[Loss] = field(default_factory=list)
    reached: set[str] = field(default_factory=set)
    variables: dict[str, set[str]] = field(default_factory=dict)
    _done: dict[Call, str] = field(default_factory=dict)
    _returns: list[Call | None] = field(default_factory=lambda: [None])
    _numbers: dict[Call | None, int] = field(default_factory=lambda: {None: 0})
    _open: dict[Call, None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for step in self.workflow.values():
            for tree in _trees(step):
                self._collect(tree)

    def declared(self) -> dict[str, list[str]]:
        """Return the variables that a guard or a question looks at, with their values."""
        return {name: sorted(values) for name, values in self.variables.items()}

    def follow(self, first: Call) -> str:
        """Return the draft's step for `first`, and draft all that it leads to."""
        self._open[first] = None
        while self._open:
            call = next(reversed(self._open))
            missing = self._missing(call)
            if missing is None:
                self._open.pop(call)
            else:
                self._open[missing] = None
            if max(len(self.steps) + 2, len(self._open), len(self._returns)) > MAX_STEPS:
                raise Invalid(f"{self.name}: workflow", f"with its branches written out it has more than {MAX_STEPS} steps")
        return self._done[first]

    def _missing(self, call: Call) -> Call | None:
        """Draft `call` and return None, or return a call that must be drafted before it."""
        if call in self._done:
            return None
        step_id, back = call
        step = self.workflow.get(step_id)
        if step is None:
            self._lose(step_id, "this step", "it is named and does not stand in the workflow")
            self._done[call] = LEFT_OPEN
            return None
        self.reached.add(step_id)
        calls = self._calls(step_id, step, back)
        for wanted in calls.values():
            if wanted in self._done:
                continue
            if wanted in self._open:
                self._lose(wanted[0], "the way back to it", "it goes round in a circle, and a runbook holds no circles")
                self._done[wanted] = LEFT_OPEN
                return self._missing(call)
            return wanted
        if call not in self._done:
            self._done[call] = self._lay(step_id, step, {way: self._done[wanted] for way, wanted in calls.items()})
        return None

    def _calls(self, step_id: str, step: Mapping[str, Any], back: int) -> dict[str, Call]:
        """Return what the step leads to, by name of the way. After a branch control comes back to `after`."""
        kind = step.get("type")
        outer = self._returns[back]
        if kind == "end":
            return {"after": outer} if outer else {}
        follow = step.get("on_completion") or step.get("on_success")
        after = (str(follow), back) if follow else outer
        ways: dict[str, Call] = {"after": after} if after else {}
        inner = self._number(after)
        if kind == "parallel":
            found = step.get("next_steps")
            for branch in reversed(found if isinstance(found, list) else []):
                ways["after"] = (str(branch), self._number(ways.get("after")))
            return ways
        cases = step.get("cases")
        branches = (
            {f"case {value}": to for value, to in cases.items()}
            if kind == "switch-condition" and isinstance(cases, dict)
            else {}
        )
        branches |= {key: step[key] for key in ("on_true", "on_false") if key in step}
        ways |= {way: (str(to), inner) for way, to in branches.items()}
        if "on_failure" in step:
            ways["failure"] = (str(step["on_failure"]), back)
        return ways

    def _number(self, call: Call | None) -> int:
        if call not in self._numbers:
            self._numbers[call] = len(self._returns)
            self._returns.append(call)
        return self._numbers[call]

    # ------------------------------------------------------------------------------------------------------------- the steps
    def _lay(self, step_id: str, step: Mapping[str, Any], ways: dict[str, str]) -> str:
        """Return the id of the first of the draft's steps that stand for this one."""
        kind = str(step.get("type"))
        for key in step:
            if key in _ASIDE:
                self._lose(step_id, key.replace("_", " "), "a runbook has no place for it")
            elif key not in _KNOWN:
                self._lose(step_id, f'the property "{str(key)[:60]}"', "the standard has no such property")
        after = ways.get("after") or self._end(step)
        if kind in ("start", "end"):
            return after
        if kind == "parallel":
            self._lose(step_id, "side by side", "its branches are drafted one after another")
            return after
        if kind == "if-condition":
            return self._decide(step_id, step, ways.get("on_true", after), ways.get("on_false", after))
        if kind == "while-condition":
            self._lose(step_id, "the repetition", "a runbook holds no loops, so what is repeated is drafted once")
            return self._decide(step_id, step, ways.get("on_true", after), after)
        if kind == "switch-condition":
            return self._switch(step_id, step, ways, after)
        if kind == "playbook-action":
            wanted = plain_text(step.get("playbook_id"), MAX_TITLE_CHARS) or "one that is not named"
            self._lose(step_id, "the call of another playbook", "it is drafted as an instruction to follow it")
            return self._instruct(step, f"Follow the playbook {wanted}, then come back here.", after, ways)
        if kind != "action":
            self._lose(step_id, f'the kind "{kind[:40]}"', "the standard has no such kind of step; it is passed over")
            return after
        return self._act(step_id, step, after, ways)

    def _end(self, step: Mapping[str, Any]) -> str:
        title = plain_text(step.get("name"), MAX_TITLE_CHARS) if step.get("type") == "end" else ""
        return self._add("end", {"kind": "end", "title": title or "Done", "outcome": "handed_over"})

    def _act(self, step_id: str, step: Mapping[str, Any], after: str, ways: dict[str, str]) -> str:
        """Draft an action: what it asks for in reverse, since each part leads to the one behind it."""
        if "failure" in ways and not isinstance(step.get("timeout"), int):
            after = self._add("worked", {
                "kind": "ask", "title": "Did that work?", "say": "One moment, please.", "variable": self._yes_or_no(_WORKED),
                "do": "Say whether the step before this one worked.",
                "answers": {"no": "No", "yes": "Yes", UNKNOWN: "Nobody can say"},
                "next": [{"when": 'worked == "yes"', "to": after}, {"to": ways["failure"]}],
            })  # fmt: skip
        for variable in reversed(names_in(step.get("out_args"))):
            after = self._ask_for(step_id, variable, after)
        commands = step.get("commands")
        if not isinstance(commands, list) or not commands:
            self._lose(step_id, "its commands", "there are none, though the standard asks for one")
            commands = [{}]
        for command in reversed(commands):
            after = self._instruct(step, self._words_of(step_id, command), after, ways)
        delay = step.get("delay")
        if isinstance(delay, int) and delay > 0:
            wait = {"kind": "wait", "title": f"Wait before: {self._title(step)}"[:MAX_TITLE_CHARS], "next": after}
            after = self._add("wait", wait | {"deadline": {"after": span(delay), "owner": "operator", "then": after}})
        return after

    def _words_of(self, step_id: str, command: object) -> str:
        if not isinstance(command, dict):
            return "Nothing is said about how."
        text = command.get("command") or command.get("description") or ""
        if command.get("type") == "manual":
            return plain_text(text) or "Nothing is said about how."
        kind = plain_text(command.get("type"), 40) or "unknown"
        self._lose(step_id, f"the {kind} command", "the desk runs no commands; it is drafted as an instruction")
        note = f"The desk does not do this by itself ({kind}): "
        return note + (plain_text(text, MAX_TEXT_CHARS - len(note)) or "nothing is said about how.")

    def _instruct(self, step: Mapping[str, Any], words: str, after: str, ways: dict[str, str]) -> str:
        values: dict[str, Any] = {"kind": "instruct", "title": self._title(step), "do": words}
        timeout = step.get("timeout")
        if isinstance(timeout, int) and timeout > 0:
            values["deadline"] = {"after": span(timeout), "owner": "operator", "then": ways.get("failure", LEFT_OPEN)}
        return self._add(slug(step.get("name"), "do"), values | {"next": after})

    def _ask_for(self, step_id: str, variable: str, after: str) -> str:
        name = word(variable)
        values = self.variables.get(name)
        if not values:
            self._lose(step_id, f"the result {variable}", "no condition looks at it")
            return after
        answers = {value: value for value in sorted(values)} | {UNKNOWN: "Nobody can say"}
        asked = {
            "kind": "ask",
            "title": f"What is {name}?",
            "say": "One moment, please.",
            "do": f"Say what came out as {name}.",
        }
        return self._add("ask", asked | {"variable": name, "answers": answers, "next": after})

    def _decide(self, step_id: str, step: Mapping[str, Any], when: str, otherwise: str) -> str:
        condition = str(step.get("condition", ""))
        try:
            tree = read_condition(condition)
            self._check(tree)
            guard = self._guard(tree)
        except NoGuard as reason:
            self._lose(step_id, "its condition", f"no guard says it ({reason}); it is drafted as a question")
            asked = {
                "kind": "ask", "title": self._title(step), "say": "One moment, please.", "variable": self._yes_or_no(_HOLDS),
                "do": f"Say whether this holds: {plain_text(condition, 600) or 'nothing is written'}",
                "answers": {"no": "It does not hold", "yes": "It holds", UNKNOWN: "Nobody can say"},
            }  # fmt: skip
            return self._add("holds", asked | {"next": [{"when": 'holds == "yes"', "to": when}, {"to": otherwise}]})
        values = {"kind": "instruct", "title": self._title(step), "do": "The desk goes on by what was said."}
        return self._add("by-what-was-said", values | {"next": [{"when": guard, "to": when}, {"to": otherwise}]})

    def _switch(self, step_id: str, step: Mapping[str, Any], ways: dict[str, str], after: str) -> str:
        name = word(str(step.get("switch", "")).partition(":")[0])
        edges: list[dict[str, str]] = []
        for way, to in ways.items():
            value = way.removeprefix("case ")
            if not way.startswith("case ") or value == "default":
                continue
            if value in self.variables.get(name, ()) and len(edges) < MAX_EDGES - 1:
                edges.append({"when": f'{name} == "{value}"', "to": to})
            else:
                self._lose(step_id, f'the case "{value[:60]}"', "it is no value that a guard can name")
        edges.append({"to": ways.get("case default", after)})
        values = {"kind": "instruct", "title": self._title(step), "do": "The desk goes on by what was said."}
        return self._add("by-what-was-said", values | {"next": edges})

    # ----------------------------------------------------------------------------------------------------------- small things
    def _title(self, step: Mapping[str, Any]) -> str:
        return (
            plain_text(step.get("name"), MAX_TITLE_CHARS)
            or plain_text(step.get("description"), MAX_TITLE_CHARS)
            or "A step without a name"
        )

    def _add(self, wish: str, values: dict[str, Any]) -> str:
        number, step_id = 1, wish
        while step_id in self.steps or step_id == LEFT_OPEN:
            number += 1
            step_id = f"{wish}-{number}"
        self.steps[step_id] = values
        return step_id

    def _lose(self, step_id: str, what: str, why: str) -> None:
        self.losses.append(Loss(f"workflow/{step_id}", what, why))

    def _yes_or_no(self, name: str) -> str:
        self.variables.setdefault(name, set()).update(("yes", "no"))
        return name

    def _collect(self, tree: Tree) -> None:
        """Note the values that guards look for, as far as the language takes them; `_check` refuses the rest."""
        if tree[0] != "in":
            for part in tree[1:]:
                self._collect(part)
            return
        name, values = word(tree[1]), {value for value in tree[2] if word(value) == value and value != UNKNOWN}
        known = self.variables.get(name, set())
        if values and len(known | values) < MAX_VALUES and (name in self.variables or len(self.variables) < MAX_VARIABLES - 2):
            self.variables[name] = known | values

    def _guard(self, tree: Tree) -> str:
        """Return the guard as our language writes it. Raises NoGuard where it is longer or deeper than that takes."""
        variables = {name: Variable(name, (*sorted(values), UNKNOWN)) for name, values in self.variables.items()}
        try:
            return parse_guard(_spell(tree), variables, Place(self.name, 1, 1)).source
        except Invalid as error:
            raise NoGuard(error.what) from error

    def _check(self, tree: Tree) -> None:
        if tree[0] != "in":
            for part in tree[1:]:
                self._check(part)
        elif not set(tree[2]) <= self.variables.get(word(tree[1]), set()):
            raise NoGuard(f'"{tree[2][0]}" is no value that a guard can name')


def _trees(step: Mapping[str, Any]) -> list[Tree]:
    """Return the comparisons that a step makes."""
    if step.get("type") == "switch-condition" and isinstance(step.get("cases"), dict):
        name = str(step.get("switch", "")).partition(":")[0]
        return [("in", name, (value,)) for value in step["cases"] if value != "default"]
    try:
        return [read_condition(str(step["condition"]))] if "condition" in step else []
    except NoGuard:
        return []


def _spell(tree: Tree) -> str:
    match tree[0]:
        case "not":
            return f"!({_spell(tree[1])})"
        case "in":
            return f"{word(tree[1])} in [{', '.join(f'{chr(34)}{value}{chr(34)}' for value in tree[2])}]"
        case "and":
            return " && ".join(f"({_spell(part)})" for part in tree[1:])
        case _:
            return " || ".join(f"({_spell(part)})" for part in tree[1:])
