"""The shapes of the map grammar: what kind of step it is can be told from the outline alone, in grey and in print.

ask, instruct, notify: rounded box · verify: hexagon · decide: diamond · act: box with a heavy left
edge · enrol, resync, bypass, confirm: box with cut corner · wait: stadium with a clock · escalate: box with a flag edge · a good end: double
circle · a refused end: octagon · any other end: single circle. Sizes are attributes, colours are classes: a strict content
policy blocks `style`.
"""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from xml.sax.saxutils import escape

from mfadesk.drawing.layered import Placed
from mfadesk.runbook.model import Step

LINE_Y = 16
CHAR_X = 6.7
"""Mean advance of the 12.5 px face, measured generously so that a wider font still fits."""
PILL_CHAR_X = 6.0
MARK_CHAR_X = 6.2
PILL_LINE_Y = 14
GOOD_ENDS = frozenset({"changed", "no_change_needed", "self_service"})
END_DISC = 13.0
"""Radius of an end's circle; its title stands below."""

KIND_WORDS = {
    "ask": "Ask",
    "verify": "Proof",
    "decide": "Decide",
    "act": "Do",
    "enrol": "Set up",
    "resync": "In step",
    "bypass": "Way in",
    "confirm": "Test",
    "notify": "Tell",
    "instruct": "Say",
    "wait": "Wait",
    "escalate": "Alert",
    "end": "End",
}


@dataclass(frozen=True, slots=True)
class Face:
    """What a node shows: its wrapped title and its size."""

    lines: tuple[str, ...]
    width: float
    height: float


def face_of(step: Step) -> Face:
    """Return the title of a step wrapped for its shape, and the size that the shape then needs."""
    if step.kind == "end":
        lines = wrap(step.title, 18)
        return Face(lines, max(widest(lines, CHAR_X), 4 * END_DISC) + 4, 2 * END_DISC + 6 + LINE_Y * len(lines))
    lines = wrap(step.title, 17 if step.kind == "decide" else 20)
    width, height = widest(lines, CHAR_X) + 28, LINE_Y * len(lines) + 32
    if step.kind == "decide":
        return Face(lines, width + 70, height + 34)
    if step.kind == "verify":
        return Face(lines, width + 36, height)
    return Face(lines, max(width + (16 if step.kind in ("act", "wait") else 0), 110), height)


def wrap(text: str, characters: int) -> tuple[str, ...]:
    """Return `text` in lines of at most so many characters, four lines at most; what does not fit ends in an ellipsis."""
    return tuple(textwrap.wrap(text, characters, max_lines=4, placeholder=" …")) or ("",)


def widest(lines: tuple[str, ...], advance: float) -> float:
    """Return the width of the longest line, in pixels."""
    return max(len(line) for line in lines) * advance


def draw_step(step: Step, face: Face, at: Placed, href: str, classes: str, badge: int | None) -> str:
    """Return the SVG of one node: a link with a title, its outline, its words, and a numbered badge if one is given."""
    said = f"{KIND_WORDS[step.kind]}: {step.title}"
    outline = _OUTLINES.get(step.kind, _rounded)(at, step)
    if step.kind == "end":
        text = _text(face.lines, at.x, at.y - at.height / 2 + 2 * END_DISC + 6 + LINE_Y * 0.7, "map-words")
        caption = ""
    else:
        top = at.y - (LINE_Y * len(face.lines) + 12) / 2
        caption = _text((KIND_WORDS[step.kind].upper(),), at.x, top + 9, "map-kind")
        text = _text(face.lines, at.x, top + 12 + LINE_Y * 0.8, "map-words")
    mark = _badge(at, badge, step.kind == "decide") if badge is not None else ""
    return (
        f'<a class="map-node map-{step.kind}{classes}" href="{escape(href, _QUOTE)}">'
        f"<title>{escape(said)}</title>{outline}{caption}{text}{mark}</a>"
    )


def draw_jump(title: str, face: Face, at: Placed, href: str, classes: str) -> str:
    """Return the SVG of a way that goes on in another part of the map."""
    box = _rect(at, "map-shape map-away", at.height / 2)
    words = _text(face.lines, at.x, at.y - LINE_Y * len(face.lines) / 2 + LINE_Y * 0.78, "map-words map-away-words")
    said = escape(f"Goes on at: {title}")
    return f'<a class="map-node map-jump{classes}" href="{escape(href, _QUOTE)}"><title>{said}</title>{box}{words}</a>'


def draw_mark(word: str, at: Placed) -> str:
    """Return the SVG of a word at the corner of a step: what became of it in a change."""
    width = len(word) * MARK_CHAR_X + 12
    x, y = at.x + at.width / 2 - width / 2, at.y - at.height / 2
    box = f'<rect class="map-mark-box" x="{number(x - width / 2)}" y="{number(y - 9)}" width="{number(width)}" height="16" rx="3"/>'
    return f'<g class="map-mark">{box}{_text((word,), x, y + 3, "map-mark-words")}</g>'


