"""One case as its page shows it: the one thing to do now, the board, what is being done, and what happened."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from datetime import datetime

from mfadesk.assurance.model import Policy
from mfadesk.cases.engine import grace_left_s
from mfadesk.cases.state import CaseState
from mfadesk.kernel.errors import Refusal
from mfadesk.kernel.plain_text import plain_line
from mfadesk.operations.approvals import BARRED_BY_TAKING_OVER, approval_panel, bars_approving
from mfadesk.operations.approvers import find_accounts, find_approvers
from mfadesk.operations.board import Surroundings, board_of, evidence_lines
from mfadesk.operations.bypass import may_review
from mfadesk.operations.call_back import find_words
from mfadesk.operations.clock_words import clock_words
from mfadesk.operations.closing import checklist_of, decided_words, ticket_of
from mfadesk.operations.codes import read_code
from mfadesk.operations.desk import Desk
from mfadesk.operations.judgement import NOTHING_SEEN, newest_sight
from mfadesk.operations.people import find_person
from mfadesk.operations.sayings import NOTICED, effect_words, say_outcome, timeline_of
from mfadesk.operations.views import AnswerLine, ApprovalPanel, CaseView, EffectLine, NowPanel, StepLine
from mfadesk.ports.people import TIER_WORDS, Actor, Person
from mfadesk.runbook.model import Runbook, Step
from mfadesk.runbook.situation import GOAL_WORDS
from mfadesk.store.commit import load_events
from mfadesk.store.kept import fold_again
from mfadesk.store.models import CaseRow

REFUSAL_SPEECH = (
    "I can't finish this on this call. Nothing has changed, and you have done nothing wrong.",
    "We'll reach you on details that we already hold, and go on from there.",
)
"""The one thing to say when it ends without a change: the same words whatever the reason."""

APPROVAL_SPEECH = (
    "You have proved enough. Somebody else here has to agree before anything changes. Your page goes on by itself.",
)
"""What the operator says while the case waits for a further person."""

SECOND_LOOK = "The machine drew you. Look for yourself, ask nobody what they saw, and say no where anything does not fit."

_TITLES = {"refused": "Not on this call", "stopped": "Stopped", "no_change_needed": "No change needed"}
"""Headings of cases that their operator or the person ended, at no ending of the runbook."""

_DECIDING = ("verify", "decide", "act", "enrol", "resync", "bypass", "confirm", "notify")


def case(desk: Desk, actor: Actor, case_id: str) -> CaseView:
    """Return the page of one case. Raises Refusal ``not_found``, also for the case about whoever looks."""
    events = list(load_events(case_id))
    if not events:
        raise Refusal("not_found", "There is no such case.")
    state = fold_again(case_id, events)
    if actor.person_id and actor.person_id == state.subject:
        raise Refusal("forbidden", "This case is about you. Somebody else works it.")
    person = find_person(state.subject)
    runbook = desk.runbooks.get(state.runbook_digest)
    staff = find_accounts()
    names = {f"staff:{account.id}": account.desk for account in staff}
    # Once a case is closed, nobody judges it any more.
    sight = newest_sight(person.id)[0] if person and state.status != "closed" else NOTHING_SEEN
    around = Surroundings(sight, staff, find_approvers(listed=staff) if state.ask is not None else None)
    bound_at = next((event.at for event in reversed(events) if event.kind == "session_bound"), None) if state.session else None
    said = next((plain_line(event.personal.get("said_name", "")) for event in events if event.kind == "case_opened"), "")
    mine = state.owner == f"staff:{actor.id}"
    approval = approval_panel(desk, actor, state, names, around.approvers or (), sight)
    now = _now_panel(state, runbook, approval, mine=mine, now=desk.now())
    if not mine and state.status == "open" and actor.id in state.second_asked.values():
        now = replace(now, title="Your second look", say=(), do=SECOND_LOOK)
    action = _action_of(state, runbook)
    board = board_of(desk, actor, state, person, action, around) if person and action and state.status == "open" else None
    may = _may(state, actor, mine, person, asked=approval is not None and approval.over != "")
    may |= {"review"} if may_review(state, actor) else frozenset()
    signs = bool(may & {"approve", "review"} or ("attest" in may and board and board.attest))
    return CaseView(
        id=state.id,
        version=state.seq,
        status="closed" if state.status == "closed" else "frozen" if state.status == "frozen" else "open",
        name=person.name if person else said or "Somebody the directory does not know",
        request=GOAL_WORDS.get(state.goal, state.goal),
        facts=_facts(state, person),
        proved=not state.reported
        and any(verdict.allowed and verdict.action != "suspend_authenticator" for verdict in state.verdicts.values()),
        code=read_code(desk, case_id) if mine and state.status == "open" and state.session is None else None,
        session=_session_words(state, bound_at),
        words=find_words(desk, actor, state),
        steps=steps_of(state, runbook),
        runbook=f"{runbook.title}, version {runbook.version}" if runbook else "A runbook that is not on the shelf",
        runbook_note="This call keeps to this version",
        now=now,
        board=board,
        effects=_effects(state),
        timeline=timeline_of(events, desk.policy, runbook, names),
        checklist=checklist_of(state),
        ticket=ticket_of(state, runbook, desk.policy),
        owner=names.get(state.owner, "Staff"),
        mine=mine,
        may=may,
        needs_key=signs and not any(account.keys for account in staff if account.id == actor.id),
        take_over_note=BARRED_BY_TAKING_OVER if _bars(desk, actor, state, action, around, mine) else "",
        approval=approval,
        noticeable=_noticeable(state, desk.policy) if mine and state.status == "open" else (),
        portal_address=desk.home.config.public_url.split("//", 1)[1] + "/me/",
        proofs=() if board else tuple(replace(line, until=None) for line in evidence_lines(state.evidence(), desk.policy)),
        decided="" if board else decided_words(state),
    )


def case_version(case_id: str) -> int:
    """Return the number of the case's last event; 0 for none."""
    row = CaseRow.objects.filter(pk=case_id).values_list("seq", flat=True).first()
    return row or 0


