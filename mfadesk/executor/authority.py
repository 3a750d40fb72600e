"""The binding decision: recomputed from receipts, under the pinned policy, signed, and bound to one bundle (SETTLED 1, 16)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from mfadesk.assurance.model import Allowed
from mfadesk.cases.approvals import count_approvals, digest_of_bundle, find_eligible
from mfadesk.cases.parts import Verdict
from mfadesk.cases.state import CaseState
from mfadesk.executor.directory_watch import DirectoryWatch
from mfadesk.executor.receipts import (
    mint_ask,
    require_genuine,
    require_genuine_approval,
    require_genuine_ask,
    require_used_once,
)
from mfadesk.executor.reviewing import require_genuine_reviews
from mfadesk.executor.staff_register import StaffRegister, find_answering
from mfadesk.kernel.canonical import canonical_json
from mfadesk.kernel.clock import to_stamp
from mfadesk.kernel.errors import Broken, Refusal
from mfadesk.kernel.sealing import is_signed, sign, verify_key_of
from mfadesk.operations.approvers import find_approvers
from mfadesk.operations.desk import Desk
from mfadesk.operations.judgement import BINDS, Sight, judge, judge_under
from mfadesk.ports.people import Person
from mfadesk.store.commit import load_case
from mfadesk.store.home import ExecutorKeys
from mfadesk.store.models import CaseRow, Report

A_PERSONS_CASES = 50
"""The newest cases of one person that are looked through for a suspension that still stands."""


FULL_PROOF = ("replace_authenticator", "grant_bypass", "grant_longer_bypass")
"""Actions that policy grants on no less than a replacement's proof."""

BYPASSES = ("grant_bypass", "grant_longer_bypass")

AN_HOUR_S = 3_600
"""Beyond the owner's day: for removing the old one and ending sessions after a test in the last minute."""


