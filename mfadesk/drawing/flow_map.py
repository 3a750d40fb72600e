"""A runbook as a map: server-made SVG in the one grammar of the desk, readable at its own size, without pan or zoom.

Up to MAX_WHOLE steps a runbook is one picture; above that, one for each phase. Endings are drawn wherever they are reached,
and ways into another phase end in a named jump: so no line crosses the page to a common corner, and each picture reads from
top to bottom. Every node is a link to its step in the words below the map. A walk (a counter-example, or the road a case has
taken) is a heavy line with numbered badges where something was decided.

The idle deadline of questions is the same everywhere and is said once, under the map.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import resources
from types import MappingProxyType
from xml.sax.saxutils import escape

from mfadesk.drawing import shapes
from mfadesk.drawing.layered import Arrow, Box, Layout, lay_out
from mfadesk.runbook.compare import compare
from mfadesk.runbook.model import Path, Runbook, Step, StepId
from mfadesk.runbook.parse import IDLE_KINDS
from mfadesk.runbook.walk import DEADLINE_EDGE, words_for_seconds

MAX_WHOLE = 40
PANEL_GAP = 26
HEADING_Y = 30
NOTE_Y = 26
MAX_PILL_CHARS = 18


@dataclass(frozen=True, slots=True)
class Panel:
    """One picture: a phase, or the whole. Keys of `faces` are node keys: a step id, or ``from>to`` for an end or a jump."""

    title: str
    layout: Layout
    faces: dict[str, shapes.Face]
    steps: dict[str, str]
    """Node key to step id."""
    jumps: frozenset[str]
    pills: dict[str, tuple[str, ...]]
    """Arrow id to the lines of its pill."""
    edges: dict[str, tuple[str, str, frozenset[int]]]
    """Arrow id to source step, target step, and the indices of the edges that it stands for."""


def draw_flow_map(
    runbook: Runbook,
    path: Path | None = None,
    *,
    href: Callable[[str], str] = lambda step_id: f"#step-{step_id}",
    standalone: bool = False,
    marks: Mapping[StepId, str] = MappingProxyType({}),
) -> str:
    """Return the map as one SVG element.

    path: a walk to stress; steps on it get the class ``on-path``.
    href: where the link of a step leads.
    marks: a word for each step that a change is about (``added``, ``changed``, ``removed``), drawn at its corner.
    standalone: carry the style sheet inside, for a file of its own; a page links `flow_map_css` instead.
    """
    panels = panels_of(runbook)
    width = max(panel.layout.width for panel in panels) + 24
    parts: list[str] = []
    y = 0.0
    for panel in panels:
        if len(panels) > 1:
            parts.append(f'<text class="map-phase" x="12" y="{shapes.number(y + 20)}">{escape(panel.title)}</text>')
            y += HEADING_Y
        x = 12 + (width - 24 - panel.layout.width) / 2
        parts.append(f'<g transform="translate({shapes.number(x)} {shapes.number(y + 6)})">')
        parts += _panel(runbook, panel, path, href, marks)
        parts.append("</g>")
        y += panel.layout.height + PANEL_GAP
    note = _idle_note(runbook)
    if note:
        parts.append(f'<text class="map-note" x="12" y="{shapes.number(y)}">{escape(note)}</text>')
        y += NOTE_Y
    style = f"<style>{flow_map_css()}</style>" if standalone else ""
    label = escape(f"Flow map of {runbook.title}", {'"': "&quot;"})
    size = f'width="{width:.0f}" height="{y:.0f}" viewBox="0 0 {width:.0f} {y:.0f}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" class="flow-map" role="group" aria-label="{label}" {size}>' + (
        f"{style}{_MARKER}{''.join(parts)}</svg>"
    )


def flow_map_css() -> str:
    """Return the style sheet of the map; it uses the desk's role tokens and falls back to plain colours."""
    return resources.files("mfadesk.drawing").joinpath("flow_map.css").read_text(encoding="utf-8")


def panels_of(runbook: Runbook) -> tuple[Panel, ...]:
    """Return the pictures of a runbook, in the order in which a case meets them."""
    steps = runbook.steps
    if len(steps) <= MAX_WHOLE:
        return (_lay_panel(runbook, runbook.title, [step.id for step in steps.values() if step.kind != "end"], runbook.start),)
    phases: dict[str, list[str]] = {}
    for step in steps.values():
        if step.kind != "end":
            phases.setdefault(step.phase, []).append(step.id)
    return tuple(_lay_panel(runbook, title or runbook.title, ids, ids[0]) for title, ids in phases.items())


_MARKER = (
    '<defs><marker id="map-tip" class="map-tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" '
    'markerUnits="userSpaceOnUse" orient="auto"><path d="M0 0.5 7.5 4 0 7.5z"/></marker></defs>'
)


def _lay_panel(runbook: Runbook, title: str, ids: list[str], start: str) -> Panel:
    """Lay one picture out. An end, or a step of another phase, gets a node of its own below each step that leads there."""
    inside = frozenset(ids)
    faces = {step_id: shapes.face_of(runbook.steps[step_id]) for step_id in ids}
    keys = {step_id: step_id for step_id in ids}
    jumps: set[str] = set()
    pills: dict[str, tuple[str, ...]] = {}
    edges: dict[str, tuple[str, str, frozenset[int]]] = {}
    arrows: list[Arrow] = []
    for step_id in ids:
        for to, (indices, lines) in _ways(runbook.steps[step_id]).items():
            target = runbook.steps[to]
            key = to if to in inside else f"{step_id}>{to}"
            if key not in faces:
                keys[key] = to
                faces[key] = shapes.face_of(target) if target.kind == "end" else _jump_face(target)
                if target.kind != "end":
                    jumps.add(key)
            arrow_id = f"{step_id}-{to}"
            edges[arrow_id] = (step_id, to, indices)
            width = height = 0.0
            if lines:
                pills[arrow_id] = lines
                width = shapes.widest(lines, shapes.PILL_CHAR_X) + 16
                height = shapes.PILL_LINE_Y * len(lines) + 6
            arrows.append(Arrow(arrow_id, step_id, key, width, height))
    boxes = [Box(key, face.width, face.height) for key, face in faces.items()]
    return Panel(title, lay_out(boxes, arrows, start), faces, keys, frozenset(jumps), pills, edges)


