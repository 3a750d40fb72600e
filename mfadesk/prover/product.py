"""Every situation that a case can be in, without walking every path: step, what is known, what has happened.

A walk of all paths costs twice as much for each further question. Here two paths that meet in the same step, with the same
answers still of use and the same things done, go on as one. Answers that no later guard looks at are forgotten at once (they
are not live), so a chain costs no more than its length; the worst case is the product of the values of the variables that
are live together, times what can have happened, and MAX_STATES bounds it with an honest "not decided".

What is not known is left open and split only where a guard looks: every guard is taken every way that is not yet forced.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import IntEnum

from mfadesk.ports.provider import PHISHING_RESISTANT
from mfadesk.prover.demands import ACTIONS, Demands
from mfadesk.runbook.guards import UNKNOWN, Tree, variables_of
from mfadesk.runbook.model import Hop, Path, Runbook, Step
from mfadesk.runbook.parse import RESULTS
from mfadesk.runbook.situation import FACTS, VOCABULARY
from mfadesk.runbook.walk import DEADLINE_EDGE, targets, words_for_seconds

MAX_STATES = 300_000
Known = tuple[str | None, ...]
"""A value for each variable of the runbook, in order of name; None where it is open or no longer of use."""


class Fact(IntEnum):
    """What has happened on the way. Decisions and proofs stand above these bits, one each for every action."""

    ASKED = 1
    SUSPENDED = 2
    PENDING = 4
    """A new authenticator was begun and is not tested."""
    TESTED = 8
    REMOVED = 16
    SESSIONS_ENDED = 32
    RESYNCED = 64
    UNTOLD = 128
    """Something changed and the person was not told since."""
    BYPASSED = 512
    RESTORED = 1024
    UNTRIED = 256
    """An authenticator was brought back in step and has signed nobody in since."""
    RESISTANT = 2048
    """An enrolment offered something phishing-resistant."""
    REFUSED = 4096
    """The last decision did not allow."""
    BARRED = 8192
    """A guard or an answer showed somebody who has no road here: an emergency account, or another company's."""
    ALARMED = 16384
    """Security was told."""


EFFECTS = ("act", "enrol", "resync", "bypass")
"""Kinds of step after which something at the provider is otherwise."""

BARRED_VALUES: Mapping[str, str] = {"account": "break_glass", "employment": "third_party"}
"""What shows that somebody has no road here: SETTLED 18, policy's `breakglass_target`."""

_VERIFIED_SHIFT = 16
_GRANTED_SHIFT = 32
_INDEX = {action: index for index, action in enumerate(ACTIONS)}
_VERB_FACTS = {
    "suspend_old": Fact.SUSPENDED | Fact.UNTOLD,
    "remove_old": Fact.REMOVED | Fact.UNTOLD,
    "end_sessions": Fact.SESSIONS_ENDED | Fact.UNTOLD,
    "reset_failures": Fact.RESYNCED | Fact.UNTOLD,
    "lift_suspension": Fact.UNTOLD,
    "restore_old": Fact.RESTORED | Fact.UNTOLD,
    "open_account": Fact.RESTORED | Fact.UNTOLD,
}


@dataclass(frozen=True, slots=True)
class Node:
    """One situation: about to begin `step`, with `known` and `facts`; and how it was first reached."""

    step: Step
    known: Known
    facts: int
    parent: int
    edge: int
    assumed: str

    def has(self, fact: int) -> bool:
        """Return whether the fact, or one of several joined by `|`, holds here."""
        return bool(self.facts & fact)

    def verified(self) -> tuple[str, ...]:
        """Return the actions for which a verify step lies behind."""
        return tuple(action for action in ACTIONS if self.facts >> _VERIFIED_SHIFT + _INDEX[action] & 1)

    def granted(self) -> tuple[str, ...]:
        """Return the actions for which the last decision was `allowed`."""
        return tuple(action for action in ACTIONS if self.facts >> _GRANTED_SHIFT + _INDEX[action] & 1)


@dataclass(slots=True)
class Product:
    """All situations of a runbook that can be reached, and the arrows between them."""

    runbook: Runbook
    demands: Demands
    nodes: list[Node] = field(default_factory=list)
    arrows: list[list[int]] = field(default_factory=list)
    taken: set[tuple[str, int]] = field(default_factory=set)
    """Edges that some situation takes, by step and index."""
    complete: bool = True

    def path_to(self, index: int) -> Path:
        """Return the walk by which the situation was first reached; breadth first, so no walk has fewer steps."""
        hops: list[Hop] = []
        end = self.nodes[index].step.id
        while (node := self.nodes[index]).parent >= 0:
            hops.append(Hop(self.nodes[node.parent].step.id, node.edge, node.assumed))
            index = node.parent
        return Path(self.runbook.id, tuple(reversed(hops)), end)


