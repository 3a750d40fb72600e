"""What becomes of an allowed decision when something is noticed afterwards that it was not made on: the proof is asked for again."""

from __future__ import annotations

from mfadesk.cases.engine import Draft, begin_proof_again
from mfadesk.cases.state import CaseState
from mfadesk.runbook.model import Runbook

PATTERN = "noticed_after_decision"


def is_outdated(state: CaseState) -> bool:
    """Return whether a decision that stands was made before something that was noticed since."""
    return any(verdict.allowed and not state.signals <= verdict.signals for verdict in state.verdicts.values())


def can_reopen(state: CaseState) -> bool:
    """Return whether the proof can begin again: not once the new one works, since then it is nobody's to take back quietly."""
    return state.status == "open" and state.tested_at is None


def reopen(draft: Draft, runbook: Runbook, suspension_s: int) -> None:
    """Void what was decided and not yet done, tell security, and go back to the last proof with the evidence that there is.

    A way in that was given already ends, and the case with it.
    suspension_s: how long a suspension may last whose decision is void now: as one on little proof (SETTLED 10).
    """
    draft.emit("alert_raised", pattern=PATTERN)
    draft.intend("alert", target=PATTERN)
    if draft.state.bypass:
        draft.intend("notify", target="attempt")
        draft.close(PATTERN, "stopped")
    else:
        begin_proof_again(draft, runbook, "reopened", suspension_s)
