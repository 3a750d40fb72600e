"""A voucher's answer: an assertion by their own passkey that commits to the case and to the very statement."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from mfadesk.cases.engine import Draft
from mfadesk.cases.state import CaseState
from mfadesk.executor.challenges import for_browser, keep_options, make_challenge, take_challenge
from mfadesk.executor.receipts import mint, mint_mark, require_mark
from mfadesk.kernel.clock import from_stamp, to_stamp
from mfadesk.kernel.errors import Refusal
from mfadesk.kernel.session_words import same_words
from mfadesk.operations.judgement import VOUCHED_AS
from mfadesk.operations.throttle import count_try
from mfadesk.operations.vouch import GOOD, STATEMENTS, VOUCH_LIFE_S
from mfadesk.ports.people import Person
from mfadesk.ports.provider import PHISHING_RESISTANT, Rejected
from mfadesk.store.commit import load_case
from mfadesk.store.models import Alert, ClaimantSession

if TYPE_CHECKING:
    from mfadesk.executor.core import Executor

NO_PASSKEY = "Vouching takes a passkey or security key of your own. Nothing changed. The desk takes another way."


def ask_voucher(executor: Executor, case_id: str, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Ask whoever the directory names: the web tier says in what capacity, never whom."""
    which = str(payload["which"])

    def change(draft: Draft) -> None:
        draft.require_open()
        if draft.state.subject is None:
            raise Refusal("nobody_on_file", "The directory does not know this person, so nobody can vouch.")
        vouchers = executor.directory.find_vouchers(executor.directory.get(draft.state.subject), which)
        if which not in VOUCHED_AS or not vouchers:
            raise Refusal("no_voucher", "The directory names nobody for this who is here today. Take another plan.")
        owner = executor.staff.read().members.get(draft.state.owner.removeprefix("staff:"))
        if owner is not None and any(owner.person_id == voucher.id for voucher in vouchers):
            raise Refusal("own_report", "You would be asked yourself. A colleague works this case, and you may vouch.")
        if any(voucher.id in draft.state.vouchers for voucher in vouchers):
            raise Refusal("asked_already", "They have been asked already.")
        until = to_stamp(draft.now + timedelta(seconds=VOUCH_LIFE_S))
        for voucher in vouchers:
            try:
                count_try(
                    f"vouch:{voucher.id}", limit=executor.desk.policy.limits.vouches_per_day, window_s=86_400, now=draft.now
                )
            except Refusal as error:
                raise Refusal("voucher_busy", "Whoever would vouch was asked too often today. Take another plan.") from error
            _mark(executor, draft, "voucher_asked", {"voucher": voucher.id, "which": which, "until": until})
            draft.intend("notify", target="vouch", voucher=voucher.id)

    executor.settle(case_id, change)
    return {"ok": True}


