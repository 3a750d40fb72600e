"""Who looked at what a bypass was used for: an assertion by the desk key of somebody who had no hand in giving it (SETTLED 1, 9)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from mfadesk.cases.engine import Draft
from mfadesk.cases.state import CaseState
from mfadesk.executor.receipts import mint_mark, require_mark
from mfadesk.executor.staff_assertion import begin_assertion, finish_assertion
from mfadesk.kernel.errors import Refusal
from mfadesk.operations.bypass import NOT_YOURS, may_be_reviewed_by
from mfadesk.store.commit import load_case

if TYPE_CHECKING:
    from mfadesk.executor.core import Executor

MARK = "bypass_looked_at"


def begin_review(executor: Executor, case_id: str, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return options whose challenge commits to the case and the very bypass that was looked at."""
    staff_id, state = str(payload["staff"]), load_case(case_id)
    _require_may_review(executor, state, staff_id)
    return {"options": begin_assertion(executor, "review", case_id, staff_id, {"bypass": state.bypass})}


def finish_review(executor: Executor, case_id: str, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Verify the assertion, once, and record that this bypass was looked at."""
    staff_id = str(payload["staff"])
    says = finish_assertion(executor, "review", case_id, staff_id, payload["response"]["json"])

    def change(draft: Draft) -> None:
        _require_may_review(executor, draft.state, staff_id)
        if says["bypass"] != draft.state.bypass:
            raise Refusal("changed_since", "Something in the case has changed since this page was shown. Look at it again.")
        body = {"bypass": draft.state.bypass, "by": f"staff:{staff_id}"}
        draft.emit(MARK, **mint_mark(executor.keys.receipt, draft.state, MARK, body, draft.now, executor.desk.randomness))

    executor.settle(case_id, change)
    return {"ok": True}


def require_genuine_reviews(key: bytes, cases: Iterable[CaseState]) -> None:
    """Raise Broken for a case whose bypass is said to be reviewed, and nobody signed that."""
    for state in cases:
        if state.bypass_reviewed:
            require_mark(key, state, MARK, state.bypass)


def _require_may_review(executor: Executor, state: CaseState, staff_id: str) -> None:
    members = executor.staff.read().members
    reviewer = executor.staff.require_member(staff_id, "security")
    # One person with two accounts is one person: whoever worked on it under another name does not review it either.
    persons = {m.person_id for m in members.values() if m.person_id and f"staff:{m.id}" in state.hands}
    if not may_be_reviewed_by(state, f"staff:{staff_id}", reviewer.person_id) or reviewer.person_id in persons:
        raise Refusal("not_yours_to_review", NOT_YOURS)
