"""The new authenticator: begun at the provider, shown to one browser, tested by a real sign-in."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mfadesk.cases.engine import Draft, find_authority
from mfadesk.cases.state import CaseState
from mfadesk.executor.authority import require_still_allowed
from mfadesk.executor.challenges import for_browser, keep_options, make_challenge, take_challenge
from mfadesk.kernel.errors import Refusal
from mfadesk.kernel.sealing import seal
from mfadesk.kernel.secret import Secret
from mfadesk.operations.conditions import find_real
from mfadesk.operations.judgement import kinds_offered
from mfadesk.ports.people import Person
from mfadesk.ports.provider import AuthenticatorKind, Holdings, Rejected
from mfadesk.store.commit import load_case
from mfadesk.store.models import ClaimantSession

if TYPE_CHECKING:
    from mfadesk.executor.core import Executor

MAX_TEST_FAILURES = 10
MAX_MENDED_TEST_FAILURES = 3
"""A token that was in use before has a counter at the provider, and the desk stays far below its lock."""

TEST_FAILED = "That code did not work yet. Check that the new phone's clock is set by itself, and type the code it shows now."
MENDED_TEST_FAILED = "That code did not work. Wait until the device shows the next one, and type that."
LABEL = "Set up with the help desk"


def enrol(executor: Executor, case_id: str, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Begin a new authenticator and return its secret sealed to the one browser, or WebAuthn creation options.

    Asked again, the former one is deleted and a fresh one begun: a page that was lost may have been seen by somebody else.
    """
    state, person = _require(executor, case_id, payload)
    session = ClaimantSession.objects.get(pk=payload["session"])
    kind = _kind_for(executor, state)
    intended: list[str] = []
    held, judged = executor.provider.look(person.login), executor.judge_again(case_id)

    def intend(draft: Draft) -> None:
        _require_draft(executor, draft, held, judged)
        if draft.state.new_authenticator:
            draft.emit("enrolment_lost", authenticator=draft.state.new_authenticator)
        effect = draft.intend("enrol_new", target=kind, quiet=False, delay_s=0)
        # This effect is done here and now: nobody else may pick up a secret that only this browser shall see.
        draft.intents.pop()
        intended.append(effect)

    with executor.desk.unit() as unit:
        draft = executor.desk.draft(unit.load(case_id), "executor")
        intend(draft)
        unit.commit(draft)
    _remove_orphans(executor, draft.state, person)
    enrolment = executor.provider.enrol(person.login, kind, LABEL, intended[0])

    def begun(draft: Draft) -> None:
        draft.emit("effect_done", effect=intended[0], verb="enrol_new", target=kind, detail="")
        draft.emit("enrolment_begun", authenticator=enrolment.authenticator_id, kind=kind)

    executor.settle(case_id, begun)
    if enrolment.secret_uri is None:
        return {"options": dict(enrolment.creation_options or {})}
    box = seal(
        enrolment.secret_uri.reveal().encode(), bytes(session.box_public), f"enrolment/{session.id}", executor.desk.randomness
    )
    return {"box": base64.b64encode(box).decode()}