def _action_of(state: CaseState, runbook: Runbook | None) -> str:
    """Return the action that the board is about: of the step the case stands at, or the next one that decides."""
    if runbook is None or state.step not in runbook.steps:
        return ""
    step = runbook.steps[state.step]
    if step.action:
        return step.action
    return next((s.action for s in _road(state, runbook) if s.action), "") or ""


def _bars(desk: Desk, actor: Actor, state: CaseState, action: str, around: Surroundings, mine: bool) -> bool:
    if mine or state.status == "closed" or not {"approver", "administrator"} & set(actor.roles):
        return False
    approvers = find_approvers(listed=around.staff) if around.approvers is None else around.approvers
    return bars_approving(desk, actor, state, action, approvers)


def _noticeable(state: CaseState, policy: Policy) -> tuple[AnswerLine, ...]:
    return tuple(
        AnswerLine(name, words) for name, words in NOTICED.items() if name in policy.signals and name not in state.signals
    )


def _facts(state: CaseState, person: Person | None) -> tuple[str, ...]:
    if person is None:
        return ("Not in the directory",)
    away = {"on_leave": "On leave", "left": "Has left", "starts": "Has not started yet", "third_party": "From another company"}
    return tuple(filter(None, (f"{person.job}, {TIER_WORDS[person.tier]} tier", person.site, away.get(person.employment, ""))))


def _session_words(state: CaseState, bound_at: datetime | None) -> str:
    if state.status == "frozen":
        return "Two browsers used the code"
    if bound_at is None:
        return "No browser has used the code yet"
    yes = "" if state.confirmed else ", has not said yes yet"
    return f"One browser, since {clock_words(bound_at)}{yes}"


