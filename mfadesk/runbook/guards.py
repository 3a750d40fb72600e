"""Guards: a small typed subset of CEL over closed sets of values. No calls, no loops, no errors at run time.

A guard compares variables of the runbook with text (`authenticator == "gone"`), looks for them in a list, and joins such
comparisons with `&&`, `||`, `!` and parentheses. A variable whose values are `true` and `false` may stand alone. Everything
is checked when the runbook is read, so evaluating a guard cannot fail: a variable that nobody answered is `unknown`.

The tree is nested tuples, small enough to print and to hash:
``("const", bool)``, ``("in", variable, values)``, ``("not", tree)``, ``("and", tree, …)``, ``("or", tree, …)``.
"""

from __future__ import annotations

import difflib
import itertools
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from mfadesk.kernel.errors import Invalid
from mfadesk.runbook.model import Guard, Variable

UNKNOWN = "unknown"
MAX_GUARD_CHARS = 400
MAX_GUARD_DEPTH = 8
"""Deeper nesting is not a guard that a reviewer can read."""

Tree = tuple[Any, ...]
_TOKEN = re.compile(
    r'\s*(?:(?P<text>"[^"\\]*"|\'[^\'\\]*\')|(?P<name>[A-Za-z_][A-Za-z0-9_]*)|(?P<op>==|!=|&&|\|\||[!()\[\],]))'
)


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    at: int


@dataclass(frozen=True, slots=True)
class Place:
    """Where a guard begins in its file, so that a mistake inside it can be pointed at. Lines and columns count from 1."""

    file: str
    line: int
    column: int
    via: str = ""

    def shifted(self, characters: int) -> str:
        """Return ``file:line:column`` so many characters further on, and how it came there where it was included."""
        return f"{self.file}:{self.line}:{self.column + characters}{self.via}"


def parse_guard(source: str, variables: Mapping[str, Variable], place: Place) -> Guard:
    """Return the checked guard.

    Raises Invalid, with file, line and column, for a mistake in form, an unknown variable or a value that it never takes.
    Source: Common Expression Language specification, "Syntax" (a subset: `==`, `!=`, `in`, `&&`, `||`, `!`).
    """
    if len(source) > MAX_GUARD_CHARS:
        raise Invalid(place.shifted(0), f"the guard has {len(source)} characters; {MAX_GUARD_CHARS} is the limit")
    tree = _Parser(source, variables, place).parse()
    return Guard(source=source, tree=tree)


def evaluate(guard: Guard | None, values: Mapping[str, str]) -> bool:
    """Return whether the guard holds. Total: a variable without a value is `unknown`, and no guard at all holds.

    >>> from mfadesk.runbook.model import Variable
    >>> guard = parse_guard('x in ["a", "b"]', {"x": Variable("x", ("a", "b", "unknown"))}, Place("f", 1, 1))
    >>> evaluate(guard, {"x": "b"}), evaluate(guard, {})
    (True, False)
    """
    return True if guard is None else _holds(guard.tree, values)


def variables_of(guard: Guard | None) -> frozenset[str]:
    """Return the names that the guard looks at."""
    return frozenset() if guard is None else frozenset(_names(guard.tree))


def assignments(names: Iterable[str], variables: Mapping[str, Variable]) -> Iterator[dict[str, str]]:
    """Yield every assignment of values to `names`, in a fixed order. Their number is the product of the value counts."""
    ordered = sorted(set(names))
    for combination in itertools.product(*(variables[name].values for name in ordered)):
        yield dict(zip(ordered, combination, strict=True))


def suggest(wrong: str, known: Iterable[str]) -> str:
    """Return " Did you mean …?" for the nearest known word, or nothing where none is near."""
    near = difflib.get_close_matches(wrong, list(known), n=1, cutoff=0.6)
    return f' Did you mean "{near[0]}"?' if near else ""


def _holds(tree: Tree, values: Mapping[str, str]) -> bool:
    match tree[0]:
        case "const":
            return bool(tree[1])
        case "in":
            return values.get(tree[1], UNKNOWN) in tree[2]
        case "not":
            return not _holds(tree[1], values)
        case "and":
            return all(_holds(part, values) for part in tree[1:])
        case _:
            return any(_holds(part, values) for part in tree[1:])


def _names(tree: Tree) -> Iterator[str]:
    if tree[0] == "in":
        yield tree[1]
    elif tree[0] != "const":
        for part in tree[1:]:
            yield from _names(cast(Tree, part))


