"""Machine-made damage to runbooks: each mutant is one change that a tired author could make, or two at once.

Whether a mutant is unsafe is judged by the independent interpreter in `slow.py`, by the plain shape of the runbook, and, for words,
by how the damage was made; never by the prover that is being measured.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import get_args

from mfadesk.runbook.model import Edge, Guard, Runbook, Step, Verb
from mfadesk.runbook.speech import REFUSAL_SPEECH
from tests.prover.slow import ALL_ACTIONS, SHIPPED, Enough, walk_everything

WAITING = {"ask", "verify", "decide", "act", "enrol", "resync", "bypass", "confirm", "instruct", "wait"}
PEOPLE = {"ask", "verify", "enrol", "resync", "bypass", "confirm", "instruct"}
EFFECTS = {"act", "enrol", "resync", "bypass"}
LEAST_FOR_PEOPLE_S = 300
"""Nobody proves themselves, or sets anything up, in less: the judge's own figure."""

QUICKEST_PROOF_S = 20 * 60
"""An administrator who is seen at a site, the quickest that policy has for them: the judge's own figure."""

BAD_WORDS = {
    "say the method": {"say": "Your manager must vouch for you."},
    "say the reason": {"say": "I can't, because your number was changed today."},
    "say the threshold": {"say": "You have two tries left, and need one more proof."},
    "ask to speak the code": {"say": "Read me the code that your phone shows."},
    "ask for the password": {"do": "Note the password and type it in for them."},
}
MANY = 300


@dataclass(frozen=True)
class Mutant:
    """One damaged runbook: how it was made, where, and which words that give something away stand in it."""

    kind: str
    where: str
    book: Runbook

    @property
    def words(self) -> str:
        """Return the damage to words that is unsafe however the rest looks, or ""."""
        return next((kind for kind in BAD_WORDS if kind in self.kind), "")


def mutants(book: Runbook) -> Iterator[tuple[str, str, Runbook]]:
    """Yield the kind of damage, where, and the damaged runbook: one change each."""
    for step in book.steps.values():
        for kind, changed in _changes(step, book):
            yield kind, step.id, replace(book, steps={**book.steps, step.id: changed})
        if step.kind != "end" and step.edges:
            yield "drop the step", step.id, _without(book, step)
            following = step.edges[-1].to
            if book.steps[following].edges:
                yield "change two steps about", step.id, _swapped(book, step.id, following)


def many_mutants(book: Runbook, least: int = MANY) -> list[Mutant]:
    """Return at least `least` different mutants: every single change, and pairs of them, drawn with a fixed seed, where those are few."""
    found = {_form(changed): Mutant(kind, where, changed) for kind, where, changed in mutants(book)}
    found.pop(_form(book), None)
    draw = random.Random(book.id)
    single = list(found.values())
    for _ in range(least * 20):
        if len(found) >= least:
            break
        first = draw.choice(single)
        again = list(mutants(first.book))
        kind, where, changed = draw.choice(again)
        if (form := _form(changed)) != _form(book):
            found.setdefault(form, Mutant(f"{first.kind} + {kind}", f"{first.where} + {where}", changed))
    return list(found.values())


def _form(book: Runbook) -> str:
    return repr((book.start, book.goals, sorted(book.steps.items())))


def _changes(step: Step, book: Runbook) -> Iterator[tuple[str, Step]]:
    yield from _time_changes(step)
    yield from _edge_changes(step, book)
    yield from _effect_changes(step)
    if step.kind == "end":
        for outcome in ("changed", "no_change_needed", "refused", "handed_over", "bridged", "self_service"):
            if outcome != step.outcome:
                yield "rename the outcome", replace(step, outcome=outcome)
        if step.alert:
            yield "drop the alert", replace(step, alert=None)
    for kind, fields in BAD_WORDS.items():
        if step.say or "say" not in fields:
            yield kind, replace(step, **fields)
    others = [other.say for other in book.steps.values() if other.say and other.say != step.say]
    if step.say and others:
        yield "swap the words", replace(step, say=others[0])


