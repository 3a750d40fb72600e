"""The claimant's one browser. A code or link binds it; a second browser freezes the case and is told nothing (SETTLED 4)."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from mfadesk.kernel.case_code import parse_case_code
from mfadesk.kernel.errors import Invalid, Refusal
from mfadesk.kernel.ids import encode_base32, new_id
from mfadesk.kernel.sealing import derive_key, public_key_of
from mfadesk.kernel.session_words import new_session_words
from mfadesk.operations.codes import find_locator
from mfadesk.operations.desk import Desk
from mfadesk.operations.throttle import count_try, tries_so_far
from mfadesk.store.models import Alert, CaseCode, ClaimantSession, Locator, Report

NOT_OPEN = "That case code is not open. Check it with the person on the phone."
LINK_NOT_OPEN = "That link is not open any more. Ask the help desk for a new one."
"""One sentence for a wrong, a closed, an expired and another person's code: none tells which."""

GUESSES_A_SOURCE = 10
GUESSES_EVERYWHERE = 300
GUESS_WINDOW_S = 900
ALARM_AT = 5
"""Security hears at this many wrong codes from one source within the window."""

PAGE_LIFE_AFTER_END = timedelta(hours=24)


def redeem_code(desk: Desk, source: str, code: str, cookie: str = "") -> str:
    """Return the cookie of the browser that may now prove itself for the case with this code.

    source: where the request came from, for throttling only.
    cookie: the browser's claimant cookie, if it has one: entering one's own code again changes nothing.

    Raises Refusal ``code_not_open`` with one sentence for every reason, and ``too_many_tries``.
    """
    _refuse_guessers(desk, source)
    try:
        locator = find_locator(desk, "code", parse_case_code(code))
    except Invalid as error:
        # A code whose check symbol does not fit was misheard, not guessed; it costs no try.
        raise Refusal("code_not_open", NOT_OPEN) from error
    if locator is None:
        _count_guess(desk, source)
        raise Refusal("code_not_open", NOT_OPEN)
    return _bind(desk, source, locator, cookie)


def redeem_link(desk: Desk, source: str, token: str, cookie: str = "") -> str:
    """Return the cookie for a check-in link, on POST; a GET only shows the page, since mail scanners follow links."""
    _refuse_guessers(desk, source)
    locator = find_locator(desk, "link", token)
    if locator is None:
        _count_guess(desk, source)
        raise Refusal("code_not_open", LINK_NOT_OPEN)
    try:
        return _bind(desk, source, locator, cookie)
    except Refusal as no:
        # One sentence whether the link is old, made up, or somebody else's: another one would say which.
        raise Refusal(no.code, LINK_NOT_OPEN) if no.code == "code_not_open" else no from None


def find_session(desk: Desk, cookie: str, source: str = "") -> ClaimantSession | None:
    """Return the session of a cookie, or None. A session that has ended still shows how its case went, for a day.

    source: where the request came from, by which its wrong proofs are counted.
    """
    if not cookie or len(cookie) > 100:
        return None
    row = ClaimantSession.objects.filter(secret_hash=_hash(cookie)).first()
    if row is None or (row.ended_at is not None and row.ended_at + PAGE_LIFE_AFTER_END <= desk.now()):
        return None
    row.cookie, row.source = cookie, source
    return row


def box_key(cookie: str) -> bytes:
    """Return the private key that opens what the executor sealed to this browser. It is derived from the cookie and never stored."""
    return derive_key(cookie.encode(), "claimant-box")


def confirm(desk: Desk, session: ClaimantSession, yes: bool) -> None:
    """Record the answer to "are you on the phone with us right now?". No means somebody else is: the case stops."""
    if not yes:
        report(desk, session)
        return
    with desk.unit() as unit:
        draft = desk.draft(unit.load(session.case_id), "claimant")
        draft.require_open()
        require_current(draft.state.session, session)
        if not draft.state.confirmed:
            draft.emit("confirmed", session=session.id)
            # What an operator attested or a manager vouched for before may suffice, now that there is a browser to act in.
            draft.intend("consider", quiet=True)
        unit.commit(draft)


