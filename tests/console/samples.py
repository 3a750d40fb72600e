"""Views of a made-up desk, one for every state that a page can be in: what the pages are drawn, measured and looked at with.

Fernhollow Clinics and its people, all named after trees, do not exist. Every moment is counted from one fixed afternoon.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from mfadesk.operations.views import (
    AlertLine,
    AnswerLine,
    ApprovalPanel,
    AttestLine,
    Board,
    CallsView,
    CaseLine,
    CaseView,
    EffectLine,
    EnrolmentView,
    EvidenceLine,
    NotMeView,
    NowPanel,
    PersonLine,
    PlanLine,
    PortalView,
    ProofWay,
    ResistLine,
    StepLine,
    TimelineLine,
    VouchView,
)

NOW = datetime(2026, 11, 24, 14, 28, 7, tzinfo=UTC)


GOOD_CODE = "4MR-7K4"


def at(minutes: float) -> datetime:
    """Return the moment `minutes` after the fixed afternoon's now."""
    return NOW + timedelta(minutes=minutes)


PEOPLE = (
    PersonLine("p-hazel", "Hazel Linden", "Nurse coordinator", "Fernhollow North", "sensitive", ""),
    PersonLine(
        "p-hazelb", "Hazel Birchwood-Achterberg", "Finance clerk", "Fernhollow South", "standard", "On leave until 5 January"
    ),
    PersonLine("p-linden", "Linden Hazelgrove", "Porter", "Fernhollow North", "standard", "Left in March"),
)

GOALS = (
    AnswerLine("replaced_phone", "Their phone was replaced and gives no code"),
    AnswerLine("lost_phone", "Their phone is lost or stolen"),
    AnswerLine("no_code", "Codes are refused or do not arrive"),
    AnswerLine("something_else", "Something else about signing in"),
)

CALLS = CallsView(
    mine=(
        CaseLine("ask", "Hazel Linden", "Asks to add a new phone", "Question 2 of about 7", "now", "", None, at(-6), True),
        CaseLine(
            "waiting",
            "Aspen Holm",
            "Asks to add a new phone",
            "Proof is being gathered",
            "waiting",
            "Their manager answers",
            at(212),
            at(-41),
            True,
        ),
    ),
    waiting=(
        CaseLine(
            "frozen",
            "Juniper Oakes",
            "Asks to replace a lost phone",
            "Stopped: two browsers",
            "threat",
            "Security looks at it",
            at(92),
            at(-63),
            False,
        ),
        CaseLine(
            "w2",
            "Alder Thorne",
            "Asks to add a new phone",
            "The sign-in service is asked again",
            "waiting",
            "The sign-in service",
            at(7),
            at(-12),
            False,
        ),
    ),
    others=(
        CaseLine(
            "o1",
            "Willow Elmhirst",
            "Codes are refused",
            "Question 1 of about 5",
            "now",
            "Ash Rowan has it",
            None,
            at(-2),
            False,
        ),
    ),
    closed_today=(
        CaseLine(
            "changed",
            "Maple Ostrander",
            "Asked to add a new phone",
            "New phone works, old one removed",
            "done",
            "",
            None,
            at(-190),
            False,
        ),
        CaseLine("nochange", "Cedar Poole", "Codes were refused", "No change was needed", "done", "", None, at(-231), False),
        CaseLine(
            "refused",
            "Someone who said Laurel Beech",
            "Asked to add a new phone",
            "Not proved, nothing changed",
            "refused",
            "",
            None,
            at(-274),
            False,
        ),
    ),
    alerts=(AlertLine(at(-4), "Nine wrong case codes came from one address since 14:10. It is slowed down."),),
    version="c17",
    approvals=(
        CaseLine(
            "approve",
            "Elm Fairweather",
            "Asks to replace a lost phone",
            "Your approval is asked for",
            "now",
            "You",
            at(238),
            at(-22),
            False,
        ),
    ),
    seconds=(
        CaseLine(
            "s1",
            "Sorrel Beck",
            "Asks to add a new phone",
            "A second look is asked of you",
            "now",
            "You",
            at(28),
            at(-9),
            False,
        ),
    ),
)

EMPTY_CALLS = CallsView((), (), (), (), (), "c0")

STEPS = (
    StepLine("What happened", "New phone, old one traded in", "done"),
    StepLine("Is a change needed?", "Yes. The backup kept the name only", "done"),
    StepLine("Proof", "Now", "now"),
    StepLine("The desk decides", "", "ahead"),
    StepLine("Add and test the new phone", "", "ahead"),
    StepLine("Remove the old phone", "", "ahead"),
)


