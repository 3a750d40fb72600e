"""A runbook as the engine, the prover and the drawing see it. `parse.py` makes it from YAML and nothing else does.

A runbook is a graph of steps. Each step has edges, tried in order; the first whose guard holds is taken, and the last has no
guard. Loops, waits and texts have named limits. Where a path through a runbook must be passed about, it is a `Path`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

StepId = str
StepKind = Literal[
    "ask", "verify", "decide", "act", "enrol", "resync", "bypass", "confirm", "notify", "instruct", "wait", "escalate", "end"
]

Verb = Literal[
    "suspend_old",
    "remove_old",
    "end_sessions",
    "reset_failures",
    "lift_suspension",
    "restore_old",
    "open_account",
]
"""What an act step may have the executor do at the provider. What takes the person at their page (an enrolment, two codes, a
test) is a step of its own."""

Outcome = Literal["changed", "no_change_needed", "self_service", "refused", "stopped", "abandoned", "handed_over", "bridged"]
"""How a case may end. `changed` is the only one after which the provider holds something new; after `bridged` it holds a way in
that ends by itself."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer that an ask step offers: a value of its variable and the words on the button."""

    value: str
    label: str


@dataclass(frozen=True, slots=True)
class Variable:
    """A typed variable: a closed set of values. `unknown` is always among them and is the value before anyone answered."""

    name: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Guard:
    """A checked expression. `source` is as written; `tree` is nested tuples, see `guards.py`."""

    source: str
    tree: tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Edge:
    """Where to go, and when. A guard of None always holds and stands last."""

    to: StepId
    guard: Guard | None
    label: str


@dataclass(frozen=True, slots=True)
class Deadline:
    """How long a step may wait, who owns the wait, and the step that follows when it runs out."""

    after_s: int
    owner: Literal["operator", "claimant", "security", "executor"]
    then: StepId


@dataclass(frozen=True, slots=True)
class Step:
    """One step. Fields that its kind does not use are empty.

    say: words for the operator to speak; they reveal no method, threshold or reason (the prover checks).
    do: words for the operator's eyes.
    tell: words for the person in the portal.
    """

    id: StepId
    kind: StepKind
    title: str
    edges: tuple[Edge, ...]
    line: int
    say: str = ""
    do: str = ""
    tell: str = ""
    variable: str | None = None
    answers: tuple[Answer, ...] = ()
    action: str | None = None
    verbs: tuple[Verb, ...] = ()
    kinds: tuple[str, ...] = ()
    deadline: Deadline | None = None
    outcome: Outcome | None = None
    alert: str | None = None
    phase: str = ""
    lasts_s: int = 0
    """How long a bypass lasts at the most."""
    watcher: str = ""
    """Who watches a bypass while it is open."""
    review_s: int = 0
    """How soon after its end somebody must have looked at what it was used for."""
    place: str = field(default="", compare=False)
    """Where it is written: ``file:line:column``, and where that was included, if it was."""


@dataclass(frozen=True, slots=True)
class Runbook:
    """One version of one procedure. `digest` is the SHA-256 of its canonical form."""

    id: str
    version: int
    title: str
    summary: str
    start: StepId
    variables: Mapping[str, Variable]
    steps: Mapping[StepId, Step]
    digest: str
    goals: tuple[str, ...]
    """The caller's goals that this runbook serves, from `SITUATION`."""


@dataclass(frozen=True, slots=True)
class Hop:
    """One step taken on a path, the edge that led on, and what was assumed for it."""

    step: StepId
    edge: int
    assumed: str


@dataclass(frozen=True, slots=True)
class Path:
    """A walk through a runbook, for a proof's counter-example and for the flow map."""

    runbook: str
    hops: tuple[Hop, ...]
    end: StepId