def report(desk: Desk, session: ClaimantSession) -> None:
    """The person says that they did not call: the case stops and security hears. Nothing more is asked of them."""
    with desk.unit() as unit:
        draft = desk.draft(unit.load(session.case_id), "claimant")
        if draft.state.status == "closed":
            return
        now = draft.now
        Report.objects.create(at=now, case_id=session.case_id, person_id=draft.state.subject or "", kind="report")
        Alert.objects.create(
            at=now, kind="reported", case_id=session.case_id, person_id=draft.state.subject or "",
            sentence="The person says that they did not call. The case was stopped.",
        )  # fmt: skip
        draft.emit("reported", by="claimant")
        draft.emit("alert_raised", pattern="reported")
        if draft.state.subject:
            draft.intend("notify", target="attempt")
        draft.close("reported", "stopped")
        end_sessions_of(session.case_id, now)
        unit.commit(draft)


def require_current(bound: str | None, session: ClaimantSession) -> None:
    """Raise Refusal unless this browser is the one that the case is bound to."""
    if bound != session.id or session.ended_at is not None:
        raise Refusal("session_ended", "This page has run out. Nothing changed. Ask the help desk for a new code.")


def end_sessions_of(case_id: str, now: datetime) -> None:
    """End every browser session, code and link of a case. The last page stays readable for a day: see `find_session`."""
    Locator.objects.filter(case_id=case_id, kind__in=["code", "link", "vouch"]).update(voided=True)
    CaseCode.objects.filter(case_id=case_id).delete()
    ClaimantSession.objects.filter(case_id=case_id, ended_at=None).update(ended_at=now)


def _bind(desk: Desk, source: str, locator: Locator, cookie: str) -> str:
    own = find_session(desk, cookie)
    with desk.unit() as unit:
        draft = desk.draft(unit.load(locator.case_id), "claimant")
        if draft.state.status == "closed":
            raise Refusal("code_not_open", NOT_OPEN)
        if own is not None and own.id == draft.state.session and own.ended_at is None:
            return cookie
        if draft.state.status == "frozen" or draft.state.session is not None:
            if draft.state.status != "frozen":
                draft.emit("second_browser_seen")
                draft.emit("alert_raised", pattern="second_browser")
                Alert.objects.create(
                    at=draft.now, kind="second_browser", case_id=locator.case_id, person_id=draft.state.subject or "",
                    sentence="Two browsers used the code of one case. It is frozen until its operator resolves it.",
                )  # fmt: skip
                unit.commit(draft)
            frozen = True
        else:
            frozen = False
            cookie = encode_base32(desk.randomness.bytes(32))
            session = ClaimantSession.objects.create(
                id=new_id("ses", desk.randomness), case_id=locator.case_id, secret_hash=_hash(cookie),
                box_public=public_key_of(box_key(cookie)), words=new_session_words(desk.randomness), bound_at=draft.now,
            )  # fmt: skip
            Locator.objects.filter(pk=locator.pk).update(used_at=draft.now)
            draft.emit("session_bound", session=session.id)
            unit.commit(draft)
    if frozen:
        # Counted as a wrong one is: who guesses could else tell by the tries that are left that somebody has this code.
        _count_guess(desk, source)
        raise Refusal("code_not_open", NOT_OPEN)
    return cookie


def _refuse_guessers(desk: Desk, source: str) -> None:
    now = desk.now()
    if tries_so_far(f"guess:{source}", now) >= GUESSES_A_SOURCE or tries_so_far("guess:all", now) >= GUESSES_EVERYWHERE:
        raise Refusal("too_many_tries", "Too many tries from here. Wait a quarter of an hour, or ring the help desk.")


def _count_guess(desk: Desk, source: str) -> None:
    now = desk.now()
    with desk.unit():
        tries = count_try(f"guess:{source}", limit=GUESSES_A_SOURCE, window_s=GUESS_WINDOW_S, now=now)
        count_try("guess:all", limit=GUESSES_EVERYWHERE, window_s=GUESS_WINDOW_S, now=now)
        if tries == ALARM_AT:
            Alert.objects.create(at=now, kind="code_guessing", sentence=f"{tries} wrong case codes or links from one source.")


def _hash(cookie: str) -> str:
    return hashlib.sha256(b"claimant/" + cookie.encode()).hexdigest()
