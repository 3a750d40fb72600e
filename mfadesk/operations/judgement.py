"""One case, one action: what is held, what the person still has, and whether it suffices.

The executor judges with what it has just seen and signs the answer; pages judge with the newest snapshot to show where a case
stands. Both call this, so that the screen never says something else than the machine.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import cast

from mfadesk.assurance.decision import decide, find_live
from mfadesk.assurance.model import (
    Allowed,
    Circumstances,
    Decision,
    Evidence,
    Leaning,
    MethodId,
    Policy,
    Reason,
    Refused,
    Requirement,
    ThreatLevel,
)
from mfadesk.cases.approvals import Approver, count_approvals
from mfadesk.cases.state import CaseState
from mfadesk.kernel.clock import from_stamp, to_stamp
from mfadesk.operations import call_back
from mfadesk.operations.approvers import Account, find_accounts, find_approvers
from mfadesk.operations.conditions import unmet_conditions
from mfadesk.operations.hr_word import NEEDED, has_hr_word, plans_through_hr
from mfadesk.operations.people import list_vouchers
from mfadesk.operations.targets import CLAIMED_GONE, find_gone, find_kinds_gone, find_survivors
from mfadesk.ports.people import Person, Tier
from mfadesk.ports.provider import PHISHING_RESISTANT, Authenticator, AuthenticatorKind, Grant, Holdings
from mfadesk.runbook.model import Runbook
from mfadesk.store.models import Snapshot

METHOD_OF: Mapping[AuthenticatorKind, MethodId] = {
    "totp": "totp_existing",
    "hotp": "totp_existing",
    "push": "push_code_transfer",
    "passkey": "fido2_existing",
    "security_key": "fido2_existing",
    "passkey_synced": "passkey_synced_existing",
    "recovery_code": "saved_recovery_code",
    "sms": "sms_code",
}
"""Which method an authenticator of the provider makes possible."""

VOUCHED_AS: Mapping[str, MethodId] = {"manager": "manager_portal", "hr": "hr_attest", "peers": "peer_vouch"}
"""Which method a voucher's answer establishes."""

WITHOUT_BROWSER = frozenset({"suspend_authenticator", "change_contact"})
"""Actions after which nobody does anything in a browser; every other decision is for the one browser that will act on it."""


@dataclass(frozen=True, slots=True)
class Sight:
    """What is known of a person outside the case: what the provider holds, and which services could verify them.

    holdings: None where nobody looked or the provider did not answer; then everything is taken at its worst.
    services: methods that a factor service says this person can use now; a call back among them only where the desk can ring.
    """

    holdings: Holdings | None
    services: frozenset[MethodId]


BY_SERVICE = frozenset({"video_photo_on_file"})
"""What an operator attests and a service has to carry: without one there is no call in which anybody could be seen."""


def available_methods(
    state: CaseState, person: Person, sight: Sight, policy: Policy, staff: Iterable[Account] | None = None
) -> tuple[MethodId, ...]:
    """Return the methods that this person can still use, in policy's order, evidence at hand not counted.

    staff: the staff list, for a caller who has read it already.
    """
    # What an operator attests is theirs to do, whatever a service says of it; only a call back takes one besides.
    found: set[MethodId] = {m for m in sight.services if m in policy.methods and not policy.methods[m].operator_attested}
    if sight.holdings is not None and not sight.holdings.disabled:
        gone = {a.id for a in find_gone(state, sight.holdings)} | {state.new_authenticator}
        for a in sight.holdings.authenticators:
            if a.state == "active" and a.id not in gone and a.kind not in ("push", "sms"):
                found.add(METHOD_OF[a.kind])
    found |= {VOUCHED_AS[which] for which in list_vouchers(person)}
    staff = find_accounts() if staff is None else staff
    if sum(account.active and "operator" in account.roles for account in staff) >= 2:
        # One operator alone proves nothing, so with one on shift these are not offered (SETTLED 9).
        found |= {"in_person_badge", *(BY_SERVICE & sight.services)}
        if call_back.METHOD in sight.services and call_back.find_number(person) is not None:
            found.add(call_back.METHOD)
    return tuple(m for m in policy.methods if m in found and policy.methods[m].role == "factor")