def _steps(now: int, detail: str, mark: str = "now") -> tuple[StepLine, ...]:
    lines = []
    for i, line in enumerate(STEPS):
        if i < now:
            lines.append(replace(line, mark="done", detail=line.detail if i < 2 else ""))
        elif i == now:
            lines.append(replace(line, mark=mark, detail=detail))
        else:
            lines.append(replace(line, mark="ahead", detail=""))
    return tuple(lines)


TIMELINE = (
    TimelineLine(at(-1), "Hazel’s browser", "proved a sign-in on the work laptop", "done"),
    TimelineLine(at(-3), "Hazel’s browser", "answered: yes, on the phone with the desk", "done"),
    TimelineLine(at(-4), "A browser", "entered the case code", "now"),
    TimelineLine(at(-5), "Rowan Ash", "recorded: the backup kept the name only", "done"),
    TimelineLine(at(-5.5), "Rowan Ash", "recorded: new phone, old one traded in", "done"),
    TimelineLine(at(-6), "Rowan Ash", "opened the case: someone says they are Hazel Linden", "done"),
)

RESISTS = (
    ResistLine("A caller on a second line who coaches them", 30, 30, True),
    ResistLine("Write access to the staff directory", 30, 30, True),
    ResistLine("The operator of this call", 0, 30, False),
)

BOARD = Board(
    verdict="Not enough yet",
    enough=False,
    points=30,
    needed=50,
    could=55,
    could_words="after a call back",
    cheapest="To fake the proof we have, an impostor needs **malware on the work laptop**. The password is taken as known. Too cheap for adding a phone.",
    resists=RESISTS,
    have=(EvidenceLine("Signed in on work laptop", "Device key and a fresh touch", at(13)),),
    heard=("Knew the staff number. It may have leaked.", "The incoming number matches. Any number can be shown."),
    plans=(
        PlanLine("Call back the number on file", 3, 55),
        PlanLine("Their manager vouches in the portal", 20, 60),
        PlanLine("Badge at any site desk", 45, 80),
    ),
    no_plan="",
    attest=(
        AttestLine(
            "call_back",
            "Call back the number on file",
            "Ring from the desk phone. When they pick up, say the two words. They type them on their page; you type what the desk phone shows.",
            (
                AnswerLine("answered", "They answered and typed the words"),
                AnswerLine("silent", "Nobody answered"),
                AnswerLine("other", "Somebody else answered"),
            ),
            "Call number that the desk phone shows",
        ),
        AttestLine(
            "badge",
            "Badge at the site desk",
            "Hold the badge under the reader, then compare the photo with the person.",
            (AnswerLine("match", "Same person, badge not expired"), AnswerLine("no_match", "Not the same person")),
            "Badge number as printed",
        ),
    ),
    vouchers=(AnswerLine("manager", "Ask their manager"), AnswerLine("delegate", "Ask the delegate")),
    survivors=(AnswerLine("a1", "Passkey on a laptop"),),
    reasons=("Their mobile number changed 9 days ago, so it proves nothing until 15 December.",),
)

ZERO_BOARD = replace(
    BOARD,
    points=0,
    could=30,
    could_words="after the work laptop",
    cheapest="Nothing is proved yet. **Anybody who knows the name** could be on this call.",
    have=(),
    resists=(),
    plans=(PlanLine("Work laptop, then a call back", 6, 55), PlanLine("Their manager and a saved recovery code", 25, 60)),
    reasons=(),
)

ENOUGH_BOARD = replace(
    BOARD,
    verdict="Enough",
    enough=True,
    points=60,
    could=None,
    could_words="",
    cheapest="To fake this, an impostor needs **malware on the work laptop** and **a bribed manager** at once.",
    resists=tuple(replace(line, points=35, ok=True) for line in RESISTS),
    have=(*BOARD.have, EvidenceLine("Manager vouched", "Spoke in person, signed with a passkey", at(90))),
    plans=(),
    attest=(),
    vouchers=(),
    survivors=(),
    reasons=(),
)

APPROVER_BOARD = replace(
    ENOUGH_BOARD,
    verdict="The proof is enough",
    points=165,
    needed=140,
    cheapest="To fake this, an impostor needs **the security key and its PIN** and **malware on the work laptop** at once.",
    reasons=("The proof is enough. Policy asks for one more person to approve.",),
)

