"""What the pages show, as plain records: every sentence is ready, every rule already applied. Pages only lay them out."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

Mark = Literal["done", "now", "ahead", "waiting", "refused", "quiet", "threat"]
"""Which glyph and colour: proved disc, ring with dot, dashed ring, half disc, octagon, diamond, triangle."""


@dataclass(frozen=True, slots=True)
class PersonLine:
    """A person as found by a search: never an address, a number or a birth date."""

    id: str
    name: str
    job: str
    site: str
    tier: str
    note: str
    """Such as "on leave until 5 January" or "left in March"; empty for most."""


@dataclass(frozen=True, slots=True)
class CaseLine:
    """A case in a list."""

    id: str
    name: str
    request: str
    state: str
    mark: Mark
    waiting_for: str
    deadline: datetime | None
    opened_at: datetime
    mine: bool


@dataclass(frozen=True, slots=True)
class AlertLine:
    """News for security: when, what, and the case it is about, if any."""

    at: datetime
    words: str
    case_id: str = ""


@dataclass(frozen=True, slots=True)
class CallsView:
    """Screen 1: what needs me now."""

    mine: tuple[CaseLine, ...]
    waiting: tuple[CaseLine, ...]
    others: tuple[CaseLine, ...]
    closed_today: tuple[CaseLine, ...]
    alerts: tuple[AlertLine, ...]
    version: str
    approvals: tuple[CaseLine, ...] = ()
    """Cases of others that wait for this member of staff's yes or no."""
    seconds: tuple[CaseLine, ...] = ()
    """Cases of others in which they were drawn for a second look."""
    needs_key: bool = False
    """Whether they have no desk key yet, and their role signs with one."""


@dataclass(frozen=True, slots=True)
class StepLine:
    title: str
    detail: str
    mark: Mark


@dataclass(frozen=True, slots=True)
class AnswerLine:
    value: str
    label: str


@dataclass(frozen=True, slots=True)
class NowPanel:
    """The one thing to do now. `kind` picks the form; empty fields are not shown.

    ask: radios `answers`, field name ``answer``.
    verify: nothing to answer, the board is the form: send the link, read out the code, ask the manager, attest.
    wait: somebody else's turn: `waiting_for`, `deadline`, what happens then.
    instruct: words to say and one button "Said, go on".
    closed: the case is over: `outcome_words`.
    """

    kind: Literal["ask", "verify", "wait", "instruct", "frozen", "closed"]
    step_id: str
    title: str
    eyebrow: str
    say: tuple[str, ...] = ()
    do: str = ""
    answers: tuple[AnswerLine, ...] = ()
    waiting_for: str = ""
    deadline: datetime | None = None
    deadline_words: str = ""
    outcome_words: str = ""


@dataclass(frozen=True, slots=True)
class EvidenceLine:
    name: str
    detail: str
    until: datetime | None


@dataclass(frozen=True, slots=True)
class ResistLine:
    words: str
    points: int
    needed: int
    ok: bool


@dataclass(frozen=True, slots=True)
class PlanLine:
    words: str
    minutes: int
    points: int


@dataclass(frozen=True, slots=True)
class AttestLine:
    """A method that an operator carries out and attests with their own desk key."""

    method: str
    title: str
    how: str
    statements: tuple[AnswerLine, ...]
    value_label: str = ""
    """What the operator types in, such as "Badge number as printed": a value is harder to give unseen than a tick."""
    rings: bool = False
    """The desk rings the person for this, at the press of a button."""


@dataclass(frozen=True, slots=True)
class Board:
    """Screen 5: what faking this would cost."""

    verdict: str
    enough: bool
    points: int
    needed: int
    could: int | None
    could_words: str
    cheapest: str
    """A sentence; parts to stress stand between ``**``."""
    resists: tuple[ResistLine, ...]
    have: tuple[EvidenceLine, ...]
    heard: tuple[str, ...]
    plans: tuple[PlanLine, ...]
    no_plan: str
    attest: tuple[AttestLine, ...] = ()
    vouchers: tuple[AnswerLine, ...] = ()
    """Whom the desk may ask to vouch: role words such as "Their manager", never a name from the caller."""
    reasons: tuple[str, ...] = ()
    """For staff, not for the caller."""
    survivors: tuple[AnswerLine, ...] = ()
    """What the person still has and must use first, unless the operator notes that it is out of reach now."""
    unseen: bool = False
    """Whether the provider has not told yet what the person has: there is nothing to say about ways on before it does."""


@dataclass(frozen=True, slots=True)
class ApprovalPanel:
    """What waits for a further person's yes: shown to everybody who sees the case, and a form for whoever may answer."""

    asks: tuple[str, ...]
    """What happens after a yes, in plain words."""
    asked_by: str
    have: int
    needed: int
    given: tuple[str, ...]
    """Who said yes so far."""
    over: str
    """What an answer commits to; empty for somebody who may not answer."""
    why_not: str
    """Why this approver may not answer here; empty for everybody else."""