def explore(runbook: Runbook, demands: Demands) -> Product:
    """Return the product of the runbook with what is known and what has happened, breadth first.

    `complete` is False where MAX_STATES was reached; nothing may then be called proved.
    """
    walker = _Walker(runbook)
    product = Product(runbook, demands)
    seen: dict[tuple[str, Known, int], int] = {}

    def enter(step_id: str, known: Known, facts: int, parent: int, edge: int, assumed: str) -> None:
        known = walker.prune(known, step_id)
        key = (step_id, known, facts)
        index = seen.get(key)
        if index is None:
            if len(product.nodes) >= MAX_STATES:
                product.complete = False
                return
            index = seen[key] = len(product.nodes)
            product.nodes.append(Node(runbook.steps[step_id], known, facts, parent, edge, assumed))
            product.arrows.append([])
        if parent >= 0:
            product.arrows[parent].append(index)
            product.taken.add((product.nodes[parent].step.id, edge))

    enter(runbook.start, walker.start(), 0, -1, 0, "")
    position = 0
    while position < len(product.nodes):
        node = product.nodes[position]
        for edge, to, known, facts, assumed in walker.moves(node):
            enter(to, known, facts, position, edge, assumed)
        position += 1
    return product


class _Walker:
    """Knows how one runbook moves on."""

    def __init__(self, runbook: Runbook) -> None:
        self._runbook = runbook
        self._names = sorted(runbook.variables)
        self._at = {name: index for index, name in enumerate(self._names)}
        self._live = _live_before(runbook, self._at)

    def start(self) -> Known:
        """Return what is known before the first step.

        What the directory or the opening of the case may have answered is open; what only a question answers is unknown.
        """
        asked = {step.variable for step in self._runbook.steps.values() if step.variable}
        results = {variable.name for variable in RESULTS.values()}
        closed = (asked | results) - FACTS - VOCABULARY.keys()
        return tuple(UNKNOWN if name in closed else None for name in self._names)

    def prune(self, known: Known, step_id: str) -> Known:
        """Return `known` without the values that nothing from this step on looks at."""
        live = self._live[step_id]
        return tuple(value if live >> index & 1 else None for index, value in enumerate(known))

    def moves(self, node: Node) -> Iterator[tuple[int, str, Known, int, str]]:
        """Yield edge, target, what is then known, what has then happened, and what was assumed."""
        step = node.step
        for known, facts, assumed in self._results(step, node.known, node.facts):
            for edge, after, split in self._edges(step, 0, known):
                yield (
                    edge,
                    step.edges[edge].to,
                    after,
                    facts | self._barred(after),
                    ", ".join(part for part in (assumed, *split) if part),
                )
        if step.deadline:
            late = f"not over in {words_for_seconds(step.deadline.after_s)}"
            yield DEADLINE_EDGE, step.deadline.then, node.known, node.facts, late
            done = _facts_after(step, node.facts)
            if step.kind in EFFECTS and done != node.facts:
                yield DEADLINE_EDGE, step.deadline.then, node.known, done, f"{late}, yet it happened"

    def _results(self, step: Step, known: Known, facts: int) -> Iterator[tuple[Known, int, str]]:
        """Yield what each way of carrying the step out leaves behind."""
        name = _sets(step)
        done = _facts_after(step, facts)
        if name is None:
            yield known, done, ""
            return
        if step.kind == "decide" and step.action and facts >> _GRANTED_SHIFT + _INDEX[step.action] & 1:
            # What was allowed and still holds is not decided again, and the last decision may have been about something else.
            yield known, facts, "decided before"
        values = [answer.value for answer in step.answers] if step.kind == "ask" else RESULTS[step.kind].values
        for value in values:
            after = self._with(known, name, value) if name in self._at else known
            if step.kind == "decide" and step.action:
                bit = 1 << _GRANTED_SHIFT + _INDEX[step.action]
                after_it = (done | bit) & ~Fact.REFUSED if value == "allowed" else done & ~bit | Fact.REFUSED
                yield after, after_it, f"{name} = {value}"
            elif step.kind == "resync":
                # Only a plain no left everything as it was; where no answer came, it may have happened.
                yield after, facts if value == "rejected" else done, f"{name} = {value}"
            else:
                yield after, done, f"{name} = {value}"

    def _barred(self, known: Known) -> int:
        """Return the fact that somebody without a road is known to be here, or nothing."""
        seen = any(name in self._at and known[self._at[name]] == value for name, value in BARRED_VALUES.items())
        return Fact.BARRED if seen else 0

    def _with(self, known: Known, name: str, value: str) -> Known:
        index = self._at[name]
        return (*known[:index], value, *known[index + 1 :])

    def _edges(self, step: Step, first: int, known: Known) -> Iterator[tuple[int, Known, tuple[str, ...]]]:
        """Yield each edge that can be the first to hold, splitting on a variable where it is open and a guard looks."""
        for index in range(first, len(step.edges)):
            guard = step.edges[index].guard
            held = True if guard is None else self._holds(guard.tree, known)
            if held is True:
                yield index, known, ()
                return
            if held is None:
                names = sorted(name for name in variables_of(guard) if known[self._at[name]] is None)
                for value in self._runbook.variables[names[0]].values:
                    for edge, after, split in self._edges(step, index, self._with(known, names[0], value)):
                        yield edge, after, (f"{names[0]} = {value}", *split)
                return

    def _holds(self, tree: Tree, known: Known) -> bool | None:
        """Return whether the guard holds, or None where that depends on something open (Kleene's three values)."""
        match tree[0]:
            case "const":
                return bool(tree[1])
            case "in":
                value = known[self._at[tree[1]]]
                return None if value is None else value in tree[2]
            case "not":
                inner = self._holds(tree[1], known)
                return None if inner is None else not inner
        parts = [self._holds(part, known) for part in tree[1:]]
        decisive: bool = tree[0] == "or"
        if decisive in parts:
            return decisive
        return None if None in parts else not decisive


