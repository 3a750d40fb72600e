"""A further person's yes or no: an assertion by their desk key that commits to case, bundle, answer and reason (SETTLED 1, 9)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from mfadesk.cases.approvals import Ask, count_approvals, digest_of_bundle, find_bar
from mfadesk.cases.engine import Draft
from mfadesk.cases.state import CaseState
from mfadesk.executor.challenges import NOT_ACCEPTED
from mfadesk.executor.receipts import mint_approval
from mfadesk.executor.staff_assertion import begin_assertion, finish_assertion
from mfadesk.executor.staff_register import find_answering
from mfadesk.kernel.errors import Refusal
from mfadesk.operations.approvals import ANSWERS, BAR_WORDS
from mfadesk.store.commit import load_case

if TYPE_CHECKING:
    from mfadesk.executor.core import Executor


def begin_approval(executor: Executor, case_id: str, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return options whose challenge commits to case, action, what the approver was shown, the answer and the reason."""
    staff_id, answer = str(payload["staff"]), str(payload["answer"])
    ask = _require_may_answer(executor, load_case(case_id), staff_id, str(payload["over"]))
    if answer not in ANSWERS:
        raise Refusal("wrong_proof", NOT_ACCEPTED)
    says = {"action": ask.action, "over": ask.over, "answer": answer, "reason": _digest(payload["reason"])}
    return {"options": begin_assertion(executor, "approve", case_id, staff_id, says)}


def finish_approval(executor: Executor, case_id: str, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Verify the assertion, once, and record the answer that it signed."""
    staff_id, reason, response = str(payload["staff"]), str(payload["reason"]), payload["response"]["json"]
    says = finish_assertion(executor, "approve", case_id, staff_id, response)
    if says["reason"] != _digest(reason):
        raise Refusal("wrong_proof", NOT_ACCEPTED)

    def change(draft: Draft) -> None:
        # Looked at again inside the one commit: what was shown a minute ago may not stand any more.
        ask = _require_may_answer(executor, draft.state, staff_id, str(says["over"]))
        yes = says["answer"] == "yes"
        life = timedelta(seconds=executor.desk.policy.limits.approval_life_s)
        body = mint_approval(
            executor.keys.receipt, draft.state, action=ask.action, by=f"staff:{staff_id}", over=ask.over,
            expires_at=draft.now + life if yes else None, now=draft.now, randomness=executor.desk.randomness,
        )  # fmt: skip
        draft.emit("approval_given" if yes else "approval_refused", {"reason": reason} if reason else {}, **body)
        if not yes:
            _stop(draft)

    executor.settle(case_id, change)
    return {"ok": True}


def _stop(draft: Draft) -> None:
    """One no is enough: the case ends without a change, security hears, and so does the person."""
    draft.emit("alert_raised", pattern="approval_refused")
    draft.intend("alert", target="approval_refused")
    draft.intend("notify", target="attempt")
    draft.close("approval_refused", "stopped")


def _require_may_answer(executor: Executor, state: CaseState, staff_id: str, over: str) -> Ask:
    """Return what the case asks for, if this member of staff may answer it and was shown what stands now."""
    approver = next((one for one in find_answering(executor.staff) if one.id == staff_id), None)
    if approver is None:
        raise Refusal(
            "not_your_role", "Your role does not approve, or the directory does not know you as somebody who is here."
        )
    ask = state.ask
    if state.status != "open" or ask is None or executor.desk.now() >= ask.until:
        raise Refusal("not_asked", "Nothing waits for approval here now.")
    bar = find_bar(state, approver)
    if bar:
        raise Refusal("may_not_approve", BAR_WORDS[bar])
    if over != ask.over or over != digest_of_bundle(state, ask.action):
        raise Refusal("changed_since", "Something in the case has changed since this page was shown. Look at it again.")
    if count_approvals(state, ask.action, (approver,), executor.desk.now()):
        raise Refusal("answered_already", "You have approved this already. It takes another person.")
    return ask


def _digest(reason: object) -> str:
    return hashlib.sha256(str(reason).encode()).hexdigest()
