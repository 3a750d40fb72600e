"""When two moments of two plays are the same to the desk: then what follows is the same, and one of them need not be played again.

A likeness holds everything that the engine, the decision and the executor can still read, and leaves out what they never read
again: which ids were drawn, answers that no later step asks about, signals that policy makes nothing of. A field of a case that
is not named here goes in as it is, so that a new one makes more moments differ and never fewer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping
from dataclasses import fields, replace
from datetime import datetime, timedelta
from typing import cast

from django.db import connection

from mfadesk.assurance.circumstances import find_held, find_threat
from mfadesk.assurance.decision import decide
from mfadesk.assurance.model import Allowed, Circumstances, Evidence, MethodId, Policy, ThreatLevel
from mfadesk.cases.approvals import digest_of_bundle
from mfadesk.cases.state import CaseState
from mfadesk.cli.drills.stage import Stage
from mfadesk.executor.authority import is_fully_proved
from mfadesk.operations.judgement import (
    DEVICE_KINDS,
    Sight,
    circumstances_of,
)
from mfadesk.operations.targets import find_disowned, find_drifted, find_gone, find_survivors, find_targets
from mfadesk.ports.people import Tier
from mfadesk.ports.provider import Authenticator
from mfadesk.runbook.guards import variables_of
from mfadesk.runbook.model import Runbook, StepId
from mfadesk.store.commit import load_case

# fmt: off
COVERED = frozenset({
    "id", "seq", "status", "outcome", "ending", "subject", "tier", "employment", "goal", "channel", "caller", "owner",
    "opened_by", "opened_at", "runbook", "runbook_digest", "policy_digest", "step", "step_kind", "step_since", "visited",
    "deadline_at", "deadline_owner", "deadline_then", "answers", "said", "signals", "session", "confirmed", "pieces",
    "failures", "targets", "gone_used_at", "survivors", "out_of_reach", "vouchers", "asked_as", "second_asked", "verdicts",
    "effects", "new_authenticator", "new_kind", "tested_at", "alerts", "ask", "approvals", "hands", "marks", "resynced", "bypass",
    "voided", "chosen_kind", "spent", "reused",
})
# fmt: on
"""Fields of a case that `find_likeness` reads in its own way, or that only name things or tell the past."""


def find_likeness(stage: Stage, state: CaseState) -> Hashable:
    """Return what the desk can still tell this moment by; equal for moments from which the same follows."""
    desk, now = stage.throwaway.desk, stage.throwaway.clock.now()
    holdings = stage.throwaway.scene.holdings(stage.person.login)
    circumstances = find_circumstances(stage, state)
    names = {a.id: f"{a.kind}/{a.label}" for a in holdings.authenticators}
    read, ahead = read_from(desk.runbook_of(state), state.step)
    gone, disowned = ({a.id for a in find(state, holdings)} for find in (find_gone, find_disowned))
    return (
        stage.world, stage.person.tier, stage.person.employment, desk.policy.digest, state.runbook_digest, state.policy_digest,
        state.status, state.step, state.outcome,
        frozenset((k, v) for k, v in state.answers.items() if k in read),
        frozenset(step for step in state.said if step in ahead),
        _judged_by(circumstances, desk.policy, now),
        frozenset(_piece(piece.evidence, now, disowned) for piece in state.pieces),
        frozenset(names[name] for name in gone), frozenset(names[name] for name in disowned),
        frozenset(names[a.id] for a in find_targets(state, holdings)),
        _drifted(stage, state), DEVICE_KINDS.get(state.answers.get("new_device", "")),
        frozenset(names.get(name, name) for name in state.targets),
        frozenset(names.get(name, name) for name in state.out_of_reach),
        frozenset((a.kind, a.label, a.state, a.fail_count) for a in holdings.authenticators),
        holdings.sessions, holdings.disabled, holdings.locked,
        frozenset((g.key in state.effects, g.expires_at - now, g.used_at is None) for g in holdings.grants),
        frozenset(Counter((e.verb, names.get(e.target, e.target), e.state) for e in state.effects.values()).items()),
        *(frozenset((v.action, v.allowed, v.starts_at - now, v.expires_at - now) for v in verdicts)
          for verdicts in (state.verdicts.values(), state.voided)),
        frozenset(Counter(method for method, _at in state.failures).items()),
        frozenset((state.asked_as.get(who), said) for who, said in state.vouchers.items()),
        frozenset(state.second_asked), state.session is None, state.confirmed, state.tested_at is None,
        names.get(state.on_trial, state.on_trial), state.new_kind, state.chosen_kind, state.bypass != "", frozenset(state.marks),
        (state.deadline_at - now) if state.deadline_at else None,
        _asked(state, now), state.hands,
        tuple(_earlier(other, names, now) for other in _others(state)), len(stage.paper),
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


def _drifted(stage: Stage, state: CaseState) -> str:
    """Return which token two codes would bring back in step, where the runbook has a step for that."""
    if all(step.kind != "resync" for step in stage.throwaway.desk.runbook_of(state).steps.values()):
        return ""
    found = find_drifted(state, stage.throwaway.scene.holdings(stage.person.login))
    return f"{found.kind}/{found.label}" if found else ""


def _asked(state: CaseState, now: datetime) -> Hashable:
    """Return what is left of a question to approvers, and every yes with whether it is for what stands now."""
    given = frozenset(
        (yes.by, yes.action, yes.expires_at - now, yes.over == digest_of_bundle(state, yes.action)) for yes in state.approvals
    )
    ask = state.ask
    if ask is None:
        return None, given
    holds = ask.over == digest_of_bundle(state, ask.action)
    return (ask.action, ask.needed, ask.asked, ask.then, ask.owner, ask.since - now, ask.until - now, holds), given


def _others(state: CaseState) -> list[CaseState]:
    with connection.cursor() as cursor:
        cursor.execute(_OTHERS, [state.subject, state.id])
        return [load_case(case_id) for (case_id,) in cursor.fetchall()]


_OTHERS = "SELECT id FROM store_caserow WHERE subject_id = %s AND id <> %s ORDER BY opened_at, id"


def _earlier(other: CaseState, names: Mapping[str, str], now: datetime) -> Hashable:
    """Return what a decision or an effect still reads of another case of the same person."""
    done = Counter((e.verb, names.get(e.target, e.target), e.state, e.detail, e.at - now) for e in other.effects.values())
    return (
        other.status, is_fully_proved(other), frozenset(names.get(name, name) for name in other.targets),
        frozenset(done.items()), other.bypass != "", other.bypass_reviewed, other.reported,
    )  # fmt: skip


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


def read_from(runbook: Runbook, start: StepId) -> tuple[frozenset[str], frozenset[StepId]]:
    """Return the variables that any step from `start` on asks about or decides by, and those steps."""
    if start not in runbook.steps:
        return frozenset(runbook.variables), frozenset(runbook.steps)
    known = _READ.get((runbook.digest, start))
    if known is None:
        known = _READ[runbook.digest, start] = _find_read(runbook, start)
    return known


_READ: dict[tuple[str, StepId], tuple[frozenset[str], frozenset[StepId]]] = {}
"""Bounded by the steps on the shelf."""


def _find_read(runbook: Runbook, start: StepId) -> tuple[frozenset[str], frozenset[StepId]]:
    found: set[str] = set()
    seen, waiting = {start}, [start]
    while waiting:
        step = runbook.steps[waiting.pop()]
        found |= {step.variable} if step.variable else set()
        found |= {name for edge in step.edges for name in variables_of(edge.guard)}
        after = {edge.to for edge in step.edges} | ({step.deadline.then} if step.deadline else set())
        waiting += after - seen
        seen |= after
    return frozenset(found), frozenset(seen)


def _judged_by(circumstances: Circumstances, policy: Policy, now: datetime) -> Hashable:
    used_at = circumstances.gone_used_at
    lately = used_at is not None and now - used_at < timedelta(seconds=policy.limits.survivor_window_s)
    refusing = frozenset(s for s in circumstances.signals & policy.signals.keys() if policy.signals[s].refuses)
    return (
        find_held(circumstances, policy, now), find_threat(circumstances, policy, "normal"), refusing,
        tuple(sorted(circumstances.survivors)), lately, circumstances.gone, circumstances.unknown, circumstances.campaign,
    )  # fmt: skip


def _piece(evidence: Evidence, now: datetime, gone: set[str]) -> Hashable:
    by_gone = evidence.authenticator_id in gone
    return evidence.method, evidence.second_attested, evidence.expires_at - now, evidence.at - now, by_gone
