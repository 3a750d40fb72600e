"""The gauge: what faking the proof at hand would cost, against what the action is worth, as one small SVG.

Sizes are attributes, never ``style``, so that the picture stands under a strict content policy; colours are classes of the stylesheet. The
whole is one image with one sentence, because a screen reader is better served by "30 points now, 50 are needed" than by eight shapes.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

WIDTH = 296
"""The drawing's own width; the page scales it."""

_BAR_TOP, _BAR_HEIGHT, _ROW = 22, 14, 17
_APART = 14
_GLYPH_WIDTH = 6.4
"""Mean advance of the interface face at 12 px, a little generous: labels that collide are worse than labels that stand apart."""


_LONGEST = int(WIDTH / _GLYPH_WIDTH)
"""Characters of a label that fit across the whole drawing, in a common face."""


@dataclass(frozen=True, slots=True)
class _Label:
    """A text under or over the bar, already moved inside the drawing."""

    text: str
    left: float
    right: float

    def meets(self, other: _Label) -> bool:
        return self.left < other.right + _APART and other.left < self.right + _APART

    def after(self, other: _Label) -> _Label:
        """Return this label moved to the right of `other`, or unchanged where it would leave the drawing."""
        left = other.right + _APART
        width = self.right - self.left
        return _Label(self.text, left, left + width) if left + width <= WIDTH else self


def describe_gauge(points: int, needed: int, could: int | None = None, could_words: str = "") -> str:
    """Return the gauge as one sentence for people who do not see it.

    >>> describe_gauge(30, 50, 55, "after the call back")
    '30 points now. 50 are needed. 55 after the call back.'
    """
    sentence = f"{points} points now. {needed} are needed."
    if could is not None and could > points:
        sentence += f" {could} {could_words}".rstrip() + "."
    return sentence


def draw_gauge(points: int, needed: int, could: int | None = None, could_words: str = "") -> str:
    """Return the gauge as SVG text, safe to place in a page.

    points: attack cost of the proof at hand. needed: what the action asks for. could: the cost after the next best plan, if there is one,
    with `could_words` such as "after the call back". All are points, 0 or more; a negative number counts as 0.
    """
    points, needed = max(points, 0), max(needed, 0)
    hope = could if could is not None and could > points else None
    scale = WIDTH / (max(points, needed * 1.6, hope or 0, 1) * 1.04)
    now_x, need_x = points * scale, needed * scale
    now = _place(f"{points} now", now_x, lean=-0.5 if points else 0.5)
    later = _place(f"{hope} {could_words}".strip(), hope * scale, lean=0.0) if hope is not None else None
    if later is not None and later.meets(now):
        later = later.after(now)
    rows = 2 if later is not None and later.meets(now) else 1
    base = _BAR_TOP + _BAR_HEIGHT + _ROW
    parts = [f'<rect class="track" x="0" y="{_BAR_TOP}" width="{WIDTH}" height="{_BAR_HEIGHT}" rx="3"/>']
    if points:
        parts.append(f'<rect class="have" x="0" y="{_BAR_TOP}" width="{now_x:.1f}" height="{_BAR_HEIGHT}" rx="3"/>')
    if hope is not None:
        width = hope * scale - now_x
        parts.append(
            f'<rect class="could" x="{now_x + 0.7:.1f}" y="{_BAR_TOP + 0.7}" width="{width - 1.4:.1f}" height="{_BAR_HEIGHT - 1.4}" rx="2.5"/>'
        )
    parts.append(f'<path class="need" d="M{need_x:.1f} {_BAR_TOP - 6}v{_BAR_HEIGHT + 12}"/>')
    parts.append(_text(_place(f"needs {needed}", need_x, lean=0.0), _BAR_TOP - 11, "strong"))
    parts.append(_text(now, base))
    if later is not None:
        parts.append(_text(later, base + (rows - 1) * _ROW))
    height = base + (rows - 1) * _ROW + 5
    label = escape(describe_gauge(points, needed, could, could_words))
    kind = "gauge enough" if points >= needed else "gauge"
    return f'<svg class="{kind}" viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{label}">{"".join(parts)}</svg>'


def _place(text: str, x: float, *, lean: float) -> _Label:
    """Return the label centred on `x`, leaning by a share of its width, and pushed inside the drawing."""
    text = _cut(text)
    width = len(text) * _GLYPH_WIDTH
    left = min(max(x + (lean - 0.5) * width, 0.0), max(WIDTH - width, 0.0))
    return _Label(text, left, left + width)


def _cut(text: str) -> str:
    """Return `text`, or as many whole words of it as stand inside the drawing. The sentence for a reader keeps them all."""
    if len(text) <= _LONGEST:
        return text
    return text[: _LONGEST - 1].rsplit(" ", 1)[0] + " …"


def _text(label: _Label, y: float, kind: str = "") -> str:
    # Anchoring by the middle keeps the error of the guessed width half as large on either side; at an edge the edge itself is exact.
    if label.left <= 0:
        anchor, x = "start", 0.0
    elif label.right >= WIDTH:
        anchor, x = "end", float(WIDTH)
    else:
        anchor, x = "middle", (label.left + label.right) / 2
    css = f' class="{kind}"' if kind else ""
    return f'<text{css} x="{x:.1f}" y="{y}" text-anchor="{anchor}">{escape(label.text)}</text>'
