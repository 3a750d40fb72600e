"""HR's word in a case: a partner whom the directory names says in the portal that the person is at work, and that they asked.

Somebody whom HR's feed has as away is served on that word alone, since feeds are late and no operator can edit them (SETTLED 13).
It is proof of who they are as well, at its price; here it says whether at all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from mfadesk.assurance.model import Allowed, Decision, Evidence, MethodId, Plan, Policy, Reason
from mfadesk.cases.state import CaseState

METHOD: MethodId = "hr_attest"
NEEDED = Reason("hr_first", "HR has them away. Ask an HR partner to confirm in the portal that they are back; nobody else can.")
"""Why nothing is done yet for somebody whom the feed has on leave."""


def has_hr_word(state: CaseState, now: datetime | None = None) -> bool:
    """Return whether an HR partner confirmed the person in this case; with `now`, whether that still counts."""
    return any(e.method == METHOD and (now is None or now < e.expires_at) for e in state.evidence())


def plans_through(
    needed: MethodId,
    judge: Callable[[Sequence[Evidence]], Decision],
    evidence: Iterable[Evidence],
    available: Iterable[MethodId],
    policy: Policy,
    now: datetime,
) -> tuple[Plan, ...]:
    """Return what would suffice where `needed` has to be there, such as HR's word: the quickest plans, each with it; none without it.

    judge: the decision on given evidence, with plans for what is missing.
    """
    if needed not in available or needed not in policy.methods:
        return ()
    method = policy.methods[needed]
    word = Evidence(needed, now, now + timedelta(seconds=method.lifetime_s), "plan", None, method.operator_attested)
    decision = judge([*evidence, word])
    if isinstance(decision, Allowed):
        return (Plan((needed,), method.minutes, decision.assessment.attack.points, ()),)
    return tuple(
        replace(plan, methods=tuple(sorted({*plan.methods, needed})), minutes=max(plan.minutes, method.minutes))
        for plan in decision.plans
    )
