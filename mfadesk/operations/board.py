"""The verification board: what faking the proof would cost, in words, and what would suffice for this person."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mfadesk.assurance.decision import find_end, find_live
from mfadesk.assurance.model import Allowed, Decision, Evidence, MethodId, Plan, Policy, Reason, Refused
from mfadesk.assurance.words import join, say_compromise
from mfadesk.cases.approvals import ONLY_APPROVALS, Approver
from mfadesk.cases.state import CaseState
from mfadesk.kernel.errors import Refusal
from mfadesk.operations import call_back
from mfadesk.operations.approvers import Account
from mfadesk.operations.desk import Desk
from mfadesk.operations.judgement import (
    METHOD_OF,
    Sight,
    available_methods,
    evidence_in,
    judge_under,
)
from mfadesk.operations.people import list_vouchers
from mfadesk.operations.sayings import method_name, signal_words
from mfadesk.operations.targets import find_survivors
from mfadesk.operations.views import AnswerLine, AttestLine, Board, EvidenceLine, PlanLine, ResistLine
from mfadesk.ports.people import Actor, Person

VOUCHER_WORDS = {"manager": "Their manager", "hr": "An HR partner", "peers": "Two colleagues"}

HOW = {
    "callback_on_file": (
        "Ring them here, then say the two words that you see. Whoever answers types them into their page; then you sign.",
        "The last two digits of the number, if you dialled it; else what they said",
    ),
    "in_person_badge": ("They stand at a site desk. Compare badge, face and the photo on file.", "Number printed on the badge"),
    "video_photo_on_file": (
        "On video: compare with the photo on file, then ask for the movement that you think of now.",
        "The movement you asked for",
    ),
    "spare_key_pickup": ("The site hands out the spare key on your word and the badge.", "Number of the sealed bag"),
}
"""What the operator does for each method that takes an operator, and what they write down: a value, not a tick."""


KNOWN = "password is taken as known"
"""Said once on a card: policy's own words for a compromise may say it already."""

UNSEEN = "provider_unknown"
"""The reason for a provider that has not told yet what a person has; the board says so in a card of its own."""

_SHOWN_BY_THE_GAUGE = ("no_evidence", "below_minimum", "falls_to:")
"""Reasons that the card with the gauge says already, in its sentence and in its list."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What one page knows beside the case, read once: the newest snapshots, the staff list, and who of it may approve.

    approvers: None while the case asks for no approval.
    """

    sight: Sight
    staff: Sequence[Account]
    approvers: Sequence[Approver] | None


def board_of(desk: Desk, actor: Actor, state: CaseState, person: Person, action: str, around: Surroundings) -> Board:
    """Return the board for one action of a case, as the newest snapshot allows."""
    usable = available_methods(state, person, around.sight, desk.policy, around.staff)
    decision = _judge(desk, state, action, person, around, usable)
    requirement = decision.requirement
    attack = decision.assessment.attack
    plans = () if isinstance(decision, Allowed) else decision.plans
    needed = requirement.minimum if requirement else 0
    allowed = isinstance(decision, Allowed)
    live = find_live(evidence_in(state, action, desk.policy), desk.policy, desk.now())
    unseen = around.sight.holdings is None
    waits = not isinstance(decision, Allowed) and [reason.code for reason in decision.reasons] == ONLY_APPROVALS
    return Board(
        verdict="It may go ahead" if allowed else "The proof is enough" if waits else "Not enough yet",
        enough=allowed or waits,
        points=attack.points,
        needed=needed,
        could=plans[0].points if plans else None,
        could_words=f"after {_lower(_say_plan(plans[0], state, desk.policy))}" if plans else "",
        cheapest=_cheapest(decision, desk.policy, evidence=bool(live)),
        resists=_resists(decision, desk.policy),
        have=evidence_lines(live, desk.policy),
        heard=tuple(signal_words(s) for s in sorted(state.signals)),
        plans=tuple(PlanLine(_say_plan(plan, state, desk.policy), plan.minutes, plan.points) for plan in plans),
        unseen=unseen,
        no_plan=""
        if plans or allowed or waits or unseen
        else "Nothing that this person can use from here would be enough. In person at a site desk is the way.",
        attest=_attest_lines(desk, actor, state, person, usable),
        vouchers=_voucher_lines(state, person, actor),
        survivors=_survivor_lines(desk, actor, state, around.sight),
        reasons=()
        if isinstance(decision, Allowed)
        else tuple(
            r.sentence
            for r in decision.reasons
            if not r.code.startswith(_SHOWN_BY_THE_GAUGE) and not (unseen and r.code == UNSEEN)
        ),
    )


def _judge(
    desk: Desk, state: CaseState, action: str, person: Person, around: Surroundings, usable: tuple[MethodId, ...]
) -> Decision:
    """Return what the executor would decide on the newest snapshot; also where the case's own policy is lost."""
    asked = (state, action, person, around.sight, desk.home.config.threat, desk.now(), around.approvers)
    try:
        return judge_under(desk.policies_of(state), *asked, available=usable)
    except Refusal as gone:
        seen = judge_under((desk.policy,), *asked, available=usable)
        return Refused(seen.assessment, seen.requirement, (Reason(gone.code, gone.sentence),), ())