def _time_changes(step: Step) -> Iterator[tuple[str, Step]]:
    late = step.deadline
    if late:
        yield "drop the deadline", replace(step, deadline=None)
        yield "wait in a circle", replace(step, deadline=replace(late, then=step.id))
        yield "shorten the wait to a second", replace(step, deadline=replace(late, after_s=1))
        yield "shorten the wait sixtyfold", replace(step, deadline=replace(late, after_s=max(1, late.after_s // 60)))
        yield "wait thirty days", replace(step, deadline=replace(late, after_s=30 * 86_400))
        if step.edges:
            yield "go on when time runs out", replace(step, deadline=replace(late, then=step.edges[0].to))
    if step.kind == "bypass":
        yield "a way in for a week", replace(step, lasts_s=7 * 86_400)
        yield "a way in for a day", replace(step, lasts_s=86_400)
        yield "nobody watches", replace(step, watcher="")
        yield "no review", replace(step, review_s=0)
        yield "a review in a month", replace(step, review_s=30 * 86_400)


def _edge_changes(step: Step, book: Runbook) -> Iterator[tuple[str, Step]]:
    for index, edge in enumerate(step.edges):
        if edge.guard:
            flipped = replace(edge, guard=Guard(f"!({edge.guard.source})", ("not", edge.guard.tree)))
            yield "flip a guard", _with_edge(step, index, flipped)
            yield "let a guard always hold", _with_edge(step, index, replace(edge, guard=Guard("true", ("const", True))))
            yield "drop an edge", replace(step, edges=(*step.edges[:index], *step.edges[index + 1 :]))
            for source, tree in _weaker(edge.guard, book):
                yield "weaken a guard", _with_edge(step, index, replace(edge, guard=Guard(source, tree)))
        following = book.steps[edge.to]
        if following.edges:
            yield "skip a step", _with_edge(step, index, replace(edge, to=following.edges[0].to))
        yield "go back to the start", _with_edge(step, index, replace(edge, to=book.start))
        yield "go round the step", _with_edge(step, index, replace(edge, to=step.id))
    if len(step.edges) > 1:
        first, last = step.edges[0], step.edges[-1]
        swapped = (replace(first, to=last.to), *step.edges[1:-1], replace(last, to=first.to))
        yield "swap two targets", replace(step, edges=swapped)
        yield "drop the last edge", replace(step, edges=step.edges[:-1])
    if len(step.edges) > 2:
        yield "change the order of edges", replace(step, edges=(step.edges[1], step.edges[0], *step.edges[2:]))


def _weaker(guard: Guard, book: Runbook) -> Iterator[tuple[str, tuple]]:
    """Yield the guard with one part left out, or with one more value let in."""
    tree = guard.tree
    if tree[0] in ("and", "or"):
        for index in range(1, len(tree)):
            kept = (*tree[1:index], *tree[index + 1 :])
            yield f"part of {guard.source}", kept[0] if len(kept) == 1 else (tree[0], *kept)
    variable = book.variables.get(tree[1]) if tree[0] == "in" else None
    if variable:
        more = next((value for value in variable.values if value not in tree[2]), None)
        if more is not None and len(tree[2]) + 1 < len(variable.values):
            yield f"{guard.source} or {more}", ("in", tree[1], tuple(sorted({*tree[2], more})))
        if len(tree[2]) > 1:
            yield f"{guard.source} less one", ("in", tree[1], tree[2][1:])


def _effect_changes(step: Step) -> Iterator[tuple[str, Step]]:
    for verb in step.verbs:
        if len(step.verbs) > 1:
            yield "drop a verb", replace(step, verbs=tuple(other for other in step.verbs if other != verb))
        for other in get_args(Verb):
            if other not in step.verbs:
                put = tuple(other if one == verb else one for one in step.verbs)
                yield f"{other} instead of {verb}", replace(step, verbs=put)
    for action in ALL_ACTIONS if step.action else ():
        if action != step.action:
            yield "ask for another action", replace(step, action=action)
    if step.kind == "enrol":
        yield "offer codes only", replace(step, kinds=("totp",))
        yield "offer a passkey only", replace(step, kinds=("passkey",))


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


def _swapped(book: Runbook, one: str, two: str) -> Runbook:
    """Return the runbook with two steps in each other's place: what led to one leads to the other, their own ways stay in place."""
    first, second = book.steps[one], book.steps[two]
    turn = {one: two, two: one}
    steps = dict(book.steps)
    for step in book.steps.values():
        edges = tuple(replace(edge, to=turn.get(edge.to, edge.to)) for edge in step.edges)
        late = replace(step.deadline, then=turn.get(step.deadline.then, step.deadline.then)) if step.deadline else None
        steps[step.id] = replace(step, edges=edges, deadline=late)
    steps[one] = replace(steps[one], edges=tuple(replace(edge, to=turn.get(edge.to, edge.to)) for edge in second.edges))
    steps[two] = replace(steps[two], edges=tuple(replace(edge, to=turn.get(edge.to, edge.to)) for edge in first.edges))
    return replace(book, steps=steps, start=turn.get(book.start, book.start))


def find_unsafe(mutant: Mutant, enough: Enough = SHIPPED) -> str:
    """Return why the mutant is unsafe in the eyes of the independent judges, or "" where they see nothing."""
    if mutant.words and _words_left(mutant):
        return mutant.words
    if plain := plainly_unsafe(mutant.book):
        return plain
    wrong = walk_everything(mutant.book, enough, first_only=True)[0]
    return "; ".join(f"{rule} at {where}" for rule, where in sorted(wrong))


def _words_left(mutant: Mutant) -> bool:
    """Return whether the bad words were not cut out again by a second change."""
    texts = {(step.say, step.do) for step in mutant.book.steps.values()}
    spoken = {say for say, _ in texts} | {do for _, do in texts}
    return any(word in spoken for fields in BAD_WORDS.values() for word in fields.values())


def plainly_unsafe(book: Runbook) -> str | None:
    """Return what is unsafe by shape alone: a wait without end or without time, an open choice, a circle, a bypass without bounds."""
    for step in book.steps.values():
        if wrong := _plainly_wrong(step, book):
            return f"{step.id} {wrong}"
    if circle := find_circle(book):
        return circle
    if any(step.outcome == "refused" and step.say != REFUSAL_SPEECH for step in book.steps.values()):
        return "a refusal in other words"
    return None


def _plainly_wrong(step: Step, book: Runbook) -> str:
    late = step.deadline
    if step.kind in WAITING and (late is None or late.then == step.id):
        return "may wait for ever"
    if late and step.kind in PEOPLE and late.after_s < LEAST_FOR_PEOPLE_S:
        return "waits less than a person needs"
    if late and step.kind == "verify" and step.action in NEEDS_THE_SITE and late.after_s < QUICKEST_PROOF_S:
        return "waits less than an administrator's proof takes"
    if step.kind != "end" and (not step.edges or step.edges[-1].guard is not None):
        return "may stand still"
    if step.kind == "bypass" and not (0 < step.lasts_s <= 86_400 and step.watcher and 0 < step.review_s <= 7 * 86_400):
        return "opens a way in without bounds"
    if step.kind == "enrol" and not {"passkey", "security_key"} & set(step.kinds):
        return "can give an administrator nothing that policy accepts"
    if late and step.kind in EFFECTS and not find_circle(book) and _ends_unheard(late.then, book):
        return "may not be done in time, and nobody hears"
    return ""


NEEDS_THE_SITE = {"bind_first_authenticator", "grant_bypass", "grant_longer_bypass"}
"""Actions that policy allows some tier only in person."""


def _ends_unheard(step_id: str, book: Runbook) -> bool:
    step = book.steps[step_id]
    if step.kind == "escalate" or (step.kind == "end" and step.alert):
        return False
    after = [edge.to for edge in step.edges] + ([step.deadline.then] if step.deadline else [])
    return step.kind == "end" or any(_ends_unheard(to, book) for to in after)


def find_circle(book: Runbook) -> str | None:
    """Return a word where some step can lead back to itself."""
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


def explain_miss(mutant: Mutant, unsafe: str) -> str:
    """Return why the prover rightly, or knowingly, says nothing where the judge objects; "" where nobody knows."""
    if unsafe.endswith("waits less than a person needs"):
        return (
            "The prover's limits are a minute for anybody, and for a proof the minutes of the quickest set of methods in policy; the "
            "judge's is five minutes. In between a slow person runs out of time and the case ends without a change: unkind, not unsafe."
        )
    if unsafe.endswith("waits less than an administrator's proof takes"):
        return (
            "The judge asks twenty minutes for every proof that policy allows some tier only in person; by policy's own figures a "
            "badge and a face take ten. Nothing happens when the time is over."
        )
    return ""