@dataclass(frozen=True, slots=True)
class EffectLine:
    words: str
    state: Literal["asked", "done", "retrying", "failed"]
    detail: str
    at: datetime | None
    about: str = ""
    """For a letter: what it is about, such as ``link``; empty for every other act."""


@dataclass(frozen=True, slots=True)
class TimelineLine:
    at: datetime
    actor: str
    text: str
    mark: Mark


@dataclass(frozen=True, slots=True)
class CaseView:
    """Screens 3 to 8: one case."""

    id: str
    version: int
    """The number of the last event: pages poll it and fetch again when it moved."""
    status: Literal["open", "frozen", "closed"]
    name: str
    request: str
    facts: tuple[str, ...]
    proved: bool
    """The claim is proved: lines are whole instead of dashed."""
    code: str | None
    session: str
    """Who is at the other end: "No browser has used the code yet", "One browser, since 14:24"."""
    words: str
    """Words to say on this operator's own call back; empty until they have rung."""
    steps: tuple[StepLine, ...]
    runbook: str
    runbook_note: str
    now: NowPanel
    board: Board | None
    effects: tuple[EffectLine, ...]
    timeline: tuple[TimelineLine, ...]
    checklist: tuple[tuple[str, bool], ...]
    ticket: str
    owner: str
    mine: bool
    may: frozenset[str]
    """Verbs open to this member of staff now: answer, link, code, drop_browser, vouch, attest, approve, take_over, end,
    thaw, pressure, signal, review, export."""
    approval: ApprovalPanel | None = None
    noticeable: tuple[AnswerLine, ...] = ()
    """What the operator may write down as noticed on the call, and has not yet."""
    portal_address: str = ""
    """The short address that the operator reads out, without its scheme; empty: this host's own ``/me/``."""
    proofs: tuple[EvidenceLine, ...] = ()
    """What was proved and how, once there is no board any more: the decision is made or the case is over."""
    take_over_note: str = ""
    """What it costs this member of staff to take the case over, where it costs something."""
    needs_key: bool = False
    """Whether this member of staff is offered something to sign here and has no desk key to sign it with."""
    decided: str = ""
    """The signed decision in a line, such as "100 points, 70 needed"; empty where none was made."""


@dataclass(frozen=True, slots=True)
class ProofWay:
    """One of the person's own things that could prove them, quickest first."""

    method: str
    title: str
    hint: str
    form: Literal["code", "passkey", "service", "person"]
    label: str = "The code it shows"
    """What stands over the field, where the form has one."""


@dataclass(frozen=True, slots=True)
class EnrolmentView:
    """The new authenticator, on its owner's page alone.

    uri: the ``otpauth://`` address for the QR and the link; only on the page that shows it once.
    key: the same secret in groups of four.
    options: WebAuthn creation options as JSON text, for a passkey.
    """

    kind: Literal["totp", "passkey"]
    uri: str = ""
    key: str = ""
    options: str = ""
    shown_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class BypassView:
    """A way in for a time, on its owner's page alone: a code that signs in once, until then."""

    code: str
    until: datetime


@dataclass(frozen=True, slots=True)
class PortalView:
    """Screens 9 to 12, whichever this browser's session stands at."""

    stage: Literal[
        "confirm",
        "prove",
        "checking",
        "wait",
        "choose",
        "enrol",
        "resync",
        "bypass",
        "test",
        "done",
        "stopped",
        "frozen",
        "ended",
    ]
    step: int
    steps: int
    title: str
    lede: str
    asks: tuple[str, ...] = ()
    """What is about to happen, in plain words: the first is the heading, the rest its consequences."""
    case_code: str = ""
    desk: str = ""
    until: datetime | None = None
    words: str = ""
    ways: tuple[ProofWay, ...] = ()
    proved: tuple[str, ...] = ()
    kinds: tuple[AnswerLine, ...] = ()
    enrolment: EnrolmentView | None = None
    may_restart: bool = True
    """What is being tested may be begun anew, as when a page was lost."""
    test_label: str = "The code that it shows now"
    test_hint: str = "Type it here, and say it to nobody."
    vouchable: bool = True
    """Whether anybody could still be asked to vouch: only then has the page words for them."""
    problem: str = ""
    help_lines: tuple[str, ...] = ()
    version: int = 0


@dataclass(frozen=True, slots=True)
class VouchView:
    """Screen 14: did you speak to them?"""

    state: Literal["open", "answered", "ended", "nothing"]
    name: str = ""
    request: str = ""
    asked_at: datetime | None = None
    until: datetime | None = None
    statements: tuple[AnswerLine, ...] = ()
    problem: str = ""


@dataclass(frozen=True, slots=True)
class NotMeView:
    """The page behind "this was not me": what stops, and how to get back in."""

    state: Literal["open", "done", "ended"]
    what: str = ""
    then: tuple[str, ...] = field(default_factory=tuple)
