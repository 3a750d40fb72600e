"""Approvals: what a further person says yes to, who may say it, and which of them count. Pure; one meaning for pages, executor and prover.

An approval is bound to a digest of everything that its giver was shown. Whatever of it changes later voids the approval by
itself: nobody has to remember to withdraw it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from mfadesk.kernel.canonical import digest

if TYPE_CHECKING:
    from mfadesk.cases.state import CaseState

ONLY_APPROVALS = ["approvals_needed"]
"""The reasons of a refusal that lacks nothing but approvals: the case then waits for them instead of ending."""

Bar = Literal["", "subject", "report", "worked_on_it", "voucher"]


@dataclass(frozen=True, slots=True)
class Approver:
    """Somebody whose role lets them approve, as the directory and the register of staff describe them now.

    accounts: every account that this person has at the desk, as in events (``staff:7``), their own among them.
    """

    id: str
    person_id: str
    manager_id: str | None
    accounts: frozenset[str]


@dataclass(frozen=True, slots=True)
class Ask:
    """The desk waits for approvals. `over`: what is to be approved. `since`: from when; proof that counted then is kept until `until`."""

    action: str
    over: str
    needed: int
    asked: tuple[str, ...]
    since: datetime
    until: datetime
    then: str
    owner: str
    at: datetime
    nonce: str
    receipt: str


@dataclass(frozen=True, slots=True)
class Approval:
    """One yes, signed with a desk key. `by`: the member of staff, as in events."""

    action: str
    by: str
    over: str
    at: datetime
    expires_at: datetime
    nonce: str
    receipt: str


def digest_of_bundle(state: CaseState, action: str) -> str:
    """Return what an approval is given for: who, what is replaced, in which browser, on which proof, under which rules.

    64 hex digits. It moves with every piece of evidence, second look, signal and target, and with the browser (SETTLED 16).
    """
    return digest({
        "case": state.id, "person": state.subject or "", "action": action, "targets": sorted(state.targets),
        "session": state.session or "", "proofs": sorted([piece.receipt, piece.second_receipt] for piece in state.pieces),
        "signals": sorted(state.signals), "out_of_reach": sorted(state.out_of_reach),
        "policy": state.policy_digest, "runbook": state.runbook_digest,
    })  # fmt: skip


def find_bar(state: CaseState, approver: Approver) -> Bar:
    """Return why this person cannot approve in this case, or "" where they may (SETTLED 9).

    worked_on_it: they opened, held or answered in it, or attested something, under any of their accounts.
    """
    if approver.person_id == state.subject:
        return "subject"
    if approver.manager_id is not None and approver.manager_id == state.subject:
        return "report"
    if approver.accounts & state.hands:
        return "worked_on_it"
    if approver.person_id in state.vouchers:
        return "voucher"
    return ""


def find_eligible(state: CaseState, approvers: Iterable[Approver]) -> tuple[Approver, ...]:
    """Return who may approve in this case, each person once, under the account that comes first."""
    found: dict[str, Approver] = {}
    for approver in approvers:
        if not find_bar(state, approver):
            found.setdefault(approver.person_id, approver)
    return tuple(found.values())


def count_approvals(state: CaseState, action: str, approvers: Iterable[Approver], now: datetime) -> tuple[Approval, ...]:
    """Return the approvals that count at `now`, one a person: in time, for what stands now, by people who may still give them."""
    over = digest_of_bundle(state, action)
    able = {f"staff:{approver.id}": approver for approver in approvers if not find_bar(state, approver)}
    found: dict[str, Approval] = {}
    for approval in state.approvals:
        approver = able.get(approval.by)
        fits = approval.action == action and approval.over == over and approval.at <= now < approval.expires_at
        if approver is not None and fits:
            found.setdefault(approver.person_id, approval)
    return tuple(found.values())
