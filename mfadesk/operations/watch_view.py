"""What those see who watch the desk from outside: runbooks and their proofs, the policy in force, alerts, and its pulse."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar

from mfadesk.kernel.clock import to_stamp
from mfadesk.kernel.errors import Refusal
from mfadesk.operations.desk import Desk
from mfadesk.operations.outside_view import MOST
from mfadesk.prover.model import Proof
from mfadesk.prover.prove import prove
from mfadesk.runbook.model import Runbook
from mfadesk.store.models import ONE_EXECUTOR, Alert, CaseRow, Checkpoint, EffectRow, Heartbeat, TreeHead

SEEN_LATELY = timedelta(seconds=30)
STUCK_AFTER = timedelta(minutes=5)
"""Work that was due so long ago is not merely queued: somebody should look."""

_DESCRIBED = {"use_attribute_docstrings": True}


@dataclass(frozen=True, slots=True)
class RunbookEntry:
    """A runbook in force."""

    __pydantic_config__: ClassVar = _DESCRIBED

    id: str
    version: int
    title: str
    digest: str
    """SHA-256 of its canonical form; a case is pinned to it."""
    goals: tuple[str, ...]
    """What callers want that it serves."""
    steps: int
    proved: bool
    """Every path was looked at under the policy in force, and no rule is broken."""


@dataclass(frozen=True, slots=True)
class EdgeEntry:
    """Where a step leads, and when; an empty guard always holds and stands last."""

    to: str
    when: str


@dataclass(frozen=True, slots=True)
class RunbookStep:
    """One step of a runbook."""

    __pydantic_config__: ClassVar = _DESCRIBED

    id: str
    kind: str
    title: str
    action: str | None
    """What a decide step decides about."""
    outcome: str | None
    """How an end step ends the case."""
    edges: tuple[EdgeEntry, ...]


@dataclass(frozen=True, slots=True)
class FindingEntry:
    """A rule that a runbook breaks, and where."""

    rule: str
    severity: str
    step: str
    sentence: str


@dataclass(frozen=True, slots=True)
class RunbookRecord:
    """One runbook, step by step, with its proof."""

    __pydantic_config__: ClassVar = _DESCRIBED

    id: str
    version: int
    title: str
    summary: str
    digest: str
    goals: tuple[str, ...]
    start: str
    steps: tuple[RunbookStep, ...]
    proved: bool
    findings: tuple[FindingEntry, ...]
    situations: int
    """How many situations the proof looked at."""


@dataclass(frozen=True, slots=True)
class PolicyView:
    """Which policy decides now."""

    __pydantic_config__: ClassVar = _DESCRIBED

    digest: str
    """SHA-256 of its canonical form; every case names the one under which it began."""
    threat: str
    """The threat level in force."""


@dataclass(frozen=True, slots=True)
class AlertEntry:
    """Something that security should hear."""

    __pydantic_config__: ClassVar = _DESCRIBED

    id: int
    at: datetime
    kind: str
    case: str | None
    person: str | None
    """The id in the directory."""
    sentence: str


@dataclass(frozen=True, slots=True)
class AlertPage:
    """Alerts, oldest first."""

    __pydantic_config__: ClassVar = _DESCRIBED

    alerts: tuple[AlertEntry, ...]
    last: int
    """Give it as ``after`` for what comes later; the same number while nothing does."""


@dataclass(frozen=True, slots=True)
class ProcessEntry:
    """A process of the desk, and when it was last seen."""

    name: str
    seen_at: datetime
    alive: bool


@dataclass(frozen=True, slots=True)
class HealthView:
    """The desk's pulse."""

    __pydantic_config__: ClassVar = _DESCRIBED

    well: bool
    """Every process was seen lately and no work is stuck."""
    processes: tuple[ProcessEntry, ...]
    open_cases: int
    effects_waiting: int
    effects_stuck: int
    """Due for more than five minutes, or parked: somebody should look."""
    ledger_entries: int
    signed_entries: int
    """How many of them the newest checkpoint covers."""


def list_runbooks(desk: Desk) -> tuple[RunbookEntry, ...]:
    """Return the runbooks in force, by id."""
    return tuple(
        RunbookEntry(
            book.id, book.version, book.title, book.digest, book.goals, len(book.steps), _proof(desk, book).proved
        )
        for book in sorted(desk.in_force().values(), key=lambda one: one.id)
    )  # fmt: skip


def show_runbook(desk: Desk, runbook_id: str) -> RunbookRecord:
    """Return one runbook and its proof. Raises Refusal ``not_found``."""
    book = desk.in_force().get(runbook_id)
    if book is None:
        raise Refusal("not_found", "No runbook in force has this id.")
    proof = _proof(desk, book)
    steps = tuple(
        RunbookStep(
            step.id, step.kind, step.title, step.action, step.outcome,
            tuple(EdgeEntry(edge.to, edge.guard.source if edge.guard else "") for edge in step.edges),
        )
        for step in book.steps.values()
    )  # fmt: skip
    return RunbookRecord(
        id=book.id, version=book.version, title=book.title, summary=book.summary, digest=book.digest, goals=book.goals,
        start=book.start, steps=steps, proved=proof.proved,
        findings=tuple(FindingEntry(f.rule, f.severity, f.step, f.sentence) for f in proof.findings), situations=proof.states,
    )  # fmt: skip


def show_policy(desk: Desk) -> PolicyView:
    """Return which policy is in force."""
    return PolicyView(desk.policy.digest, desk.home.config.threat)


def list_alerts(after: int, limit: int) -> AlertPage:
    """Return up to `limit` alerts that came after number `after`."""
    rows = list(Alert.objects.filter(pk__gt=after).order_by("pk")[: min(limit, MOST)])
    return AlertPage(
        tuple(AlertEntry(row.pk, row.at, row.kind, row.case_id or None, row.person_id or None, row.sentence) for row in rows),
        rows[-1].pk if rows else after,
    )


def show_health(desk: Desk) -> HealthView:
    """Return the desk's pulse: its processes, its open work, its ledger."""
    now = desk.now()
    beats = tuple(
        ProcessEntry(beat.name, beat.at, now - beat.at < SEEN_LATELY)
        for beat in Heartbeat.objects.exclude(name__startswith=ONE_EXECUTOR).order_by("name")
    )
    stuck = (
        EffectRow.objects.filter(state="due", due_at__lt=to_stamp(now - STUCK_AFTER)).count()
        + EffectRow.objects.filter(state="parked").count()
    )
    newest = Checkpoint.objects.order_by("-size").values_list("size", flat=True).first()
    return HealthView(
        well=any(beat.name == "executor" for beat in beats) and all(beat.alive for beat in beats) and not stuck,
        processes=beats,
        open_cases=CaseRow.objects.exclude(status="closed").count(),
        effects_waiting=EffectRow.objects.filter(state="due").count(),
        effects_stuck=stuck,
        ledger_entries=TreeHead.objects.values_list("size", flat=True).first() or 0,
        signed_entries=newest or 0,
    )


_proofs: dict[tuple[str, str], Proof] = {}


def _proof(desk: Desk, book: Runbook) -> Proof:
    """Return the proof of a runbook under the policy in force, made once: both are fixed while the process runs."""
    key = (book.digest, desk.policy.digest)
    if key not in _proofs:
        _proofs[key] = prove(book, desk.policy)
    return _proofs[key]
