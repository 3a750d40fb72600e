"""A way in for a time: given on its own decision, shown to one browser, ended by the provider and by the desk."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from mfadesk.cases.engine import Draft, find_authority
from mfadesk.executor.authority import require_still_allowed
from mfadesk.kernel.clock import to_stamp
from mfadesk.kernel.errors import Refusal
from mfadesk.kernel.sealing import seal
from mfadesk.runbook.model import Step
from mfadesk.store.commit import load_case
from mfadesk.store.models import Alert, ClaimantSession

if TYPE_CHECKING:
    from mfadesk.executor.core import Executor

LONGEST_SHORT_S = 3_600
"""What `grant_bypass` allows; beyond it `grant_longer_bypass` has to have been decided (R33)."""


def give_bypass(executor: Executor, case_id: str, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Have the provider give a code that signs in once, and return it sealed to the one browser.

    Its end is intended in the same commit as itself, before the provider is asked: whatever is lost afterwards, the end comes.
    """
    state = load_case(case_id)
    if state.status != "open" or state.session != payload["session"] or not state.confirmed or state.subject is None:
        raise Refusal("not_now", "This page has moved on. Look at it again.")
    step = executor.desk.runbook_of(state).steps[state.step]
    if step.kind != "bypass":
        raise Refusal("not_now", "Nothing is shown here now. If you have lost what was shown, tell the person on the phone.")
    if executor.provider.capabilities().longest_bypass_s < step.lasts_s:
        raise Refusal("cannot_bypass", "This can't be done here. Tell the person on the phone.")
    session = ClaimantSession.objects.get(pk=payload["session"])
    login, key = executor.directory.get(state.subject).login, _intend(executor, case_id, step)
    given = executor.provider.grant_bypass(login, key, step.lasts_s)
    if given.grant.expires_at > executor.desk.now() + timedelta(seconds=step.lasts_s):
        executor.provider.end_bypass(login, key, f"{key}/too-long")
        raise Refusal("cannot_bypass", "This can't be done here. Tell the person on the phone.")

    def begun(draft: Draft) -> None:
        review_by = given.grant.expires_at + timedelta(seconds=step.review_s)
        draft.emit("effect_done", effect=key, verb="grant_bypass", target="", detail="")
        draft.emit("bypass_given", grant=key, until=to_stamp(given.grant.expires_at), review_by=to_stamp(review_by))
        draft.intend("remind_review", key, delay_s=step.lasts_s + step.review_s)
        Alert.objects.create(
            at=draft.now, kind="bypass_open", case_id=case_id, person_id=draft.state.subject or "",
            sentence=f"A bypass is open until {given.grant.expires_at:%Y-%m-%d %H:%M} UTC. "
            f"Watch its sign-ins ({step.watcher}), and review it by {review_by:%Y-%m-%d %H:%M}.",
        )  # fmt: skip

    executor.settle(case_id, begun)
    box = seal(given.code.reveal().encode(), bytes(session.box_public), f"bypass/{session.id}", executor.desk.randomness)
    return {"box": base64.b64encode(box).decode(), "until": to_stamp(given.grant.expires_at)}


def _intend(executor: Executor, case_id: str, step: Step) -> str:
    judged = executor.judge_again(case_id)
    with executor.desk.unit() as unit:
        draft = executor.desk.draft(unit.load(case_id), "executor")
        draft.require_open()
        executor.watch.require_whole(case_id)
        verdict = find_authority(draft.state, "grant_bypass", draft.now)
        if verdict is None or (step.lasts_s > LONGEST_SHORT_S and verdict.action != "grant_longer_bypass"):
            raise Refusal("not_decided", "Nothing may be given yet. The page says when.")
        require_still_allowed(executor.desk, executor.keys, draft.state, verdict, judged)
        for lost in draft.state.effects_of("grant_bypass"):
            # One whose answer was lost: it is ended, and another begun under another name.
            draft.intend("end_bypass", lost.id)
        key = draft.intend("grant_bypass")
        # Given here and now: nobody else may pick up a code that only this browser shall see.
        draft.intents.pop()
        draft.intend("end_bypass", key, delay_s=step.lasts_s)
        unit.commit(draft)
    return key
