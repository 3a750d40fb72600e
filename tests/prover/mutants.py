"""Machine-made damage to runbooks: each mutant is one change that a tired author could make.

Whether a mutant is unsafe is judged by the independent interpreter in `slow.py` and by the plain shape of the runbook, never
by the prover that is being measured.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from mfadesk.runbook.model import Edge, Guard, Runbook, Step

WAITING = {"ask", "verify", "decide", "act", "enrol", "resync", "bypass", "confirm", "instruct", "wait"}
SWAPS = {
    "replace_authenticator": "suspend_authenticator",
    "suspend_authenticator": "resync_authenticator",
    "resync_authenticator": "suspend_authenticator",
    "change_contact": "suspend_authenticator",
    "bind_first_authenticator": "suspend_authenticator",
    "restore_account": "suspend_authenticator",
    "grant_bypass": "suspend_authenticator",
    "grant_longer_bypass": "suspend_authenticator",
}


def mutants(book: Runbook) -> Iterator[tuple[str, str, Runbook]]:
    """Yield the kind of damage, where, and the damaged runbook."""
    for step in book.steps.values():
        for kind, changed in _changes(step, book):
            yield kind, step.id, replace(book, steps={**book.steps, step.id: changed})
        if step.kind != "end" and step.edges:
            yield "drop the step", step.id, _without(book, step)


def _changes(step: Step, book: Runbook) -> Iterator[tuple[str, Step]]:
    if step.deadline:
        yield "drop the deadline", replace(step, deadline=None)
        yield "wait in a circle", replace(step, deadline=replace(step.deadline, then=step.id))
    for index, edge in enumerate(step.edges):
        if edge.guard:
            flipped = replace(edge, guard=Guard(f"!({edge.guard.source})", ("not", edge.guard.tree)))
            yield "flip a guard", _with_edge(step, index, flipped)
            yield "let a guard always hold", _with_edge(step, index, replace(edge, guard=Guard("true", ("const", True))))
            yield "drop an edge", replace(step, edges=(*step.edges[:index], *step.edges[index + 1 :]))
        following = book.steps[edge.to]
        if following.edges:
            yield "skip a step", _with_edge(step, index, replace(edge, to=following.edges[0].to))
        yield "go back to the start", _with_edge(step, index, replace(edge, to=book.start))
    if len(step.edges) > 1:
        first, last = step.edges[0], step.edges[-1]
        swapped = (replace(first, to=last.to), *step.edges[1:-1], replace(last, to=first.to))
        yield "swap two targets", replace(step, edges=swapped)
        yield "drop the last edge", replace(step, edges=step.edges[:-1])
    for verb in step.verbs:
        if len(step.verbs) > 1:
            yield "drop a verb", replace(step, verbs=tuple(other for other in step.verbs if other != verb))
        if verb == "suspend_old":
            yield "remove instead of suspend", replace(step, verbs=("remove_old",))
    if step.action:
        yield "ask for another action", replace(step, action=SWAPS[step.action])
    if step.kind == "end":
        for outcome in ("changed", "no_change_needed", "refused", "handed_over"):
            if outcome != step.outcome:
                yield "rename the outcome", replace(step, outcome=outcome)
        if step.alert:
            yield "drop the alert", replace(step, alert=None)
    if step.say:
        yield "say the method", replace(step, say="Your manager must vouch for you.")
        yield "say the reason", replace(step, say="I can't, because your number was changed today.")


def _with_edge(step: Step, index: int, edge: Edge) -> Step:
    return replace(step, edges=(*step.edges[:index], edge, *step.edges[index + 1 :]))


def _without(book: Runbook, gone: Step) -> Runbook:
    """Return the runbook with one step cut out: what led there leads to where its last edge led."""
    to = gone.edges[-1].to
    steps = {}
    for step in book.steps.values():
        if step.id == gone.id:
            continue
        edges = tuple(replace(edge, to=to) if edge.to == gone.id else edge for edge in step.edges)
        late = step.deadline
        if late and late.then == gone.id:
            late = replace(late, then=to)
        steps[step.id] = replace(step, edges=edges, deadline=late)
    return replace(book, steps=steps, start=to if book.start == gone.id else book.start)


def plainly_unsafe(book: Runbook) -> str | None:
    """Return what is unsafe by shape alone: a wait without end, an open choice, a circle."""
    for step in book.steps.values():
        if step.kind in WAITING and (step.deadline is None or step.deadline.then == step.id):
            return f"{step.id} may wait for ever"
        if step.kind != "end" and (not step.edges or step.edges[-1].guard is not None):
            return f"{step.id} may stand still"
    colour: dict[str, int] = {}

    def circles(step_id: str) -> bool:
        if colour.get(step_id) == 1:
            return True
        if step_id in colour:
            return False
        colour[step_id] = 1
        step = book.steps[step_id]
        found = any(circles(to) for to in [edge.to for edge in step.edges] + ([step.deadline.then] if step.deadline else []))
        colour[step_id] = 2
        return found

    return "a circle" if any(circles(step_id) for step_id in book.steps) else None
