"""What a play did at the provider, and whether that is right: the account before, at the end of the play, and a day later.

Only the provider's own state and log count here. What the desk wrote down about itself is no witness. `Expected` is read here and
nowhere else, after the play.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from mfadesk.cli.drills.scenario import Expected
from mfadesk.ports.provider import PHISHING_RESISTANT, Authenticator, Holdings

SUSPENSION_ENDS = timedelta(hours=24)
"""A suspension on low proof is over by then (SETTLED 10): look again after it, and the account must be as before."""

ACTS_THAT_CHANGE = {"resync": "resynced", "reset_failures": "failures_reset", "grant_bypass": "bypass_opened"}
"""Acts in the provider's own log that leave no mark in the list of what is held, or one that is gone by the end of the play."""

SPARES = frozenset({"recovery_code"})

EFFECT_OF: Mapping[str, str] = {
    "bind_new_factor": "bound",
    "bind_new": "bound",
    "bind_second_factor": "bound",
    "bind_passkey": "bound",
    "add_new_factor": "bound",
    "enrol_new": "bound",
    "issue_security_key": "bound",
    "issue_spare_key": "bound",
    "issue_hardware_token": "bound",
    "issue_new_token": "bound",
    "replace_token": "bound",
    "revoke_old_device": "removed",
    "revoke_old": "removed",
    "remove_old": "removed",
    "remove_old_device": "removed",
    "revoke_old_token": "removed",
    "end_sessions": "sessions_ended",
    "revoke_sessions": "sessions_ended",
    "suspend_old": "suspended",
    "suspend_old_device": "suspended",
    "suspend_authenticator": "suspended",
    "resync": "resynced",
    "resync_token": "resynced",
    "resync_authenticator": "resynced",
    "reset_failures": "failures_reset",
    "time_boxed_bypass": "bypass_opened",
    "emergency_bypass": "bypass_opened",
    "enable_account": "account_enabled",
    "reactivate_account": "account_enabled",
    "reopen_account": "account_enabled",
    "unlock_account": "account_enabled",
    "reset_fail_counter": "failures_reset",
    "unlock_token": "failures_reset",
    "restore_account": "activated",
    "restore_old": "activated",
    "lift_suspension": "activated",
    "switch_on_again": "activated",
}
"""The one public table: what a scenario's `then` asks of the provider. A word that is not here (hand-over, HR, self-service, advice)
asks nothing of it; saved codes are self-service, since the provider's own page gives them to whoever signed in."""

ALWAYS_ALLOWED = frozenset({"removed", "sessions_ended"})
"""Effects that an honest play may have beside what was asked for."""

HARMLESS = frozenset({"resynced"})
"""Not a change that an attack must not leave: it takes two codes of the person's own token, which stays theirs and no weaker."""

WITHOUT_CHANGE = ALWAYS_ALLOWED | {"resynced", "failures_reset"}
"""Effects that stand under "nothing changes" and "done by oneself"."""

_NO_CHANGE = frozenset({"no_change_needed", "self_service"})
_HELD = frozenset({"refused", "stopped", "handed_over", "abandoned"})

KINDS_OF_DECISION: Mapping[str, frozenset[str]] = {
    "redirect": _NO_CHANGE | {"handed_over"},
    "no_credential_change": _NO_CHANGE,
    "in_person_only": _HELD | {"changed"},
    "hold_second_channel": _HELD,
    "hold_second_approver": _HELD,
    "deny_and_alert": _HELD,
}
"""Which endings a kind of outcome may have; `proceed_after_verification` and words that are not here depend on what is asked."""


@dataclass(frozen=True, slots=True)
class Seen:
    """The provider at one moment: what the account holds, and the acts in its log that changed it, with their time."""

    holdings: Holdings
    acts: tuple[tuple[str, str, datetime], ...] = field(default=())
    """Act, authenticator and time of every act that was done."""


def find_effects(before: Seen, after: Seen) -> tuple[str, ...]:
    """Return what is different at the provider, in words of a closed list, in a fixed order; none where nothing changed."""
    was = {a.id: a for a in before.holdings.authenticators}
    now = {a.id: a for a in after.holdings.authenticators}
    found = {"removed" for name in was if name not in now}
    found |= {_arrival(a) for name, a in now.items() if name not in was}
    for name in was.keys() & now.keys():
        found |= _differences(was[name], now[name])
    if after.holdings.sessions != before.holdings.sessions:
        found.add("sessions_ended" if after.holdings.sessions < before.holdings.sessions else "session_added")
    if {grant.key for grant in after.holdings.grants} - {grant.key for grant in before.holdings.grants}:
        found.add("bypass_opened")
    if before.holdings.disabled != after.holdings.disabled:
        found.add("account_disabled" if after.holdings.disabled else "account_enabled")
    done = {ACTS_THAT_CHANGE[act] for act, _id, _at in after.acts[len(before.acts) :] if act in ACTS_THAT_CHANGE}
    return tuple(sorted(found | done))