def begin_vouch(executor: Executor, case_id: str, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return options whose challenge commits to case, voucher, statement, and for a yes to the words and the browser they name."""
    voucher, statement = _require(executor, load_case(case_id), payload), str(payload["statement"])
    if statement not in STATEMENTS:
        raise Refusal("wrong_proof", "Choose one of the answers.")
    says = {"voucher": voucher.id, "statement": statement, "session": "", "words": ""}
    if statement in GOOD:
        says |= _words(load_case(case_id), str(payload["words"]))
    challenge = make_challenge(executor, "vouch", case_id, says)
    options = executor.provider.begin_assertion(voucher.login, challenge)
    if not options.get("allowCredentials") and "state" not in options:
        raise Refusal("no_passkey", NO_PASSKEY)
    keep_options(executor, challenge, options)
    return {"options": for_browser(options)}


def finish_vouch(executor: Executor, case_id: str, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Verify the assertion, once, and record the statement that it signed."""
    voucher = _require(executor, load_case(case_id), payload)
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
        # Looked at again inside the one commit: an answer counts once, and a yes for the browser that was spoken to alone.
        _require(executor, draft.state, payload)
        if statement in GOOD and says["session"] != (draft.state.session or ""):
            raise Refusal("changed_since", "Their page has changed since. Ask them to read the words again.")
        body = {"voucher": voucher.id, "statement": statement, "session": says["session"]}
        _mark(executor, draft, "voucher_answered", body)
        if statement == "not_them":
            _stop(draft)
        elif statement in GOOD:
            _count(executor, draft, voucher)

    executor.settle(case_id, change)
    return {"ok": True}


def _words(state: CaseState, heard: str) -> dict[str, str]:
    """Return what a yes commits to: the one browser that the case is bound to, and a digest of the words that it shows."""
    session = ClaimantSession.objects.filter(pk=state.session, case_id=state.id, ended_at=None).first()
    if session is None or not same_words(heard, session.words):
        raise Refusal("wrong_words", "Those are not the two words on their page. Ask them to read the words again.")
    return {"session": session.id, "words": hashlib.sha256(session.words.encode()).hexdigest()}


def _count(executor: Executor, draft: Draft, voucher: Person) -> None:
    """Record evidence once everybody whom the directory names in this capacity said yes, each under a receipt of their own."""
    key, state = executor.keys.receipt, draft.state
    which = str(require_mark(key, state, "voucher_asked", voucher.id)["which"])
    subject = executor.directory.get(state.subject or "")
    asked = [one.id for one in executor.directory.find_vouchers(subject, which)]
    if any(state.vouchers.get(person) not in GOOD for person in asked):
        return
    for person in asked:
        was_asked = require_mark(key, state, "voucher_asked", person)
        answer = require_mark(key, state, "voucher_answered", person)
        if was_asked["which"] != which or answer["session"] != (state.session or ""):
            # Said of another browser, or asked for something else: a yes that this case does not have.
            return
    body = mint(
        key, state, method=VOUCHED_AS[which], now=draft.now, policy=executor.desk.policy,
        by=",".join(f"voucher:{person}" for person in asked), session=state.session, authenticator=None,
        randomness=executor.desk.randomness,
    )  # fmt: skip
    draft.emit("evidence_recorded", **body)


def _mark(executor: Executor, draft: Draft, kind: str, body: Mapping[str, Any]) -> None:
    draft.emit(kind, **mint_mark(executor.keys.receipt, draft.state, kind, body, draft.now, executor.desk.randomness))


def _stop(draft: Draft) -> None:
    """A voucher who spoke to the person says that it is not them: the case ends and security hears."""
    draft.emit("alert_raised", pattern="not_them")
    Alert.objects.create(
        at=draft.now, kind="not_them", case_id=draft.state.id, person_id=draft.state.subject or "",
        sentence="A voucher spoke to the person: it was not them who called.",
    )  # fmt: skip
    draft.intend("notify", target="attempt")
    draft.close("not_them", "stopped")


def _require(executor: Executor, state: CaseState, payload: Mapping[str, Any]) -> Person:
    """Return the voucher, whom this executor asked and the directory still names: the web tier's word for neither is taken."""
    voucher_id = str(payload["voucher"])
    if state.status != "open" or state.subject is None or state.vouchers.get(voucher_id) != "":
        raise Refusal("link_not_open", "This is answered or over. Nothing waits for you here.")
    asked = require_mark(executor.keys.receipt, state, "voucher_asked", voucher_id)
    if f"voucher_answered/{voucher_id}" in state.marks or from_stamp(str(asked["until"])) <= executor.desk.now():
        raise Refusal("link_not_open", "This is answered or over. Nothing waits for you here.")
    named = executor.directory.find_vouchers(executor.directory.get(state.subject), str(asked["which"]))
    voucher = next((one for one in named if one.id == voucher_id), None)
    if voucher is None:
        raise Refusal("link_not_open", "The directory does not name you for this any more. Nothing waits for you here.")
    return voucher