def _sets(step: Step) -> str | None:
    """Return the variable that the step gives a value, if any."""
    if step.kind == "ask":
        return step.variable
    return RESULTS[step.kind].name if step.kind in RESULTS else None


def _facts_after(step: Step, facts: int) -> int:
    """Return what has happened once the step is over."""
    match step.kind:
        case "ask":
            return facts | Fact.ASKED
        case "verify" if step.action:
            return facts | 1 << _VERIFIED_SHIFT + _INDEX[step.action]
        case "enrol":
            return facts | Fact.PENDING | (Fact.RESISTANT if PHISHING_RESISTANT & set(step.kinds) else 0)
        case "escalate":
            return facts | Fact.ALARMED
        case "bypass":
            return facts | Fact.BYPASSED | Fact.UNTOLD
        case "resync":
            return facts | Fact.RESYNCED | Fact.UNTRIED | Fact.UNTOLD
        case "confirm":
            # One test is of one authenticator, the new one first: what was brought back in step beside it stays untried.
            return facts & ~Fact.PENDING | Fact.TESTED | Fact.UNTOLD if facts & Fact.PENDING else facts & ~Fact.UNTRIED
        case "notify":
            return facts & ~Fact.UNTOLD
        case "act":
            for verb in step.verbs:
                facts |= _VERB_FACTS[verb]
                if verb in ("lift_suspension", "restore_old", "remove_old"):
                    facts &= ~Fact.SUSPENDED
            return facts
    return facts


def _live_before(runbook: Runbook, at: Mapping[str, int]) -> dict[str, int]:
    """Return, for each step, the variables that it or a later guard looks at before they are set anew, as bits.

    Source: live variable analysis, Aho et al., Compilers, 2nd ed., §9.2.5.
    """
    reads: dict[str, int] = {}
    sets: dict[str, int] = {}
    before: dict[str, list[str]] = {step_id: [] for step_id in runbook.steps}
    for step in runbook.steps.values():
        reads[step.id] = sum(1 << at[name] for name in {n for edge in step.edges for n in variables_of(edge.guard)})
        name = _sets(step)
        # A decide step may leave the last decision as it was: what was allowed is not decided again.
        sets[step.id] = 1 << at[name] if name is not None and name in at and step.kind != "decide" else 0
        for to in targets(step):
            before[to].append(step.id)
    live = dict.fromkeys(runbook.steps, 0)
    todo = list(runbook.steps)
    while todo:
        step = runbook.steps[todo.pop()]
        after = reads[step.id]
        for edge in step.edges:
            after |= live[edge.to]
        found = after & ~sets[step.id]
        if step.deadline:
            found |= live[step.deadline.then]
        if found != live[step.id]:
            live[step.id] = found
            todo.extend(before[step.id])
    return live