def circumstances_of(state: CaseState, person: Person, sight: Sight, now: datetime) -> Circumstances:
    """Return what the executor or a page knows about the call besides evidence."""
    unknown: set[str] = set()
    gone_used_at: datetime | None = None
    survivors: tuple[MethodId, ...] = ()
    if sight.holdings is None:
        unknown.add("provider")
    else:
        used = [a.last_used_at for a in find_gone(state, sight.holdings) if a.last_used_at is not None]
        gone_used_at = max(used, default=None)
        accepted = {piece.evidence.authenticator_id for piece in state.pieces}
        survivors = tuple(
            METHOD_OF[a.kind]
            for a in find_survivors(state, sight.holdings, now)
            if a.id not in accepted and a.id not in state.out_of_reach
        )
    claim = state.answers.get("authenticator", "unknown")
    return Circumstances(
        signals=state.signals,
        gone=find_kinds_gone(state) if claim in CLAIMED_GONE else frozenset(),
        stolen=claim == "stolen",
        leaning_changed_at=_leanings(person),
        gone_used_at=gone_used_at,
        survivors=survivors,
        unknown=frozenset(unknown),
    )


def judge(
    state: CaseState,
    action: str,
    person: Person,
    sight: Sight,
    policy: Policy,
    threat: str,
    now: datetime,
    approvers: Iterable[Approver] | None = None,
    *,
    available: tuple[MethodId, ...] = (),
) -> Decision:
    """Return whether evidence and approvals in the case suffice for `action`, and if not, what would.

    approvers: who may approve at all; None reads it from the staff list, and the executor gives its own register's.
    available: of what plans of more proof are made. The search for them takes most of the time, and only a page shows them.
    """
    nobody = person.break_glass or person.employment == "left"
    # Nothing that anybody proves opens a break-glass account or brings back somebody who left: there is no path at all.
    evidence = () if nobody else _not_by_what_is_gone(state, sight, evidence_in(state, action, policy))
    available = () if nobody else available

    def decide_on(evidence: Sequence[Evidence]) -> Decision:
        return decide(
            evidence=evidence, circumstances=circumstances_of(state, person, sight, now), action=action,
            tier=cast(Tier, state.tier), threat=cast(ThreatLevel, threat), policy=policy, now=now, available=available,
        )  # fmt: skip

    decision = decide_on(evidence)
    if decision.requirement is not None and _needs_second_person(action, state, sight, now):
        decision = replace(
            decision, requirement=replace(decision.requirement, approvals=max(1, decision.requirement.approvals))
        )
    unmet = unmet_conditions(action, state, person, sight.holdings, policy, now)
    if unmet:
        reasons = () if isinstance(decision, Allowed) else decision.reasons
        # No proof makes up for a condition, but for HR's own word where that is what is missing.
        plans = plans_through_hr(decide_on, evidence, available, policy, now) if unmet == (NEEDED,) else ()
        return Refused(decision.assessment, decision.requirement, (*reasons, *unmet), plans)
    if isinstance(decision, Allowed) and action not in WITHOUT_BROWSER and not state.confirmed:
        # Signed now, it would be signed for no browser, and could not be acted on in the one that comes (SETTLED 4, 16).
        reason = Reason(
            "no_browser", "The proof is enough. The person enters the case code in their browser before anything changes."
        )
        return Refused(decision.assessment, decision.requirement, (reason,), ())
    if isinstance(decision, Allowed) and decision.requirement.approvals:
        known = find_approvers() if approvers is None else tuple(approvers)
        missing = decision.requirement.approvals - len(count_approvals(state, action, known, now))
        if missing > 0:
            more = "one more person" if missing == 1 else f"{missing} more people"
            reason = Reason("approvals_needed", f"The proof is enough. Policy asks for {more} to approve.")
            return Refused(decision.assessment, decision.requirement, (reason,), ())
    return decision


