"""A call back is rung by the machine: to the number that the directory holds, for the operators of the case, and written down."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mfadesk.cases.engine import Draft
from mfadesk.cases.state import CaseState
from mfadesk.executor.receipts import mint_mark, require_mark
from mfadesk.executor.staff_register import Member
from mfadesk.kernel.errors import Refusal, Unavailable
from mfadesk.operations import call_back
from mfadesk.ports.people import Person
from mfadesk.ports.telephone import Telephone
from mfadesk.store.commit import load_case

if TYPE_CHECKING:
    from mfadesk.executor.core import Executor

EXCHANGE, SHOWN = "exchange", "shown"
"""How a call was placed: by an exchange that hides the number, or by an operator to whom it was shown for a minute."""

NOT_RUNG = "Ring them from this page first. Then say the two words, and sign when they are typed."


def can_ring(executor: Executor, person: Person) -> bool:
    """Return whether the desk has a way to ring this person. Whether they have a number is the directory's to say."""
    return _exchange(executor, person) is not None or executor.desk.home.config.reveal_to_dial


def call(executor: Executor, case_id: str, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Ring the number on file, or answer it to be dialled where policy says so, and record the call."""
    staff = executor.staff.require_member(str(payload["staff"]), "operator")
    state = load_case(case_id)
    _require_may_ring(state, staff)
    person = executor.directory.get(state.subject or "")
    number = _number(executor, person)
    exchange = _exchange(executor, person)
    if exchange is None and not executor.desk.home.config.reveal_to_dial:
        raise Refusal("no_telephone", "This desk has no way to ring anybody back. Take another plan.")
    how = EXCHANGE if exchange is not None else SHOWN
    body = {"by": f"staff:{staff.id}", "how": how, "session": state.session}
    if exchange is not None:
        # Before it is written down: a call that the exchange did not place shall not be attested.
        exchange.ring(person.login, number, staff.desk, f"{case_id}/{state.seq}")

    def rung(draft: Draft) -> None:
        _require_may_ring(draft.state, staff)
        if draft.state.session != state.session:
            raise Refusal("not_now", "Their page has changed since. Look at the case again.")
        made = mint_mark(executor.keys.receipt, draft.state, "called_back", body, draft.now, executor.desk.randomness)
        draft.emit("called_back", {"ends_in": number[-2:]}, **made)

    executor.settle(case_id, rung)
    return {"number": number} if how == SHOWN else {"ok": True}


def require_rung(executor: Executor, state: CaseState, staff: Member) -> None:
    """Raise Refusal unless this member rang the one browser's owner and the words of that very call were typed there."""
    name = f"staff:{staff.id}"
    if f"called_back/{name}" not in state.marks:
        raise Refusal("not_rung", NOT_RUNG)
    if require_mark(executor.keys.receipt, state, "called_back", name)["session"] != state.session:
        raise Refusal("not_rung", NOT_RUNG)
    if not call_back.were_typed(state.id, state.session, name):
        raise Refusal("words_not_typed", "The two words are not typed into their page yet. Say them again, then sign.")


def require_dialled(executor: Executor, state: CaseState, staff: Member, value: str) -> None:
    """Raise Refusal where a number was shown to be dialled and `value` does not end in its last two digits."""
    mark = state.marks.get(f"called_back/staff:{staff.id}")
    if mark is None or mark.body["how"] != SHOWN:
        return
    digits = "".join(c for c in value if c.isdigit())
    if digits[-2:] != _number(executor, executor.directory.get(state.subject or ""))[-2:]:
        raise Refusal("wrong_value", "Those are not the last two digits of the number that was shown. Look, and ring that one.")


def _require_may_ring(state: CaseState, staff: Member) -> None:
    """Raise Refusal unless the case waits for proof in one confirmed browser and this member works it or was drawn to look."""
    if state.status != "open" or state.session is None or not state.confirmed or state.subject is None:
        raise Refusal("not_now", "Ring back once the person has entered the code and said yes.")
    if staff.person_id and staff.person_id == state.subject:
        raise Refusal("own_case", "This case is about you. Somebody else works it.")
    drawn = state.second_asked.get(call_back.METHOD) == staff.id
    if not drawn and (state.owner != f"staff:{staff.id}" or state.step_kind != "verify"):
        raise Refusal("not_now", "Nothing waits for a call of yours here.")
    if state.calls >= call_back.CALLS_A_CASE:
        raise Refusal("rung_often", "They were rung often enough in this case. Take another plan.")


def _number(executor: Executor, person: Person) -> str:
    """Return the number on file. Raises Refusal where there is none, or only one that was changed too lately (R36)."""
    policy, now = executor.desk.policy, executor.desk.now()
    found = call_back.find_number(person, now, policy.quarantine_s["mobile"])
    if found is None:
        raise Refusal("no_number", "The directory holds no number that may be rung back. Take another plan.")
    return found.value


def _exchange(executor: Executor, person: Person) -> Telephone | None:
    service = executor.services.get(call_back.METHOD)
    if not isinstance(service, Telephone):
        return None
    try:
        return service if service.is_available(person.login) else None
    except Unavailable:
        return None
