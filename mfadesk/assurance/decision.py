"""Judging evidence: what it would cost to fake, whether that is enough for an action, and if not, what would be.

Everything here is a pure function of evidence, circumstances and policy, so that the web can show a decision, the executor can
take it again from its own records, and the prover can ask about all cases at once, with one meaning. A bare yes or no never
leaves this module: an allowance says until when, a refusal says why and what would suffice for this person.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from mfadesk.assurance import plans as planning
from mfadesk.assurance.circumstances import PROVIDER, find_held, find_threat, is_unknown
from mfadesk.assurance.model import (
    Allowed,
    Assessment,
    Attack,
    Circumstances,
    Compromise,
    Decision,
    Evidence,
    MethodId,
    Policy,
    Reason,
    Refused,
    Requirement,
    ThreatLevel,
)
from mfadesk.assurance.pricing import Question, find_pricing
from mfadesk.assurance.words import say_attack
from mfadesk.kernel.errors import Refusal
from mfadesk.ports.people import Tier

BINDS_NOTHING = ("suspend_authenticator", "resync_authenticator")
"""Actions after which nobody holds anything new, so that no survivor must be shown first."""

NOTHING = Assessment(Attack(frozenset(), 0), {}, frozenset())
"""What a refusal carries where nothing could be assessed: anybody could have produced it."""


def assess(
    evidence: Iterable[Evidence], held: frozenset[Compromise], policy: Policy, resists: Iterable[Compromise] = ()
) -> Assessment:
    """Return the cheapest attack that explains `evidence`, and what each of `resists`, given away for free, leaves of it.

    evidence: what still counts; order and repetition do not matter, and a method that is no factor adds nothing.
    held: from `circumstances.find_held`.

    Raises Refusal where the exact search would run away.
    Source: docs/decisions/attack-prices.md.
    """
    question = Question(evidence, held, find_pricing(policy))
    return Assessment(question.attack(), {name: question.attack(name) for name in resists}, held)


def decide(
    evidence: Sequence[Evidence],
    circumstances: Circumstances,
    action: str,
    tier: Tier,
    threat: ThreatLevel,
    policy: Policy | None,
    now: datetime,
    available: Iterable[MethodId] = (),
) -> Decision:
    """Return whether `action` may be done for a person of `tier`, and until when; or why not, and what would suffice.

    evidence: not voided; what has expired by `now`, or is dated after it, is dropped here.
    available: methods that this person can still use; operator-attested ones only while a second operator is on shift.

    An action, tier or policy that is not there is a refusal: unknown means refuse.
    """
    if policy is None:
        return Refused(NOTHING, None, (Reason("no_policy", "No policy is loaded, so nothing can be allowed."),), ())
    requirement = policy.requirements.get((action, tier, find_threat(circumstances, policy, threat)))
    live = find_live(evidence, policy, now)
    held = find_held(circumstances, policy, now)
    try:
        assessment = assess(live, held, policy, requirement.resists if requirement else ())
        if requirement is None:
            sentence = f"Policy names no requirement for {action} in tier {tier}, so it is not done here."
            return Refused(assessment, None, (Reason("no_requirement", sentence),), ())
        reasons = find_reasons(live, assessment, circumstances, requirement, policy, now)
        if not reasons:
            ends = min([find_end(item, policy) for item in live], default=now)
            expires_at = min(ends, now + timedelta(seconds=requirement.decision_lifetime_s))
            return Allowed(assessment, requirement, expires_at, find_grace(live, requirement, policy))

        def is_enough(more: Sequence[Evidence]) -> int | None:
            """Return the points that `more` evidence would reach, or None where it would not do."""
            after = [item for item in live if item.method not in {extra.method for extra in more}] + list(more)
            judged = assess(after, held, policy)
            if judged.attack.points < requirement.minimum:
                return None
            judged = assess(after, held, policy, requirement.resists)
            return None if find_reasons(after, judged, circumstances, requirement, policy, now) else judged.attack.points

        found = planning.find_plans(live, available, policy, now, is_enough)
    except Refusal as refusal:
        return Refused(NOTHING, requirement, (Reason(refusal.code, refusal.sentence),), ())
    return Refused(assessment, requirement, reasons, found)


def find_live(evidence: Iterable[Evidence], policy: Policy, now: datetime) -> tuple[Evidence, ...]:
    """Return the evidence that counts at `now`: by a factor of this policy, not expired by its own end or by policy's.

    Evidence dated after `now` is dropped too: a clock was set back, and nobody can say how old it really is.
    """

    def counts(item: Evidence) -> bool:
        method = policy.methods.get(item.method)
        if method is None or method.role != "factor":
            return False
        return item.at <= now < find_end(item, policy)

    return tuple(item for item in evidence if counts(item))


def find_end(item: Evidence, policy: Policy) -> datetime:
    """Return when `item` stops counting: at its own end or the method's, unless a wait keeps it longer."""
    end = min(item.expires_at, item.at + timedelta(seconds=policy.methods[item.method].lifetime_s))
    return end if item.kept_until is None else max(end, item.kept_until)


