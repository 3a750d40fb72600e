"""YAML read as a plain tree in which every value knows its line and column. No tags, no anchors, no aliases, no surprises.

The usual loaders forget positions, keep the last of two equal keys, expand aliases (a file of one kilobyte can become
gigabytes) and turn `no` into False. Here every scalar stays text; whoever reads a field says what type it wants.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import yaml

from mfadesk.kernel.errors import Invalid

MAX_BYTES = 2_000_000
MAX_NODES = 200_000
MAX_DEPTH = 12

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The C reader is ten times faster; the events are the same."""


@dataclass(frozen=True, slots=True)
class Scalar:
    """One text. `column` is where its first character stands, after an opening quotation mark if there is one."""

    text: str
    where: str
    line: int
    column: int
    inline: bool
    """It stands on one line as written, so that positions inside it can be counted."""
    file: str = ""
    via: str = ""
    """Behind the place, how it came there: `` (included at x.yaml:3:5)`` where it stands in a fragment."""

    @classmethod
    def made(cls, text: str, where: str) -> Scalar:
        """Return a text that nobody wrote, with the place that a mistake in it is reported at."""
        return cls(text, where, 0, 0, inline=False)


@dataclass(frozen=True, slots=True)
class Items:
    """A list."""

    items: tuple[Node, ...]
    where: str
    line: int


@dataclass(frozen=True, slots=True)
class Fields:
    """A mapping from text to nodes, each with the node of its key."""

    fields: dict[str, tuple[Scalar, Node]]
    where: str
    line: int


Node = Scalar | Items | Fields


def read_tree(text: str, name: str) -> Node:
    """Return the tree of the one document in `text`.

    Raises Invalid ``name:line:column`` for anything that is no plain YAML: broken syntax, duplicate keys, anchors, aliases,
    tags, two documents, and whatever exceeds MAX_BYTES, MAX_NODES or MAX_DEPTH.
    """
    if len(text) > MAX_BYTES or len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise Invalid(f"{name}:1:1", f"the file is larger than {MAX_BYTES} bytes")
    try:
        return _Reader(yaml.parse(text, Loader=_LOADER), name).read()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{name}:{mark.line + 1}:{mark.column + 1}" if mark else name
        raise Invalid(where, f"this is not YAML: {error.problem or error.context}") from error
    except (yaml.YAMLError, ValueError) as error:
        raise Invalid(f"{name}:1:1", f"this is not YAML: {str(error).splitlines()[0]}") from error


def _position(event: yaml.Event) -> tuple[int, int]:
    """Return line and column, from 1, of where an event begins."""
    mark = event.start_mark
    return (mark.line + 1, mark.column + 1) if mark else (1, 1)


class _Reader:
    def __init__(self, events: Iterator[yaml.Event], name: str) -> None:
        self._events = events
        self._name = name
        self._nodes = 0

    def read(self) -> Node:
        """Return the document. Raises Invalid for a second one, an alias, and what is too large or too deep."""
        root: Node | None = None
        for event in self._events:
            if isinstance(event, yaml.StreamStartEvent | yaml.StreamEndEvent | yaml.DocumentEndEvent):
                continue
            if isinstance(event, yaml.DocumentStartEvent):
                if root is not None:
                    raise Invalid(self._at(event), "a second document begins here; one file holds one")
                root = self._node(next(self._events), 0)
        if root is None:
            raise Invalid(f"{self._name}:1:1", "the file is empty")
        return root

    def _at(self, event: yaml.Event) -> str:
        line, column = _position(event)
        return f"{self._name}:{line}:{column}"

    def _node(self, event: yaml.Event, depth: int) -> Node:
        self._nodes += 1
        where = self._at(event)
        if self._nodes > MAX_NODES:
            raise Invalid(where, f"the file holds more than {MAX_NODES} values")
        if depth > MAX_DEPTH:
            raise Invalid(where, f"nested deeper than {MAX_DEPTH}")
        if isinstance(event, yaml.AliasEvent):
            raise Invalid(where, "aliases (*name) are not taken: write the value out")
        if getattr(event, "anchor", None) is not None:
            raise Invalid(where, "anchors (&name) are not taken: write the value out")
        if getattr(event, "tag", None) not in (None, "!"):
            raise Invalid(where, "tags (!name) are not taken; put a guard that begins with ! in quotation marks")
        line, column = _position(event)
        if isinstance(event, yaml.ScalarEvent):
            quoted = event.style in ("'", '"')
            inline = event.style not in ("|", ">") and "\n" not in event.value
            return Scalar(event.value, where, line, column + int(quoted), inline, self._name)
        if isinstance(event, yaml.SequenceStartEvent):
            items: list[Node] = []
            while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
                items.append(self._node(event, depth + 1))
            return Items(tuple(items), where, line)
        fields: dict[str, tuple[Scalar, Node]] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key = self._node(event, depth + 1)
            if not isinstance(key, Scalar):
                raise Invalid(key.where, "a key must be a word")
            if key.text in fields:
                raise Invalid(key.where, f'"{key.text}" stands twice; first at {fields[key.text][0].where}')
            fields[key.text] = (key, self._node(next(self._events), depth + 1))
        return Fields(fields, where, line)