def finish_enrol(executor: Executor, case_id: str, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Store the browser's new credential at the provider, still pending."""
    state, person = _require(executor, case_id, payload)
    response = payload["response"]["json"]
    verdict = executor.provider.confirm_passkey(person.login, state.new_authenticator, response)
    if isinstance(verdict, Rejected):
        raise Refusal("wrong_proof", "The new passkey was not accepted. Nothing changed. Set it up once more.")
    return {"ok": True}


def test_code(executor: Executor, case_id: str, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Validate the first code of the new authenticator at the provider."""
    state, person = _require_begun(executor, case_id, payload)
    verdict = executor.provider.confirm_code(person.login, state.on_trial, Secret(str(payload["code"])))
    if isinstance(verdict, Rejected):
        _note_failed_test(executor, state, verdict.reason)
        raise Refusal("test_failed", TEST_FAILED if state.new_authenticator else MENDED_TEST_FAILED)
    return _passed(executor, case_id, state.on_trial)


def begin_test(executor: Executor, case_id: str, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return request options for the first sign-in with the new passkey."""
    _state, person = _require_begun(executor, case_id, payload)
    challenge = make_challenge(executor, "test", case_id, {"session": payload["session"]})
    options = executor.provider.begin_assertion(person.login, challenge)
    keep_options(executor, challenge, options)
    return {"options": for_browser(options)}


def finish_test(executor: Executor, case_id: str, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Verify that first sign-in; only the new passkey itself will do."""
    state, person = _require_begun(executor, case_id, payload)
    response = payload["response"]["json"]
    _says, _challenge, options = take_challenge(executor, "test", case_id, response)
    verdict = executor.provider.finish_assertion(person.login, options, response)
    if isinstance(verdict, Rejected) or verdict.authenticator_id != state.new_authenticator:
        reason = verdict.reason if isinstance(verdict, Rejected) else "another_authenticator"
        _note_failed_test(executor, state, reason)
        raise Refusal("test_failed", "That was not the new one, or it was not accepted. Sign in with the new one to test it.")
    return _passed(executor, case_id, state.new_authenticator)


def _passed(executor: Executor, case_id: str, authenticator: str) -> Mapping[str, Any]:
    executor.settle(case_id, lambda draft: draft.emit("tested", authenticator=authenticator))
    return {"ok": True}


def _note_failed_test(executor: Executor, state: CaseState, reason: str) -> None:
    executor.settle(state.id, lambda draft: draft.emit("test_failed", authenticator=state.on_trial, reason=reason))


def _kind_for(executor: Executor, state: CaseState) -> AuthenticatorKind:
    desk = executor.desk
    allowed = kinds_offered(state, desk.runbook_of(state), desk.policy, desk.home.config.threat)
    if not allowed:
        raise Refusal("no_requirement", "Policy and runbook name nothing that may be set up here. Nothing changed.")
    kind = next((k for k in allowed if k == state.chosen_kind), None) if state.chosen_kind else allowed[0]
    if kind is None or kind not in executor.provider.capabilities().enrols:
        raise Refusal("kind_not_offered", "That kind is not offered here. Choose another one.")
    return kind


def _require(executor: Executor, case_id: str, payload: Mapping[str, Any]) -> tuple[CaseState, Person]:
    state = load_case(case_id)
    if state.status != "open" or state.session != payload["session"] or state.subject is None:
        raise Refusal("not_now", "This page has moved on. Look at it again.")
    if state.step_kind not in ("enrol", "confirm"):
        raise Refusal("not_now", "There is nothing to set up here now.")
    if state.test_failures >= (MAX_MENDED_TEST_FAILURES if state.resynced else MAX_TEST_FAILURES):
        off = "" if state.resynced else " Your old device stays off."
        raise Refusal("no_tries_left", f"Too many wrong codes.{off} Tell the help desk, and we go on.")
    return state, executor.directory.get(state.subject)


def _require_begun(executor: Executor, case_id: str, payload: Mapping[str, Any]) -> tuple[CaseState, Person]:
    state, person = _require(executor, case_id, payload)
    if not state.on_trial:
        raise Refusal("not_now", "Set up the new one first.")
    # A test makes it work, so whatever was noted since is judged first.
    executor.judge_again(case_id)
    return state, person


def _require_draft(executor: Executor, draft: Draft, held: Holdings, judged: frozenset[str]) -> None:
    draft.require_open()
    executor.watch.require_whole(draft.state.id)
    verdict = find_authority(draft.state, "enrol_new", draft.now)
    if verdict is None:
        raise Refusal("not_decided", "Nothing may be set up yet. The page says when.")
    require_still_allowed(executor.desk, executor.keys, draft.state, verdict, judged)
    if verdict.action == "bind_first_authenticator" and find_real(held):
        raise Refusal("not_the_first", "There is one already, so this is no first one. Tell the person on the phone.")


def _remove_orphans(executor: Executor, state: CaseState, person: Person) -> None:
    """Delete pending authenticators that this case began and nobody could finish."""
    ours = set(state.effects)
    for held in executor.provider.look(person.login).authenticators:
        if held.state == "pending" and held.key in ours:
            executor.provider.remove(person.login, held.id, f"{held.key}/orphan")
