"""The person sets up the new authenticator in their own browser: shown once, tested before anything old goes."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from mfadesk.kernel.errors import Invalid, Refusal
from mfadesk.kernel.sealing import unseal
from mfadesk.operations.asking import ask_executor
from mfadesk.operations.desk import Desk
from mfadesk.operations.judgement import kinds_offered
from mfadesk.operations.prove import MAX_CODE, require_small
from mfadesk.operations.sessions import box_key, require_current
from mfadesk.operations.views import EnrolmentView
from mfadesk.store.commit import load_case
from mfadesk.store.models import ClaimantSession

SHOWN_S = 300
"""How long the secret stays on its page; the page's style takes it away after the same time."""


def choose_kind(desk: Desk, session: ClaimantSession, kind: str) -> None:
    """Record what the person wants to set up. In tiers that policy names, only what cannot be read out is offered."""
    if kind not in kinds_for(desk, session.case_id):
        raise Invalid("kind", "Choose one of the kinds on the page.")
    with desk.unit() as unit:
        draft = desk.draft(unit.load(session.case_id), "claimant")
        draft.require_open()
        require_current(draft.state.session, session)
        if draft.state.chosen_kind != kind:
            draft.emit("kind_chosen", kind=kind)
        unit.commit(draft)


def kinds_for(desk: Desk, case_id: str) -> tuple[str, ...]:
    """Return the kinds of authenticator that may be set up in this case, the quickest first."""
    state = load_case(case_id)
    return kinds_offered(state, desk.runbook_of(state), desk.policy, desk.home.config.threat)


def begin_enrolment(desk: Desk, session: ClaimantSession) -> EnrolmentView:
    """Return the new authenticator's secret or creation options. A second call makes a new one; the first stops working."""
    _require_setting_up(session)
    answer = ask_executor(desk, "enrol", session.case_id, {"session": session.id})
    if "options" in answer:
        return EnrolmentView(kind="passkey", options=json.dumps(answer["options"]))
    box = base64.b64decode(answer["box"])
    uri = unseal(box, box_key(session.cookie), f"enrolment/{session.id}").decode()
    key = uri.split("secret=")[1].split("&")[0]
    until = desk.now() + timedelta(seconds=SHOWN_S)
    return EnrolmentView(kind="totp", shown_until=until, uri=uri, key=" ".join(key[i : i + 4] for i in range(0, len(key), 4)))


def finish_new_passkey(desk: Desk, session: ClaimantSession, response: Mapping[str, Any]) -> None:
    """Have the browser's new credential stored, still pending. Raises Refusal ``wrong_proof``."""
    _require_setting_up(session)
    ask_executor(desk, "finish_enrol", session.case_id, {"session": session.id, "response": require_small(response)})


def test_code(desk: Desk, session: ClaimantSession, code: str) -> None:
    """Sign in once with the new authenticator. Raises Refusal ``test_failed`` with what to check."""
    _require_setting_up(session)
    cleaned = "".join(code.split())
    if not 0 < len(cleaned) <= MAX_CODE:
        raise Refusal("test_failed", "Type the six digits that the new phone shows now.")
    ask_executor(desk, "test_code", session.case_id, {"session": session.id, "code": cleaned})


def begin_test_passkey(desk: Desk, session: ClaimantSession) -> Mapping[str, Any]:
    """Return request options for a first sign-in with the new passkey."""
    _require_setting_up(session)
    options: Mapping[str, Any] = ask_executor(desk, "begin_test", session.case_id, {"session": session.id})["options"]
    return options


def finish_test_passkey(desk: Desk, session: ClaimantSession, response: Mapping[str, Any]) -> None:
    """Have that first sign-in verified. Raises Refusal ``test_failed``."""
    _require_setting_up(session)
    ask_executor(desk, "finish_test", session.case_id, {"session": session.id, "response": require_small(response)})


def _require_setting_up(session: ClaimantSession) -> None:
    state = load_case(session.case_id)
    require_current(state.session, session)
    if state.status != "open" or state.step_kind not in ("enrol", "confirm"):
        raise Refusal("not_now", "This page has moved on. Look at it again.")
