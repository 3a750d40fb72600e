"""Typed reading of a YAML tree: each function returns a checked value or raises Invalid where the mistake stands."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from mfadesk.kernel.errors import Invalid
from mfadesk.runbook.guards import suggest
from mfadesk.runbook.yaml_tree import Fields, Items, Node, Scalar

MAX_STEPS = 2000
MAX_TEXT_CHARS = 1200
MAX_TITLE_CHARS = 80
MAX_DEADLINE_S = 30 * 24 * 3600
STEP_ID = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
WORD = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
MAX_WORD_CHARS = 48
_DURATION = re.compile(r"([0-9]{1,6}) ?(s|min|h|d)")
_UNIT_S = {"s": 1, "min": 60, "h": 3600, "d": 86400}
_MARKUP = re.compile(r"<[a-zA-Z/!?]|&[a-zA-Z#][a-zA-Z0-9]*;")


def as_fields(node: Node, known: Iterable[str], needed: Iterable[str] = ()) -> Fields:
    """Return `node` as a mapping whose keys are all known and among which every needed one stands."""
    if not isinstance(node, Fields):
        raise Invalid(node.where, "a mapping (key: value) belongs here")
    names = list(known)
    for key, _ in node.fields.values():
        if key.text not in names:
            raise Invalid(key.where, f'there is no key "{key.text}" here.{suggest(key.text, names)}')
    for name in needed:
        if name not in node.fields:
            raise Invalid(node.where, f'the key "{name}" is missing')
    return node


def as_open_fields(node: Node, limit: int, what: str) -> Fields:
    """Return `node` as a mapping with keys of the author's choice, at least one and at most `limit`."""
    if not isinstance(node, Fields):
        raise Invalid(node.where, f"a mapping of {what} belongs here")
    if not 1 <= len(node.fields) <= limit:
        raise Invalid(node.where, f"{len(node.fields)} {what}; between 1 and {limit} are taken")
    return node


def as_items(node: Node, limit: int, what: str) -> tuple[Node, ...]:
    """Return the items of a list, at least one and at most `limit`."""
    if not isinstance(node, Items):
        raise Invalid(node.where, f"a list of {what} belongs here")
    if not 1 <= len(node.items) <= limit:
        raise Invalid(node.where, f"{len(node.items)} {what}; between 1 and {limit} are taken")
    return node.items


def as_scalar(node: Node) -> Scalar:
    """Return `node` as one value."""
    if not isinstance(node, Scalar):
        raise Invalid(node.where, "one value belongs here, not a list or a mapping")
    return node


def as_text(node: Node, limit: int = MAX_TEXT_CHARS) -> str:
    """Return plain text in one paragraph: runs of white space become one space, so that folding does not change a digest.

    Raises Invalid for markup (texts are shown as they are), control and invisible direction characters, and overlong text.
    """
    scalar = as_scalar(node)
    text = unicodedata.normalize("NFC", " ".join(scalar.text.split()))
    if not text:
        raise Invalid(scalar.where, "the text is empty")
    if len(text) > limit:
        raise Invalid(scalar.where, f"the text has {len(text)} characters; {limit} is the limit")
    if _MARKUP.search(text):
        raise Invalid(scalar.where, "the text holds markup; it is shown as plain words")
    for character in text:
        if unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co", "Cn"):
            raise Invalid(scalar.where, f"the text holds the invisible character U+{ord(character):04X}")
    return text


def as_word(node: Node, pattern: re.Pattern[str], what: str) -> str:
    """Return an identifier. Only a to z, digits and one joining sign are taken, so no two of them look alike."""
    scalar = as_scalar(node)
    if len(scalar.text) > MAX_WORD_CHARS:
        raise Invalid(scalar.where, f"{what} is longer than {MAX_WORD_CHARS} characters")
    if not pattern.fullmatch(scalar.text):
        sign = "-" if pattern is STEP_ID else "_"
        raise Invalid(scalar.where, f'{what} "{scalar.text}" must be lower-case a to z and 0 to 9, joined by "{sign}"')
    return scalar.text


def as_choice(node: Node, choices: Iterable[str], what: str) -> str:
    """Return one of `choices`."""
    scalar = as_scalar(node)
    known = list(choices)
    if scalar.text not in known:
        near = suggest(scalar.text, known) or f" It is one of {', '.join(known)}."
        raise Invalid(scalar.where, f'"{scalar.text}" is no {what}.{near}')
    return scalar.text


def as_choices(node: Node, choices: Iterable[str], what: str) -> tuple[str, ...]:
    """Return a list of different `choices`, in the order written."""
    known = list(choices)
    found: list[str] = []
    for item in as_items(node, len(known), f"{what}s"):
        value = as_choice(item, known, what)
        if value in found:
            raise Invalid(item.where, f'"{value}" stands twice')
        found.append(value)
    return tuple(found)


def as_number(node: Node, low: int, high: int) -> int:
    """Return a whole number from `low` to `high`."""
    scalar = as_scalar(node)
    if not re.fullmatch(r"[0-9]{1,9}", scalar.text) or not low <= int(scalar.text) <= high:
        raise Invalid(scalar.where, f'"{scalar.text}" is no whole number from {low} to {high}')
    return int(scalar.text)


def as_duration_s(node: Node) -> int:
    """Return seconds from ``30 s``, ``60 min``, ``24 h`` or ``7 d``; at most MAX_DEADLINE_S."""
    scalar = as_scalar(node)
    found = _DURATION.fullmatch(scalar.text)
    seconds = int(found[1]) * _UNIT_S[found[2]] if found else 0
    if not 1 <= seconds <= MAX_DEADLINE_S:
        raise Invalid(scalar.where, f'"{scalar.text}" is no time such as 30 s, 60 min, 24 h or 7 d (at most 30 d)')
    return seconds
