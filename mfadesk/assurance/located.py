"""YAML with places: every value knows its line and column, so that a mistake in a policy file is shown where it stands.

Aliases, anchors, tags, duplicate keys, second documents, deep nesting and big files are refused before anything is built: a
policy has no use for them, and a few lines of aliases can stand for gigabytes.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import NoReturn, TypeVar, cast

import yaml

from mfadesk.kernel.errors import Invalid

MAX_BYTES = 256 * 1024
"""A policy is a few hundred lines; a bigger file is a mistake or an attack."""

MAX_DEPTH = 12
MAX_TEXT = 600
"""Characters in one text."""

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml where PyYAML was built with it: the same events, ten times as fast."""

T = TypeVar("T")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
_PREFIX = "tag:yaml.org,2002:"
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The C reader is ten times faster; nodes, events and places are the same."""


@dataclass(frozen=True, slots=True)
class Place:
    """A value in a file, with where it stands. Its methods turn it into a plain value, or raise Invalid at its place."""

    file: str
    node: yaml.Node
    path: str = ""

    @property
    def where(self) -> str:
        """Return ``file:line:column``, both counted from 1."""
        return f"{self.file}:{self.node.start_mark.line + 1}:{self.node.start_mark.column + 1}"

    def fail(self, sentence: str) -> NoReturn:
        """Raise Invalid here."""
        raise Invalid(self.where, f"{self.path}: {sentence}" if self.path else sentence)

    def mapping(self) -> dict[str, Place]:
        """Return the entries by key, in the order of the file. A key that stands twice is refused."""
        if not isinstance(self.node, yaml.MappingNode):
            self.fail("expected a mapping of names to values")
        entries: dict[str, Place] = {}
        for key_node, value_node in self.node.value:
            key = Place(self.file, key_node, self.path).text()
            if key in entries:
                Place(self.file, key_node, self.path).fail(f"the key {key} stands here twice")
            entries[key] = Place(self.file, value_node, f"{self.path}.{key}" if self.path else key)
        return entries

    def fields(self, required: Iterable[str], optional: Iterable[str] = ()) -> dict[str, Place]:
        """Return the entries, all of `required` and none that is not known."""
        entries, needed = self.mapping(), tuple(required)
        known = (*needed, *optional)
        for key_node, _ in cast("list[tuple[yaml.Node, yaml.Node]]", self.node.value):
            key = Place(self.file, key_node, self.path)
            key.one_of(known, "key")
        for name in needed:
            if name not in entries:
                self.fail(f"the key {name} is missing")
        return entries

    def items(self) -> list[Place]:
        """Return the entries of a list."""
        if not isinstance(self.node, yaml.SequenceNode):
            self.fail("expected a list, such as [a, b]")
        return [Place(self.file, node, f"{self.path}[{i}]") for i, node in enumerate(self.node.value)]

    def text(self) -> str:
        """Return a text that is not empty."""
        if not isinstance(self.node, yaml.ScalarNode) or self.node.tag != f"{_PREFIX}str":
            self.fail("expected text")
        value = str(self.node.value).strip()
        if not value:
            self.fail("the text is empty")
        if len(value) > MAX_TEXT:
            self.fail(f"the text is longer than {MAX_TEXT} characters")
        return value

    def integer(self, least: int, most: int) -> int:
        """Return a whole number from `least` to `most`."""
        if not isinstance(self.node, yaml.ScalarNode) or self.node.tag != f"{_PREFIX}int":
            self.fail("expected a whole number")
        digits = str(self.node.value)
        if not digits.removeprefix("-").isdecimal() or len(digits) > 12:
            self.fail("expected a whole number in plain decimal digits")
        value = int(digits)
        if not least <= value <= most:
            self.fail(f"{value} is not from {least} to {most}")
        return value

    def flag(self) -> bool:
        """Return true or false."""
        if not isinstance(self.node, yaml.ScalarNode) or self.node.tag != f"{_PREFIX}bool":
            self.fail("expected true or false")
        return str(self.node.value).lower() in ("true", "yes", "on")

    def one_of(self, known: Iterable[str], what: str) -> str:
        """Return a text that is in `known`; a near miss is named."""
        value, names = self.text(), sorted(known)
        if value not in names:
            self.fail(f"{value} is no {what} that is known here{did_you_mean(value, names)}")
        return value

    def set_of(self, known: Iterable[str], what: str) -> frozenset[str]:
        """Return a list of distinct known names as a set."""
        names, found = tuple(known), set()
        for item in self.items():
            name = item.one_of(names, what)
            if name in found:
                item.fail(f"{name} stands here twice")
            found.add(name)
        return frozenset(found)

    def each(self, read: Callable[[str, Place], T]) -> Mapping[str, T]:
        """Return a mapping of names to values, every value read."""
        entries = self.mapping()
        for key, place in entries.items():
            if not _NAME.fullmatch(key):
                place.fail(f"{key} is no name: lower-case ASCII letters, digits and underscores, at most 64")
        return {key: read(key, place) for key, place in entries.items()}


def parse_located(text: str, file: str) -> Place:
    """Return the one document in `text`. Raises Invalid, with line and column, for whatever a policy may not hold."""
    if len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise Invalid(file, f"the file is larger than {MAX_BYTES // 1024} KiB")
    try:
        _refuse_tricks(text, file)
        node = yaml.compose(text, Loader=_LOADER)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{file}:{mark.line + 1}:{mark.column + 1}" if mark else file
        raise Invalid(where, f"this is not YAML: {error.problem or error.context}") from None
    except (yaml.YAMLError, ValueError) as error:
        raise Invalid(f"{file}:1:1", f"this is not YAML: {str(error).splitlines()[0]}") from None
    if node is None:
        raise Invalid(f"{file}:1:1", "the file is empty")
    return Place(file, node)


def did_you_mean(value: str, known: Iterable[str]) -> str:
    """Return ``; did you mean sim_swap?``, or nothing where no known name is near."""
    near = difflib.get_close_matches(value, list(known), n=1, cutoff=0.6)
    return f"; did you mean {near[0]}?" if near else ""


def _refuse_tricks(text: str, file: str) -> None:
    """Walk the events, which costs no more than the text is long, before anything is built from them."""
    depth = documents = 0
    for event in yaml.parse(text, Loader=_LOADER):
        mark = event.start_mark
        where = f"{file}:{mark.line + 1}:{mark.column + 1}" if mark else file
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise Invalid(where, "anchors and aliases are not taken here; write the value out")
        tag = getattr(event, "tag", None)
        if tag:
            raise Invalid(where, f"the tag {tag} is not taken here")
        if isinstance(event, yaml.DocumentStartEvent):
            documents += 1
            if documents > 1:
                raise Invalid(where, "a second document begins here; one file holds one policy")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                raise Invalid(where, f"nested deeper than {MAX_DEPTH}")
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
