"""A case as the fold over its events. Nothing here decides; it only adds up what happened."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from mfadesk.assurance.model import Evidence
from mfadesk.cases.approvals import Approval, Ask
from mfadesk.cases.changes import CHANGES
from mfadesk.cases.events import Event
from mfadesk.cases.parts import EffectState, Mark, Piece, Verdict
from mfadesk.kernel.clock import from_stamp
from mfadesk.kernel.errors import Broken

Status = Literal["none", "open", "frozen", "closed"]


@dataclass(frozen=True)
class CaseState:
    """Everything that the engine needs to know of a case. A fresh one has seen nothing.

    Without slots: a state is copied for every event, and one dict is copied ten times faster than fifty fields.
    """

    id: str
    seq: int = 0
    status: Status = "none"
    ending: str = ""
    outcome: str = ""
    subject: str | None = None
    tier: str = "tier0"
    break_glass: bool = False
    employment: str = "unknown"
    goal: str = ""
    channel: str = ""
    caller: str = ""
    owner: str = ""
    opened_by: str = ""
    opened_at: datetime | None = None
    runbook: str = ""
    runbook_digest: str = ""
    policy_digest: str = ""
    step: str = ""
    step_kind: str = ""
    step_since: datetime | None = None
    visited: tuple[str, ...] = ()
    deadline_at: datetime | None = None
    deadline_owner: str = ""
    deadline_then: str = ""
    answers: Mapping[str, str] = field(default_factory=dict)
    said: frozenset[str] = frozenset()
    """Instruct steps whose words were said."""
    signals: frozenset[str] = frozenset()
    session: str | None = None
    confirmed: bool = False
    pieces: tuple[Piece, ...] = ()
    failures: tuple[tuple[str, datetime], ...] = ()
    targets: tuple[str, ...] = ()
    """Authenticators that the claim says are gone: what will be suspended and removed, and what cannot prove anything now."""
    gone_used_at: datetime | None = None
    survivors: tuple[str, ...] = ()
    out_of_reach: Mapping[str, str] = field(default_factory=dict)
    vouchers: Mapping[str, str] = field(default_factory=dict)
    """Who was asked to vouch, and what they answered ("" while nothing)."""
    asked_as: Mapping[str, str] = field(default_factory=dict)
    """In what capacity each was asked: manager, hr, peers."""
    second_asked: Mapping[str, str] = field(default_factory=dict)
    marks: Mapping[str, Mark] = field(default_factory=dict)
    """The newest event of each kind and of whom it is about, such as ``voucher_asked/p_12``, for whoever can check its receipt."""
    calls: int = 0
    """Calls back that were placed."""
    ask: Ask | None = None
    """The approvals that the case waits for; None while it waits for none."""
    approvals: tuple[Approval, ...] = ()
    denied: bool = False
    """Whether somebody who was asked to approve said no; the case then stops."""
    hands: frozenset[str] = frozenset()
    """Every member of staff who did or attested something in the case: none of them approves it."""
    verdicts: Mapping[str, Verdict] = field(default_factory=dict)
    voided: tuple[Verdict, ...] = ()
    """Verdicts that stood before the proof began again. They allow nothing; a suspension that one of them made still ends."""
    chosen_kind: str = ""
    effects: Mapping[str, EffectState] = field(default_factory=dict)
    new_authenticator: str = ""
    new_kind: str = ""
    resynced: str = ""
    """The token that two codes brought back in step."""
    resync_failures: int = 0
    bypass: str = ""
    """The key of a way in that was given in this case."""
    bypass_reviewed: bool = False
    tested_at: datetime | None = None
    test_failures: int = 0
    alerts: tuple[str, ...] = ()
    reported: bool = False
    spent: frozenset[str] = frozenset()
    """Receipts, and signatures of what was allowed, that stand in the case: each counts where it was written and nowhere else."""
    reused: str = ""
    """The kind of an event that carried one a second time: from there on nothing in the case is decided or done."""

    def evidence(self) -> tuple[Evidence, ...]:
        """Return all evidence that was recorded and not voided; expiry is the decision's business."""
        return tuple(piece.evidence for piece in self.pieces)

    @property
    def on_trial(self) -> str:
        """Return the authenticator that a test sign-in is about: the new one, or the one that was brought back in step."""
        return self.new_authenticator or self.resynced

    def effects_of(self, *verbs: str) -> tuple[EffectState, ...]:
        """Return the effects with one of these verbs, oldest first."""
        return tuple(effect for effect in self.effects.values() if effect.verb in verbs)


