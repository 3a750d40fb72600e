"""Small facts about walking a runbook that the prover, the drawing and the engine share."""

from __future__ import annotations

from mfadesk.runbook.model import Path, Runbook, Step

DEADLINE_EDGE = -1
"""In a `Hop`, the index of the edge that a step's deadline takes."""


def targets(step: Step) -> tuple[str, ...]:
    """Return every step that may follow, the deadline's included, each once, in order."""
    found = [edge.to for edge in step.edges] + ([step.deadline.then] if step.deadline else [])
    return tuple(dict.fromkeys(found))


def words_for_seconds(seconds: int) -> str:
    """Return a span in words, in the largest unit that fits without a remainder.

    >>> words_for_seconds(3600), words_for_seconds(90)
    ('1 h', '90 s')
    """
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds % size == 0:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def path_in_words(runbook: Runbook, path: Path) -> tuple[str, ...]:
    """Return one sentence for each hop of a walk: what the step is and what was assumed there."""
    lines = []
    for hop in path.hops:
        step = runbook.steps[hop.step]
        lines.append(f"{step.title}: {hop.assumed}" if hop.assumed else f"{step.title}.")
    return (*lines, f"{runbook.steps[path.end].title}.")


def outline(runbook: Runbook) -> tuple[str, ...]:
    """Return the runbook as indented lines, each step once, where it is first reached; later mentions point back."""
    lines: list[str] = []
    seen: set[str] = set()
    todo: list[tuple[str, int, str]] = [(runbook.start, 0, "")]
    while todo:
        step_id, depth, label = todo.pop()
        step = runbook.steps[step_id]
        arrow = f"{'  ' * depth}{label + ' → ' if label else '→ ' if depth else ''}"
        if step_id in seen and step.kind != "end":
            lines.append(f"{arrow}{step.title} (above)")
            continue
        seen.add(step_id)
        kind = f"{step.outcome}".replace("_", " ") if step.kind == "end" else step.kind
        lines.append(f"{arrow}{step.title} [{kind}]")
        ways = [(edge.to, edge.label or (edge.guard.source if edge.guard else "")) for edge in step.edges]
        if step.deadline and step.kind not in ("ask", "instruct", "decide"):
            ways.append((step.deadline.then, f"after {words_for_seconds(step.deadline.after_s)}"))
        straight = len(ways) == 1
        todo.extend((to, depth if straight else depth + 1, words) for to, words in reversed(ways))
    return tuple(lines)