OPERATOR = frozenset({"drop_browser", "answer", "link", "code", "vouch", "attest", "end", "pressure"})

ASK = CaseView(
    id="ask",
    version=41,
    status="open",
    name="Hazel Linden",
    request="Asks to add a new phone",
    facts=("Nurse coordinator, sensitive tier", "Fernhollow North"),
    proved=False,
    code="4MR-7K4",
    session="No browser has used the code yet",
    words="",
    steps=_steps(1, "Now"),
    runbook="Phone replaced, version 12",
    runbook_note="Proved safe on 21 November",
    now=NowPanel(
        kind="ask",
        step_id="ask-backup",
        title="Does the new phone show codes?",
        eyebrow="Question 2 of about 7",
        say=(
            "On the new phone, open the authenticator app and look for our name.",
            "Tell me what stands there. Don’t read me any number.",
        ),
        answers=(
            AnswerLine("codes", "A six-digit code that changes"),
            AnswerLine("name_only", "Our name, but no code"),
            AnswerLine("nothing", "Our name is not there"),
            AnswerLine("no_app", "There is no such app on it"),
            AnswerLine("old_works", "The old phone still works"),
        ),
    ),
    board=ZERO_BOARD,
    effects=(),
    timeline=TIMELINE[-2:],
    checklist=(),
    ticket="",
    owner="Rowan Ash",
    mine=True,
    may=frozenset({"answer", "end", "pressure", "code"}),
)

VERIFY = replace(
    ASK,
    id="verify",
    version=52,
    session="One browser, since 14:24",
    words="amber lantern",
    steps=_steps(2, "30 of 50 points"),
    now=NowPanel(
        kind="verify",
        step_id="prove",
        title="Let them prove who they are",
        eyebrow="Step 3 of about 6",
        say=("Please open the page I tell you, on any device, and type the code I give you. It only finds this call.",),
        do="The page shows them what they can use. You see here what was proved, never how a code looks.",
    ),
    board=BOARD,
    timeline=TIMELINE,
    may=OPERATOR,
)

WAITING = replace(
    VERIFY,
    id="waiting",
    version=58,
    steps=_steps(2, "Waits for the manager", "waiting"),
    now=NowPanel(
        kind="wait",
        step_id="prove",
        title="Their manager was asked",
        eyebrow="Step 3 of about 6",
        say=("I’ve asked for one more check. You’ll get a message as soon as it is done, and you can hang up.",),
        waiting_for="Their manager answers in the portal, with a passkey.",
        deadline=at(212),
        deadline_words="If nobody answers by then, the delegate is asked, and you see it here.",
    ),
    timeline=(TimelineLine(at(-0.5), "Rowan Ash", "asked the manager to vouch", "waiting"), *TIMELINE),
)

APPROVAL_WAIT = replace(
    WAITING,
    id="approval-wait",
    name="Elm Fairweather",
    facts=("Directory administrator, highest tier", "Fernhollow Main"),
    steps=_steps(3, "Now", "waiting"),
    now=NowPanel(
        kind="wait",
        step_id="decide",
        title="Waiting for approval",
        eyebrow="Step 4 of about 9",
        say=("You have proved enough. Somebody else here has to agree before anything changes. Your page goes on by itself.",),
        do="The proof is enough, and policy asks for one more person to approve. They have been asked; there is nothing for you to do.",
        waiting_for="Somebody who may approve and had no hand in this",
        deadline=at(238),
        deadline_words="then: not on this call",
    ),
    board=APPROVER_BOARD,
    approval=ApprovalPanel(
        asks=(
            "Stops working: Authenticator app on the old phone",
            "They set up a new passkey or security key, nothing weaker, and it signs in as them",
        ),
        asked_by="Desk 1 opened and holds the case",
        have=0,
        needed=1,
        given=(),
        over="",
        why_not="",
    ),
    timeline=(TimelineLine(at(-0.5), "The desk", "Asked the 2 people who may approve", "waiting"), *TIMELINE),
)

APPROVE = replace(
    APPROVAL_WAIT,
    id="approve",
    mine=False,
    words="",
    now=replace(
        APPROVAL_WAIT.now,
        title="Do you approve this?",
        say=(),
        do="Look at what was proved and how. If anything does not fit, say no: the case then stops without a change.",
        waiting_for="You, or somebody else who may approve",
    ),
    approval=replace(APPROVAL_WAIT.approval, needed=2, have=1, given=("Desk 3",), over="ab" * 32),
    may=frozenset({"export", "approve"}),
)