def _ways(step: Step) -> dict[str, tuple[frozenset[int], tuple[str, ...]]]:
    """Return, for each step that may follow, the edges that lead there and the words for their pill."""
    found: dict[str, tuple[set[int], list[str]]] = {}
    for index, edge in enumerate(step.edges):
        indices, words = found.setdefault(edge.to, (set(), []))
        indices.add(index)
        text = edge.label or (edge.guard.source if edge.guard else "")
        if text and text not in words:
            words.append(text)
    if step.deadline and step.kind not in IDLE_KINDS:
        indices, words = found.setdefault(step.deadline.then, (set(), []))
        indices.add(DEADLINE_EDGE)
        words.append(f"after {words_for_seconds(step.deadline.after_s)}")
    return {
        to: (frozenset(indices), shapes.wrap(", or ".join(words), MAX_PILL_CHARS) if words else ())
        for to, (indices, words) in found.items()
    }


def _jump_face(step: Step) -> shapes.Face:
    lines = shapes.wrap(f"↳ {step.title}", 20)
    return shapes.Face(lines, shapes.widest(lines, shapes.CHAR_X) + 24, shapes.LINE_Y * len(lines) + 12)


def draw_change(old: Runbook, new: Runbook, *, standalone: bool = True) -> tuple[str, str]:
    """Return two maps: the old version with what is removed, the new one with what is added or changed.

    standalone: each is a file of its own and carries its style sheet.
    """
    changes = compare(old, new)
    after = dict.fromkeys(changes.added, "added") | {step_id: "changed" for step_id, _ in changes.changed}
    before = dict.fromkeys(changes.removed, "removed")
    return draw_flow_map(old, standalone=standalone, marks=before), draw_flow_map(new, standalone=standalone, marks=after)


def _panel(
    runbook: Runbook, panel: Panel, path: Path | None, href: Callable[[str], str], marks: Mapping[StepId, str]
) -> list[str]:
    walked, visited, badges = _walk(runbook, path)
    parts: list[str] = []
    heavy: list[str] = []
    for arrow_id, points in panel.layout.lines.items():
        source, _, indices = panel.edges[arrow_id]
        on_path = any((source, index) in walked for index in indices)
        late = indices == {DEADLINE_EDGE}
        name = f"map-edge{' map-late' if late else ''}{' on-path' if on_path else ''}"
        (heavy if on_path else parts).append(f'<path class="{name}" marker-end="url(#map-tip)" d="{_corners(points)}"/>')
    parts += heavy
    for arrow_id, at in panel.layout.labels.items():
        source, _, indices = panel.edges[arrow_id]
        on_path = any((source, index) in walked for index in indices)
        parts.append(shapes.draw_pill(panel.pills[arrow_id], at, " on-path" if on_path else ""))
    for key, face in panel.faces.items():
        step_id = panel.steps[key]
        step = runbook.steps[step_id]
        place = panel.layout.boxes[key]
        reached_here = ">" not in key or (key.split(">", 1)[0], step_id) in _pairs(path)
        name = " on-path" if step_id in visited and reached_here else ""
        if key in panel.jumps:
            parts.append(shapes.draw_jump(step.title, face, place, href(step_id), name))
        else:
            word = marks.get(step_id, "")
            name += f" is-{word}" if word else ""
            parts.append(shapes.draw_step(step, face, place, href(step_id), name, badges.get(key)))
            if word:
                parts.append(shapes.draw_mark(word, place))
    return parts


def _walk(runbook: Runbook, path: Path | None) -> tuple[set[tuple[str, int]], set[str], dict[str, int]]:
    """Return edges taken, steps visited, and a number for each step at which the walk had a choice."""
    if path is None:
        return set(), set(), {}
    taken = {(hop.step, hop.edge) for hop in path.hops}
    badges: dict[str, int] = {}
    for hop in path.hops:
        if hop.assumed and hop.step not in badges:
            badges[hop.step] = len(badges) + 1
    return taken, {hop.step for hop in path.hops} | {path.end}, badges


def _pairs(path: Path | None) -> set[tuple[str, str]]:
    if path is None:
        return set()
    steps = [*(hop.step for hop in path.hops), path.end]
    return set(itertools.pairwise(steps))


def _corners(points: tuple[tuple[float, float], ...]) -> str:
    return "M" + "L".join(f"{shapes.number(x)} {shapes.number(y)}" for x, y in points)


def _idle_note(runbook: Runbook) -> str:
    """Return the sentence for the deadlines that are not drawn: those of questions and words to say."""
    found = {
        (step.deadline.after_s, step.deadline.then)
        for step in runbook.steps.values()
        if step.deadline and step.kind in IDLE_KINDS
    }
    words = [f"after {words_for_seconds(after)}: {runbook.steps[then].title}" for after, then in sorted(found)]
    return f"A question that nobody answers ends {'; '.join(words)}." if words else ""