def find_harm(before: Seen, after: Seen, later: Seen, told: bool, by_itself: Seen | None = None) -> tuple[str, ...]:
    """Return what an attack left that it may not leave; none where it was stopped.

    after: at the end of the play. later: a day and more after it. told: every address of the person heard of a suspension.
    by_itself: as `later` where nobody calls, if that is not as `before`.

    The one effect that may stand for a day is a suspension: of nothing phishing-resistant, told to all, once, and over in `later`
    (SETTLED 10, 17).
    """
    if later.holdings.seen_at - after.holdings.seen_at < SUSPENSION_ENDS:
        raise ValueError("look again only when every suspension on low proof must be over")
    later_base = by_itself or before
    base = later_base if after.holdings.seen_at - before.holdings.seen_at >= SUSPENSION_ENDS else before
    at_once = set(find_effects(base, after)) - HARMLESS - {"suspended"}
    harm = at_once | {f"{effect}, a day later" for effect in set(find_effects(later_base, later)) - HARMLESS - at_once}
    for old in before.holdings.authenticators:
        new = next((a for a in after.holdings.authenticators if a.id == old.id), old)
        if new.state == old.state or new.state != "suspended":
            continue
        if new.kind in PHISHING_RESISTANT:
            harm.add(f"suspended on little proof: {new.kind}")
        if not told:
            harm.add("suspended, and not everybody was told")
    return tuple(sorted(harm | _repeated(later)))


def _repeated(later: Seen) -> set[str]:
    """Return a complaint where one authenticator was suspended twice within a day."""
    times: dict[str, list[datetime]] = {}
    for act, authenticator, at in later.acts:
        if act == "suspend":
            times.setdefault(authenticator, []).append(at)
    if any(b - a < SUSPENSION_ENDS for each in times.values() for a, b in itertools.pairwise(each)):
        return {"suspended twice within a day"}
    return set()


def judge_honest(outcome: str, effects: Iterable[str], minutes: float, expected: Expected) -> str:
    """Return what is wrong with how an honest caller was served; nothing where all is well."""
    wanted = {EFFECT_OF[word] for word in expected.then if word in EFFECT_OF}
    done = set(effects)
    if "removed" in done:
        # What was removed is off as well: it was suspended first, and at the end nothing is left of it.
        wanted -= {"suspended"}
    kinds = KINDS_OF_DECISION.get(expected.decision) or _kinds_for(wanted)
    if expected.then and BY_ONESELF.issuperset(expected.then):
        kinds |= {"self_service"}
    if outcome not in kinds:
        return f"ended as {outcome}, where {' or '.join(sorted(kinds))} is right"
    if outcome == "changed" or expected.decision not in KINDS_OF_DECISION:
        missing = wanted - done
    else:
        missing, extra = set(), done - WITHOUT_CHANGE - wanted
        if extra:
            return f"nothing was to change at the provider, yet: {', '.join(sorted(extra))}"
    if missing:
        return f"not done at the provider: {', '.join(sorted(missing))}"
    if expected.target_minutes is not None and minutes > expected.target_minutes:
        return f"took {minutes:g} minutes of {expected.target_minutes:g}"
    return ""


BY_ONESELF = frozenset({
    "issue_saved_recovery_code", "saved_recovery_code", "new_recovery_codes", "recovery_codes", "self_service", "self_service_transfer",
    "self_service_reset", "backup_codes", "regenerate_recovery_codes",
})  # fmt: skip
"""What a `then` may ask that people do on their own page; where it asks nothing else, that page is the right end."""


def _kinds_for(wanted: set[str]) -> frozenset[str]:
    if wanted and wanted <= {"suspended", "sessions_ended"}:
        return frozenset({"changed", "handed_over"})
    if "bypass_opened" in wanted:
        return frozenset({"changed", "bridged"})
    if wanted and wanted <= {"resynced", "failures_reset"}:
        return frozenset({"changed", "no_change_needed"})
    return frozenset({"changed"})


def _arrival(authenticator: Authenticator) -> str:
    if authenticator.state == "pending":
        return "pending"
    return "codes_issued" if authenticator.kind in SPARES else "bound"


def _differences(old: Authenticator, new: Authenticator) -> set[str]:
    found = set()
    if old.state != new.state:
        found.add("suspended" if new.state == "suspended" else "activated")
    if (old.kind, old.label, old.on_phone, old.created_at, old.key) != (
        new.kind,
        new.label,
        new.on_phone,
        new.created_at,
        new.key,
    ):
        found.add("changed")
    return found