INSTRUCT = replace(
    VERIFY,
    id="instruct",
    version=64,
    proved=True,
    steps=_steps(4, "Now"),
    now=NowPanel(
        kind="instruct",
        step_id="tell-add",
        title="Tell them to add the phone",
        eyebrow="Step 5 of about 6",
        say=(
            "Your page now shows how to add the new phone. Follow it, and tell me when it says that it works. Don’t read me anything from it.",
        ),
    ),
    board=ENOUGH_BOARD,
    effects=(
        EffectLine("Old phone suspended", "done", "", at(-0.6)),
        EffectLine("All sessions ended", "done", "", at(-0.5)),
        EffectLine("New phone added", "asked", "Their page makes it; nobody else sees it", None),
    ),
    timeline=(TimelineLine(at(-0.6), "The executor", "decided: allowed, 60 of 50 points, until 14:43", "done"), *TIMELINE),
    may=frozenset({"answer", "end", "pressure"}),
)

RETRYING = replace(
    INSTRUCT,
    id="retrying",
    version=66,
    now=NowPanel(
        kind="wait",
        step_id="suspend",
        title="The sign-in service did not answer",
        eyebrow="Step 4 of about 6",
        say=("One of our systems is slow. Nothing has changed on your account. I stay with you.",),
        waiting_for="The desk asks again by itself. It looks first, so nothing is done twice.",
        deadline=at(7),
        deadline_words="If it still does not answer, security takes over and you can end the call.",
    ),
    steps=_steps(3, "Asks again at 14:35", "waiting"),
    effects=(
        EffectLine("Old phone suspended", "retrying", "Asked at 14:27. No answer yet. Next try 14:35", None),
        EffectLine("All sessions ended", "asked", "After the first", None),
    ),
    may=frozenset({"end", "pressure"}),
)

FROZEN = replace(
    VERIFY,
    id="frozen",
    version=49,
    status="frozen",
    code=None,
    words="",
    session="Two browsers",
    steps=_steps(2, "Stopped", "threat"),
    now=NowPanel(
        kind="frozen",
        step_id="prove",
        title="Two browsers used the same code",
        eyebrow="Stopped by the desk",
        say=("I have to make you a new code. What you did on the page so far starts over.",),
        outcome_words="Somebody else may have heard or seen the code. Nothing has changed on the account.",
    ),
    board=replace(ZERO_BOARD, plans=(), no_plan="Proof counts again once there is one browser."),
    timeline=(TimelineLine(at(-0.2), "The desk", "stopped the case: a second browser entered the code", "threat"), *TIMELINE),
    may=frozenset({"thaw", "end", "pressure"}),
)

READING = replace(VERIFY, id="reading", mine=False, owner="Ash Rowan", may=frozenset({"take_over"}))

TICKET = """Request: add a new phone for Hazel Linden
Outcome: changed. The new phone signed in at 14:52; the old one is removed.
Proved by: work laptop, manager (60 of 50 points)
Told: work mail, private mail
Record: case-7h2k, leaf 48213"""

CHECKLIST = (
    ("The new phone signed in at 14:52", True),
    ("The old phone was removed", True),
    ("All sessions were ended", True),
    ("Two addresses were told, with a way to stop it", True),
)

CHANGED = replace(
    INSTRUCT,
    id="changed",
    version=81,
    status="closed",
    code=None,
    words="",
    session="",
    steps=tuple(replace(line, mark="done", detail=line.detail if i < 2 else "") for i, line in enumerate(STEPS)),
    now=NowPanel(
        kind="closed",
        step_id="end-changed",
        title="Done. The new phone works",
        eyebrow="Closed at 14:54",
        say=(
            "The new phone signed in. The old one no longer works. You’ll get a mail about it; if it surprises you, use the link in it.",
        ),
        outcome_words="The new phone signed in at 14:52. The old one no longer works.",
    ),
    effects=tuple(replace(line, state="done", at=at(24 + i), detail="") for i, line in enumerate(INSTRUCT.effects)),
    checklist=CHECKLIST,
    ticket=TICKET,
    may=frozenset({"export"}),
    board=None,
    proofs=(
        EvidenceLine("Signed in on the work laptop", "In the one browser that entered the code", None),
        EvidenceLine("The manager vouches with their own passkey", "Named by the directory, not by the caller", None),
    ),
    decided="75 points, 70 needed",
)

