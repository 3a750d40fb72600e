"""What an attacker can bring and in what order, in which worlds and with which goals: pure, so that it can be read and argued about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from mfadesk.assurance.model import Compromise, MethodId, Policy
from mfadesk.cli.drills.scenario import CLOSED_WORDS, LOCKED_WORDS, Call, Crime
from mfadesk.cli.drills.stage import PROVIDER, Closed, World
from mfadesk.runbook.model import Step
from mfadesk.runbook.situation import REQUEST_GOALS, VOCABULARY, first_answers

TYPICAL = frozenset({"totp_existing", "managed_device_signin", "callback_on_file", "sms_code", "manager_portal"})
DEVICES = PROVIDER | {"push_code_transfer", "managed_device_signin", "endpoint_user_code", "vc_facecheck"}
"""What takes a thing that was registered before: nobody has it on their first day."""

TWO_YEARS = 730.0
WITH_HANDS = frozenset({"insider_operator", "insider_second_operator"})
"""What somebody is and does, not what they know: only `controls` can say so."""


TRUTHS: Mapping[str, tuple[str, ...]] = {
    "kind": ("app",),
    "restored": ("name_only",),
    "codes_now": ("rejected",),
    "suspend_now": ("yes",),
    "own_page": ("not_reachable",),
    "own_reset": ("fails",),
    "codes_made": ("yes",),
    "have_it_back": ("yes",),
    "approved": ("no",),
}
"""What is said where the situation does not: the new phone shows the account's name and no code, and so on."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A method that the attacker can show, and what an honest or bought second operator says of it."""

    method: MethodId
    second_says: str


Hand = tuple[Shown, ...]
"""What the attacker can still show, in policy's order."""


def find_held(crime: Crime, policy: Policy) -> frozenset[Compromise]:
    """Return what the attacker holds: what they control and know, and what everybody knows."""
    return crime.controls | (crime.known_info - WITH_HANDS) | policy.always_held


def find_shown(crime: Crime, policy: Policy) -> tuple[Shown, ...]:
    """Return every factor that the attacker can show, in policy's order.

    A bought operator attests what never happened. What an honest second operator then sees is the truth: the attacker's voice on
    a hijacked number, or nobody at all.
    """
    held = find_held(crime, policy)
    honest = held - WITH_HANDS
    found = []
    for name, method in policy.methods.items():
        if method.role != "factor":
            continue
        is_there = any(way <= honest for way in method.defeated_by)
        bought = method.operator_attested and "insider_operator" in crime.controls
        if is_there or bought or any(way <= held for way in method.defeated_by):
            agrees = is_there or "insider_second_operator" in crime.controls
            found.append(Shown(name, "passed" if agrees else "failed"))
    return tuple(found)


def find_weak(crime: Crime, policy: Policy) -> tuple[MethodId, ...]:
    """Return what the attacker could show and policy takes for no proof: knowledge, voices, mail."""
    held = find_held(crime, policy)
    return tuple(name for name, m in policy.methods.items() if m.role != "factor" and any(way <= held for way in m.defeated_by))


def find_orders(shown: Hand) -> tuple[Hand, ...]:
    """Return the three orders in which methods are shown: as policy lists them, backwards, and from the middle on."""
    middle = len(shown) // 2
    return tuple(dict.fromkeys((shown, shown[::-1], shown[middle:] + shown[:middle])))


def worlds_for(call: Call, policy: Policy) -> tuple[World, ...]:
    """Return the worlds of SETTLED 17: nothing usable, everything used yesterday, and what is typical."""
    worlds = _usual_worlds(call, policy)
    if "restore_account" not in goals_for(call):
        return worlds
    # What is given back must have been taken, and what is opened must have been closed.
    off = [replace(w, name=f"{w.name}, the old one switched off", switched_off=True) if w.old else w for w in worlds]
    how: tuple[Closed, ...] = tuple(dict.fromkeys(("closed", find_closed(call) or "closed")))
    closed = [replace(world, name=f"{world.name}, the account {word}", closed=word) for word in how for world in worlds]
    return (*off, *closed)


def _usual_worlds(call: Call, policy: Policy) -> tuple[World, ...]:
    factors = frozenset(name for name, method in policy.methods.items() if method.role == "factor")
    if call.situation.get("authenticator") == "none_yet":
        # Who never had a device has people and papers; an attacker's victim may be such a person, or have everything after all.
        return (
            World("nothing usable", frozenset(), 60.0, old=False),
            World("everything used yesterday", factors, 1.0),
            World("typical of somebody new", factors - DEVICES, 1.0, old=False, settled_days=TWO_YEARS),
        )
    return (
        World("nothing usable", frozenset(), 60.0),
        World("everything used yesterday", factors, 1.0),
        World("typical", TYPICAL, 1.0, spare_token=False, settled_days=TWO_YEARS),
    )


def find_closed(call: Call) -> Closed:
    """Return how the account is closed at the provider, as far as a scenario's request and signals say.

    Who asks for an account and says nothing of it being open, nor of a device that was switched off, means a closed one.
    """
    words = {*call.request, *call.signals}
    if words & LOCKED_WORDS:
        return "locked"
    if words & CLOSED_WORDS:
        return "closed"
    asks = first_answers(call.situation, call.request).goal == "restore_account" and not call.request
    return "closed" if asks and call.situation.get("authenticator", "unknown") != "unknown" else ""


def goals_for(call: Call) -> tuple[str, ...]:
    """Return every goal that the attacker may open a case with: what is said, and whatever else is asked for."""
    asked = (REQUEST_GOALS[word] for word in call.request if word in REQUEST_GOALS)
    return tuple(dict.fromkeys((first_answers(call.situation, call.request).goal, *asked)))


def said_of(call: Call) -> Mapping[str, str]:
    """Return the situation as answers; a word that is not known is not said."""
    said = first_answers(call.situation, call.request).answers
    return {name: value for name, value in said.items() if value != "unknown" and name in VOCABULARY}


def find_openings(said: Mapping[str, str]) -> tuple[Mapping[str, str], ...]:
    """Return what is said before the first question: the situation, and nothing, so that every question is asked."""
    return (said, {}) if said else ({},)


def say(step: Step, call: Call) -> str:
    """Return what somebody in this situation answers to a question; for an instruction, that it was said."""
    name, offered = step.variable or "", [answer.value for answer in step.answers]
    ready = (call.situation.get(name, ""), *TRUTHS.get(name, ()), "unknown", *offered, "said")
    return next(value for value in ready if value in offered or not offered)
