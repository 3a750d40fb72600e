"""Guards as STIX comparison expressions and back: what CACAO puts into a condition.

Every guard of ours can be written there. The other way, only what compares a variable with fixed texts is a guard; anything
else (sizes, patterns, arithmetic) is not, and whoever imports it must have a person say whether it holds.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, cast

Tree = tuple[Any, ...]
MAX_CONDITION_CHARS = 2000
MAX_DEPTH = 8
_TOKEN = re.compile(
    r"""\s*(?:(?P<text>'(?:[^'\\]|\\.)*')|(?P<variable>__[A-Za-z_][\w-]*?__):value"""
    r"""|(?P<op>==|!=|=|[()\[\],])|(?P<word>[\w.:/-]+))""",
    re.ASCII,
)


def write_condition(tree: Tree) -> str:
    """Return the guard's tree as a STIX comparison expression; a negation is moved inward, since STIX has none outside.

    >>> write_condition(("and", ("in", "x", ("a", "b")), ("not", ("in", "y", ("c",)))))
    "__x__:value IN ('a', 'b') AND __y__:value != 'c'"

    Raises ValueError for a constant, which compares nothing. Source: STIX 2.1 §9.6; CACAO 2.0 §10.19 (variables).
    """
    return _write(tree, positive=True, inside=False)


def _write(tree: Tree, *, positive: bool, inside: bool) -> str:
    match tree[0]:
        case "not":
            return _write(tree[1], positive=not positive, inside=inside)
        case "in":
            values = [f"'{value}'" for value in tree[2]]
            if len(values) == 1:
                return f"__{tree[1]}__:value {'=' if positive else '!='} {values[0]}"
            return f"__{tree[1]}__:value {'' if positive else 'NOT '}IN ({', '.join(values)})"
        case "and" | "or":
            joiner = " AND " if (tree[0] == "and") == positive else " OR "
            joined = joiner.join(_write(part, positive=positive, inside=True) for part in tree[1:])
            return f"({joined})" if inside else joined
        case _:
            raise ValueError("a constant compares nothing")


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str


class NoGuard(Exception):
    """The condition is none that a guard can say."""


def read_condition(condition: str) -> Tree:
    """Return the condition as a guard's tree over the names inside ``__…__``.

    Raises NoGuard with a phrase for what no guard can say.
    """
    if len(condition) > MAX_CONDITION_CHARS:
        raise NoGuard(f"it has {len(condition)} characters")
    reader = _Reader(condition)
    tree = reader.either(0)
    reader.end()
    return tree


class _Reader:
    def __init__(self, text: str) -> None:
        text = text.strip()
        if text.startswith("[") and text.endswith("]"):
            text = text[1:-1]
        self._tokens: list[_Token] = []
        at, end = 0, len(text.rstrip())
        while at < end:
            found = _TOKEN.match(text, at)
            if not found:
                raise NoGuard(f'"{text[at : at + 12].strip()}" is no comparison with a text')
            kind = found.lastgroup or ""
            self._tokens.append(_Token(kind, found.group(kind)))
            at = found.end()
        self._next = 0

    def end(self) -> None:
        if self._next < len(self._tokens):
            raise NoGuard(f'"{self._tokens[self._next].text}" stands where nothing may')

    def _peek(self) -> _Token:
        return self._tokens[self._next] if self._next < len(self._tokens) else _Token("end", "the end")

    def _took(self, text: str) -> bool:
        token = self._peek()
        if token.kind in ("op", "word") and token.text.upper() == text:
            self._next += 1
            return True
        return False

    def either(self, depth: int) -> Tree:
        parts = [self._both(depth)]
        while self._took("OR"):
            parts.append(self._both(depth))
        return parts[0] if len(parts) == 1 else ("or", *parts)

    def _both(self, depth: int) -> Tree:
        parts = [self._one(depth)]
        while self._took("AND"):
            parts.append(self._one(depth))
        return parts[0] if len(parts) == 1 else ("and", *parts)

    def _one(self, depth: int) -> Tree:
        if depth >= MAX_DEPTH:
            raise NoGuard(f"it is nested deeper than {MAX_DEPTH}")
        if self._took("("):
            tree = self.either(depth + 1)
            if not self._took(")"):
                raise NoGuard('a ")" is missing')
            return tree
        token = self._peek()
        if token.kind != "variable":
            raise NoGuard(f'"{token.text}" is no variable of the playbook')
        self._next += 1
        name = token.text.strip("_")
        negated = self._took("NOT")
        if self._took("IN"):
            return self._signed(("in", name, self._list()), negated)
        if self._took("!="):
            return self._signed(("in", name, (self._value(),)), not negated)
        if self._took("==") or self._took("="):
            return self._signed(("in", name, (self._value(),)), negated)
        raise NoGuard(f'"{self._peek().text}" compares in a way that no guard has')

    def _list(self) -> tuple[str, ...]:
        if not self._took("("):
            raise NoGuard("a list in ( ) belongs after IN")
        values = {self._value()}
        while self._took(","):
            values.add(self._value())
        if not self._took(")"):
            raise NoGuard('a ")" is missing')
        return tuple(sorted(values))

    def _value(self) -> str:
        token = self._peek()
        if token.kind not in ("text", "word"):
            raise NoGuard(f'"{token.text}" is no fixed value')
        self._next += 1
        return token.text[1:-1] if token.kind == "text" else token.text

    @staticmethod
    def _signed(tree: Tree, negated: bool) -> Tree:
        return cast(Tree, ("not", tree)) if negated else tree