def steps_of(state: CaseState, runbook: Runbook | None) -> tuple[StepLine, ...]:
    """Return the steps that were taken, the one that is due, and what lies ahead on the shortest way to a change."""
    if runbook is None:
        return ()
    lines = []
    for name in state.visited[:-1] if state.status != "closed" else state.visited:
        step = runbook.steps.get(name)
        if step is None or step.kind in ("decide", "escalate"):
            continue
        cut_off = state.status == "closed" and name == state.visited[-1] and step.kind != "end"
        lines.append(StepLine(step.title, "Not finished" if cut_off else _said(state, step), "quiet" if cut_off else "done"))
    if state.status != "closed" and state.step in runbook.steps:
        lines.append(StepLine(runbook.steps[state.step].title, "Now", "waiting" if state.status == "frozen" else "now"))
        lines += [StepLine(s.title, "", "ahead") for s in _road(state, runbook) if s.kind in _DECIDING and s.kind != "decide"]
    return tuple(lines)


def _said(state: CaseState, step: Step) -> str:
    value = state.answers.get(step.variable or "", "")
    return next((answer.label for answer in step.answers if answer.value == value), "")


def _road(state: CaseState, runbook: Runbook) -> list[Step]:
    """Return the shortest way from here to an ending with a change, for the steps that lie ahead; empty where there is none."""
    seen = {state.step: ""}
    queue = deque([state.step])
    while queue:
        name = queue.popleft()
        step = runbook.steps[name]
        if step.kind == "end" and step.outcome == "changed":
            road = []
            while name != state.step:
                road.append(runbook.steps[name])
                name = seen[name]
            return road[::-1]
        for edge in step.edges:
            if edge.to not in seen:
                seen[edge.to] = name
                queue.append(edge.to)
    return []


def _now_panel(
    state: CaseState, runbook: Runbook | None, approval: ApprovalPanel | None, *, mine: bool, now: datetime
) -> NowPanel:
    if state.status == "closed":
        end = runbook.steps.get(state.ending) if runbook else None
        say = (end.say,) if end is not None and end.say else REFUSAL_SPEECH if state.outcome in ("refused", "stopped") else ()
        taken_back = state.reported and state.outcome == "changed"
        return NowPanel(
            "closed", state.ending, "Taken back" if taken_back else end.title if end else _TITLES.get(state.outcome, "Closed"),
            "Closed", () if taken_back else say, end.do if end else "", outcome_words=say_outcome(state),
        )  # fmt: skip
    if runbook is None or state.step not in runbook.steps:
        return NowPanel("wait", state.step, "This case cannot go on", "Stopped", waiting_for="Your administrator")
    step = runbook.steps[state.step]
    number = sum(
        1 for name in state.visited if name in runbook.steps and runbook.steps[name].kind not in ("decide", "escalate")
    )
    ahead = sum(1 for s in _road(state, runbook) if s.kind != "decide")
    eyebrow = f"Step {number} of about {number + ahead}" if ahead else f"Step {number}"
    if state.status == "frozen":
        return NowPanel(
            "frozen", step.id, "Two browsers used this code", eyebrow,
            ("Something is not right with that page. I give you a new code, and we begin the proof again.",),
            "One of the two may be a stranger. Both lose the case and all that was proved in it. Ask the caller nothing about it.",
        )  # fmt: skip
    common = {
        "say": tuple(filter(None, (step.say,))),
        "do": step.do,
        "deadline": state.deadline_at,
        "deadline_words": _then(state, runbook),
    }
    match step.kind:
        case "ask":
            answers = tuple(AnswerLine(a.value, a.label) for a in step.answers)
            return NowPanel("ask", step.id, step.title, eyebrow, answers=answers, **common)  # type: ignore[arg-type]
        case "instruct":
            return NowPanel("instruct", step.id, step.title, eyebrow, **common)  # type: ignore[arg-type]
        case "verify":
            return NowPanel("verify", step.id, step.title, eyebrow, **common)  # type: ignore[arg-type]
        case "decide" if approval is not None:
            common["deadline_words"] = "then it counts as refused, and nothing changes"
            common |= {"say": APPROVAL_SPEECH if mine and not approval.over else (), "do": _approval_words(state, approval)}
            title = "Do you approve this?" if approval.over else "Waiting for approval"
            whom = (
                "You, or somebody else who may approve" if approval.over else "Somebody who may approve and had no hand in this"
            )
            whom = "Security: nobody who may approve can answer now" if state.deadline_owner == "security" else whom
            return NowPanel("wait", step.id, title, eyebrow, waiting_for=whom, **common)  # type: ignore[arg-type]
        case "enrol" | "confirm" if grace_left_s(state, now):
            whom = "A waiting time that policy sets. The person is told at every address and can stop it"
            return NowPanel("wait", step.id, step.title, eyebrow, waiting_for=whom, **common)  # type: ignore[arg-type]
        case "enrol" | "confirm" | "resync" | "bypass":
            return NowPanel("wait", step.id, step.title, eyebrow, waiting_for="The person, on their own page", **common)  # type: ignore[arg-type]
        case _:
            return NowPanel("wait", step.id, step.title, eyebrow, waiting_for="The desk's own machine", **common)  # type: ignore[arg-type]