def _needs_second_person(action: str, state: CaseState, sight: Sight, now: datetime) -> bool:
    """Return whether somebody else has to say yes: an account that somebody closed, for a reason that HR did not speak to."""
    closed = sight.holdings is not None and sight.holdings.disabled and not sight.holdings.locked
    return action == "restore_account" and closed and not has_hr_word(state, now)


BINDS: tuple[str, ...] = ("replace_authenticator", "add_authenticator", "bind_first_authenticator")
"""Actions after which a new authenticator may be set up."""

DEVICE_KINDS: Mapping[str, tuple[AuthenticatorKind, ...]] = {
    "no_smartphone": ("security_key", "passkey"),
    "spare_key": ("security_key", "passkey"),
    "new_token": ("security_key", "hotp"),
}
"""What may be set up on the device that the person named, the likeliest first; on any other, an app or a passkey."""


def kinds_offered(state: CaseState, runbook: Runbook, policy: Policy, threat: str) -> tuple[AuthenticatorKind, ...]:
    """Return what this person may set up now: what the runbook's step offers, by the device in their hands, and what their tier allows."""
    action = next((a for a in BINDS if a in state.verdicts and state.verdicts[a].allowed), BINDS[0])
    requirement = requirement_of(policy, action, state.tier, threat)
    if requirement is None:
        return ()
    steps = (runbook.steps[step_id] for step_id in reversed(state.visited) if step_id in runbook.steps)
    step_kinds = cast(tuple[AuthenticatorKind, ...], next((step.kinds for step in steps if step.kind == "enrol"), ()))
    kinds = DEVICE_KINDS.get(state.answers.get("new_device", ""), ("totp", "passkey"))
    if requirement.passkey_only:
        # A seed can be read out by a coached victim, so it is not offered where policy says so (SETTLED 6).
        resistant = tuple(k for k in kinds if k in PHISHING_RESISTANT)
        kinds = resistant if "security_key" in kinds else ("passkey", "security_key")
    # Where nothing of that is what the device usually takes, whatever the runbook offers: a step that offers nothing ends nowhere.
    allowed = tuple(kind for kind in step_kinds if kind in PHISHING_RESISTANT or not requirement.passkey_only)
    return tuple(kind for kind in kinds if kind in allowed) or allowed


def _not_by_what_is_gone(state: CaseState, sight: Sight, evidence: tuple[Evidence, ...]) -> tuple[Evidence, ...]:
    """Leave out what an authenticator proved that was said to be gone afterwards: whoever had it then is not known now."""
    gone = {a.id for a in find_gone(state, sight.holdings)} if sight.holdings is not None else set()
    return tuple(item for item in evidence if item.authenticator_id not in gone)


def judge_under(
    policies: Sequence[Policy],
    state: CaseState,
    action: str,
    person: Person,
    sight: Sight,
    threat: str,
    now: datetime,
    approvers: Iterable[Approver] | None = None,
    *,
    available: tuple[MethodId, ...] = (),
) -> Decision:
    """Return the judgement of several policies together: refused for the reasons of all that refuse, else the strictest terms.

    policies: the one in force, then the one that the case is pinned to where that is another; never none.
    """
    asked = (threat, now, approvers)
    decisions = [judge(state, action, person, sight, policy, *asked, available=available) for policy in policies]
    refusals = [decision for decision in decisions if isinstance(decision, Refused)]
    if refusals:
        reasons = tuple({reason.code: reason for refused in refusals for reason in refused.reasons}.values())
        # What would suffice under each of them may differ; a plan is a promise, so it is made only where one policy judges.
        plans = refusals[0].plans if len(decisions) == 1 else ()
        return replace(refusals[0], reasons=reasons, plans=plans)
    allowed = [decision for decision in decisions if isinstance(decision, Allowed)]
    strictest = min(allowed, key=lambda decision: decision.requirement.decision_lifetime_s)
    return replace(
        strictest, expires_at=min(each.expires_at for each in allowed), grace_s=max(each.grace_s for each in allowed)
    )


def evidence_in(state: CaseState, action: str, policy: Policy) -> tuple[Evidence, ...]:
    """Return the evidence of a case, where what counted when approvals were asked for is kept while they are awaited (SETTLED 13)."""
    evidence, ask = state.evidence(), state.ask
    if ask is None or ask.action != action:
        return evidence
    counted = find_live(evidence, policy, ask.since)
    return tuple(replace(item, kept_until=ask.until) if item in counted else item for item in evidence)


