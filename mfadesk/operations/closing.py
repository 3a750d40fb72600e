"""What a case says of itself when it is over: the checklist that it closes against, and the text for a ticket."""

from __future__ import annotations

from mfadesk.assurance.model import Policy
from mfadesk.cases.state import CaseState
from mfadesk.operations.board import how_proved
from mfadesk.operations.sayings import method_name, say_outcome
from mfadesk.runbook.model import Runbook
from mfadesk.runbook.situation import GOAL_WORDS


def checklist_of(state: CaseState) -> tuple[tuple[str, bool], ...]:
    """Return what must be true before the case may be called done; only a case that changes something has one."""
    if state.resynced:
        return (
            ("The person was proved, and the decision signed", any(v.allowed for v in state.verdicts.values())),
            ("Two codes brought the same device back in step", True),
            ("It signed in once", state.tested_at is not None),
        )
    if state.bypass and state.outcome == "bridged":
        ended = any(effect.state == "done" for effect in state.effects_of("end_bypass"))
        return (
            ("The person was proved, and the decision signed", any(v.allowed for v in state.verdicts.values())),
            ("The way in has ended, at the provider and here", ended),
            (
                "Every notification address was told, with a way to object",
                any(e.state == "done" for e in state.effects_of("notify")),
            ),
            ("Security looked at what it was used for", state.bypass_reviewed),
        )
    restored = state.effects_of("restore_old", "open_account")
    if restored and not state.effects_of("enrol_new"):
        return (
            ("The person was proved, and the decision signed", any(v.allowed for v in state.verdicts.values())),
            (
                "What was closed or suspended was given back",
                any(effect.detail in ("given back", "opened") for effect in restored),
            ),
            (
                "Every notification address was told, with a way to object",
                any(e.state == "done" for e in state.effects_of("notify")),
            ),
        )
    if not state.effects_of("suspend_old", "enrol_new"):
        return ()
    done = {effect.verb for effect in state.effects.values() if effect.state == "done"}
    if state.outcome not in ("", "changed"):
        return (("The old one is suspended", "suspend_old" in done), ("The people it concerns were told", "notify" in done))
    return (
        ("The person was proved, and the decision signed", any(v.allowed for v in state.verdicts.values())),
        *([("Somebody else approved it", True)] if state.approvals else []),
        *((("The old one was suspended first", "suspend_old" in done),) if state.targets else ()),
        *((("The account is open", "open_account" in done),) if restored else ()),
        ("The new one signed in once", state.tested_at is not None),
        *((("The old one was removed", "remove_old" in done),) if state.targets else ()),
        ("Every session was ended", "end_sessions" in done),
        ("Every notification address was told, with a way to object", "notify" in done),
    )


def decided_words(state: CaseState) -> str:
    """Return the points of the last decision and what it needed, or ""."""
    # The last action that was decided is what the case was about; a suspension before it asked for less.
    verdict = next(reversed(tuple(state.verdicts.values())), None)
    return f"{verdict.points} points, {verdict.needed} needed" if verdict else ""


_DONE_WORDS = {
    "suspend_old": "The old one was switched off.",
    "remove_old": "The old one was removed.",
    "end_sessions": "Every session was ended.",
}


def ticket_of(state: CaseState, runbook: Runbook | None, policy: Policy) -> str:
    """Return the text for a ticket once the case is closed: facts, and nobody's name."""
    if state.status != "closed":
        return ""
    proved = [f"- {method_name(e.method, policy)}. {how_proved(e, policy)}." for e in state.evidence()] or ["- Nothing."]
    lines = [
        f"{GOAL_WORDS.get(state.goal, state.goal)}: {say_outcome(state)}",
        f"Case {state.id}, {runbook.title if runbook else 'runbook'} version {runbook.version if runbook else '?'}.",
        f"Proved ({decided_words(state) or 'no decision'}):",
        *proved,
    ]
    if state.approvals:
        lines.append(f"Approved by {len({approval.by for approval in state.approvals})} further.")
    if state.bypass:
        lines.append("A way in for a time was given; it ended by itself or is about to.")
    if state.tested_at and state.resynced:
        lines.append(f"The same one signed in at {state.tested_at:%Y-%m-%d %H:%M} UTC, back in step.")
    elif state.tested_at:
        lines.append(f"The new one signed in at {state.tested_at:%Y-%m-%d %H:%M} UTC.")
    # Only what was read back as done is said to be done.
    done = {effect.verb for effect in state.effects.values() if effect.state == "done"}
    lines += [words for verb, words in _DONE_WORDS.items() if verb in done]
    return "\n".join(lines)
