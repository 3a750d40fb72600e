"""The person brings a token back in step: two codes, one after the other, from their page to the executor and nowhere else."""

from __future__ import annotations

from mfadesk.kernel.errors import Invalid, Refusal
from mfadesk.operations.asking import ask_executor
from mfadesk.operations.desk import Desk
from mfadesk.operations.prove import MAX_CODE
from mfadesk.operations.sessions import require_current
from mfadesk.store.commit import load_case
from mfadesk.store.models import ClaimantSession

NOT_IN_STEP = "Those two codes did not fit together. Let the device change to a new code, type it, and then the one after it."


def resync(desk: Desk, session: ClaimantSession, first: str, second: str) -> None:
    """Have two consecutive codes checked once. Raises Refusal ``wrong_codes`` where they do not bring the token back in step.

    first, second: as typed; spaces do not matter. Twice the same code is sent back before it costs a try.
    """
    state = load_case(session.case_id)
    require_current(state.session, session)
    if state.status != "open" or state.step_kind != "resync":
        raise Refusal("not_now", "This page has moved on. Look at it again.")
    codes = ["".join(code.split()) for code in (first, second)]
    for name, code in zip(("first", "second"), codes, strict=True):
        if not 0 < len(code) <= MAX_CODE:
            raise Invalid(name, "Type both codes: the one that the device shows, and the one after it.")
    if codes[0] == codes[1]:
        raise Invalid("second", "That is the same code twice. Wait until the device shows the next one.")
    ask_executor(desk, "resync", session.case_id, {"session": session.id, "first": codes[0], "second": codes[1]})