def requirement_of(policy: Policy, action: str, tier: str, threat: str) -> Requirement | None:
    """Return what policy demands, or None where it names nothing: then the action is not done."""
    return policy.requirements.get((action, cast(Tier, tier), cast(ThreatLevel, threat)))


_NEWEST = """
SELECT * FROM store_snapshot a WHERE person_id = %s AND source IN ('provider', 'factors') AND id =
    (SELECT id FROM store_snapshot b WHERE b.person_id = a.person_id AND b.source = a.source ORDER BY taken_at DESC, id DESC LIMIT 1)
"""


def newest_snapshots(person_id: str) -> dict[str, Snapshot]:
    """Return the newest snapshot of each source, `provider` and `factors`, of a person."""
    return {row.source: row for row in Snapshot.objects.raw(_NEWEST, [person_id])}


def newest_sight(person_id: str) -> tuple[Sight, datetime | None]:
    """Return the newest snapshots of a person, and how old the older of them is."""
    found = newest_snapshots(person_id)
    provider, services = found.get("provider"), found.get("factors")
    sight = Sight(
        holdings=holdings_from_json(json.loads(provider.data)) if provider else None,
        services=frozenset(json.loads(services.data)) if services else frozenset(),
    )
    return sight, provider.taken_at if provider else None


def holdings_to_json(holdings: Holdings) -> dict[str, object]:
    """Return the form in which a snapshot is stored."""
    return {
        "login": holdings.login,
        "sessions": holdings.sessions,
        "seen_at": to_stamp(holdings.seen_at),
        "disabled": holdings.disabled,
        "locked": holdings.locked,
        "authenticators": [
            {
                "id": a.id, "kind": a.kind, "label": a.label, "state": a.state, "on_phone": a.on_phone,
                "created_at": to_stamp(a.created_at), "last_used_at": to_stamp(a.last_used_at) if a.last_used_at else None,
                "fail_count": a.fail_count, "key": a.key,
            }
            for a in holdings.authenticators
        ],
        "grants": [
            {
                "id": g.id, "key": g.key, "expires_at": to_stamp(g.expires_at),
                "used_at": to_stamp(g.used_at) if g.used_at else None,
            }
            for g in holdings.grants
        ],
    }  # fmt: skip


def holdings_from_json(data: Mapping[str, object]) -> Holdings:
    """Return what `holdings_to_json` wrote."""
    rows = cast(list[dict[str, object]], data["authenticators"])
    return Holdings(
        login=str(data["login"]),
        sessions=int(str(data["sessions"])),
        seen_at=from_stamp(str(data["seen_at"])),
        disabled=bool(data["disabled"]),
        locked=bool(data.get("locked", False)),
        authenticators=tuple(
            Authenticator(**{  # type: ignore[arg-type]
                **row,
                "created_at": from_stamp(str(row["created_at"])),
                "last_used_at": from_stamp(str(row["last_used_at"])) if row["last_used_at"] else None,
            })
            for row in rows
        ),
        # A snapshot of before there were any has none.
        grants=tuple(
            Grant(row["id"], row["key"], from_stamp(row["expires_at"]), from_stamp(row["used_at"]) if row["used_at"] else None)
            for row in cast(list[dict[str, str]], data.get("grants", []))
        ),
    )  # fmt: skip


def _leanings(person: Person) -> dict[Leaning, datetime]:
    changed: dict[Leaning, datetime] = {}
    for contact in person.contacts:
        # A staff desk phone hangs on the wall; what an attacker moves is the mobile number and the mailboxes.
        leaning = cast(Leaning, "mobile" if contact.kind in ("mobile", "desk_phone") else contact.kind)
        if contact.since is not None:
            changed[leaning] = max(contact.since, changed.get(leaning, contact.since))
    if person.manager_since is not None:
        changed["manager"] = person.manager_since
    if person.photo_since is not None:
        changed["photo"] = person.photo_since
    return changed