NO_CHANGE = replace(
    ASK,
    id="nochange",
    version=44,
    status="closed",
    code=None,
    steps=(STEPS[0], replace(STEPS[1], detail="No. The old phone still works", mark="done")),
    now=NowPanel(
        kind="closed",
        step_id="end-no-change",
        title="Fixed. No change was needed",
        eyebrow="Closed at 14:30",
        say=(
            "You can move it yourself: on your old phone, open the app and choose “transfer”. Keep the old phone until the new one works.",
        ),
        outcome_words="The old phone still works, so they move the account themselves. No credential was touched.",
    ),
    board=None,
    checklist=(("Nothing was changed", True), ("They know how to move it", True)),
    ticket="Request: add a new phone for Hazel Linden\nOutcome: no change needed. Self-service transfer explained.",
    may=frozenset({"export"}),
)

REFUSED = replace(
    VERIFY,
    id="refused",
    version=60,
    status="closed",
    code=None,
    words="",
    session="",
    steps=(*STEPS[:2], replace(STEPS[2], detail="30 of 50 points", mark="refused")),
    now=NowPanel(
        kind="closed",
        step_id="end-refused",
        title="Not proved on this call",
        eyebrow="Closed at 14:40",
        say=("I can’t finish this on this call. I’m opening a check. We’ll reach you on details we already hold.",),
        outcome_words="Nothing has changed. Security and the person are told through the addresses on file.",
    ),
    board=replace(BOARD, verdict="Not enough", attest=(), vouchers=()),
    checklist=(("Nothing was changed", True), ("Security was told", True), ("The person was told", True)),
    ticket="Request: add a new phone for Hazel Linden\nOutcome: refused, not enough proof. Nothing changed.",
    may=frozenset({"export"}),
)

LONG = replace(
    VERIFY,
    id="long",
    name="Dr. Marguerite-Élisabeth Vogelbeerbaum-Kastanienhöfer",
    timeline=tuple(
        TimelineLine(
            at(-i / 3),
            ("Rowan Ash", "The desk", "Hazel’s browser")[i % 3],
            f"noted entry {200 - i} of this case, in words of its own",
            "done",
        )
        for i in range(200)
    ),
)

CASES = {
    view.id: view
    for view in (
        ASK,
        VERIFY,
        WAITING,
        APPROVAL_WAIT,
        APPROVE,
        INSTRUCT,
        RETRYING,
        FROZEN,
        READING,
        CHANGED,
        NO_CHANGE,
        REFUSED,
        LONG,
    )
}

HELP = ("Go to the help desk with your badge.", "Ring the help desk yourself, on the number on your badge.")

CONFIRM = PortalView(
    stage="confirm",
    step=2,
    steps=4,
    title="Are you on the phone with us right now?",
    lede="Our help desk is talking to someone who says they are you.",
    asks=(
        "They want to add a new phone to your account",
        "It will be able to sign in as you",
        "Your old phone stops working for sign-in",
    ),
    case_code="4MR-7K4",
    desk="Fernhollow help desk",
    until=at(13),
    help_lines=HELP,
    version=1,
)

