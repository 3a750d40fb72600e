"""A voucher's answer: an assertion by their own passkey that commits to the case and to the very statement."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mfadesk.cases.engine import Draft
from mfadesk.executor.challenges import for_browser, keep_options, make_challenge, take_challenge
from mfadesk.executor.receipts import mint
from mfadesk.kernel.errors import Refusal
from mfadesk.operations.judgement import VOUCHED_AS
from mfadesk.operations.people import find_vouchers, get_person
from mfadesk.operations.vouch import GOOD, STATEMENTS
from mfadesk.ports.people import Person
from mfadesk.ports.provider import PHISHING_RESISTANT, Rejected
from mfadesk.store.commit import load_case
from mfadesk.store.models import Alert

if TYPE_CHECKING:
    from mfadesk.executor.core import Executor

NO_PASSKEY = "Vouching takes a passkey or security key of your own. Nothing changed. The desk takes another way."


def begin_vouch(executor: Executor, case_id: str, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return options whose challenge commits to case, voucher and statement."""
    voucher = _require(executor, case_id, payload)
    statement = str(payload["statement"])
    if statement not in STATEMENTS:
        raise Refusal("wrong_proof", "Choose one of the answers.")
    challenge = make_challenge(executor, "vouch", case_id, {"voucher": voucher.id, "statement": statement})
    options = executor.provider.begin_assertion(voucher.login, challenge)
    if not options.get("allowCredentials") and "state" not in options:
        raise Refusal("no_passkey", NO_PASSKEY)
    keep_options(executor, challenge, options)
    return {"options": for_browser(options)}


def finish_vouch(executor: Executor, case_id: str, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Verify the assertion, once, and record the statement that it signed."""
    voucher = _require(executor, case_id, payload)
    response = payload["response"]["json"]
    says, _challenge, options = take_challenge(executor, "vouch", case_id, response)
    if says["voucher"] != voucher.id:
        raise Refusal("wrong_proof", "That was begun for somebody else. Nothing changed.")
    verdict = executor.provider.finish_assertion(voucher.login, options, response)
    if isinstance(verdict, Rejected) or verdict.first_use or verdict.kind not in PHISHING_RESISTANT:
        raise Refusal("wrong_proof", "Your passkey was not accepted. Nothing changed. Try once more.")
    statement = str(says["statement"])

    def change(draft: Draft) -> None:
        draft.require_open()
        draft.emit("voucher_answered", voucher=voucher.id, statement=statement)
        if statement == "not_them":
            _stop(draft)
        elif statement in GOOD:
            _count(executor, draft, voucher)

    executor.settle(case_id, change)
    return {"ok": True}


def _count(executor: Executor, draft: Draft, voucher: Person) -> None:
    """Record evidence once everybody who was asked in this capacity said yes."""
    which = draft.state.asked_as[voucher.id]
    asked = [person for person, capacity in draft.state.asked_as.items() if capacity == which]
    if any(draft.state.vouchers.get(person) not in GOOD for person in asked):
        return
    body = mint(
        executor.keys.receipt, draft.state, method=VOUCHED_AS[which], now=draft.now, policy=executor.desk.policy,
        by=",".join(f"voucher:{person}" for person in asked), session=None, authenticator=None,
        randomness=executor.desk.randomness,
    )  # fmt: skip
    draft.emit("evidence_recorded", **body)


def _stop(draft: Draft) -> None:
    """A voucher who spoke to the person says that it is not them: the case ends and security hears."""
    draft.emit("alert_raised", pattern="not_them")
    Alert.objects.create(
        at=draft.now, kind="not_them", case_id=draft.state.id, person_id=draft.state.subject or "",
        sentence="A voucher spoke to the person: it was not them who called.",
    )  # fmt: skip
    draft.intend("notify", target="attempt")
    draft.close("not_them", "stopped")


def _require(executor: Executor, case_id: str, payload: Mapping[str, Any]) -> Person:
    """Return the voucher, resolved again from the directory: the web tier's word for who they are is not taken."""
    state = load_case(case_id)
    voucher_id = str(payload["voucher"])
    which = state.asked_as.get(voucher_id, "")
    if state.status != "open" or state.subject is None or state.vouchers.get(voucher_id) != "":
        raise Refusal("link_not_open", "This is answered or over. Nothing waits for you here.")
    voucher = next((v for v in find_vouchers(get_person(state.subject), which) if v.id == voucher_id), None)
    if voucher is None:
        raise Refusal("link_not_open", "The directory does not name you for this any more. Nothing waits for you here.")
    return voucher