@dataclass(frozen=True, slots=True)
class SigningAuthority:
    """Decides on what the executor has just seen of the person. `sight` is fresh; a missing one is taken at its worst."""

    desk: Desk
    keys: ExecutorKeys
    staff: StaffRegister
    directory: DirectoryWatch
    sight: Sight

    def decide(self, state: CaseState, action: str, now: datetime) -> Mapping[str, Any]:
        """Return the signed body of a ``decided`` event at `now`, the moment of the event that carries it.

        Raises Broken where a piece of evidence or an approval carries no genuine receipt: then nothing is decided and security hears.
        """
        self._require_genuine(state)
        if action in BYPASSES:
            require_genuine_reviews(self.keys.receipt, _others(state))
        person = self.directory.find(state.subject)
        if person is None:
            return self._sign(state, now, _refusal(action, now, "nobody_on_file"))
        self._require_directory(person)
        if Report.objects.filter(case_id=state.id).exists():
            return self._sign(state, now, _refusal(action, now, "reported"))
        try:
            policies = self.desk.policies_of(state)
        except Refusal as refusal:
            return self._sign(state, now, _refusal(action, now, refusal.code))
        if state.tier != person.tier:
            # The case began with the web tier's word for it, or the directory says something else by now.
            return self._sign(state, now, _refusal(action, now, "tier_changed"))
        allowed = min(policy.limits.suspensions_per_day for policy in policies)
        if action == "suspend_authenticator" and _count_suspensions(state, now) >= allowed:
            return self._sign(state, now, _refusal(action, now, "suspended_today"))
        approvers, threat = find_answering(self.staff), self.desk.home.config.threat
        decision = judge_under(policies, state, action, person, self.sight, threat, now, approvers)
        requirement, approvals = decision.requirement, count_approvals(state, action, approvers, now)
        body: dict[str, Any] = {
            "action": action,
            "verdict": "allowed" if isinstance(decision, Allowed) else "refused",
            "points": decision.assessment.attack.points,
            "needed": requirement.minimum if requirement else 0,
            "grace_s": decision.grace_s if isinstance(decision, Allowed) else 0,
            "expires_at": to_stamp(now),
            "receipts": sorted([piece.receipt for piece in state.pieces] + [yes.receipt for yes in approvals]),
            "reasons": [] if isinstance(decision, Allowed) else [reason.code for reason in decision.reasons],
        }
        if isinstance(decision, Allowed):
            body["expires_at"] = to_stamp(now + timedelta(seconds=self._life_s(decision)))
        return self._sign(state, now, body)

    def denies(self, state: CaseState) -> bool:
        """Return whether something that was noticed since would have kept a decision that stands from being made.

        Judged on the proof as it counted then: a harmless note must not void what has merely grown old. An unknown provider denies
        nothing here; nothing is done while it is unknown.
        """
        if self.sight.holdings is None:
            return False
        person = self.directory.find(state.subject)
        try:
            policies = self.desk.policies_of(state)
        except Refusal:
            return True
        self._require_directory(person)
        approvers, threat = find_answering(self.staff), self.desk.home.config.threat
        newer = [v for v in state.verdicts.values() if v.allowed and not state.signals <= v.signals]
        return person is None or any(
            not isinstance(judge_under(policies, state, v.action, person, self.sight, threat, v.at, approvers), Allowed)
            for v in newer
        )

    def ask(self, state: CaseState, action: str, then: str, now: datetime) -> Mapping[str, Any]:
        """Return the body of an ``approvals_asked`` event: who is asked, and until when. Called where `decide` lacks nothing else.

        Where too few of them have a desk key to answer with, security owns the wait. A question that changed keeps its end.
        """
        self._require_directory(self.directory.find(state.subject))
        limits, before = self.desk.policy.limits, state.ask
        since, until = now, now + timedelta(seconds=limits.approval_wait_s)
        if before is not None and before.action == action:
            since, until = before.since, before.until
        eligible = find_eligible(state, find_approvers())
        needed = self._approvals_needed(state, action, now)
        able = len(find_eligible(state, find_answering(self.staff)))
        body = {
            "action": action, "over": digest_of_bundle(state, action), "needed": needed,
            "asked": [approver.id for approver in eligible], "since": to_stamp(since), "until": to_stamp(until), "then": then,
            "owner": "approver" if able >= needed else "security",
        }  # fmt: skip
        return mint_ask(self.keys.receipt, state, body, now, self.desk.randomness)

    def _require_directory(self, person: Person | None) -> None:
        """Raise Broken unless the directory stands as it was imported, of everybody whom a decision about `person` reads."""
        self.directory.require_genuine(person, [member.person_id for member in self.staff.read().members.values()])

    def _approvals_needed(self, state: CaseState, action: str, now: datetime) -> int:
        person = self.directory.find(state.subject)
        if person is None:
            raise Broken(f"case {state.id}: approvals are asked for a person who is not on file")
        judged = [
            judge(state, action, person, self.sight, policy, self.desk.home.config.threat, now, ())
            for policy in self.desk.policies_of(state)
        ]
        return max(each.requirement.approvals if each.requirement else 0 for each in judged)

    def _require_genuine(self, state: CaseState) -> None:
        key = self.keys.receipt
        require_used_once(state)
        for piece in state.pieces:
            require_genuine(key, state, piece)
        for approval in state.approvals:
            require_genuine_approval(key, state, approval)
        if state.ask is not None:
            require_genuine_ask(key, state, state.ask)

    def _life_s(self, decision: Allowed) -> int:
        """Return how long the bundle may take: what binds a new one, or opens the account for it, has its owner's day (SETTLED 12, 16)."""
        life_s = decision.requirement.decision_lifetime_s
        if decision.requirement.action in (*BINDS, "restore_account"):
            life_s = max(life_s, self.desk.policy.limits.finish_after_suspension_s + AN_HOUR_S)
        return life_s + decision.grace_s

    def _sign(self, state: CaseState, now: datetime, body: dict[str, Any]) -> Mapping[str, Any]:
        return {
            **body,
            "signature": sign(_statement(state, body, to_stamp(now), state.session or ""), self.keys.checkpoint_sign).hex(),
        }