def fold(case_id: str, events: Iterable[Event], after: CaseState | None = None) -> CaseState:
    """Return the state after all `events`, in their order; `after`: the state that those before them left, or None for a new case."""
    state = CaseState(case_id) if after is None else after
    for event in events:
        state = apply(state, event)
    return state


def apply(state: CaseState, event: Event) -> CaseState:
    """Return the state after one more event. Raises Broken for an event that cannot follow."""
    if state.status == "closed" and event.kind not in _AFTER_THE_END:
        raise Broken(f"case {state.id} is closed, yet {event.kind} follows")
    if (state.status == "none") != (event.kind == "case_opened"):
        raise Broken(
            f"case {state.id} cannot begin with {event.kind}" if state.status == "none" else f"case {state.id} opened twice"
        )
    changed = _FOLDS[event.kind](state, event, event.body)
    spent = _spent_by(event)
    # It was genuine once, and something may have voided it since: whoever writes it again wants back what it opened.
    reused = state.reused or (event.kind if spent & state.spent else "")
    if changed is state:
        changed = _with(state)
    # The copy is seen by nobody yet, and a second one would double the price of reading a case.
    changed.__dict__.update(
        seq=state.seq + 1, hands=changed.hands | _hands_in(event), spent=state.spent | spent, reused=reused
    )  # fmt: skip
    return changed


def _spent_by(event: Event) -> frozenset[str]:
    """Return what an event uses up. A refusal opens nothing, and two of one moment are the same to the letter."""
    allows = event.body.get("signature") if event.body.get("verdict") == "allowed" else None
    return frozenset(word for word in (event.body.get("receipt"), allows) if word)


def _hands_in(event: Event) -> frozenset[str]:
    """Return the members of staff whose work the event shows. Who approves works on nothing."""
    if event.kind in ("approval_given", "approval_refused"):
        return frozenset()
    told = (event.actor, event.body.get("owner"), event.body.get("by"))
    return frozenset(name for name in told if isinstance(name, str) and name.startswith("staff:"))


def _with(state: CaseState, **changes: Any) -> CaseState:
    """Return a copy with `changes`, as `dataclasses.replace` would, at a tenth of its price."""
    if not changes.keys() <= _NAMES:
        raise TypeError(f"a case has no {sorted(changes.keys() - _NAMES)}")
    copy = object.__new__(CaseState)
    copy.__dict__.update(state.__dict__, **changes)
    return copy


_NAMES = frozenset(f.name for f in fields(CaseState))


_AFTER_THE_END = {
    *("effect_intended", "effect_done", "effect_delayed", "effect_failed"),
    *("not_me", "alert_raised", "reported", "bypass_reviewed", "bypass_looked_at"),
}
_Fold = Callable[[CaseState, Event, Mapping[str, Any]], CaseState]
_FOLDS: dict[str, _Fold] = {}


def _on(kind: str) -> Callable[[_Fold], _Fold]:
    def register(function: _Fold) -> _Fold:
        _FOLDS[kind] = function
        return function

    return register


def _moment(text: str | None) -> datetime | None:
    return from_stamp(text) if text else None


def _marked(state: CaseState, event: Event, about: str) -> Mapping[str, Mark]:
    return {**state.marks, f"{event.kind}/{about}": Mark(event.at, event.body)}


@_on("case_opened")
def _opened(state: CaseState, event: Event, body: Mapping[str, Any]) -> CaseState:
    return _with(
        state, status="open", subject=body["subject"], tier=body["tier"], break_glass=body["break_glass"],
        employment=body["employment"], goal=body["goal"], channel=body["channel"], caller=body["caller"],
        owner=event.actor, opened_by=event.actor, opened_at=event.at, runbook=body["runbook"],
        runbook_digest=body["runbook_digest"], policy_digest=body["policy_digest"],
    )  # fmt: skip


@_on("answered")
def _answered(state: CaseState, event: Event, body: Mapping[str, Any]) -> CaseState:
    if not body["variable"]:
        return _with(state, said=state.said | {body["step"]})
    return _with(state, answers={**state.answers, body["variable"]: body["value"]})


@_on("step_entered")
def _entered(state: CaseState, event: Event, body: Mapping[str, Any]) -> CaseState:
    return _with(
        state, step=body["step"], step_kind=body["kind"], step_since=event.at, visited=(*state.visited, body["step"]), ask=None,
        deadline_at=_moment(body["deadline_at"]), deadline_owner=body["owner"], deadline_then=body["then"],
    )  # fmt: skip


