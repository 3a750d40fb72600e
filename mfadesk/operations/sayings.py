"""Events in words, for the timeline, the ticket and the ledger's reader. Facts only: no name, number, code or address."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from mfadesk.assurance.model import Policy
from mfadesk.cases.events import Event
from mfadesk.cases.state import CaseState
from mfadesk.operations.views import Mark, TimelineLine
from mfadesk.operations.vouch import STATEMENTS
from mfadesk.runbook.model import Runbook
from mfadesk.runbook.situation import GOAL_WORDS

VERB_WORDS: Mapping[str, str] = {
    "suspend_old": "Suspend the old one",
    "enrol_new": "Begin a new one",
    "remove_old": "Remove the old one",
    "end_sessions": "End every session",
    "notify": "Tell the people it concerns",
    "alert": "Tell security",
    "lift_suspension": "End the suspension",
    "suspend_new": "Suspend the new one",
    "discard_new": "Delete what was not finished",
    "restore_old": "Give back what was suspended",
    "open_account": "Open the account again",
    "close_account": "Close the account again",
    "grant_bypass": "Give a way in for a time",
    "end_bypass": "End the way in",
    "remind_review": "Remind security of the review",
    "resync": "Bring the codes back in step",
    "reset_failures": "Clear the counter of wrong codes",
}

NOTICE_WORDS: Mapping[str, str] = {
    "link": "Send the check-in link",
    "vouch": "Ask whoever may vouch",
    "attempt": "Tell the person that it was tried",
    "grace": "Tell the person what is about to change",
    "approval": "Ask whoever may approve",
    "approved": "Tell the person that it was approved",
    "half_done": "Tell the person that a part was not done",
    "out_of_reach": "Tell the person what was said to be out of reach",
}
"""Letters that are no step of a runbook, by what they are about."""

OUTCOME_WORDS: Mapping[str, str] = {
    "changed": "Done. The change that was asked for is made.",
    "no_change_needed": "Nothing had to change.",
    "self_service": "The person moved it without the desk.",
    "bridged": "A way in was given. It ends by itself, and security looks at it.",
    "refused": "Not enough was proved. Nothing was changed.",
    "stopped": "Stopped. Nothing more happens in this case.",
    "abandoned": "Time ran out.",
    "handed_over": "Handed over to the people who do this.",
}

NOTICED: Mapping[str, str] = {
    "urgency_language": "They are in a hurry",
    "third_party_on_call": "Somebody else is on the call with them",
    "second_call_reported_by_user": "They have somebody else on another line",
    "push_text_mismatch": "Their prompt shows something else than ours",
    "code_latency_over_20s": "Codes take them long to find",
    "caller_volunteers_callback": "They offer a number to ring",
    "first_use_of_new_number": "They ring from a number nobody here knows",
    "second_identity_same_caller": "The same voice asked about another person",
    "repeat_contact_same_day": "They rang before today",
    "new_country": "They are in another country",
}
"""What an operator can notice on a call, in words that accuse nobody. Policy says what each means; most mean nothing by themselves."""


def signal_words(signal: str) -> str:
    """Return how a signal is said to staff."""
    return NOTICED.get(signal, signal.replace("_", " ").capitalize())


GOOD = ("changed", "bridged", "no_change_needed", "self_service")

_QUIET = frozenset({"targets_set", "step_entered", "locator_issued"})
"""Events that a reader of the timeline has no use for; the record holds them all the same."""

_Say = Callable[[Mapping[str, Any], Policy, Runbook | None], tuple[str, Mark]]


def timeline_of(
    events: list[Event], policy: Policy, runbook: Runbook | None, names: Mapping[str, str]
) -> tuple[TimelineLine, ...]:
    """Return what happened, newest first.

    names: how an actor is called on a page, by ``staff:7`` and the like.
    """
    lines = []
    done = {event.body["effect"] for event in events if event.kind == "effect_done"}
    targets = {event.body["effect"]: event.body["target"] for event in events if event.kind == "effect_intended"}
    for event in events:
        # What was asked and is done has one line, that of its end.
        asked = event.kind == "effect_intended" and (event.body["verb"] == "alert" or event.body["effect"] in done)
        if event.kind in _QUIET or asked:
            continue
        body = event.body
        if "effect" in body:
            body = {"target": targets.get(body["effect"], ""), **body}
        text, mark = _SAY[event.kind](body, policy, runbook)
        actor, reason = event.actor, event.personal.get("reason")
        if event.kind in ("approval_given", "approval_refused"):
            # The executor writes it down; whose word it is says who signed it.
            actor, text = str(event.body["by"]), f"{text}: {reason}" if reason else text
        lines.append(TimelineLine(event.at, names.get(actor, _actor(actor)), text, mark))
    return tuple(reversed(lines))


def say_outcome(state: CaseState) -> str:
    """Return how a case ended, in a sentence; what the person said of it comes before what the desk did."""
    if state.reported and state.outcome == "changed":
        return "The person says that this was not them. The new one is suspended."
    if state.reported:
        return "The person says that they did not call. Nothing more happens."
    if state.denied and state.outcome == "stopped":
        return "Stopped: whoever had to agree said no. Nothing was changed."
    return OUTCOME_WORDS.get(state.outcome, "Closed")


def effect_words(verb: str, target: str) -> str:
    """Return what the desk does, for a reader: a letter by what it is about, every other act by its verb."""
    return NOTICE_WORDS.get(target, VERB_WORDS["notify"]) if verb == "notify" else VERB_WORDS.get(verb, verb)


def method_name(method: str, policy: Policy) -> str:
    """Return what policy calls a method."""
    terms = policy.methods.get(method)
    return terms.name if terms else method.replace("_", " ")


def _actor(actor: str) -> str:
    return ACTOR_WORDS.get(actor.partition(":")[0], "Staff")


ACTOR_WORDS: Mapping[str, str] = {
    "executor": "The desk",
    "worker": "The desk",
    "claimant": "In the portal",
    "voucher": "A voucher",
}
"""How pages call whoever is not one of the staff."""


def _answered(body: Mapping[str, Any], policy: Policy, runbook: Runbook | None) -> tuple[str, Mark]:
    step = runbook.steps.get(body["step"]) if runbook else None
    if step is None:
        return f"Known at the start: {body['variable'].replace('_', ' ')}, {body['value'].replace('_', ' ')}", "quiet"
    if not body["variable"]:
        return f"{step.title}: said", "done"
    label = next((a.label for a in step.answers if a.value == body["value"]), body["value"])
    return f"{step.title} {label}", "done"


def _effect(words: str, mark: Mark) -> _Say:
    def say(body: Mapping[str, Any], policy: Policy, runbook: Runbook | None) -> tuple[str, Mark]:
        verb = effect_words(body["verb"], body["target"])
        return words.format(verb=verb, problem=body.get("problem", ""), detail=body.get("detail", "")).strip(), mark

    return say


def _decided(body: Mapping[str, Any], policy: Policy, runbook: Runbook | None) -> tuple[str, Mark]:
    if body["verdict"] == "allowed":
        return f"Decided: it may go ahead ({body['points']} points, {body['needed']} needed)", "done"
    return f"Decided: not on this proof ({body['points']} points, {body['needed']} needed)", "refused"


def _plain(text: str, mark: Mark = "quiet") -> _Say:
    return lambda body, policy, runbook: (text, mark)


_SAY: dict[str, _Say] = {
    "case_opened": lambda b, p, r: (f"Opened: {GOAL_WORDS.get(b['goal'], b['goal']).lower()}", "done"),
    "signal_noted": lambda b, p, r: (f"Noticed: {signal_words(b['signal'])}", "quiet"),
    "owner_changed": _plain("Taken over by another operator", "done"),
    "pressure_noted": _plain("The caller pushes", "threat"),
    "answered": _answered,
    "deadline_passed": lambda b, p, r: (f"Time ran out: {_title(b['step'], r)}", "waiting"),
    "session_bound": _plain("One browser entered the code", "done"),
    "second_browser_seen": _plain("A second browser used the code. The case is frozen", "refused"),
    "thawed": _plain("Both browsers lost the case and all their proof. A new code was given", "done"),
    "browser_dropped": _plain("They go on with another device. What was proved on the first one counts no more", "done"),
    "reopened": _plain("Something was noted after the decision. It counts no more, and the proof goes on", "waiting"),
    "confirmed": _plain("Said yes: on the phone with the desk now", "done"),
    "called_back": lambda b, p, r: (
        "Rang back the number on file"
        if b["how"] == "exchange"
        else "The number on file was shown for a minute, to ring it back",
        "done",
    ),
    "words_typed": _plain("The words said on the call back were typed into their page", "done"),
    "reported": _plain("Said: I did not call. The case stopped", "refused"),
    "out_of_reach": lambda b, p, r: (f"Out of reach: {b['reason'].replace('_', ' ')}. The person is told", "quiet"),
    "evidence_recorded": lambda b, p, r: (f"Proved: {method_name(b['method'], p)}", "done"),
    "second_attested": lambda b, p, r: (f"A second operator saw the same: {method_name(b['method'], p)}", "done"),
    "proof_failed": lambda b, p, r: (f"Not proved: {method_name(b['method'], p)}, {b['reason'].replace('_', ' ')}", "refused"),
    "voucher_asked": lambda b, p, r: (f"Asked to vouch: {b['which']}", "waiting"),
    "voucher_answered": lambda b, p, r: (f"The voucher answered: {STATEMENTS[b['statement']]}", "done"),
    "second_asked": lambda b, p, r: (f"A second operator was drawn to look: {method_name(b['method'], p)}", "waiting"),
    "approvals_asked": lambda b, p, r: (_asked(b["asked"], b["owner"]), "waiting"),
    "approval_given": _plain("Approved", "done"),
    "approval_refused": _plain("Did not approve, so the case stopped", "refused"),
    "decided": _decided,
    "kind_chosen": lambda b, p, r: (f"Chose to set up: {KIND_WORDS.get(b['kind'], b['kind'])}", "done"),
    "effect_intended": _effect("Asked: {verb}", "waiting"),
    "effect_done": _effect("Done: {verb}", "done"),
    "effect_delayed": _effect("Not yet: {verb}. {problem}", "waiting"),
    "effect_failed": _effect("Not done: {verb}. {problem}", "refused"),
    "enrolment_begun": lambda b, p, r: (f"A new {KIND_WORDS.get(b['kind'], b['kind'])} was shown to its owner", "done"),
    "enrolment_lost": _plain("The page was loaded again; the former secret is void", "quiet"),
    "bypass_given": lambda b, p, r: (f"A way in was shown to its owner; it ends at {b['until'][11:16]} UTC", "done"),
    "bypass_reviewed": _plain("Somebody said, without signing it, that they looked at what the way in was used for"),
    "bypass_looked_at": _plain("Security looked at what the way in was used for", "done"),
    "resynced": _plain("Two codes brought the token back in step", "done"),
    "resync_failed": lambda b, p, r: (f"Two codes did not bring it back in step: {b['reason'].replace('_', ' ')}", "waiting"),
    "tested": _plain("It signed in once, to test it", "done"),
    "test_failed": lambda b, p, r: (f"The test did not work: {b['reason'].replace('_', ' ')}", "waiting"),
    "alert_raised": lambda b, p, r: (f"Security was told: {_alert(b['pattern'])}", "threat"),
    "not_me": _plain("The person says: this was not me", "refused"),
    "case_closed": lambda b, p, r: (
        f"Closed. {OUTCOME_WORDS.get(b['outcome'], '')}",
        "done" if b["outcome"] in GOOD else "quiet",
    ),
}


def _asked(asked: list[str], owner: str) -> str:
    if owner == "security":
        return "Nobody who may approve can answer now. Security owns the wait"
    return "Asked the one person who may approve" if len(asked) == 1 else f"Asked the {len(asked)} people who may approve"


KIND_WORDS: Mapping[str, str] = {
    "totp": "authenticator app",
    "hotp": "hardware token",
    "passkey": "passkey",
    "passkey_synced": "synced passkey",
    "security_key": "security key",
}


ALERT_WORDS: Mapping[str, str] = {
    "reported": "the person did not call",
    "second_browser": "two browsers used one code",
    "noticed_after_decision": "something was noted after the decision, so it is judged again",
}
"""Alerts of the desk's own; those of a runbook are named there."""


def _alert(pattern: str) -> str:
    return ALERT_WORDS.get(pattern, pattern.replace("-", " ").replace("_", " "))


def _title(step: str, runbook: Runbook | None) -> str:
    found = runbook.steps.get(step) if runbook else None
    return found.title if found else step