def require_own_verdict(keys: ExecutorKeys, state: CaseState, verdict: Verdict) -> None:
    """Raise Broken for a verdict that this executor did not sign for this case, person and claim."""
    body = {
        "action": verdict.action, "verdict": "allowed" if verdict.allowed else "refused", "points": verdict.points,
        "needed": verdict.needed, "grace_s": int((verdict.starts_at - verdict.at).total_seconds()),
        "expires_at": to_stamp(verdict.expires_at), "receipts": sorted(verdict.receipts), "reasons": list(verdict.reasons),
    }  # fmt: skip
    try:
        signature = bytes.fromhex(verdict.signature)
    except ValueError:
        signature = b""
    if not is_signed(
        _statement(state, body, to_stamp(verdict.at), verdict.session), signature, verify_key_of(keys.checkpoint_sign)
    ):
        raise Broken(f"case {state.id}: a decision that this executor did not sign")


def require_still_allowed(desk: Desk, keys: ExecutorKeys, state: CaseState, verdict: Verdict, judged: frozenset[str]) -> None:
    """Raise unless `verdict` may still be acted on: ours, in time, and nobody said "not me" or noted anything since.

    judged: the signals that it was judged on again, as `Executor.judge_again` returns them.
    """
    require_own_verdict(keys, state, verdict)
    require_used_once(state)
    if verdict.session != (state.session or ""):
        raise Broken(f"case {state.id}: a decision that was made for another browser")
    if Report.objects.filter(case_id=state.id).exists():
        raise Refusal("reported", "The person says that they did not ask for this.")
    if not state.signals <= verdict.signals | judged:
        raise Refusal("more_is_known", "Something was noted just now, so this is judged again first. Try once more.")
    if desk.now() >= verdict.expires_at:
        raise Refusal("decision_expired", "The decision has run out.")


def is_fully_proved(state: CaseState) -> bool:
    """Return whether a replacement, or a way in until one, was allowed in this case: a suspension in it lasts until it is done."""
    return any(verdict.allowed for action, verdict in state.verdicts.items() if action in FULL_PROOF)


def is_replaced_elsewhere(state: CaseState, target: str) -> bool:
    """Return whether this or another case of the person holds `target` suspended on full proof."""
    others = CaseRow.objects.filter(subject_id=state.subject).order_by("-opened_at").values_list("id", flat=True)
    return is_fully_proved(state) or any(
        is_fully_proved(other) and target in other.targets for other in map(load_case, others[:A_PERSONS_CASES])
    )


def is_ours_to_restore(state: CaseState, target: str) -> bool:
    """Return whether a case of this person suspended `target` as the old one, and nobody said of that case "this was not me".

    What security or a report switched off was switched off for a reason that no caller can know.
    """
    cases = _others(state)
    stopped = {e.target for case in cases for e in case.effects_of("suspend_new")}
    ours = {e.target for case in cases for e in case.effects_of("suspend_old") if e.state == "done" and e.detail == "suspended"}
    return target in ours - stopped


def _others(state: CaseState) -> list[CaseState]:
    """Return the person's newest other cases."""
    others = CaseRow.objects.filter(subject_id=state.subject).exclude(pk=state.id).order_by("-opened_at")
    return list(map(load_case, others.values_list("id", flat=True)[:A_PERSONS_CASES]))


def _count_suspensions(state: CaseState, now: datetime) -> int:
    """Return how many other cases suspended something of this person on little proof within the last day, or are about to (SETTLED 10).

    One that waits for the provider counts as well: two cases of one moment would else both be the first.
    """
    since = now - timedelta(days=1)
    others = CaseRow.objects.filter(subject_id=state.subject, changed_at__gte=since).exclude(pk=state.id)
    return sum(
        not is_fully_proved(other)
        and any(e.at >= since and e.state not in ("failed", "voided") for e in other.effects_of("suspend_old"))
        for other in map(load_case, others.values_list("id", flat=True)[:A_PERSONS_CASES])
    )


def _refusal(action: str, now: datetime, reason: str) -> dict[str, Any]:
    return {
        "action": action, "verdict": "refused", "points": 0, "needed": 0, "grace_s": 0, "expires_at": to_stamp(now),
        "receipts": [], "reasons": [reason],
    }  # fmt: skip


def _statement(state: CaseState, body: Mapping[str, Any], at: str, session: str) -> bytes:
    return b"decision/" + canonical_json(
        {
            "body": dict(body), "case": state.id, "person": state.subject or "", "session": session,
            "targets": sorted(state.targets), "policy": state.policy_digest, "at": at,
        }
    )  # fmt: skip