def evidence_lines(evidence: Iterable[Evidence], policy: Policy) -> tuple[EvidenceLine, ...]:
    """Return what `evidence` of a case proved, how, and until when it counts."""
    return tuple(
        EvidenceLine(
            method_name(e.method, policy),
            how_proved(e, policy),
            find_end(e, policy),
        )
        for e in evidence
    )


def _cheapest(decision: Decision, policy: Policy, *, evidence: bool) -> str:
    attack = decision.assessment.attack
    if not attack.compromises and not evidence:
        return "Nothing is proved yet: **anybody** could have made this call. The password is taken as known."
    if not attack.compromises:
        return "What was shown proves nothing here: it falls to **what an impostor is taken to have already**."
    parts = [
        f"**{say_compromise(name, policy)}**"
        for name in sorted(attack.compromises, key=lambda n: -policy.compromises[n].points)
    ]
    cheap = any(r.code != "approvals_needed" for r in getattr(decision, "reasons", ()))
    verdict = " That is too cheap for what is asked." if cheap else ""
    needs = f"To fake the proof we have, an impostor needs {join(parts)}."
    return f"{needs}{'' if KNOWN in needs else f' The {KNOWN}.'}{verdict}"


def _resists(decision: Decision, policy: Policy) -> tuple[ResistLine, ...]:
    requirement = decision.requirement
    if requirement is None:
        return ()
    lines = [
        ResistLine(
            say_compromise(name, policy), left.points, requirement.resist_minimum, left.points >= requirement.resist_minimum
        )
        for name, left in decision.assessment.resists.items()
    ]
    # What fails comes first; of what holds, the three that hold least are enough to read.
    failing = [line for line in lines if not line.ok]
    holding = sorted((line for line in lines if line.ok), key=lambda line: line.points)
    return tuple((failing + holding)[: max(4, len(failing))])


def _say_plan(plan: Plan, state: CaseState, policy: Policy) -> str:
    """Return a plan in words; of what one operator has attested already, only a second one's look is missing."""
    proved = {e.method for e in state.evidence()}
    parts = [
        f"A second operator looks: {_lower(method_name(m, policy))}" if m in proved else method_name(m, policy)
        for m in plan.methods
    ]
    return join([part if n == 0 else _lower(part) for n, part in enumerate(parts)])


def _lower(words: str) -> str:
    return words[0].lower() + words[1:] if words[:2] != words[:2].upper() else words


def how_proved(evidence: Evidence, policy: Policy) -> str:
    """Return in words by whom and where a piece of evidence was established."""
    if evidence.second_attested:
        return "A second operator saw the same"
    if evidence.established_by.startswith("staff:"):
        terms = policy.methods.get(evidence.method)
        return "On one operator’s word" if terms is None or terms.operator_attested else ""
    if evidence.established_by.startswith("voucher:"):
        return "Named by the directory, not by the caller"
    return "In the one browser that entered the code"


def _attest_lines(
    desk: Desk, actor: Actor, state: CaseState, person: Person, usable: tuple[MethodId, ...]
) -> tuple[AttestLine, ...]:
    """Return what this operator may attest now: as the owner, what is not proved yet; as the second, what they were drawn for."""
    if state.status != "open" or actor.person_id == person.id:
        return ()
    second = [m for m, staff in state.second_asked.items() if staff == actor.id]
    first: list[str] = []
    if state.owner == f"staff:{actor.id}" and state.step_kind == "verify":
        proved = {e.method for e in state.evidence()}
        first = [m for m in usable if desk.policy.methods[m].operator_attested and m not in proved]
    answers = (AnswerLine("passed", "It was the person"), AnswerLine("failed", "It was not, or nobody came"))
    return tuple(
        AttestLine(
            method,
            method_name(method, desk.policy) + (" (second look)" if method in second else ""),
            HOW.get(method, ("", ""))[0],
            answers,
            HOW.get(method, ("", "What you saw"))[1] or "What you saw",
            rings=method == call_back.METHOD,
        )
        for method in [*second, *first]
    )


def _survivor_lines(desk: Desk, actor: Actor, state: CaseState, sight: Sight) -> tuple[AnswerLine, ...]:
    """Return what must be used before any weaker road (R44) and was neither used nor noted as out of reach."""
    if sight.holdings is None or state.owner != f"staff:{actor.id}" or state.step_kind != "verify":
        return ()
    settled = {piece.evidence.authenticator_id for piece in state.pieces} | set(state.out_of_reach)
    return tuple(
        AnswerLine(a.id, method_name(METHOD_OF[a.kind], desk.policy))
        for a in find_survivors(state, sight.holdings, desk.now())
        if a.id not in settled
    )


def _voucher_lines(state: CaseState, person: Person, actor: Actor) -> tuple[AnswerLine, ...]:
    if state.status != "open" or state.step_kind != "verify":
        return ()
    lines = []
    for which, vouchers in list_vouchers(person).items():
        if not any(voucher in state.vouchers or voucher == actor.person_id for voucher in vouchers):
            lines.append(AnswerLine(which, VOUCHER_WORDS[which]))
    return tuple(lines)