def _approval_words(state: CaseState, approval: ApprovalPanel) -> str:
    if approval.why_not:
        return approval.why_not
    if approval.over:
        return "Look at what was proved and how. If anything does not fit, say no: the case then stops without a change."
    missing = approval.needed - approval.have
    people = "one more person" if missing == 1 else f"{missing} more people"
    if state.deadline_owner == "security":
        return f"The proof is enough, and policy asks for {people} to approve. Security was told that nobody can answer now."
    return (
        f"The proof is enough, and policy asks for {people} to approve. They have been asked; there is nothing for you to do."
    )


def _then(state: CaseState, runbook: Runbook) -> str:
    then = runbook.steps.get(state.deadline_then)
    return f"then: {then.title[0].lower()}{then.title[1:]}" if then else "then the case ends without a change"


def _effects(state: CaseState) -> tuple[EffectLine, ...]:
    words = {"asked": "asked", "done": "done", "delayed": "retrying", "failed": "failed", "voided": "failed"}
    return tuple(
        EffectLine(
            effect_words(effect.verb, effect.target), words[effect.state],  # type: ignore[arg-type]
            _effect_detail(effect.problem, effect.retry_at), effect.at, effect.target if effect.verb == "notify" else "",
        )
        for effect in state.effects.values()
        if effect.verb != "alert"
    )  # fmt: skip


def _effect_detail(problem: str, retry_at: datetime | None) -> str:
    return f"{problem} Tried again at {clock_words(retry_at)}." if problem and retry_at is not None else problem


def _may(state: CaseState, actor: Actor, mine: bool, person: Person | None, *, asked: bool) -> frozenset[str]:
    """Return what this member of staff may do. asked: their approval is."""
    may = {"approve"} if asked else set()
    if "operator" not in actor.roles:
        return frozenset(may | ({"export"} if "auditor" in actor.roles else set()))
    may.add("export")
    second = actor.id in state.second_asked.values()
    # Whoever takes a case over has a hand in it from then on, so it is not offered beside what only somebody without one may do.
    if state.status != "closed" and not mine and not asked and not second:
        may.add("take_over")
    if second:
        may.add("attest")
    if mine and state.status == "frozen":
        may |= {"thaw", "end"}
    if mine and state.status == "open":
        may |= {"pressure", "signal"}
        if state.step_kind in ("ask", "instruct"):
            may.add("answer")
        if person is not None and state.session is None:
            may |= {"link", "code"}
        if state.session is not None and state.tested_at is None:
            may.add("drop_browser")
        if state.step_kind == "verify":
            may |= {"vouch", "attest"}
        if not state.effects_of("suspend_old", "remove_old"):
            may.add("end")
    return frozenset(may)
