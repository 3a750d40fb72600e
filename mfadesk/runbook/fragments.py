"""Fragments: steps that several runbooks share, written once, with typed parameters and named exits.

An include step is replaced by a copy of its fragment's steps before anything else is read, so the engine, the prover, the map
and the digest see plain steps. The fragment's first step takes the include step's own id; every other is prefixed by it.
A value ``$name`` stands for a parameter, a target ``exit.name`` for the step that the includer names. A mistake inside a
fragment is said to stand in the fragment, and where it was included.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any, get_args

from mfadesk.assurance.model import ActionId
from mfadesk.kernel.errors import Invalid
from mfadesk.ports.provider import AuthenticatorKind
from mfadesk.runbook import fields as f
from mfadesk.runbook.guards import suggest
from mfadesk.runbook.model import Verb
from mfadesk.runbook.yaml_tree import MAX_BYTES, Fields, Items, Node, Scalar, read_tree

MAX_DEPTH = 4
"""Fragments within fragments; deeper is not a procedure that a reviewer can follow."""
MAX_PARAMETERS = 24
MAX_EXITS = 12

INCLUDE_KEYS = ("kind", "fragment", "phase", "with", "exits")
_TOP = ("fragment", "title", "summary", "parameters", "vocabulary", "variables", "exits", "start", "steps")
_OPTIONAL = ("parameters", "vocabulary", "variables", "exits")
_EXIT = "exit."

TYPES: Mapping[str, Callable[[Node], object]] = {
    "text": f.as_text,
    "title": lambda node: f.as_text(node, f.MAX_TITLE_CHARS),
    "action": lambda node: f.as_choice(node, get_args(ActionId), "action"),
    "verbs": lambda node: f.as_choices(node, get_args(Verb), "verb"),
    "kinds": lambda node: f.as_choices(node, get_args(AuthenticatorKind), "kind of authenticator"),
    "duration": f.as_duration_s,
    "alert": lambda node: f.as_word(node, f.STEP_ID, "the alert"),
}
"""The types of parameters, each with what raises Invalid for a value that is none."""

Library = Callable[[str], tuple[str, str] | None]
"""From a fragment's id to the name of its file and its text, or None where there is none."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter: its type, and what stands for it where the includer says nothing. Without either it must be given."""

    type: str
    default: Node | None
    optional: bool


@dataclass(frozen=True, slots=True)
class Fragment:
    """A fragment as written. `declared` are its `variables` and `vocabulary`, for the runbook that includes it."""

    id: str
    title: Scalar
    parameters: Mapping[str, Parameter]
    exits: tuple[str, ...]
    start: str
    steps: Fields
    declared: Mapping[str, Node]


@dataclass(frozen=True, slots=True)
class Expanded:
    """Steps with every include carried out, in order, and what the fragments declare: ``variables`` and ``vocabulary`` nodes."""

    steps: Fields
    declared: tuple[Mapping[str, Node], ...]


def shipped_fragments(fragment: str) -> tuple[str, str] | None:
    """Return file name and text of a fragment that ships with the desk, or None."""
    item = resources.files("mfadesk.runbook").joinpath("shelf", "fragments", f"{fragment}.yaml")
    return (f"fragments/{fragment}.yaml", item.read_text(encoding="utf-8")) if item.is_file() else None


def shipped_names() -> tuple[str, ...]:
    """Return the ids of the shipped fragments, in order."""
    folder = resources.files("mfadesk.runbook").joinpath("shelf", "fragments")
    return tuple(sorted(item.name.removesuffix(".yaml") for item in folder.iterdir() if item.name.endswith(".yaml")))


def fragments_in(folder: Path) -> Library:
    """Return a library of the fragments in `folder`, each a file ``<id>.yaml``, and of those that ship with the desk.

    Raises Invalid, when it is asked, for a file that cannot be read and for one that bears the name of a shipped fragment
    and is not that one: whoever reads a runbook must be able to trust a name.
    """

    def find(fragment: str) -> tuple[str, str] | None:
        shipped, path = shipped_fragments(fragment), folder / f"{fragment}.yaml"
        if not path.is_file():
            return shipped
        name = f"{folder.name}/{path.name}"
        try:
            if path.stat().st_size > MAX_BYTES:
                raise Invalid(name, f"the file is larger than {MAX_BYTES} bytes")
            text = path.read_text(encoding="utf-8")
        except OSError as error:
            raise Invalid(name, f"cannot be read: {error.strerror}") from error
        except UnicodeDecodeError as error:
            raise Invalid(name, "is not UTF-8 text") from error
        if shipped is not None and text != shipped[1]:
            raise Invalid(name, "a fragment that ships with the desk has this name; choose another")
        return name, text

    return find