class _Parser:
    """Recursive descent; one object a guard."""

    def __init__(self, source: str, variables: Mapping[str, Variable], place: Place) -> None:
        self._variables = variables
        self._place = place
        self._tokens = list(self._split(source))
        self._next = 0

    def parse(self) -> Tree:
        tree = self._either(0)
        if self._peek().kind != "end":
            raise self._wrong(self._peek(), f'"{self._peek().text}" does not belong here')
        return tree

    def _split(self, source: str) -> Iterator[_Token]:
        at = 0
        end = len(source.rstrip())
        while at < end:
            found = _TOKEN.match(source, at)
            if not found:
                at += len(source[at:]) - len(source[at:].lstrip())
                raise Invalid(self._place.shifted(at), f'"{source[at]}" is not part of a guard')
            kind = found.lastgroup or "op"
            yield _Token(kind, found.group(kind), found.start(kind))
            at = found.end()
        yield _Token("end", "the end", end)

    def _peek(self) -> _Token:
        return self._tokens[self._next]

    def _take(self) -> _Token:
        token = self._tokens[self._next]
        self._next = min(self._next + 1, len(self._tokens) - 1)
        return token

    def _took(self, operator: str) -> bool:
        if self._peek().kind == "op" and self._peek().text == operator:
            self._take()
            return True
        return False

    def _wrong(self, token: _Token, sentence: str) -> Invalid:
        return Invalid(self._place.shifted(token.at), sentence)

    def _either(self, depth: int) -> Tree:
        if depth > MAX_GUARD_DEPTH:
            raise self._wrong(self._peek(), f"the guard is nested deeper than {MAX_GUARD_DEPTH}")
        parts = [self._both(depth)]
        while self._took("||"):
            parts.append(self._both(depth))
        return parts[0] if len(parts) == 1 else ("or", *parts)

    def _both(self, depth: int) -> Tree:
        parts = [self._unary(depth)]
        while self._took("&&"):
            parts.append(self._unary(depth))
        return parts[0] if len(parts) == 1 else ("and", *parts)

    def _unary(self, depth: int) -> Tree:
        if self._took("!"):
            if depth >= MAX_GUARD_DEPTH:
                raise self._wrong(self._peek(), f"the guard is nested deeper than {MAX_GUARD_DEPTH}")
            return ("not", self._unary(depth + 1))
        if self._took("("):
            tree = self._either(depth + 1)
            if not self._took(")"):
                raise self._wrong(self._peek(), 'a ")" is missing')
            return tree
        return self._comparison()

    def _comparison(self) -> Tree:
        token = self._take()
        if token.kind != "name":
            raise self._wrong(token, f"a variable belongs here, not {token.text}")
        if token.text in ("true", "false"):
            return ("const", token.text == "true")
        variable = self._variables.get(token.text)
        if variable is None:
            raise self._wrong(token, f'there is no variable "{token.text}".{suggest(token.text, self._variables)}')
        if self._took("=="):
            return ("in", variable.name, (self._value(variable),))
        if self._took("!="):
            return ("not", ("in", variable.name, (self._value(variable),)))
        if self._peek().kind == "name" and self._peek().text == "in":
            self._take()
            return ("in", variable.name, self._list(variable))
        if set(variable.values) <= {"true", "false", UNKNOWN}:
            return ("in", variable.name, ("true",))
        raise self._wrong(token, f'"{variable.name}" is no yes-or-no variable: compare it with ==, != or in')

    def _list(self, variable: Variable) -> tuple[str, ...]:
        if not self._took("["):
            raise self._wrong(self._peek(), 'a list such as ["gone", "stolen"] belongs after "in"')
        values = {self._value(variable)}
        while self._took(","):
            values.add(self._value(variable))
        if not self._took("]"):
            raise self._wrong(self._peek(), 'a "]" is missing')
        return tuple(sorted(values))

    def _value(self, variable: Variable) -> str:
        token = self._take()
        if token.kind == "text":
            value = token.text[1:-1]
        elif token.kind == "name" and token.text in ("true", "false"):
            value = token.text
        else:
            raise self._wrong(token, f'a value in quotation marks belongs here, such as "{variable.values[0]}"')
        if value not in variable.values:
            known = ", ".join(variable.values)
            raise self._wrong(
                token, f'"{variable.name}" is never "{value}" (it is one of {known}).{suggest(value, variable.values)}'
            )
        return value
