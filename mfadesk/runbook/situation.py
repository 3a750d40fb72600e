"""What a caller says, as answers to the first questions: one total table from situation and request.

Total means: any word that is not in the vocabulary, and any word left out, becomes `unknown`, and the operator is asked.
Nothing here can fail and nothing here can grant: the answers only lead to a question or to a proof. SETTLED 18.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

UNKNOWN = "unknown"

VOCABULARY: Mapping[str, tuple[str, ...]] = {
    "authenticator": ("works", "gone", "stolen", "broken", "drifted", "expired", "none_yet", UNKNOWN),
    "push": ("works", "fails", "unwanted", UNKNOWN),
    "kind": ("app", "hardware_token", "key", "laptop", UNKNOWN),
    "employment": ("active", "first_day", "returning", "leaving", "third_party", "on_leave", UNKNOWN),
    "new_device": (
        "at_hand",
        "tomorrow",
        "none",
        "not_needed",
        "no_smartphone",
        "spare_key",
        "new_token",
        UNKNOWN,
    ),
}
"""The variables of a situation and what they may be. Runbooks use the same names, so that nothing is asked twice."""

KNOWN_VARIABLES: Mapping[str, tuple[str, ...]] = {**VOCABULARY, "account": ("person", "break_glass", UNKNOWN)}
"""What a runbook may take by name with `vocabulary`: the variables of a situation, and what the directory alone knows."""

NAMES_TARGET: frozenset[str] = frozenset({"authenticator", "approved", "have_it_back"})
"""Variables whose answers name the authenticator that a case suspends or removes."""

FACTS: frozenset[str] = frozenset({"employment", "account"})
"""Variables that the desk fills from the directory before the first question, where it knows them."""

GOAL_WORDS: Mapping[str, str] = {
    "replace_device": "Replace a phone or key",
    "regain_access": "Get back in",
    "fix_push": "Prompts do not arrive",
    "fix_codes": "Codes are rejected",
    "stop_prompts": "Prompts they did not ask for",
    "report_loss": "A device is lost or stolen",
    "change_contact": "Change a number or address",
    "reset_password": "A password is forgotten",
    "saved_codes": "New codes to put by",
    "first_credential": "A first device",
    "restore_account": "An account is closed or disabled",
    "time_boxed_bypass": "Get in today without a device",
    "longer_bypass": "Longer without a device",
    "replace_token": "A new hardware token",
    "remove_protection": "Switch the second factor off",
}
"""Every goal that the desk has a word for, in the order in which the start page offers them."""

REQUEST_GOALS: Mapping[str, str] = {
    "mfa_reset": "regain_access",
    "add_new_mfa_device": "replace_device",
    "replace_device": "replace_device",
    "lost_device": "report_loss",
    "device_lost": "report_loss",
    "stolen_device": "report_loss",
    "report_loss": "report_loss",
    "suspend": "report_loss",
    "contact_change": "change_contact",
    "sms_number_change": "change_contact",
    "email_change": "change_contact",
    "phone_number_change": "change_contact",
    "password_reset": "reset_password",
    "mfa_disable": "remove_protection",
    "mfa_remove": "remove_protection",
    "emergency_bypass": "time_boxed_bypass",
    "temporary_access_pass": "time_boxed_bypass",
    "extend_bypass": "longer_bypass",
    "enable_account": "restore_account",
    "reactivate_account": "restore_account",
    "reopen_account": "restore_account",
    "unlock_account": "restore_account",
    "account_unlock": "restore_account",
    "unlock": "restore_account",
    "restore_account": "restore_account",
    "enrol": "first_credential",
    "first_enrolment": "first_credential",
    "first_credential": "first_credential",
    "resync": "fix_codes",
    "codes_rejected": "fix_codes",
    "token_resync": "fix_codes",
    "fix_push": "fix_push",
    "push_not_arriving": "fix_push",
    "unwanted_prompts": "stop_prompts",
    "report_phish": "stop_prompts",
    "hardware_token_replacement": "replace_token",
    "new_recovery_codes": "saved_codes",
    "recovery_codes": "saved_codes",
    "saved_recovery_code": "saved_codes",
    "issue_saved_recovery_code": "saved_codes",
    "regenerate_recovery_codes": "saved_codes",
    "backup_codes": "saved_codes",
}
"""What a ticket or a call asks for, as a goal. A request that is not here names no goal, and the operator is asked."""

STRICTEST_FIRST: tuple[str, ...] = (
    "restore_account",
    "first_credential",
    "longer_bypass",
    "time_boxed_bypass",
    "regain_access",
    "replace_device",
    "replace_token",
    "report_loss",
    "remove_protection",
    "change_contact",
    "reset_password",
    "saved_codes",
    "stop_prompts",
    "fix_codes",
    "fix_push",
)
"""Of several requests in one call, the one that asks for the most names the goal; the others are never granted beside it."""


@dataclass(frozen=True, slots=True)
class Opening:
    """What is known when a case opens: the goal (`unknown` where nobody said) and answers, each from the vocabulary."""

    goal: str
    answers: Mapping[str, str]


def first_answers(situation: Mapping[str, object], request: Iterable[str] = ()) -> Opening:
    """Return the goal and the answers to the first questions. Total; never raises.

    situation: as said by the caller, names and values of VOCABULARY plus `goal`; anything else counts as not said.
    request: what the call or ticket asks for; it names the goal where the situation does not.

    >>> first_answers({"authenticator": "gone", "push": "purple"}, ["mfa_reset"]).goal
    'regain_access'
    >>> first_answers({"push": "purple"}).answers["push"]
    'unknown'
    """
    answers = {name: _known(situation.get(name), values) for name, values in VOCABULARY.items()}
    return Opening(goal=_goal(situation.get("goal"), request, answers), answers=answers)


def _known(value: object, values: tuple[str, ...]) -> str:
    return value if isinstance(value, str) and value in values else UNKNOWN


def _goal(said: object, request: Iterable[str], answers: Mapping[str, str]) -> str:
    """Return what was said, else what was asked for, else what the state of things asks for by itself."""
    if isinstance(said, str) and said in GOAL_WORDS:
        return said
    words = [request] if isinstance(request, str) else [word for word in request or () if isinstance(word, str)]
    asked = {REQUEST_GOALS[word] for word in words if word in REQUEST_GOALS}
    for goal in STRICTEST_FIRST:
        if goal in asked:
            return goal
    if answers["push"] == "unwanted":
        return "stop_prompts"
    if answers["authenticator"] == "stolen":
        return "report_loss"
    if answers["authenticator"] == "drifted":
        return "fix_codes"
    if answers["authenticator"] == "none_yet":
        return "first_credential"
    if answers["authenticator"] in ("gone", "broken", "expired"):
        return "regain_access"
    if answers["push"] == "fails":
        return "fix_push"
    return UNKNOWN