def expand(steps: Fields, library: Library, limit: int) -> Expanded:
    """Return `steps` with every include replaced by what it includes.

    library: where fragments are found; limit: how many steps there may be afterwards, so that no nest of fragments explodes.

    Raises Invalid where the mistake stands: no such fragment, one that includes itself, more than MAX_DEPTH of them in each
    other, a parameter or an exit that is missing, unknown or of the wrong type, two steps of one id.
    """
    found: dict[str, tuple[Scalar, Node]] = {}
    declared: list[Mapping[str, Node]] = []
    for key, node in _walk(steps.fields.values(), library, (), declared):
        if key.text in found:
            raise Invalid(key.where, f'there are two steps "{key.text}"; the other is at {found[key.text][0].where}')
        if len(found) >= limit:
            raise Invalid(key.where, f"with what it includes there are more than {limit} steps")
        found[key.text] = (key, node)
    return Expanded(Fields(found, steps.where, steps.line), tuple(declared))


def _walk(
    steps: Any, library: Library, chain: tuple[str, ...], declared: list[Mapping[str, Node]]
) -> Iterator[tuple[Scalar, Node]]:
    for key, node in steps:
        kind = node.fields.get("kind") if isinstance(node, Fields) else None
        if kind is None or not isinstance(kind[1], Scalar) or kind[1].text != "include":
            yield key, node
            continue
        f.as_word(key, f.STEP_ID, "the step id")
        field = {name: item for name, (_, item) in f.as_fields(node, INCLUDE_KEYS, ("fragment",)).fields.items()}
        fragment = _find(field["fragment"], library, chain)
        copy = _Copy(
            fragment=fragment,
            prefix=key.text,
            via=f"{key.file}:{key.line}:{key.column}{key.via}",
            arguments=_arguments(fragment, field.get("with"), node),
            exits=_exits(fragment, field.get("exits"), node),
            phase=field.get("phase", fragment.title),
        )
        declared.append({name: copy.node(item) or item for name, item in fragment.declared.items()})
        yield from _walk(copy.steps(), library, (*chain, fragment.id), declared)


def _find(node: Node, library: Library, chain: tuple[str, ...]) -> Fragment:
    name = f.as_word(node, f.STEP_ID, "the fragment")
    if name in chain:
        raise Invalid(node.where, f"the fragment includes itself: {' → '.join((*chain, name))}")
    if len(chain) >= MAX_DEPTH:
        raise Invalid(node.where, f"fragments are included deeper than {MAX_DEPTH}: {' → '.join((*chain, name))}")
    told = library(name)
    if told is None:
        raise Invalid(node.where, f'there is no fragment "{name}".{suggest(name, shipped_names())}')
    fragment = read_fragment(*reversed(told))
    if fragment.id != name:
        raise Invalid(node.where, f'the file of the fragment "{name}" calls itself "{fragment.id}"')
    return fragment


def _arguments(fragment: Fragment, node: Node | None, include: Node) -> Mapping[str, Node | None]:
    """Return a node for each parameter; None for an optional one that was not given."""
    given = f.as_fields(node, fragment.parameters).fields if node is not None else {}
    found: dict[str, Node | None] = {}
    for name, parameter in fragment.parameters.items():
        if name in given:
            TYPES[parameter.type](given[name][1])
            found[name] = given[name][1]
        elif parameter.default is not None or parameter.optional:
            found[name] = parameter.default
        else:
            raise Invalid((node or include).where, f'"{fragment.id}" needs the parameter "{name}" (a {parameter.type})')
    return found


