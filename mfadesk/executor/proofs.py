"""What a claimant proves: codes at the provider, passkeys at their relying party, checks by outside services."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mfadesk.cases.engine import Draft
from mfadesk.cases.state import CaseState
from mfadesk.executor.challenges import for_browser, keep_options, make_challenge, take_challenge
from mfadesk.executor.decoys import request_options
from mfadesk.executor.receipts import mint
from mfadesk.kernel.canonical import canonical_json
from mfadesk.kernel.errors import Refusal
from mfadesk.kernel.secret import Secret
from mfadesk.operations.judgement import METHOD_OF
from mfadesk.operations.prove import TRY_THE_NEXT
from mfadesk.operations.targets import find_disowned
from mfadesk.operations.throttle import count_try, tries_so_far
from mfadesk.ports.factors import NotPassed
from mfadesk.ports.people import Person
from mfadesk.ports.provider import Accepted, Rejected
from mfadesk.store.commit import load_case
from mfadesk.store.models import Alert

if TYPE_CHECKING:
    from mfadesk.executor.core import Executor

GUESSABLE = frozenset(
    {"totp_existing", "saved_recovery_code", "sms_code", "push_code_transfer", "endpoint_user_code", "postal_code"}
)
"""Methods whose proof is a short text: after too many wrong ones they stop in this case, and nothing else does (SETTLED 7)."""

SPARE_TRIES = 2
"""Wrong codes that are left to the person before the provider locks them out; the desk uses none of these."""

NO_TRIES_LEFT = "Codes are closed for this request. Your account has not changed. Use one of the other ways."
CODE_METHODS = frozenset({"totp_existing", "saved_recovery_code"})


def prove_code(executor: Executor, case_id: str, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Have the provider check a code, once."""
    state, person = _require(executor, case_id, payload)
    method = str(payload["method"])
    if method not in CODE_METHODS:
        raise Refusal("wrong_proof", TRY_THE_NEXT)
    _require_tries_left(executor, state, method, payload)
    _require_room_below_lock(executor, person)
    verdict = executor.provider.check_code(person.login, Secret(str(payload["code"])))
    if isinstance(verdict, Rejected):
        _count_wrong(executor, state, method, payload)
    return _record(executor, state, person, verdict, payload["session"], expected={method})


