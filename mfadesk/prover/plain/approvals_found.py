"""Where policy asks for approvals they can be found, and by nobody who should not give them.

The rule that finds and counts approvers is the one of `cases.approvals`, which the executor and the pages use. It looks at
nothing but how each approver stands to the case; so every desk of as many approvers as policy asks for, and one more, is played
here through real events, and what holds for these holds for larger desks: each approver is judged apart from the others, but for
the one question whether two accounts are one person, which pairs decide.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import combinations_with_replacement
from typing import Any

from mfadesk.assurance.model import Policy
from mfadesk.cases.approvals import Approval, Approver, count_approvals, digest_of_bundle, find_eligible
from mfadesk.cases.events import Event
from mfadesk.cases.state import CaseState, fold
from mfadesk.runbook.model import Runbook

NAME = "approvals-found"
SENTENCE = (
    "Where policy asks for approvals, enough further people suffice to give them; none of them began, held, attested, vouched in "
    "or is the subject of the case or reports to them, and no person counts twice."
)
STANDINGS = (
    "apart",
    "second account",
    "opened it",
    "took it over",
    "worked under another account",
    "attested",
    "looked second",
    "vouches",
    "is the subject",
    "reports to them",
)
"""How an approver can stand to a case. Only whoever stands apart may approve; a second account of theirs adds nothing."""

_AT = datetime(2026, 1, 1, tzinfo=UTC)
_ACTION = "replace_authenticator"


def over(runbook: Runbook, policy: Policy | None) -> Iterable[tuple[str, str]]:
    """Yield each decide step whose approvals could not be found, or be given by somebody who should not."""
    if policy is None:
        return
    for step in runbook.steps.values():
        if step.kind != "decide":
            continue
        asked = [r.approvals for (action, _tier, _threat), r in policy.requirements.items() if action == step.action]
        wrong = find_wrong_desk(max(asked, default=0))
        if wrong:
            yield step.id, f'"{step.title}" may ask for {max(asked)} approvals: {wrong}'


@lru_cache(maxsize=8)
def find_wrong_desk(needed: int) -> str:
    """Return the first desk on which `needed` approvals are found wrongly, in a sentence; "" where none is."""
    if needed == 0:
        return ""
    for standings in combinations_with_replacement(STANDINGS, needed + 1):
        state, approvers = _desk(standings)
        people = {approver.person_id for approver in approvers if standings[int(approver.id)] == "apart"}
        yes = _all_say_yes(state, approvers)
        counted = {approvers[int(given.by.split(":")[1])].person_id for given in count_approvals(yes, _ACTION, approvers, _AT)}
        asked = {approver.person_id for approver in find_eligible(state, approvers)}
        if not counted == asked == people or len(count_approvals(yes, _ACTION, approvers, _AT)) != len(people):
            return f"with approvers who {', '.join(standings)}, the wrong people would be found."
        late, moved = _AT + timedelta(hours=1), replace(yes, signals=yes.signals | {"one more"})
        if count_approvals(yes, _ACTION, approvers, late) or count_approvals(moved, _ACTION, approvers, _AT):
            return "one that ran out, or was given for something else, would count."
    return ""


def _desk(standings: tuple[str, ...]) -> tuple[CaseState, tuple[Approver, ...]]:
    """Return a case, and one approver for each standing to it; a second account belongs to the first who stands apart."""
    apart = standings.index("apart") if "apart" in standings else None
    people = ["subject" if s == "is the subject" else f"p{n}" for n, s in enumerate(standings)]
    for n, standing in enumerate(standings):
        if standing == "second account" and apart is not None:
            people[n] = people[apart]
        elif standing == "second account":
            people[n] = "subject"
    accounts: dict[str, set[str]] = {}
    for n, person in enumerate(people):
        accounts.setdefault(person, set()).add(f"staff:{n}")
        if standings[n] == "worked under another account":
            accounts[person].add(f"staff:other-{n}")
    approvers = tuple(
        Approver(str(n), people[n], "subject" if standing == "reports to them" else None, frozenset(accounts[people[n]]))
        for n, standing in enumerate(standings)
    )
    opener = next((f"staff:{n}" for n, standing in enumerate(standings) if standing == "opened it"), "staff:operator")
    events = [_opened(opener)]
    for n, standing in enumerate(standings):
        events += _did(standing, f"staff:{n}", people[n])
    # Two cannot both open one case: whoever else opened it, opened it and handed it on.
    events += [
        _event("owner_changed", "worker", owner=f"staff:{n}") for n, standing in enumerate(standings) if standing == "opened it"
    ]
    return fold("case", events), approvers


def _did(standing: str, account: str, person: str) -> list[Event]:
    proof = {"method": "in_person_badge", "receipt": "", "nonce": ""}
    piece = {"expires_at": "2026-01-01T01:00:00.000000Z", "session": None, "authenticator": None}
    match standing:
        case "took it over":
            return [_event("owner_changed", account, owner=account)]
        case "worked under another account":
            other = account.replace("staff:", "staff:other-")
            return [_event("owner_changed", other, owner=other)]
        case "attested":
            return [_event("evidence_recorded", "executor", **proof, **piece, by=account)]
        case "looked second":
            return [_event("second_attested", "executor", **proof, by=account)]
        case "vouches":
            return [
                _event(
                    "voucher_asked",
                    "staff:operator",
                    voucher=person,
                    which="manager",
                    until="2026-01-01T01:00:00.000000Z",
                    nonce="",
                    receipt="",
                )
            ]
    return []


def _opened(by: str) -> Event:
    return _event(
        "case_opened", by, subject="subject", tier="tier0", break_glass=False, employment="active", goal="replace_device",
        channel="phone", caller="subject", runbook="example", runbook_digest="", policy_digest="",
    )  # fmt: skip


def _event(kind: str, actor: str, **body: Any) -> Event:
    told: Mapping[str, Any] = body
    return Event(kind, _AT, actor, told)


def _all_say_yes(state: CaseState, approvers: tuple[Approver, ...]) -> CaseState:
    """Return the case after everybody approved, each twice."""
    over_ = digest_of_bundle(state, _ACTION)
    given = tuple(
        Approval(_ACTION, f"staff:{approver.id}", over_, _AT, _AT + timedelta(minutes=30), "", "") for approver in approvers
    )
    return replace(state, approvals=given * 2)
