"""What must be taken as the attacker's already, before any evidence is looked at.

An impostor who rings a help desk has done homework: the password, public and leaked data and a false caller number cost
nothing any more. To these come what the claim itself says ("my phone was stolen"), what the directory says (a number changed
on Monday), what signals and running campaigns say, and the worst that a missing snapshot could hide. Pure: the rooms above
bring the facts, policy says what they mean.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import get_args

from mfadesk.assurance.model import Circumstances, Compromise, Leaning, Policy, ThreatLevel

ALWAYS_HELD = frozenset({"password_known", "osint", "leaked_pii", "caller_id_spoof"})
"""No policy file may leave these out. Okta, August 2023: callers who had every factor reset held the password beforehand."""

LEANINGS: tuple[Leaning, ...] = get_args(Leaning)

DATA_WRITE = "hr_data_write"
"""The compromise that a changed piece of directory data may be the mark of."""

DIRECTORY = "directory"
PROVIDER = "provider"
SNAPSHOTS = (DIRECTORY, PROVIDER)
"""Names that `Circumstances.unknown` may hold; any other name is taken as all of them."""


def find_held(circumstances: Circumstances, policy: Policy, now: datetime) -> frozenset[Compromise]:
    """Return the compromises that cost the attacker nothing in this case.

    A quarantined piece of directory data appears as ``hr_data_write:mobile``: it makes the data's writer free for the methods
    that lean on that piece and for no other, so that a new photo does not void an old number (quarantine is per attribute).

    now: aware UTC; a change dated in the future counts as made now.
    Source: NIST SP 800-63B-4 §3.1.3.3 and §4.5 (what is lost is compromised).
    """
    held = set(ALWAYS_HELD | policy.always_held | circumstances.campaign)
    for kind in circumstances.gone:
        held |= policy.gone.get(kind, frozenset())
    if circumstances.stolen:
        # Theft of something unnamed, or of a kind that policy does not know, may be theft of anything.
        kinds = circumstances.gone & policy.stolen.keys() or policy.stolen.keys()
        for kind in kinds:
            held |= policy.stolen[kind]
    for signal in circumstances.signals & policy.signals.keys():
        held |= policy.signals[signal].held
    held |= {f"{DATA_WRITE}:{leaning}" for leaning in find_quarantined(circumstances, policy, now)}
    return frozenset(held)


def find_quarantined(circumstances: Circumstances, policy: Policy, now: datetime) -> frozenset[Leaning]:
    """Return the pieces of directory data that changed too lately, or are said to have, to support anything.

    A first value is no change and is absent from `leaning_changed_at`. Where the directory's snapshot is missing, every piece
    is in quarantine.
    """
    changed = circumstances.leaning_changed_at
    if is_unknown(DIRECTORY, circumstances) or changed is None:
        return frozenset(LEANINGS)
    fresh = {leaning for leaning, at in changed.items() if now - at < timedelta(seconds=policy.quarantine_s[leaning])}
    for signal in circumstances.signals & policy.signals.keys():
        fresh |= policy.signals[signal].quarantines
    return frozenset(fresh)


def is_unknown(snapshot: str, circumstances: Circumstances) -> bool:
    """Return whether `snapshot` is missing. A name that nobody knows might stand for any of them."""
    return any(name == snapshot or name not in SNAPSHOTS for name in circumstances.unknown)


def find_threat(circumstances: Circumstances, policy: Policy, threat: ThreatLevel) -> ThreatLevel:
    """Return the threat level that applies: what the desk has set, or raised where a signal asks for it."""
    if any(policy.signals[signal].raises_threat for signal in circumstances.signals & policy.signals.keys()):
        return "raised"
    return "normal" if threat == "normal" else "raised"