def draw_pill(lines: tuple[str, ...], at: Placed, classes: str) -> str:
    """Return the SVG of an edge's guard in a pill."""
    words = _text(lines, at.x, at.y - PILL_LINE_Y * len(lines) / 2 + PILL_LINE_Y * 0.76, "map-pill-words", PILL_LINE_Y)
    return f'<g class="map-pill{classes}">{_rect(at, "map-pill-box", 8)}{words}</g>'


_QUOTE = {'"': "&quot;"}


def number(value: float) -> str:
    """Return a coordinate with at most one decimal, the same on every machine.

    >>> number(3.0), number(2.25)
    ('3', '2.2')
    """
    return f"{value:.1f}".removesuffix(".0")


def _text(lines: tuple[str, ...], x: float, y: float, name: str, step: int = LINE_Y) -> str:
    spans = "".join(
        f'<tspan x="{number(x)}" y="{number(y + step * place)}">{escape(line)}</tspan>' for place, line in enumerate(lines)
    )
    return f'<text class="{name}">{spans}</text>'


def _rect(at: Placed, name: str, radius: float) -> str:
    x, y, width, height = at.x - at.width / 2, at.y - at.height / 2, at.width, at.height
    return (
        f'<rect class="{name}" x="{number(x)}" y="{number(y)}" width="{number(width)}" '
        f'height="{number(height)}" rx="{number(min(radius, height / 2))}"/>'
    )


def _polygon(points: list[tuple[float, float]], name: str = "map-shape") -> str:
    listed = " ".join(f"{number(x)},{number(y)}" for x, y in points)
    return f'<polygon class="{name}" points="{listed}"/>'


def _rounded(at: Placed, step: Step) -> str:
    return _rect(at, "map-shape", 12)


def _hexagon(at: Placed, step: Step) -> str:
    left, right, top, low = at.x - at.width / 2, at.x + at.width / 2, at.y - at.height / 2, at.y + at.height / 2
    cut = 18
    return _polygon([(left, at.y), (left + cut, top), (right - cut, top), (right, at.y), (right - cut, low), (left + cut, low)])


def _diamond(at: Placed, step: Step) -> str:
    return _polygon(
        [
            (at.x, at.y - at.height / 2),
            (at.x + at.width / 2, at.y),
            (at.x, at.y + at.height / 2),
            (at.x - at.width / 2, at.y),
        ]
    )


def _heavy(at: Placed, step: Step) -> str:
    x, y = at.x - at.width / 2, at.y - at.height / 2
    bar = f'<rect class="map-bar" x="{number(x)}" y="{number(y)}" width="7" height="{number(at.height)}"/>'
    return _rect(at, "map-shape", 2) + bar


def _cut(at: Placed, step: Step) -> str:
    left, right, top, low = at.x - at.width / 2, at.x + at.width / 2, at.y - at.height / 2, at.y + at.height / 2
    return _polygon([(left, top), (right - 12, top), (right, top + 12), (right, low), (left, low)])


def _stadium(at: Placed, step: Step) -> str:
    x, y = at.x - at.width / 2 + 16, at.y
    clock = (
        f'<circle class="map-inner" cx="{number(x)}" cy="{number(y)}" r="7"/>'
        f'<path class="map-inner" d="M{number(x)} {number(y - 4)}V{number(y)}H{number(x + 3)}"/>'
    )
    return _rect(at, "map-shape", at.height / 2) + clock


def _flag(at: Placed, step: Step) -> str:
    left, right, top, low = at.x - at.width / 2, at.x + at.width / 2, at.y - at.height / 2, at.y + at.height / 2
    return _polygon([(left, top), (right, top), (right - 9, at.y), (right, low), (left, low)])


def _end(at: Placed, step: Step) -> str:
    x, y = at.x, at.y - at.height / 2 + END_DISC + 1
    if step.outcome == "refused":
        short = END_DISC * 0.414
        corners = [(short, -END_DISC), (END_DISC, -short), (END_DISC, short), (short, END_DISC)]
        return _polygon([(x + a, y + b) for a, b in corners] + [(x - a, y - b) for a, b in corners], "map-shape map-refused")
    ring = f'<circle class="map-shape" cx="{number(x)}" cy="{number(y)}" r="{number(END_DISC)}"/>'
    if step.outcome not in GOOD_ENDS:
        return ring
    return ring + f'<circle class="map-inner map-good" cx="{number(x)}" cy="{number(y)}" r="{number(END_DISC - 5)}"/>'


def _badge(at: Placed, badge: int, slanted: bool) -> str:
    x, y = (
        (at.x - at.width / 4 - 4, at.y - at.height / 4 - 4) if slanted else (at.x - at.width / 2 + 12, at.y - at.height / 2 + 3)
    )
    disc = f'<circle class="map-badge" cx="{number(x)}" cy="{number(y)}" r="10"/>'
    return disc + _text((str(badge),), x, y + 4, "map-badge-words")


_OUTLINES = {
    "verify": _hexagon,
    "decide": _diamond,
    "act": _heavy,
    "enrol": _cut,
    "resync": _cut,
    "bypass": _cut,
    "confirm": _cut,
    "wait": _stadium,
    "escalate": _flag,
    "end": _end,
}
