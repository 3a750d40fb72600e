"""A manager vouches in the portal: pulled from the directory, asked by the desk, proved by their own passkey."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from mfadesk.kernel.clock import to_stamp
from mfadesk.kernel.errors import Invalid, Refusal
from mfadesk.kernel.session_words import same_words
from mfadesk.operations.asking import ask_executor
from mfadesk.operations.codes import find_locator
from mfadesk.operations.desk import Desk, require_owner, staff_name
from mfadesk.operations.judgement import VOUCHED_AS
from mfadesk.operations.people import find_vouchers, get_person
from mfadesk.operations.prove import require_small
from mfadesk.operations.throttle import count_try
from mfadesk.ports.people import Actor
from mfadesk.store.commit import load_case
from mfadesk.store.models import ClaimantSession, Locator

STATEMENTS = {
    "in_person": "Yes, in person",
    "my_call": "Yes, on a call that I made",
    "not_spoken": "I have not spoken to them",
    "not_them": "I spoke to them: it is not them",
}
GOOD = frozenset({"in_person", "my_call"})
VOUCH_LIFE_S = 4 * 3_600
VOUCHES_A_DAY = 5
"""One voucher is asked at most this often a day (many approvals by one manager are an attack's mark)."""


def ask_voucher(desk: Desk, actor: Actor, case_id: str, which: str = "manager") -> None:
    """Ask the person's manager, an HR partner or two colleagues to vouch. Who they are comes from the directory, never the caller.

    Raises Refusal ``no_voucher`` where the directory names none who is here, and ``voucher_busy`` above `VOUCHES_A_DAY`.
    """
    if which not in VOUCHED_AS:
        raise Invalid("which", "Choose whom to ask from the list.")
    with desk.unit() as unit:
        draft = desk.draft(unit.load(case_id), staff_name(actor))
        require_owner(actor, draft.state)
        draft.require_open()
        if draft.state.subject is None:
            raise Refusal("nobody_on_file", "The directory does not know this person, so nobody can vouch.")
        vouchers = find_vouchers(get_person(draft.state.subject), which)
        if not vouchers:
            raise Refusal("no_voucher", "The directory names nobody for this who is here today. Take another plan.")
        if any(actor.person_id == voucher.id for voucher in vouchers):
            raise Refusal("own_report", "You would be asked yourself. A colleague works this case, and you may vouch.")
        if any(voucher.id in draft.state.vouchers for voucher in vouchers):
            raise Refusal("asked_already", "They have been asked already.")
        until = draft.now + timedelta(seconds=VOUCH_LIFE_S)
        for voucher in vouchers:
            try:
                count_try(f"vouch:{voucher.id}", limit=VOUCHES_A_DAY, window_s=86_400, now=draft.now)
            except Refusal as error:
                raise Refusal("voucher_busy", "Whoever would vouch was asked too often today. Take another plan.") from error
            draft.emit("voucher_asked", voucher=voucher.id, which=which, until=to_stamp(until))
            draft.intend("notify", target="vouch", voucher=voucher.id)
        unit.commit(draft)


def find_vouch(desk: Desk, token: str) -> tuple[Locator, str] | None:
    """Return the locator behind a voucher's link and the voucher's id, or None."""
    locator = find_locator(desk, "vouch", token)
    return (locator, str(json.loads(locator.about)["voucher"])) if locator else None


def begin_vouch(desk: Desk, token: str, statement: str, value: str) -> Mapping[str, Any]:
    """Return request options whose challenge commits to the case, the voucher and this very answer.

    value: for a yes, the two words from the person's page: they tie the conversation to the browser that will act.
    Raises Invalid where the words are not those of the one browser that the case is bound to.
    """
    locator, voucher = _require(desk, token)
    if statement not in STATEMENTS:
        raise Invalid("statement", "Choose one of the answers.")
    if statement in GOOD and not _are_the_words(locator.case_id, value):
        raise Invalid("value", "Those are not the two words on their page. Ask them to read the words again.")
    answer = ask_executor(desk, "begin_vouch", locator.case_id, {"voucher": voucher, "statement": statement})
    options: Mapping[str, Any] = answer["options"]
    return options


def finish_vouch(desk: Desk, token: str, response: Mapping[str, Any]) -> None:
    """Have the voucher's assertion verified and their answer recorded. Raises Refusal ``wrong_proof``."""
    locator, voucher = _require(desk, token)
    payload = {"voucher": voucher, "response": require_small(response)}
    ask_executor(desk, "finish_vouch", locator.case_id, payload)


def _require(desk: Desk, token: str) -> tuple[Locator, str]:
    found = find_vouch(desk, token)
    if found is None:
        raise Refusal("link_not_open", "This link is not open any more. Nothing waits for you here.")
    state = load_case(found[0].case_id)
    if state.status != "open" or state.vouchers.get(found[1]) != "":
        raise Refusal("link_not_open", "This is answered or over. Nothing waits for you here.")
    return found


def _are_the_words(case_id: str, heard: str) -> bool:
    session = ClaimantSession.objects.filter(case_id=case_id, ended_at=None).first()
    return session is not None and same_words(heard, session.words)
