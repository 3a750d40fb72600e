"""A way in for a time: the person takes it on their page, and security looks at it afterwards."""

from __future__ import annotations

import base64
import json

from mfadesk.cases.state import CaseState
from mfadesk.kernel.clock import from_stamp
from mfadesk.kernel.errors import Refusal
from mfadesk.kernel.sealing import unseal
from mfadesk.operations.asking import ask_executor
from mfadesk.operations.desk import Desk, staff_name
from mfadesk.operations.sessions import box_key, require_current
from mfadesk.operations.views import BypassView
from mfadesk.ports.people import Actor
from mfadesk.runbook.model import Runbook
from mfadesk.store.commit import load_case
from mfadesk.store.models import ClaimantSession, Snapshot


def take_bypass(desk: Desk, session: ClaimantSession) -> BypassView:
    """Return the code and its end, once. Raises Refusal ``not_now`` where none is given at this step."""
    state = load_case(session.case_id)
    require_current(state.session, session)
    if state.status != "open" or state.step_kind != "bypass":
        raise Refusal("not_now", "It was shown once and is hidden now. If you have lost it, tell the person on the phone.")
    answer = ask_executor(desk, "give_bypass", session.case_id, {"session": session.id})
    code = unseal(base64.b64decode(answer["box"]), box_key(session.cookie), f"bypass/{session.id}").decode()
    return BypassView(code=code, until=from_stamp(answer["until"]))


def review_bypass(desk: Desk, actor: Actor, case_id: str) -> None:
    """Record that security looked at what a bypass was used for. Whoever had a hand in the case does not review it."""
    if "security" not in actor.roles:
        raise Refusal("not_your_role", "Somebody in security reviews a bypass.")
    with desk.unit() as unit:
        draft = desk.draft(unit.load(case_id), staff_name(actor))
        if not may_review(draft.state, actor):
            raise Refusal("not_yours_to_review", "There is nothing to review, or you had a hand in it. Somebody else looks.")
        draft.emit("bypass_reviewed")
        unit.commit(draft)


def is_offered(runbook: Runbook) -> bool:
    """Return whether the provider can do what this runbook needs. Where nobody has asked it yet, the executor still refuses."""
    lasts_s = max((step.lasts_s for step in runbook.steps.values()), default=0)
    if not lasts_s:
        return True
    told = Snapshot.objects.filter(person_id="", source="provider_can").order_by("-taken_at", "-pk").first()
    return told is None or int(json.loads(told.data)["longest_bypass_s"]) >= lasts_s


def may_review(state: CaseState, actor: Actor) -> bool:
    """Return whether this member of staff may review the bypass of a case: it is over, and they had no hand in it."""
    name = staff_name(actor)
    attested = {piece.evidence.established_by for piece in state.pieces} | {piece.second_by for piece in state.pieces}
    hands = {state.owner, state.opened_by} | attested
    return (
        "security" in actor.roles
        and state.bypass != ""
        and not state.bypass_reviewed
        and state.status == "closed"
        and name not in hands
        and (not actor.person_id or actor.person_id != state.subject)
    )
