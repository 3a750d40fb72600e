"""A call back: the desk rings a number on file and says two words; the person types them on their page (SETTLED 5, 15).

The executor finds the number in the directory. An exchange rings it and nobody sees it; where there is none and `reveal_to_dial` is
set, it is shown for a minute to the one operator who must dial it. Each call has words of its own, which stand on no page of the
person: typed there, they show that whoever answered sits at the one browser of the case. They are no factor: the call is, and each
of the two operators who attest it has rung themselves.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from mfadesk.cases.events import Event
from mfadesk.cases.state import CaseState
from mfadesk.kernel.errors import Invalid, Refusal
from mfadesk.kernel.session_words import same_words, words_from
from mfadesk.operations.asking import ask_executor
from mfadesk.operations.desk import Desk, require_operator, staff_name
from mfadesk.operations.sessions import require_current
from mfadesk.ports.people import Actor, Contact, Person
from mfadesk.store.commit import load_events
from mfadesk.store.models import ClaimantSession

METHOD = "callback_on_file"
MAX_TYPED = 100
NUMBERS = ("mobile", "desk_phone")
"""Which number is rung, the first that is there."""

SHOWN_FOR_S = 60
CALLS_A_CASE = 6
"""Calls of one case, both operators' together: a person's telephone is nothing to play with."""


@dataclass(frozen=True, slots=True)
class Rung:
    """What became of asking for a call. `number` is "" where an exchange rings it and nobody sees it."""

    number: str


def find_number(person: Person, now: datetime | None = None, quarantine_s: float = 0) -> Contact | None:
    """Return the number on file to ring, or None; with `now`, one that was changed within `quarantine_s` is no number."""
    held = sorted((c for c in person.contacts if c.kind in NUMBERS), key=lambda c: NUMBERS.index(c.kind))
    return next((c for c in held if now is None or c.since is None or now - c.since >= timedelta(seconds=quarantine_s)), None)


def call(desk: Desk, actor: Actor, case_id: str) -> Rung:
    """Have the number on file rung, or shown to be dialled. Raises Refusal where that is not this operator's to do now."""
    require_operator(actor)
    answer = ask_executor(desk, "call_back", case_id, {"staff": actor.id})
    return Rung(str(answer.get("number", "")))


def words_to_say(desk: Desk, state: CaseState, staff: str) -> str:
    """Return the two words that `staff` (``staff:7``) says on their newest call; "" where they have not rung this browser."""
    mark = state.marks.get(f"called_back/{staff}")
    return _words(desk, str(mark.body["nonce"])) if mark is not None and _is_of(mark.body["session"], state) else ""


def find_words(desk: Desk, actor: Actor, state: CaseState) -> str:
    """Return the words for this actor's own call, while the case is open; "" for everybody else."""
    return words_to_say(desk, state, staff_name(actor)) if state.status == "open" else ""


def type_words(desk: Desk, session: ClaimantSession, typed: str) -> None:
    """Record that the person typed the words of the newest call.

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
        newest = _newest_call(load_events(session.case_id), session.id)
        if newest is not None and same_words(typed[:MAX_TYPED], _words(desk, str(newest.body["nonce"]))):
            if not were_typed(session.case_id, session.id, str(newest.body["by"])):
                draft.emit("words_typed", session=session.id)
        else:
            wrong = True
            draft.emit("proof_failed", method=METHOD, reason="wrong_words", session=session.id)
        unit.commit(draft)
    if wrong:
        raise Invalid("call-words", "Those are not the words. Ask the person on the phone to say them once more.")


def were_typed(case_id: str, session_id: str | None, staff: str) -> bool:
    """Return whether the words of the newest call by `staff` were typed in this browser, before anybody rang again."""
    caller, typed = "", False
    for event in load_events(case_id):
        if event.kind == "called_back":
            caller = str(event.body["by"]) if event.body["session"] == session_id else ""
            typed = typed and caller != staff
        elif event.kind == "words_typed" and caller == staff and event.body["session"] == session_id:
            typed = True
    return typed


def _newest_call(events: Iterable[Event], session_id: str) -> Event | None:
    calls = [event for event in events if event.kind == "called_back" and event.body["session"] == session_id]
    return calls[-1] if calls else None


def _is_of(session_id: object, state: CaseState) -> bool:
    return state.session is not None and session_id == state.session


def _words(desk: Desk, nonce: str) -> str:
    return words_from(bytes.fromhex(desk.locator_hash("call-back", nonce)))
