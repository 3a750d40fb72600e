"""What must be true of a person before an action, however well they proved who they are. Proof says who; this says whether at all.

No proof makes up for a condition that is not met, so a refusal for one of these carries no plan. The directory says them, and it
is no input of the operator's (SETTLED 13).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from mfadesk.assurance.model import Decision, Evidence, MethodId, Plan, Policy, Reason
from mfadesk.cases.state import CaseState
from mfadesk.operations.hr_word import METHOD, NEEDED, has_hr_word, plans_through
from mfadesk.operations.people import find_voucher
from mfadesk.operations.targets import find_targets
from mfadesk.ports.people import Person
from mfadesk.ports.provider import Authenticator, Holdings
from mfadesk.runbook.situation import UNKNOWN
from mfadesk.store.commit import load_case
from mfadesk.store.models import CaseRow

EARLIEST_DAY = timedelta(hours=14)
"""A first day begins where the sun rises first: fourteen hours before it does in UTC."""

STALE_START = timedelta(days=30)
"""A feed that still says "starts" a month after the day is not kept, and nobody knows what is true."""


SEEN = Reason("no_manager", "The directory names no manager who is here, so they are seen in person.")
"""The one condition that proof can meet, if it is the right one."""


class Condition(Protocol):
    """Returns why an action may not be done for this person at all; nothing where it may."""

    def __call__(self, state: CaseState, person: Person, holdings: Holdings, policy: Policy, now: datetime) -> list[Reason]: ...


def unmet_conditions(
    action: str, state: CaseState, person: Person, holdings: Holdings | None, policy: Policy, now: datetime
) -> tuple[Reason, ...]:
    """Return every condition of `action` that is not met.

    holdings: what the provider holds; None where nobody knows, and then no action that has a condition is done.
    """
    condition = CONDITIONS.get(action)
    if condition is None:
        return ()
    if holdings is None:
        return (Reason("provider_unknown", "What this person still has is not known now; look again before deciding."),)
    return tuple(condition(state, person, holdings, policy, now))


def plans_that_meet(
    unmet: Sequence[Reason],
    judge: Callable[[Sequence[Evidence]], Decision],
    evidence: Sequence[Evidence],
    available: Collection[MethodId],
    policy: Policy,
    now: datetime,
) -> tuple[Plan, ...]:
    """Return the plans of more proof by which a condition is met as well: HR's word, or being seen; none for any other condition."""
    if tuple(unmet) == (NEEDED,):
        return plans_through(METHOD, judge, evidence, available, policy, now)
    if tuple(unmet) == (SEEN,):
        ways = [method for method in policy.methods if method in available and policy.methods[method].in_person]
        plans = [plan for way in ways for plan in plans_through(way, judge, evidence, available, policy, now)]
        return tuple(sorted({plan.methods: plan for plan in plans}.values(), key=lambda plan: (plan.minutes, plan.methods)))
    return ()


def _first_binding(state: CaseState, person: Person, holdings: Holdings, policy: Policy, now: datetime) -> list[Reason]:
    """A first authenticator: the HR feed is the root, with start date and manager, and there is none yet (SETTLED 13)."""
    reasons = []
    if any(a.id != state.new_authenticator for a in find_real(holdings)):
        reasons.append(Reason("not_the_first", "They have an authenticator already, so this is a replacement. Take that road."))
    if person.employment == "starts":
        reasons += _start_date(person, now)
    else:
        reasons += _at_work(state, person, now)
    seen = any(policy.methods[item.method].in_person for item in state.evidence() if item.method in policy.methods)
    if find_voucher(person) is None and not seen:
        reasons.append(SEEN)
    return [*_closed(state, holdings), *reasons]


def find_real(holdings: Holdings) -> tuple[Authenticator, ...]:
    """Return what makes a new authenticator no first one: all but saved codes, a spare, and what was begun and never tested."""
    return tuple(a for a in holdings.authenticators if a.state != "pending" and a.kind != "recovery_code")


def _start_date(person: Person, now: datetime) -> list[Reason]:
    if person.starts_on is None:
        return [Reason("no_start_date", "HR gives no start date. HR sets it first.")]
    if person.starts_on > (now + EARLIEST_DAY).date():
        return [Reason("not_started", "Their first day has not come. Nothing is set up before it.")]
    if person.starts_on < (now - STALE_START).date():
        return [Reason("stale_start", "HR has them as starting for more than a month. HR sets that right first.")]
    return []


def _restoring(state: CaseState, person: Person, holdings: Holdings, policy: Policy, now: datetime) -> list[Reason]:
    """Giving back: only to somebody who is at work, by HR's feed or by HR's word in this case."""
    return _start_date(person, now) if person.employment == "starts" else _at_work(state, person, now)


def _at_work(state: CaseState, person: Person, now: datetime) -> list[Reason]:
    if person.employment == "active" or (person.employment == "on_leave" and has_hr_word(state, now)):
        return []
    if person.employment == "on_leave":
        return [NEEDED]
    return [Reason("not_employed_now", "HR does not have them at work now. HR changes that first.")]


def _something_named(state: CaseState, person: Person, holdings: Holdings, policy: Policy, now: datetime) -> list[Reason]:
    """What is switched off or replaced is on file: done to nothing it would pass, and leave what was lost as it is."""
    if state.targets or find_targets(state, holdings) or not find_real(holdings):
        return []
    if state.answers.get("kind", UNKNOWN) == UNKNOWN:
        return [
            Reason(
                "not_named", "They have several things to sign in with, and nobody said which it was. Ask again, in a new case."
            )
        ]
    return [Reason("none_of_that_kind", "Nothing of the kind they named is on file. Ask again what it was, in a new case.")]


def _replacing(state: CaseState, person: Person, holdings: Holdings, policy: Policy, now: datetime) -> list[Reason]:
    return _closed(state, holdings) or _something_named(state, person, holdings, policy, now)


def _closed(state: CaseState, holdings: Holdings) -> list[Reason]:
    """A new device at a closed account signs nobody in: the road that opens it comes first, and asks for no less."""
    opening = state.verdicts.get("restore_account")
    if not holdings.disabled or (opening is not None and opening.allowed):
        return []
    return [
        Reason(
            "account_closed",
            'The account is closed or locked. End this case and open one with "An account is closed or disabled".',
        )
    ]


A_PERSONS_CASES = 50


def _bypass(state: CaseState, person: Person, holdings: Holdings, policy: Policy, now: datetime) -> list[Reason]:
    """No way in beside another, and none before the last one was looked at: it is never extended by habit."""
    reasons = []
    if any(grant.key not in state.effects for grant in holdings.grants):
        reasons.append(Reason("bypass_open", "A bypass is open for them already. It ends first."))
    others = CaseRow.objects.filter(subject_id=person.id).exclude(pk=state.id).order_by("-opened_at")
    cases = map(load_case, others.values_list("id", flat=True)[:A_PERSONS_CASES])
    if any(other.bypass and not other.bypass_reviewed for other in cases):
        reasons.append(Reason("bypass_not_reviewed", "Security has not looked at their last bypass yet. It does so first."))
    return reasons


CONDITIONS: Mapping[str, Condition] = {
    "bind_first_authenticator": _first_binding,
    "restore_account": _restoring,
    "grant_bypass": _bypass,
    "grant_longer_bypass": _bypass,
    "suspend_authenticator": _something_named,
    "replace_authenticator": _replacing,
}
"""The actions that have one."""
