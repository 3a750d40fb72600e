""" "This was not me": the page behind the link in every notice. Looking changes nothing; pressing suspends at once (SETTLED 10)."""

from __future__ import annotations

import json

from mfadesk.kernel.errors import Refusal
from mfadesk.operations.asking import ask_executor
from mfadesk.operations.codes import find_locator
from mfadesk.operations.desk import Desk
from mfadesk.operations.views import NotMeView

_WAY_BACK = (
    "The new authenticator stops working at once.",
    "Security is told, and rings you on details we already hold.",
    "Your older ways to sign in stay as they are.",
)


def show_not_me(desk: Desk, token: str) -> NotMeView:
    """Return the page behind the link. A wrong link and an old one look alike."""
    locator = find_locator(desk, "not_me", token)
    if locator is None:
        return NotMeView(state="ended")
    return NotMeView(state="done" if locator.used_at else "open", what=str(json.loads(locator.about)["what"]), then=_WAY_BACK)


def act_not_me(desk: Desk, token: str) -> None:
    """Suspend what the notice was about and tell security. Pressing twice changes nothing more."""
    locator = find_locator(desk, "not_me", token)
    if locator is None:
        raise Refusal("link_not_open", "This link is not open any more. Ring the help desk.")
    if locator.used_at is None:
        ask_executor(desk, "not_me", locator.case_id, {"locator": locator.token_hash})
