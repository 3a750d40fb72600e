"""A way in for a time: the person takes it on their page, and security looks at it afterwards."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

from mfadesk.cases.state import CaseState
from mfadesk.kernel.clock import from_stamp
from mfadesk.kernel.errors import Refusal
from mfadesk.kernel.sealing import unseal
from mfadesk.operations.asking import ask_executor
from mfadesk.operations.desk import Desk, staff_name
from mfadesk.operations.prove import require_small
from mfadesk.operations.sessions import box_key, require_current
from mfadesk.operations.views import BypassView
from mfadesk.ports.people import Actor
from mfadesk.runbook.model import Runbook
from mfadesk.store.commit import load_case
from mfadesk.store.models import ClaimantSession, Snapshot

SHOWN_ALREADY = (
    "The code was shown once and is hidden now. It is not shown again. If you did not note it, ring the help desk: this way in ends "
    "by itself, and they find you another."
)
NOT_YOURS = "There is nothing to review, or you had a hand in it. Somebody else looks."


def take_bypass(desk: Desk, session: ClaimantSession) -> BypassView:
    """Return the code and its end, once. Raises Refusal ``not_now`` where none is given at this step."""
    state = load_case(session.case_id)
    if state.bypass and state.session == session.id:
        raise Refusal("shown_already", SHOWN_ALREADY)
    require_current(state.session, session)
    if state.status != "open" or state.step_kind != "bypass":
        raise Refusal("not_now", "Nothing is shown here now. Tell the person on the phone.")
    answer = ask_executor(desk, "give_bypass", session.case_id, {"session": session.id})
    code = unseal(base64.b64decode(answer["box"]), box_key(session.cookie), f"bypass/{session.id}").decode()
    return BypassView(code=code, until=from_stamp(answer["until"]))


def begin_review(desk: Desk, actor: Actor, case_id: str) -> Mapping[str, Any]:
    """Return request options for this member's desk key, by which they sign that they looked at what a bypass was used for.

    Raises Refusal for somebody who is not security, or had a hand in the case.
    """
    _require_security(actor)
    options: Mapping[str, Any] = ask_executor(desk, "begin_review", case_id, {"staff": actor.id})["options"]
    return options


def finish_review(desk: Desk, actor: Actor, case_id: str, response: Mapping[str, Any]) -> None:
    """Have the assertion verified and the review recorded. Raises Refusal where it does not count."""
    _require_security(actor)
    ask_executor(desk, "finish_review", case_id, {"staff": actor.id, "response": require_small(response)})


def _require_security(actor: Actor) -> None:
    if "security" not in actor.roles:
        raise Refusal("not_your_role", "Somebody in security reviews a bypass.")


def is_offered(runbook: Runbook) -> bool:
    """Return whether the provider can do what this runbook needs. Where nobody has asked it yet, the executor still refuses."""
    lasts_s = max((step.lasts_s for step in runbook.steps.values()), default=0)
    if not lasts_s:
        return True
    told = Snapshot.objects.filter(person_id="", source="provider_can").order_by("-taken_at", "-pk").first()
    return told is None or int(json.loads(told.data)["longest_bypass_s"]) >= lasts_s


def may_review(state: CaseState, actor: Actor) -> bool:
    """Return whether a page offers this member of staff to review the bypass of a case; the executor decides by its register."""
    return "security" in actor.roles and may_be_reviewed_by(state, staff_name(actor), actor.person_id)


def may_be_reviewed_by(state: CaseState, name: str, person_id: str | None) -> bool:
    """Return whether the bypass is over and waits for a review, and `name` (``staff:7``) neither worked on it nor approved it."""
    gave = state.hands | {approval.by for approval in state.approvals}
    return (
        state.bypass != ""
        and not state.bypass_reviewed
        and state.status == "closed"
        and name not in gave
        and (not person_id or person_id != state.subject)
    )
