"""A call back: the operator rings a number on file and says two words; the person types them on their page (SETTLED 5).

The words of a call back are shown to the operator alone and never on the person's page: typed there, they show that whoever
answered the telephone sits at the one browser of the case. They are no factor: the call is, and both operators attest it.
"""

from __future__ import annotations

import hashlib
import hmac

from mfadesk.kernel.errors import Invalid, Refusal
from mfadesk.kernel.session_words import same_words, words_from
from mfadesk.operations.desk import Desk
from mfadesk.operations.sessions import require_current
from mfadesk.store.commit import load_case, load_events
from mfadesk.store.models import ClaimantSession

METHOD = "callback_on_file"
MAX_TYPED = 100


def words_to_say(desk: Desk, session_id: str) -> str:
    """Return the two words that the operator says on a call back to the person at this browser."""
    return words_from(hmac.new(desk.web_keys().locator, f"call-back/{session_id}".encode(), hashlib.sha256).digest())


def type_words(desk: Desk, session: ClaimantSession, typed: str) -> None:
    """Record that the person typed the words which the operator said.

    Raises Invalid for other words, and Refusal ``no_tries_left`` once they were wrong as often as policy lets a proof be.
    """
    wrong = False
    with desk.unit() as unit:
        draft = desk.draft(unit.load(session.case_id), "claimant")
        require_current(draft.state.session, session)
        draft.require_open()
        if not draft.state.confirmed or draft.state.step_kind != "verify":
            raise Refusal("not_now", "This page has moved on. Look at it again.")
        missed = sum(1 for method, _at in draft.state.failures if method == METHOD)
        if missed >= desk.policy.limits.wrong_proofs_per_case:
            raise Refusal("no_tries_left", "Those were wrong too often. Nothing has changed. Use one of the other ways.")
        if same_words(typed[:MAX_TYPED], words_to_say(desk, session.id)):
            if not were_typed(session.case_id, session.id):
                draft.emit("words_typed", session=session.id)
        else:
            wrong = True
            draft.emit("proof_failed", method=METHOD, reason="wrong_words", session=session.id)
        unit.commit(draft)
    if wrong:
        raise Invalid("call-words", "Those are not the words. Ask the person on the phone to say them once more.")


def were_typed(case_id: str, session_id: str | None) -> bool:
    """Return whether the words of a call back were typed in the browser that the case is bound to."""
    if session_id is None or load_case(case_id).session != session_id:
        return False
    return any(event.kind == "words_typed" and event.body["session"] == session_id for event in load_events(case_id))
