"""When two moments of two plays are the same to the desk: then what follows is the same, and one of them need not be played again.

A likeness holds everything that the engine, the decision and the executor can still read, and leaves out what they never read
again: which ids were drawn, answers that no later step asks about, signals that policy makes nothing of. A field of a case that
is not named here goes in as it is, so that a new one makes more moments differ and never fewer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable
from dataclasses import fields, replace
from datetime import datetime, timedelta
from typing import cast

from mfadesk.assurance.circumstances import find_held, find_threat
from mfadesk.assurance.decision import decide
from mfadesk.assurance.model import Allowed, Circumstances, Evidence, MethodId, Policy, ThreatLevel
from mfadesk.cases.state import CaseState
from mfadesk.cli.drills.stage import Stage
from mfadesk.operations.judgement import Sight, circumstances_of, find_survivors, find_targets
from mfadesk.ports.people import Tier
from mfadesk.ports.provider import Authenticator
from mfadesk.runbook.guards import variables_of
from mfadesk.runbook.model import Runbook, StepId
from mfadesk.store.models import CaseRow

# fmt: off
COVERED = frozenset({
    "id", "seq", "status", "outcome", "ending", "subject", "tier", "employment", "goal", "channel", "caller", "owner",
    "opened_by", "opened_at", "runbook", "runbook_digest", "policy_digest", "step", "step_kind", "step_since", "visited",
    "deadline_at", "deadline_owner", "deadline_then", "answers", "said", "signals", "session", "confirmed", "pieces",
    "failures", "targets", "gone_used_at", "survivors", "out_of_reach", "vouchers", "asked_as", "second_asked", "verdicts",
    "effects", "new_authenticator", "new_kind", "tested_at", "alerts", "ask", "approvals", "hands",
})
# fmt: on
"""Fields of a case that `find_likeness` reads in its own way, or that only name things or tell the past."""


def find_likeness(stage: Stage, state: CaseState) -> Hashable:
    """Return what the desk can still tell this moment by; equal for moments from which the same follows."""
    desk, now = stage.throwaway.desk, stage.throwaway.clock.now()
    holdings = stage.throwaway.scene.holdings(stage.person.login)
    circumstances = find_circumstances(stage, state)
    names = {a.id: f"{a.kind}/{a.label}" for a in holdings.authenticators}
    read = read_from(desk.runbook_of(state), state.step)
    targets = {a.id for a in find_targets(state, holdings)}
    return (
        stage.world, stage.person.tier, stage.person.employment, desk.policy.digest, state.runbook_digest,
        state.status, state.step, state.outcome,
        frozenset((k, v) for k, v in state.answers.items() if k in read),
        frozenset(step for step in state.said if step == state.step),
        _judged_by(circumstances, desk.policy, now),
        frozenset(_piece(piece.evidence, now, targets) for piece in state.pieces),
        frozenset(names.get(name, name) for name in targets),
        frozenset(names.get(name, name) for name in state.targets),
        frozenset(names.get(name, name) for name in state.out_of_reach),
        frozenset((a.kind, a.label, a.state, a.fail_count) for a in holdings.authenticators),
        holdings.sessions, holdings.disabled,
        frozenset(Counter((e.verb, names.get(e.target, e.target), e.state) for e in state.effects.values()).items()),
        frozenset((v.action, v.allowed, v.starts_at - now, v.expires_at - now) for v in state.verdicts.values()),
        frozenset(Counter(method for method, _at in state.failures).items()),
        frozenset((state.asked_as.get(who), said) for who, said in state.vouchers.items()),
        frozenset(state.second_asked), state.session is None, state.confirmed, state.tested_at is None,
        (state.deadline_at - now) if state.deadline_at else None,
        (state.ask.action, state.ask.needed, len(state.ask.asked), state.ask.until - now) if state.ask else None,
        len(state.approvals), len(state.hands),
        CaseRow.objects.filter(subject_id=state.subject).count(), len(stage.paper),
        tuple(str(getattr(state, f.name)) for f in fields(state) if f.name not in COVERED),
    )  # fmt: skip


def find_circumstances(stage: Stage, state: CaseState) -> Circumstances:
    """Return what the executor would judge by, looking now."""
    sight = Sight(stage.throwaway.scene.holdings(stage.person.login), frozenset())
    return circumstances_of(state, stage.person, sight, stage.throwaway.clock.now())


def find_unreached(stage: Stage, state: CaseState) -> tuple[Authenticator, ...]:
    """Return what the person still has, used lately, and neither showed nor said to be out of reach."""
    holdings = stage.throwaway.scene.holdings(stage.person.login)
    shown = {piece.evidence.authenticator_id for piece in state.pieces}
    found = find_survivors(state, holdings, stage.throwaway.clock.now())
    return tuple(a for a in found if a.id not in shown and a.id not in state.out_of_reach)


def could_pass(stage: Stage, state: CaseState, action: str, more: tuple[MethodId, ...], *, excused: bool) -> bool:
    """Return whether the desk's own judgement would allow `action` with all of `more` proved.

    excused: everything that still works is recorded as out of reach.

    More evidence never lowers the cost (a law of `assurance`), so where this is False no part of `more` is enough either.
    """
    policy, now = stage.throwaway.desk.policy, stage.throwaway.clock.now()
    extra = [
        Evidence(name, now, now + timedelta(seconds=policy.methods[name].lifetime_s), "drill", None, True) for name in more
    ]
    kept = [item for item in state.evidence() if item.method not in more]
    circumstances = find_circumstances(stage, state)
    decision = decide(
        evidence=[*kept, *extra], circumstances=replace(circumstances, survivors=()) if excused else circumstances, action=action,
        tier=cast(Tier, state.tier), threat=cast(ThreatLevel, stage.throwaway.desk.home.config.threat), policy=policy, now=now,
    )  # fmt: skip
    return isinstance(decision, Allowed)


def read_from(runbook: Runbook, start: StepId) -> frozenset[str]:
    """Return the variables that any step from `start` on asks about or decides by."""
    if start not in runbook.steps:
        return frozenset(runbook.variables)
    known = _READ.get((runbook.digest, start))
    if known is None:
        known = _READ[runbook.digest, start] = _find_read(runbook, start)
    return known


_READ: dict[tuple[str, StepId], frozenset[str]] = {}
"""Bounded by the steps on the shelf."""


def _find_read(runbook: Runbook, start: StepId) -> frozenset[str]:
    found: set[str] = set()
    seen, waiting = {start}, [start]
    while waiting:
        step = runbook.steps[waiting.pop()]
        found |= {step.variable} if step.variable else set()
        found |= {name for edge in step.edges for name in variables_of(edge.guard)}
        after = {edge.to for edge in step.edges} | ({step.deadline.then} if step.deadline else set())
        waiting += after - seen
        seen |= after
    return frozenset(found)


def _judged_by(circumstances: Circumstances, policy: Policy, now: datetime) -> Hashable:
    used_at = circumstances.gone_used_at
    lately = used_at is not None and now - used_at < timedelta(seconds=policy.limits.survivor_window_s)
    refusing = frozenset(s for s in circumstances.signals & policy.signals.keys() if policy.signals[s].refuses)
    return (
        find_held(circumstances, policy, now), find_threat(circumstances, policy, "normal"), refusing,
        tuple(sorted(circumstances.survivors)), lately, circumstances.unknown, circumstances.campaign,
    )  # fmt: skip


def _piece(evidence: Evidence, now: datetime, targets: set[str]) -> Hashable:
    gone = evidence.authenticator_id in targets
    return evidence.method, evidence.second_attested, evidence.expires_at - now, evidence.at - now, gone
