"""Two people changed one text: line by line, what each of them did, and where somebody has to choose.

Lines that both left alone hold the text together; between two such places either one side changed something, or both did the same,
or they clash. Nothing is dropped without a choice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

Kind = Literal["same", "theirs", "yours", "clash"]
CHOICES = ("theirs", "yours", "both")


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of the text. `theirs` and `yours` are its lines on either side; `number` counts the clashes, from 1."""

    kind: Kind
    base: tuple[str, ...]
    theirs: tuple[str, ...]
    yours: tuple[str, ...]
    number: int = 0


def merge(base: str, theirs: str, yours: str) -> tuple[Part, ...]:
    """Return the parts of the text that holds what both sides changed in `base`, in order.

    >>> [part.kind for part in merge("a\\nb\\nc", "a\\nB\\nc", "a\\nb\\nC")]
    ['same', 'clash']
    >>> [part.kind for part in merge("a\\nb\\nc\\nd", "A\\nb\\nc\\nd", "a\\nb\\nc\\nD")]
    ['theirs', 'same', 'yours']
    """
    origin, left, right = (text.split("\n") for text in (base, theirs, yours))
    parts: list[Part] = []
    done = (0, 0, 0)
    clashes = 0
    for at, length in _held(origin, left, right):
        old, one, other = (tuple(lines[a:b]) for lines, a, b in zip((origin, left, right), done, at, strict=True))
        if old or one or other:
            kind = _kind(old, one, other)
            clashes += kind == "clash"
            parts.append(Part(kind, old, one, other, clashes if kind == "clash" else 0))
        if length:
            kept = tuple(origin[at[0] : at[0] + length])
            parts.append(Part("same", kept, kept, kept))
        done = (at[0] + length, at[1] + length, at[2] + length)
    return tuple(parts)


def count_clashes(parts: Sequence[Part]) -> int:
    """Return in how many places somebody has to choose."""
    return sum(part.kind == "clash" for part in parts)


def join(parts: Sequence[Part], chosen: Mapping[int, str]) -> str | None:
    """Return the merged text, or None where a clash has no choice. `chosen` is by the clash's number, one of CHOICES."""
    lines: list[str] = []
    for part in parts:
        choice = chosen.get(part.number, "") if part.kind == "clash" else part.kind
        match choice:
            case "same" | "theirs":
                lines += part.theirs
            case "yours":
                lines += part.yours
            case "both":
                lines += (*part.theirs, *part.yours)
            case _:
                return None
    return "\n".join(lines)


def _kind(base: tuple[str, ...], theirs: tuple[str, ...], yours: tuple[str, ...]) -> Kind:
    if theirs == yours:
        return "same"
    if theirs == base:
        return "yours"
    return "theirs" if yours == base else "clash"


def _held(base: list[str], theirs: list[str], yours: list[str]) -> Iterator[tuple[tuple[int, int, int], int]]:
    """Yield where lines of `base` stand on both sides, with how many; at last the end of all three, with none."""
    left = SequenceMatcher(None, base, theirs, autojunk=False).get_matching_blocks()
    right = SequenceMatcher(None, base, yours, autojunk=False).get_matching_blocks()
    i = j = 0
    while i < len(left) and j < len(right):
        a, b = left[i], right[j]
        low, high = max(a.a, b.a), min(a.a + a.size, b.a + b.size)
        if low < high:
            yield (low, a.b + low - a.a, b.b + low - b.a), high - low
        if a.a + a.size < b.a + b.size:
            i += 1
        else:
            j += 1
    yield (len(base), len(theirs), len(yours)), 0