PROVE = replace(
    CONFIRM,
    stage="prove",
    step=3,
    title="Prove that it is you",
    lede="Use one of the things you already have.",
    asks=(),
    words="amber lantern",
    ways=(
        ProofWay("passkey", "Passkey on my laptop", "Your laptop asks for your finger, face or PIN.", "passkey"),
        ProofWay("totp", "Code from my other phone", "Six digits from the authenticator app that still works.", "code"),
        ProofWay("recovery", "Saved recovery code", "One of the codes you printed or saved when you began.", "code"),
        ProofWay(
            "managed", "Sign in on my work laptop", "Open the company portal there and copy the line it shows.", "service"
        ),
        ProofWay(
            "manager", "My manager", "The help desk asks them. Ring them yourself, so that they know it is you.", "person"
        ),
    ),
    version=2,
)
PROVE_AGAIN = replace(PROVE, proved=("Work laptop",), ways=PROVE.ways[1:], lede="One more thing is needed.", version=3)
PROVE_NOTHING = replace(PROVE, ways=(), lede="", version=3)
CHECKING = replace(
    PROVE,
    stage="checking",
    title="Checking",
    lede="This takes a few seconds.",
    ways=(),
    proved=("Work laptop",),
    words="",
    version=4,
    until=None,
)
WAIT = replace(
    PROVE,
    stage="wait",
    title="Your manager was asked",
    lede="You can hang up. We send a message when it goes on.",
    ways=(),
    proved=("Work laptop",),
    asks=("Your manager answers with a passkey. Ring them yourself and tell them these words.",),
    until=at(212),
    version=5,
)
CHOOSE = replace(
    PROVE,
    stage="choose",
    step=4,
    title="What do you want to add?",
    lede="Both are fine. A passkey cannot be read out or typed on a wrong page.",
    words="",
    ways=(),
    kinds=(AnswerLine("passkey", "A passkey on this device"), AnswerLine("totp", "An app on my new phone that shows codes")),
    version=6,
)
ENROL = replace(
    CHOOSE,
    stage="enrol",
    title="Add it to your new phone",
    lede="Have the new phone in your hand.",
    asks=(
        "Open the authenticator app on the new phone.",
        "Press “Show it” here and point the phone at the picture.",
        "Type the code that the phone shows.",
    ),
    kinds=(AnswerLine("totp", "An authenticator app"),),
    version=7,
)
ENROL_PASSKEY = replace(
    ENROL,
    title="Make the passkey",
    lede="",
    asks=(),
    kinds=(AnswerLine("passkey", "A passkey"),),
)
TEST = replace(
    ENROL,
    stage="test",
    title="Sign in with the new phone",
    lede="The old phone is removed only after this works.",
    test_label="The code that the new phone shows now",
    asks=(),
    version=8,
)
TEST_WRONG = replace(TEST, problem="That code has run out. Your account has not changed. Type the next one.", version=9)
TEST_PASSKEY = replace(TEST, title="Sign in with the new passkey", kinds=(AnswerLine("passkey", "A passkey"),))
DONE = replace(
    ENROL,
    stage="done",
    step=4,
    title="The new phone works",
    lede="It signed in at 14:52. The old one no longer works.",
    asks=("We sent a mail to your two addresses. If you ever get such a mail and did not ask, use the link in it.",),
    version=10,
)
STOPPED = replace(
    DONE,
    stage="stopped",
    title="Stopped. Nothing has changed",
    lede="Thank you. Our security team looks at it now.",
    asks=("Nobody is in trouble, whoever rang.", "If the caller is still on the line, hang up."),
)
FROZEN_PORTAL = replace(
    DONE,
    stage="frozen",
    title="This page has stopped",
    lede="Nothing has changed. Talk to the person on the phone; they can give you a new code.",
    asks=(),
)
ENDED = replace(
    DONE,
    stage="ended",
    title="The time ran out",
    lede="Nothing has changed. Ring the help desk when you want to go on.",
    asks=(),
)

PORTALS = {
    "confirm": CONFIRM,
    "prove": PROVE,
    "prove-again": PROVE_AGAIN,
    "prove-nothing": PROVE_NOTHING,
    "checking": CHECKING,
    "wait": WAIT,
    "choose": CHOOSE,
    "enrol": ENROL,
    "enrol-passkey": ENROL_PASSKEY,
    "test": TEST,
    "test-wrong": TEST_WRONG,
    "test-passkey": TEST_PASSKEY,
    "done": DONE,
    "stopped": STOPPED,
    "frozen": FROZEN_PORTAL,
    "ended": ENDED,
}

ENROLMENT = EnrolmentView(
    "totp",
    uri="otpauth://totp/Fernhollow:hazel.linden?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Fernhollow&digits=6&period=30",
    key="GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ",
    shown_until=at(5),
)

VOUCHES = {
    "open": VouchView(
        "open",
        "Hazel Linden",
        "A yes lets a new phone sign in as Hazel.",
        at(0),
        at(212),
        (
            AnswerLine("met", "Yes, in person"),
            AnswerLine("called", "Yes, on a call that I made to a number I already had"),
            AnswerLine("not_spoken", "I have not spoken to them"),
            AnswerLine("not_them", "I spoke to them: it isn’t them"),
        ),
    ),
    "answered": VouchView("answered"),
    "ended": VouchView("ended"),
    "nothing": VouchView("nothing"),
}

NOT_MES = {
    "open": NotMeView(
        "open",
        "A new phone was added to your account today at 14:52.",
        (
            "The new phone stops working at once.",
            "Everybody who is signed in as you is signed out.",
            "Our security team is told.",
        ),
    ),
    "done": NotMeView(
        "done",
        "The new phone can no longer sign in as you.",
        ("Go to the help desk with your badge.", "Until then nobody can sign in as you, with the password or without."),
    ),
    "ended": NotMeView("ended"),
}
