""" "This was not me": the page behind the link in every notice. Looking changes nothing; pressing suspends at once (SETTLED 10)."""

from __future__ import annotations

import json

from mfadesk.kernel.errors import Refusal
from mfadesk.operations.asking import ask_executor
from mfadesk.operations.codes import find_locator
from mfadesk.operations.desk import Desk
from mfadesk.operations.views import NotMeView

_STAYS_OFF = "What was switched off for it stays off until you have shown that you are you."

_NEWS = {
    "new": (
        "A new device was set up to sign in to your account.",
        ("It stops working at once.", "Security is told, and rings you on details we already hold.", "Your other ways to sign in stay as they are."),
    ),
    "coming": (
        "Someone proved that they are you, and a new way to sign in waits to be added.",
        ("It stops at once, and nothing is added.", "Security is told, and rings you on details we already hold.", _STAYS_OFF),
    ),
    "off": (
        "A device that signs in to your account was switched off.",
        ("Security is told, and rings you on details we already hold.", "Nothing is added, and nothing else is switched off."),
    ),
}  # fmt: skip
"""What a notice was about, and what the button does then: where nothing new was set up there is nothing to stop but the people."""

_DONE = {
    "new": "The new device can no longer sign in as you.",
    "coming": "Nothing is added to your account.",
    "off": "Security knows that it was not you.",
}
_WAY_BACK = (
    "Security rings you on details we already hold.",
    "You need not wait: ring the help desk yourself, on the number on your badge.",
)
_GIVEN_BACK = "If something of yours was switched off, say on that call that you have it in your hands. Once you are proved, it works again."
"""Whoever says "not me" may hold the old one or may not: ending a suspension early needs what a replacement needs (SETTLED 10)."""


def show_not_me(desk: Desk, token: str) -> NotMeView:
    """Return the page behind the link. A wrong link and an old one look alike."""
    locator = find_locator(desk, "not_me", token)
    if locator is None:
        return NotMeView(state="ended")
    about = json.loads(locator.about)
    kind = "new" if about.get("authenticator") else "coming" if about.get("about") == "grace" else "off"
    if locator.used_at:
        return NotMeView(state="done", what=_DONE[kind], then=_WAY_BACK if kind == "new" else (*_WAY_BACK, _GIVEN_BACK))
    what, then = _NEWS[kind]
    return NotMeView(state="open", what=what, then=then)


def act_not_me(desk: Desk, token: str) -> None:
    """Suspend what the notice was about and tell security. Pressing twice changes nothing more."""
    locator = find_locator(desk, "not_me", token)
    if locator is None:
        raise Refusal("link_not_open", "This link is not open any more. Ring the help desk.")
    if locator.used_at is None:
        ask_executor(desk, "not_me", locator.case_id, {"locator": locator.token_hash})