def find_reasons(
    evidence: Sequence[Evidence],
    assessment: Assessment,
    circumstances: Circumstances,
    requirement: Requirement,
    policy: Policy,
    now: datetime,
) -> tuple[Reason, ...]:
    """Return every reason why `evidence` does not suffice, for staff; none where it does."""
    reasons = [
        Reason("signal_refuses", f"{name}: {policy.signals[name].why}")
        for name in sorted(circumstances.signals & policy.signals.keys())
        if policy.signals[name].refuses
    ]
    if not evidence:
        reasons.append(Reason("no_evidence", "Nothing is proved yet."))
    elif assessment.attack.points < requirement.minimum:
        needed = f"{assessment.attack.points} of {requirement.minimum} points"
        reasons.append(Reason("below_minimum", f"{say_attack(assessment.attack, policy)} ({needed})"))
    for name, left in assessment.resists.items():
        if evidence and left.points < requirement.resist_minimum:
            given = policy.compromises[name].words
            reasons.append(
                Reason(
                    f"falls_to:{name}",
                    f"Whoever has {given} needs too little more: {left.points} of {requirement.resist_minimum} points.",
                )
            )
    if requirement.in_person_only and not any(policy.methods[item.method].in_person for item in evidence):
        reasons.append(Reason("in_person_only", "Policy asks for this person to be seen in person."))
    if requirement.action not in BINDS_NOTHING:
        reasons += _find_survivor_reasons(evidence, circumstances, policy, now)
    return tuple(reasons)


def find_grace(evidence: Iterable[Evidence], requirement: Requirement, policy: Policy) -> int:
    """Return the seconds to wait and shout before the action: none where proof stands that cannot be talked out of anybody.

    Source: rule R47; docs/decisions/attack-prices.md.
    """
    for item in evidence:
        method = policy.methods[item.method]
        if method.waives_grace and (item.second_attested or not method.operator_attested):
            return 0
    return requirement.grace_s


def _find_survivor_reasons(
    evidence: Sequence[Evidence], circumstances: Circumstances, policy: Policy, now: datetime
) -> list[Reason]:
    """Return what the survivor rule holds against this case: whoever still has something strong must show it.

    A relayable survivor is not asked for once something phishing-resistant was shown: it could add only less.
    """
    reasons = []
    unseen = is_unknown(PROVIDER, circumstances)
    if unseen:
        reasons.append(Reason("provider_unknown", "What this person still has is not known now; look again before deciding."))
    strong = any(policy.methods[item.method].phishing_resistant for item in evidence)
    used = {item.method for item in evidence}
    for name in circumstances.survivors:
        method = policy.methods.get(name)
        if name in used or (method is not None and method.relayable and strong):
            continue
        called = method.name if method else name
        reasons.append(Reason(f"survivor:{name}", f"{called} was in use lately: use it, or record why it is out of reach."))
    used_at = now if unseen and circumstances.gone else circumstances.gone_used_at
    lately = used_at is not None and now - used_at < timedelta(seconds=policy.limits.survivor_window_s)
    if evidence and lately and all(policy.methods[item.method].on_phone for item in evidence):
        sentence = "The authenticator said to be gone was used lately, and every proof so far is on that same phone."
        reasons.append(Reason("all_on_the_phone", sentence))
    return reasons