def _exits(fragment: Fragment, node: Node | None, include: Node) -> Mapping[str, Node]:
    given = f.as_fields(node, fragment.exits).fields if node is not None else {}
    for name in fragment.exits:
        if name not in given:
            raise Invalid((node or include).where, f'"{fragment.id}" has the exit "{name}": say which step follows')
    return {name: item for name, (_, item) in given.items()}


@lru_cache(maxsize=64)
def read_fragment(text: str, name: str) -> Fragment:
    """Return the fragment in `text`; `name` is the file name that mistakes are reported under.

    Raises Invalid also for a parameter or an exit that is used and not declared, or declared and not used.
    """
    root = f.as_fields(read_tree(text, name), _TOP, (part for part in _TOP if part not in _OPTIONAL))
    field = {key: node for key, (_, node) in root.fields.items()}
    steps = f.as_open_fields(field["steps"], f.MAX_STEPS, "steps")
    start = f.as_scalar(field["start"])
    if start.text not in steps.fields:
        raise Invalid(start.where, f'there is no step "{start.text}".{suggest(start.text, steps.fields)}')
    f.as_text(field["summary"])
    f.as_text(field["title"], f.MAX_TITLE_CHARS)
    parameters = _parameters(field.get("parameters"))
    listed = f.as_items(field["exits"], MAX_EXITS, "exits") if "exits" in field else ()
    exits = tuple(f.as_word(item, f.STEP_ID, "the exit") for item in listed)
    _check_used(root, steps, "$", parameters, "parameter")
    _check_used(root, steps, _EXIT, dict.fromkeys(exits), "exit")
    declared: dict[str, Node] = {part: field[part] for part in ("variables", "vocabulary") if part in field}
    identifier = f.as_word(field["fragment"], f.STEP_ID, "the fragment's id")
    return Fragment(identifier, f.as_scalar(field["title"]), parameters, exits, start.text, steps, declared)


def _parameters(node: Node | None) -> dict[str, Parameter]:
    found: dict[str, Parameter] = {}
    if node is None:
        return found
    for key, item in f.as_open_fields(node, MAX_PARAMETERS, "parameters").fields.values():
        name = f.as_word(key, f.WORD, "the parameter")
        if isinstance(item, Scalar):
            found[name] = Parameter(f.as_choice(item, TYPES, "type of parameter"), None, False)
            continue
        field = f.as_fields(item, ("type", "default", "optional"), ("type",)).fields
        kind = f.as_choice(field["type"][1], TYPES, "type of parameter")
        default = field["default"][1] if "default" in field else None
        if default is not None:
            TYPES[kind](default)
        optional = "optional" in field and f.as_choice(field["optional"][1], ("true",), "value here") == "true"
        found[name] = Parameter(kind, default, optional)
    return found


def _check_used(root: Node, steps: Node, sign: str, declared: Mapping[str, object], what: str) -> None:
    used: set[str] = set()
    for scalar in _scalars(steps):
        if scalar.text.startswith(sign) and " " not in scalar.text:
            name = scalar.text.removeprefix(sign)
            if name not in declared:
                raise Invalid(scalar.where, f'there is no {what} "{name}".{suggest(name, declared)}')
            used.add(name)
    for name in declared:
        if name not in used:
            raise Invalid(root.where, f'the {what} "{name}" is never used')


def _scalars(node: Node) -> Iterator[Scalar]:
    if isinstance(node, Scalar):
        yield node
    elif isinstance(node, Items):
        for item in node.items:
            yield from _scalars(item)
    else:
        for _, item in node.fields.values():
            yield from _scalars(item)


