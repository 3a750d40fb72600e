"""A manager vouches in the portal: pulled from the directory, asked by the desk, proved by their own passkey."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from mfadesk.kernel.errors import Invalid, Refusal
from mfadesk.kernel.session_words import same_words
from mfadesk.operations.asking import ask_executor
from mfadesk.operations.codes import find_locator
from mfadesk.operations.desk import Desk, require_owner
from mfadesk.operations.judgement import VOUCHED_AS
from mfadesk.operations.people import find_vouchers, get_person
from mfadesk.operations.prove import require_small
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
MAX_WORDS = 100


def ask_voucher(desk: Desk, actor: Actor, case_id: str, which: str = "manager") -> None:
    """Ask the person's manager, an HR partner or two colleagues to vouch. Who they are comes from the directory, never the caller.

    Raises Refusal ``no_voucher`` where the directory names none who is here, and ``voucher_busy`` above policy's `vouches_per_day`: many
    vouches by one manager are an attack's mark.
    """
    if which not in VOUCHED_AS:
        raise Invalid("which", "Choose whom to ask from the list.")
    state = load_case(case_id)
    require_owner(actor, state)
    if state.subject is not None and any(actor.person_id == one.id for one in find_vouchers(get_person(state.subject), which)):
        raise Refusal("own_report", "You would be asked yourself. A colleague works this case, and you may vouch.")
    ask_executor(desk, "ask_voucher", case_id, {"which": which})


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
    payload = {"voucher": voucher, "statement": statement, "words": value[:MAX_WORDS] if statement in GOOD else ""}
    answer = ask_executor(desk, "begin_vouch", locator.case_id, payload)
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