def begin_passkey(executor: Executor, case_id: str, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return options whose challenge commits to the case, the browser and the purpose."""
    _state, person = _require(executor, case_id, payload)
    challenge = make_challenge(executor, "prove", case_id, {"session": payload["session"]})
    options = request_options(executor, person, challenge)
    keep_options(executor, challenge, options)
    return {"options": for_browser(options)}


def finish_passkey(executor: Executor, case_id: str, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Verify the assertion, once."""
    state, person = _require(executor, case_id, payload)
    response = payload["response"]["json"]
    says, _challenge, options = take_challenge(executor, "prove", case_id, response)
    if says["session"] != payload["session"]:
        raise Refusal("wrong_proof", "That was begun in another browser. Nothing changed.")
    verdict = executor.provider.finish_assertion(person.login, options, response)
    return _record(executor, state, person, verdict, payload["session"], expected={"fido2_existing", "passkey_synced_existing"})


def begin_service(executor: Executor, case_id: str, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Start a check at an outside service, bound to case, browser and method."""
    _state, person = _require(executor, case_id, payload)
    service = executor.services.get(str(payload["method"]))
    if service is None or executor.desk.policy.methods[service.method].operator_attested:
        raise Refusal("not_offered", "That is not offered here. Take another way.")
    return {"begin": {k: str(v) for k, v in service.begin(person.login, binding_of(case_id, payload)).items()}}


def finish_service(executor: Executor, case_id: str, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Have the service judge the outcome, once."""
    state, person = _require(executor, case_id, payload)
    method = str(payload["method"])
    service = executor.services.get(method)
    if service is None or executor.desk.policy.methods[method].operator_attested:
        raise Refusal("not_offered", "That is not offered here. Take another way.")
    _require_tries_left(executor, state, method, payload)
    outcome = service.finish(person.login, binding_of(case_id, payload), Secret(str(payload["response"])))
    if isinstance(outcome, NotPassed):
        _count_wrong(executor, state, method, payload)
        _note_failure(executor, case_id, method, "wrong", payload["session"])
        raise Refusal("wrong_proof", "That did not work. Your account has not changed. Start it once more.")
    record_evidence(executor, case_id, method=method, by="claimant", session=str(payload["session"]), authenticator=None)
    return {"ok": True}


def binding_of(case_id: str, payload: Mapping[str, Any]) -> bytes:
    """Return the 32 bytes that tie a service's check to one case, one browser and one method."""
    parts = {"case": case_id, "session": payload["session"], "method": payload["method"]}
    return hashlib.sha256(b"service/" + canonical_json(parts)).digest()


def record_evidence(
    executor: Executor, case_id: str, *, method: str, by: str, session: str | None, authenticator: str | None
) -> CaseState:
    """Write evidence with its receipt into the case and walk on."""

    def change(draft: Draft) -> None:
        draft.require_open()
        body = mint(
            executor.keys.receipt, draft.state, method=method, now=draft.now, policy=executor.desk.policy, by=by,
            session=session, authenticator=authenticator, randomness=executor.desk.randomness,
        )  # fmt: skip
        draft.emit("evidence_recorded", **body)

    return executor.settle(case_id, change)


def _record(
    executor: Executor,
    state: CaseState,
    person: Person,
    verdict: Accepted | Rejected,
    session: Any,
    expected: set[str],
) -> Mapping[str, Any]:
    method_tried = sorted(expected)[0]
    if isinstance(verdict, Rejected):
        _note_failure(executor, state.id, method_tried, verdict.reason, session)
        raise Refusal("wrong_proof", TRY_THE_NEXT if method_tried in GUESSABLE else "That was not accepted. Nothing changed.")
    method = METHOD_OF[verdict.kind]
    if verdict.first_use:
        # The first answer of a new one shows that it works; who set it up is what is being asked here.
        _note_failure(executor, state.id, method, "first_use", session)
        raise Refusal("wrong_proof", "That one is not in use yet, so it proves nothing. Take one that you have signed in with.")
    gone = {a.id for a in find_disowned(state, executor.provider.look(person.login))}
    if verdict.authenticator_id in gone:
        # The caller says that this one is gone, and now it answers: whoever holds it is not proved by it.
        _note_failure(executor, state.id, method, "claimed_gone", session)
        with executor.desk.unit():
            Alert.objects.create(
                at=executor.desk.now(), kind="claimed_gone_used", case_id=state.id, person_id=state.subject or "",
                sentence="An authenticator that the caller says is gone was used in the case.",
            )  # fmt: skip
        raise Refusal("wrong_proof", TRY_THE_NEXT)
    # The provider tells which authenticator it was; the evidence follows that and not what the page offered.
    record_evidence(
        executor, state.id, method=method, by="claimant", session=str(session), authenticator=verdict.authenticator_id
    )
    return {"ok": True}


def _require(executor: Executor, case_id: str, payload: Mapping[str, Any]) -> tuple[CaseState, Person]:
    state = load_case(case_id)
    if state.status != "open" or state.session != payload["session"] or not state.confirmed or state.subject is None:
        raise Refusal("not_now", "This page has moved on. Look at it again.")
    if state.step_kind not in ("verify", "ask", "instruct"):
        raise Refusal("not_now", "Nothing more needs to be proved here.")
    return state, executor.directory.get(state.subject)


def _require_tries_left(executor: Executor, state: CaseState, method: str, payload: Mapping[str, Any]) -> None:
    """Raise Refusal where a guessable method is closed: in this case, or for this person from where the request came."""
    if method not in GUESSABLE:
        return
    limits = executor.desk.policy.limits
    wrong = sum(1 for failed, _at in state.failures if failed in GUESSABLE)
    today = tries_so_far(_wrong_key(state, payload), executor.desk.now())
    if wrong >= limits.wrong_proofs_per_case or today >= limits.wrong_proofs_per_day:
        raise Refusal("no_tries_left", NO_TRIES_LEFT)


def _count_wrong(executor: Executor, state: CaseState, method: str, payload: Mapping[str, Any]) -> None:
    """Count a wrong guess for a person and a source, over all cases of a day, and tell security at the limit.

    Only this source is stopped, and only for what can be guessed: no stranger closes anything to the person elsewhere.
    """
    if method not in GUESSABLE:
        return
    most, now = executor.desk.policy.limits.wrong_proofs_per_day, executor.desk.now()
    with executor.desk.unit():
        if count_try(_wrong_key(state, payload), limit=most, window_s=86_400, now=now) == most:
            Alert.objects.create(
                at=now, kind="proof_guessing", case_id=state.id, person_id=state.subject or "",
                sentence=f"{most} wrong codes for one person from one place within a day. Codes are closed from there.",
            )  # fmt: skip


def _wrong_key(state: CaseState, payload: Mapping[str, Any]) -> str:
    return f"wrong:{state.subject}:{payload['source']}"


def _require_room_below_lock(executor: Executor, person: Person) -> None:
    """Raise Refusal while one more wrong code could bring the provider's own lock near: no stranger locks anybody out."""
    most = executor.provider.capabilities().max_failures
    held = executor.provider.look(person.login).authenticators
    if any(a.state == "active" and a.fail_count >= most - SPARE_TRIES for a in held):
        raise Refusal("no_tries_left", NO_TRIES_LEFT)


def _note_failure(executor: Executor, case_id: str, method: str, reason: str, session: Any) -> None:
    executor.settle(case_id, lambda draft: draft.emit("proof_failed", method=method, reason=reason, session=str(session)))