@_on("session_bound")
def _bound(state: CaseState, event: Event, body: Mapping[str, Any]) -> CaseState:
    return _with(state, session=body["session"], confirmed=False)


@_on("second_browser_seen")
def _second_browser(state: CaseState, event: Event, body: Mapping[str, Any]) -> CaseState:
    return _with(state, status="frozen")


@_on("thawed")
@_on("browser_dropped")
def _begun_again(state: CaseState, event: Event, body: Mapping[str, Any]) -> CaseState:
    # Either browser may have been the impostor's, so nothing that came through one of them counts any more.
    return _with(
        _reopened(state, event, body), status="open", session=None, confirmed=False, pieces=(), vouchers={}, asked_as={},
        second_asked={},
    )  # fmt: skip


@_on("reopened")
def _reopened(state: CaseState, event: Event, body: Mapping[str, Any]) -> CaseState:
    effects = {e.id: replace(e, state="voided") if e.is_open_change() else e for e in state.effects.values()}
    return _with(
        state, approvals=(), ask=None, verdicts={}, chosen_kind="", effects=effects,
        voided=(*state.voided, *state.verdicts.values()),
    )  # fmt: skip


@_on("out_of_reach")
def _out_of_reach(state: CaseState, event: Event, body: Mapping[str, Any]) -> CaseState:
    return _with(state, out_of_reach={**state.out_of_reach, body["authenticator"]: body["reason"]})


@_on("targets_set")
def _targets(state: CaseState, event: Event, body: Mapping[str, Any]) -> CaseState:
    return _with(
        state, targets=tuple(body["targets"]), gone_used_at=_moment(body["used_at"]), survivors=tuple(body["survivors"])
    )


@_on("evidence_recorded")
def _evidence(state: CaseState, event: Event, body: Mapping[str, Any]) -> CaseState:
    evidence = Evidence(
        method=body["method"], at=event.at, expires_at=from_stamp(body["expires_at"]),
        established_by=body["by"], authenticator_id=body["authenticator"],
    )  # fmt: skip
    piece = Piece(evidence, body["session"], body["receipt"], body["nonce"])
    others = tuple(p for p in state.pieces if p.evidence.method != body["method"])
    return _with(state, pieces=(*others, piece))


@_on("second_attested")
def _second_attested(state: CaseState, event: Event, body: Mapping[str, Any]) -> CaseState:
    pieces = tuple(
        replace(
            p, evidence=replace(p.evidence, second_attested=True), second_by=body["by"], second_at=event.at,
            second_receipt=body["receipt"], second_nonce=body["nonce"],
        )
        if p.evidence.method == body["method"]
        else p
        for p in state.pieces
    )  # fmt: skip
    return _with(state, pieces=pieces, second_asked={k: v for k, v in state.second_asked.items() if k != body["method"]})


@_on("proof_failed")
def _failed_proof(state: CaseState, event: Event, body: Mapping[str, Any]) -> CaseState:
    return _with(state, failures=(*state.failures, (body["method"], event.at)))


@_on("voucher_asked")
def _voucher_asked(state: CaseState, event: Event, body: Mapping[str, Any]) -> CaseState:
    return _with(
        state, vouchers={**state.vouchers, body["voucher"]: ""}, asked_as={**state.asked_as, body["voucher"]: body["which"]},
        marks=_marked(state, event, body["voucher"]),
    )  # fmt: skip


@_on("voucher_answered")
def _voucher_answered(state: CaseState, event: Event, body: Mapping[str, Any]) -> CaseState:
    vouchers = {**state.vouchers, body["voucher"]: body["statement"]}
    return _with(state, vouchers=vouchers, marks=_marked(state, event, body["voucher"]))


@_on("second_asked")
def _second_asked(state: CaseState, event: Event, body: Mapping[str, Any]) -> CaseState:
    second_asked = {**state.second_asked, body["method"]: body["staff"]}
    return _with(state, second_asked=second_asked, marks=_marked(state, event, body["method"]))


@_on("called_back")
def _called_back(state: CaseState, event: Event, body: Mapping[str, Any]) -> CaseState:
    return _with(state, calls=state.calls + 1, marks=_marked(state, event, body["by"]))


@_on("bypass_looked_at")
def _looked_at(state: CaseState, event: Event, body: Mapping[str, Any]) -> CaseState:
    return _with(state, bypass_reviewed=body["bypass"] == state.bypass, marks=_marked(state, event, body["bypass"]))


