"""What a case is about at the provider: what is gone, what will be suspended and removed, and what must be used first.

Pure, from what was answered and what is held. What nobody named is never guessed at: "they can't say" is no phone.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from mfadesk.cases.state import CaseState
from mfadesk.ports.provider import Authenticator, Holdings
from mfadesk.runbook.situation import UNKNOWN, VOCABULARY

USED_LATELY = timedelta(days=7)
"""The survivor rule's window (SETTLED 11)."""

SURVIVOR_KINDS = frozenset({"totp", "hotp", "push", "passkey", "passkey_synced", "security_key"})
"""Authenticators somebody signs in with. A recovery code is a spare: nobody "used it lately"."""

CLAIMED_GONE = frozenset({"gone", "stolen", "broken", "expired", "drifted", "unknown"})
"""Answers that mark the old authenticator as compromised. Who cannot say what became of it is taken at the worst."""

KINDS: tuple[str, ...] = tuple(kind for kind in VOCABULARY["kind"] if kind != UNKNOWN)
"""What a caller may say that it was."""


def find_targets(state: CaseState, holdings: Holdings) -> tuple[Authenticator, ...]:
    """Return the authenticators that the case is about: what will be suspended, and removed when a new one works.

    What is gone; or what shows prompts, where one was approved by mistake; or the one token or key that works still and is
    replaced while it does, the oldest of its kind.
    """
    if gone := find_gone(state, holdings):
        return gone
    active = [a for a in holdings.authenticators if a.state != "pending" and a.id != state.new_authenticator]
    if state.answers.get("have_it_back") == "yes":
        return tuple(a for a in active if a.state == "suspended" or (a.kind in ("totp", "hotp") and a.fail_count))
    if state.answers.get("approved") == "yes":
        return tuple(a for a in active if a.kind == "push") or _of_kind("app", active)
    if state.answers.get("authenticator") == "works" and state.answers.get("kind") in ("hardware_token", "key"):
        return tuple(sorted(_of_kind(state.answers["kind"], active), key=lambda a: (a.created_at, a.id))[:1])
    return ()


def find_gone(state: CaseState, holdings: Holdings) -> tuple[Authenticator, ...]:
    """Return the authenticators that the claim says are gone. Of several keys or tokens, those that nobody showed in the case."""
    named = _find_named(state, holdings)
    if not _are_apart(state, named):
        return named
    shown = {piece.evidence.authenticator_id for piece in state.pieces}
    return tuple(a for a in named if a.id not in shown)


def find_disowned(state: CaseState, holdings: Holdings) -> tuple[Authenticator, ...]:
    """Return what proves nobody in this case: what is said to be gone is proof of its holder least of all.

    Of several keys or tokens one is gone and the others are not, so each may still be shown; what was stolen is priced as held.
    """
    named = _find_named(state, holdings)
    return () if _are_apart(state, named) else named


def _find_named(state: CaseState, holdings: Holdings) -> tuple[Authenticator, ...]:
    if state.answers.get("authenticator") not in CLAIMED_GONE:
        return ()
    active = [a for a in holdings.authenticators if a.state != "pending" and a.id != state.new_authenticator]
    return _of_kind(_kind_said(state), active)


def _are_apart(state: CaseState, named: tuple[Authenticator, ...]) -> bool:
    """Return whether these are several things. All that is on a phone goes with the phone."""
    return state.answers.get("kind") in ("hardware_token", "key", "laptop") and len(named) > 1


def _kind_said(state: CaseState) -> str:
    """Return what they said it was. A case from before the question was asked is about a phone, as its runbook was then."""
    return state.answers.get("kind", "app")


def find_kinds_gone(state: CaseState) -> frozenset[str]:
    """Return what kinds of thing the claim gives away: what was named, and any where they can't say."""
    kind = _kind_said(state)
    return frozenset(KINDS) if kind == UNKNOWN else frozenset({kind})


def _of_kind(kind: str, active: Iterable[Authenticator]) -> tuple[Authenticator, ...]:
    """Return what is held of a kind. Where nobody knows the kind, all of it if it is of one kind, and otherwise nothing."""
    held = tuple(active)
    match kind:
        case "app":
            # A synced passkey is on other things as well; it is what was on the phone only where nothing else was.
            on_phone = tuple(a for a in held if a.on_phone)
            return tuple(a for a in on_phone if a.kind != "passkey_synced") or on_phone
        case "hardware_token":
            return tuple(a for a in held if a.kind in ("totp", "hotp") and not a.on_phone)
        case "key":
            return tuple(a for a in held if a.kind == "security_key")
        case "laptop":
            return tuple(a for a in held if a.kind == "passkey" and not a.on_phone)
        case _:
            found = [of_one for each in KINDS if (of_one := _of_kind(each, held))]
            return found[0] if len(found) == 1 else ()


def find_drifted(state: CaseState, holdings: Holdings) -> Authenticator | None:
    """Return the token that a pair of codes would bring back in step, or None.

    Of the kind that the caller named, in use and not suspended; of several, the one whose codes were rejected most.
    """
    kind = state.answers.get("kind", "unknown")
    tokens = [
        a
        for a in holdings.authenticators
        if a.kind in ("totp", "hotp") and a.state == "active" and (kind == "unknown" or a.on_phone == (kind == "app"))
    ]
    return max(tokens, key=lambda a: (a.fail_count, a.created_at, a.id), default=None)


def find_survivors(state: CaseState, holdings: Holdings, now: datetime) -> tuple[Authenticator, ...]:
    """Return other authenticators used lately: they must be used before any weaker road is offered (R44).

    A suspended one counts as well: little proof may suspend, and it must not clear the way by doing so (SETTLED 10).
    """
    if holdings.disabled:
        # Nothing signs in to a closed account, so nothing of it can be shown either.
        return ()
    gone = {a.id for a in find_gone(state, holdings)}
    return tuple(
        a
        for a in holdings.authenticators
        if a.id not in gone
        and a.id != state.new_authenticator
        and a.state != "pending"
        and a.kind in SURVIVOR_KINDS
        and a.last_used_at is not None
        and now - a.last_used_at <= USED_LATELY
    )
