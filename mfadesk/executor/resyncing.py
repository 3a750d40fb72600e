"""Two codes of one token, one after the other: typed on the claimant's page, sent to the provider once, never kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mfadesk.cases.engine import MAX_RESYNC_TRIES, Draft, find_authority
from mfadesk.cases.state import CaseState
from mfadesk.executor.authority import require_still_allowed
from mfadesk.kernel.errors import Refusal, Unavailable
from mfadesk.kernel.secret import Secret
from mfadesk.operations.resync import NOT_IN_STEP
from mfadesk.operations.targets import find_drifted
from mfadesk.ports.people import Person
from mfadesk.ports.provider import Accepted
from mfadesk.store.commit import load_case

if TYPE_CHECKING:
    from mfadesk.executor.core import Executor

NO_ANSWER = "The provider did not answer, so we do not know. Wait for the device's next two codes, and type those."


def resync(executor: Executor, case_id: str, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Have the provider bring the token back in step by two consecutive codes, once.

    The intent is written before the codes go out, so that a try whose answer was lost counts as one of the three.
    """
    state, person = _require(executor, case_id, payload)
    first, second = Secret(str(payload["first"])), Secret(str(payload["second"]))
    token = find_drifted(state, executor.provider.look(person.login))
    if token is None:
        raise Refusal("nothing_to_resync", "We hold no such device for you. Tell the person on the phone.")
    effect = _intend(executor, case_id, token.id)
    try:
        verdict = executor.provider.resync(person.login, token.id, first, second)
    except Unavailable as error:
        _write_down(executor, case_id, effect, token.id, "no_answer")
        raise Unavailable(error.service, NO_ANSWER, effect_unknown=error.effect_unknown) from error
    if not isinstance(verdict, Accepted):
        _write_down(executor, case_id, effect, token.id, verdict.reason)
        raise Refusal("wrong_codes", NOT_IN_STEP)

    def mended(draft: Draft) -> None:
        draft.emit("effect_done", effect=effect, verb="resync", target=token.id, detail="in step")
        draft.emit("resynced", authenticator=token.id)

    executor.settle(case_id, mended)
    return {"ok": True}


def _intend(executor: Executor, case_id: str, token: str) -> str:
    judged = executor.judge_again(case_id)
    with executor.desk.unit() as unit:
        draft = executor.desk.draft(unit.load(case_id), "executor")
        draft.require_open()
        executor.watch.require_whole(case_id)
        verdict = find_authority(draft.state, "resync", draft.now)
        if verdict is None:
            raise Refusal("not_decided", "Nothing may be changed yet. The page says when.")
        require_still_allowed(executor.desk, executor.keys, draft.state, verdict, judged)
        effect = draft.intend("resync", target=token)
        # Done here and now, with codes that nobody keeps: there is nothing that could be done again later.
        draft.intents.pop()
        unit.commit(draft)
    return effect


def _write_down(executor: Executor, case_id: str, effect: str, token: str, reason: str) -> None:
    def failed(draft: Draft) -> None:
        draft.emit("effect_failed", effect=effect, verb="resync", problem="The codes did not bring it back in step.")
        draft.emit("resync_failed", authenticator=token, reason=reason)

    executor.settle(case_id, failed)


def _require(executor: Executor, case_id: str, payload: Mapping[str, Any]) -> tuple[CaseState, Person]:
    state = load_case(case_id)
    if state.status != "open" or state.session != payload["session"] or not state.confirmed or state.subject is None:
        raise Refusal("not_now", "This page has moved on. Look at it again.")
    if state.step_kind != "resync":
        raise Refusal("not_now", "No codes are asked for here now.")
    if len(state.effects_of("resync")) >= MAX_RESYNC_TRIES:
        # Counted by what was sent, answered or not: a crash in between gives nobody a fourth pair.
        raise Refusal("no_tries_left", "These were three tries. Tell the person on the phone; they go on another way.")
    return state, executor.directory.get(state.subject)