@_on("decided")
def _decided(state: CaseState, event: Event, body: Mapping[str, Any]) -> CaseState:
    verdict = Verdict(
        action=body["action"],
        allowed=body["verdict"] == "allowed",
        at=event.at,
        starts_at=event.at + timedelta(seconds=body["grace_s"]),
        expires_at=from_stamp(body["expires_at"]),
        points=body["points"],
        needed=body["needed"],
        reasons=tuple(body["reasons"]),
        receipts=tuple(body["receipts"]),
        signature=body["signature"],
        session=state.session or "",
        signals=state.signals,
    )
    return _with(state, ask=None, verdicts=_newest_last(state, verdict))


@_on("approvals_asked")
def _approvals_asked(state: CaseState, event: Event, body: Mapping[str, Any]) -> CaseState:
    ask = Ask(
        body["action"], body["over"], body["needed"], tuple(body["asked"]), from_stamp(body["since"]),
        from_stamp(body["until"]), body["then"], body["owner"], event.at, body["nonce"], body["receipt"],
    )  # fmt: skip
    return _with(state, ask=ask, deadline_at=ask.until, deadline_owner=ask.owner, deadline_then=ask.then)


@_on("approval_given")
def _approved(state: CaseState, event: Event, body: Mapping[str, Any]) -> CaseState:
    approval = Approval(
        body["action"], body["by"], body["over"], event.at, from_stamp(body["expires_at"]), body["nonce"], body["receipt"]
    )
    return _with(state, approvals=(*state.approvals, approval))


@_on("approval_refused")
def _denied(state: CaseState, event: Event, body: Mapping[str, Any]) -> CaseState:
    return _with(state, denied=True)


@_on("deadline_passed")
def _late(state: CaseState, event: Event, body: Mapping[str, Any]) -> CaseState:
    if state.ask is None:
        return state
    # Nobody approved in time: guards that ask about the decision from here on shall read a refusal.
    action, at = state.ask.action, event.at
    refused = Verdict(action, False, at, at, at, 0, 0, ("approvals_needed",), (), "")
    return _with(state, ask=None, verdicts=_newest_last(state, refused))


def _newest_last(state: CaseState, verdict: Verdict) -> Mapping[str, Verdict]:
    """Return the verdicts in the order in which they were made: two of one instant must not change places."""
    return {**{action: one for action, one in state.verdicts.items() if action != verdict.action}, verdict.action: verdict}


@_on("effect_intended")
def _intended(state: CaseState, event: Event, body: Mapping[str, Any]) -> CaseState:
    effect = EffectState(body["effect"], body["verb"], body["target"], "asked", event.at)
    return _with(state, effects={**state.effects, effect.id: effect})


@_on("effect_done")
def _done(state: CaseState, event: Event, body: Mapping[str, Any]) -> CaseState:
    return _move(state, event, state_word="done", detail=body["detail"])


@_on("effect_delayed")
def _delayed(state: CaseState, event: Event, body: Mapping[str, Any]) -> CaseState:
    return _move(state, event, state_word="delayed", problem=body["problem"], retry_at=_moment(body["retry_at"]))


@_on("effect_failed")
def _effect_failed(state: CaseState, event: Event, body: Mapping[str, Any]) -> CaseState:
    return _move(state, event, state_word="failed", problem=body["problem"])


def _move(state: CaseState, event: Event, *, state_word: Any, **changes: Any) -> CaseState:
    effect = state.effects.get(event.body["effect"])
    if effect is None:
        raise Broken(f"case {state.id}: a result without an intent, {event.body['effect']}")
    # What was voided can still turn out to be done; it never waits for anything again.
    stays = effect.state == "voided" and state_word != "done"
    moved = replace(effect, state="voided" if stays else state_word, at=event.at, **changes)
    return _with(state, effects={**state.effects, effect.id: moved})


@_on("case_closed")
def _closed(state: CaseState, event: Event, body: Mapping[str, Any]) -> CaseState:
    return _with(state, status="closed", ending=body["ending"], outcome=body["outcome"], deadline_at=None)


def _sets(change: Callable[[CaseState, Event], dict[str, Any]]) -> _Fold:
    return lambda state, event, body: _with(state, **change(state, event))


for _name, _change in CHANGES.items():
    _on(_name)(_sets(_change))

# `bypass_reviewed` was the web tier's word alone: what says so is looked at again, and signed.
for _quiet in ("pressure_noted", "locator_issued", "words_typed", "bypass_reviewed"):
    _on(_quiet)(lambda state, event, body: state)