@dataclass(frozen=True, slots=True)
class _Copy:
    """One fragment being copied into one place."""

    fragment: Fragment
    prefix: str
    via: str
    arguments: Mapping[str, Node | None]
    exits: Mapping[str, Node]
    phase: Node

    def steps(self) -> Iterator[tuple[Scalar, Node]]:
        """Yield the fragment's steps under their new ids."""
        for key, node in self.fragment.steps.fields.values():
            placed = self._place(key)
            yield replace(placed, text=self._renamed(key.text)), self._step(node)

    def node(self, node: Node) -> Node | None:
        """Return the node with parameters filled in, or None for an optional one that was not given."""
        if isinstance(node, Scalar):
            if node.text.startswith("$") and node.text[1:] in self.arguments:
                return self.arguments[node.text[1:]]
            return self._place(node)
        where = self._at(node.where)
        if isinstance(node, Items):
            items = (self.node(item) for item in node.items)
            return Items(tuple(item for item in items if item is not None), where, node.line)
        fields = {name: (self._place(key), self.node(item)) for name, (key, item) in node.fields.items()}
        return Fields({name: (key, item) for name, (key, item) in fields.items() if item is not None}, where, node.line)

    def _at(self, where: str) -> str:
        return f"{where} (included at {self.via})"

    def _place(self, scalar: Scalar) -> Scalar:
        return replace(scalar, where=self._at(scalar.where), via=f"{scalar.via} (included at {self.via})")

    def _renamed(self, step_id: str) -> str:
        return self.prefix if step_id == self.fragment.start else f"{self.prefix}-{step_id}"

    def _step(self, node: Node) -> Node:
        if not isinstance(node, Fields):
            return self.node(node) or node
        fields: dict[str, tuple[Scalar, Node]] = {}
        for name, (key, item) in node.fields.items():
            copied: Node | None
            if name == "next":
                copied = self._next(item)
            elif name == "exits" and isinstance(item, Fields):
                led = {exit_: (self._place(at), self._next(to)) for exit_, (at, to) in item.fields.items()}
                copied = Fields(led, self._at(item.where), item.line)
            elif name == "deadline" and isinstance(item, Fields):
                copied = self._deadline(item)
            else:
                copied = self.node(item)
            if copied is not None:
                fields[name] = (self._place(key), copied)
        if "phase" not in fields:
            fields["phase"] = (Scalar.made("phase", self._at(node.where)), self.phase)
        return Fields(fields, self._at(node.where), node.line)

    def _target(self, node: Node) -> Node:
        """Return where a target inside the fragment leads: a step of the copy, or what the includer named for the exit."""
        scalar = f.as_scalar(node)
        if scalar.text.startswith(_EXIT) and scalar.text[len(_EXIT) :] in self.exits:
            return self.exits[scalar.text[len(_EXIT) :]]
        if scalar.text not in self.fragment.steps.fields:
            known = [*self.fragment.steps.fields, *(f"{_EXIT}{name}" for name in self.fragment.exits)]
            raise Invalid(self._at(scalar.where), f'there is no step "{scalar.text}".{suggest(scalar.text, known)}')
        return replace(self._place(scalar), text=self._renamed(scalar.text))

    def _next(self, node: Node) -> Node:
        if isinstance(node, Scalar):
            return self._target(node)
        if not isinstance(node, Items):
            return self.node(node) or node
        return Items(tuple(edge for item in node.items for edge in self._edges(item)), self._at(node.where), node.line)

    def _edges(self, node: Node) -> Iterator[Node]:
        """Yield the edge; where it leads to an exit that has edges of its own, one for each of them, with both guards."""
        copied = self.node(node)
        if not isinstance(node, Fields) or not isinstance(copied, Fields) or "to" not in node.fields:
            yield copied or node
            return
        to = self._target(node.fields["to"][1])
        if not isinstance(to, Items):
            yield Fields(copied.fields | {"to": (copied.fields["to"][0], to)}, copied.where, copied.line)
            return
        for item in to.items:
            edge = f.as_fields(item, ("when", "to", "label"), ("to",))
            guards = [
                guard for fields in (copied, edge) if "when" in fields.fields for guard in _all_of(fields.fields["when"][1])
            ]
            merged = copied.fields | edge.fields
            if guards:
                merged["when"] = (merged["when"][0], Items(tuple(guards), edge.where, edge.line))
            yield Fields(merged, edge.where, edge.line)

    def _deadline(self, node: Fields) -> Node:
        copied = self.node(node)
        if not isinstance(copied, Fields) or "then" not in node.fields:
            return copied or node
        to = self._target(node.fields["then"][1])
        if not isinstance(to, Scalar):
            raise Invalid(to.where, "this exit is taken by a deadline too, so it must lead to one step")
        return Fields(copied.fields | {"then": (copied.fields["then"][0], to)}, copied.where, copied.line)


def _all_of(node: Node) -> tuple[Node, ...]:
    return node.items if isinstance(node, Items) else (node,)
