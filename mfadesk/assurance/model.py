"""The words of the assurance model, as types. `policy.py` reads them from a file, the rest of the room uses them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from mfadesk.ports.people import Tier

Compromise = str
"""Something an attacker may hold, named as in policy: ``sim_swap``, ``parallel_vish``."""

MethodId = str
ActionId = Literal[
    "replace_authenticator",
    "add_authenticator",
    "suspend_authenticator",
    "resync_authenticator",
    "change_contact",
    "bind_first_authenticator",
    "grant_bypass",
    "grant_longer_bypass",
    "restore_account",
]
"""What a decision may allow; policy may name more, each with its requirement, and an action without one is refused."""

MethodRole = Literal["factor", "signal", "prohibited", "delivery"]
ThreatLevel = Literal["normal", "raised"]
Leaning = Literal["mobile", "work_mail", "personal_mail", "manager", "photo", "post"]
"""Directory data that a method is only as good as."""


@dataclass(frozen=True, slots=True)
class CompromiseTerms:
    """One compromise: its price in points and how to say it to a person ("one stolen SIM")."""

    id: Compromise
    points: int
    words: str
    why: str


@dataclass(frozen=True, slots=True)
class Method:
    """A way to verify a claimant, as policy prices it.

    defeated_by: alternatives; each is a set of compromises that together defeat the method.
    lifetime_s: how long its evidence counts.
    on_phone: it goes where the phone goes, so it cannot be the proof that a phone is gone (survivor rule).
    """

    id: MethodId
    name: str
    role: MethodRole
    minutes: int
    defeated_by: tuple[frozenset[Compromise], ...]
    lifetime_s: int
    relayable: bool
    on_phone: bool
    leans_on: tuple[Leaning, ...]
    operator_attested: bool
    phishing_resistant: bool
    done_by: Literal["claimant", "operator", "voucher", "machine"]
    in_person: bool = False
    """The person stood there: what an in-person-only requirement asks for."""
    waives_grace: bool = False
    """It may stand in place of a waiting time; an operator's word only once a second operator attested too."""


@dataclass(frozen=True, slots=True)
class Requirement:
    """What one action demands of one tier at one threat level.

    minimum: the least attack cost, in points.
    resists: compromises any ONE of which may be given away for free with the cost still at least `resist_minimum`.
    approvals: how many further people must approve, none of whom started the case.
    """

    action: str
    tier: Tier
    threat: ThreatLevel
    minimum: int
    resists: tuple[Compromise, ...]
    resist_minimum: int
    approvals: int
    in_person_only: bool
    passkey_only: bool
    """Only a passkey or a test-proved hardware key may be enrolled: a seed can be read out by a coached victim."""
    grace_s: int
    decision_lifetime_s: int


@dataclass(frozen=True, slots=True)
class SignalTerms:
    """What policy makes of one signal. A signal that policy does not name is recorded and changes nothing.

    held: compromises that it gives to the attacker.
    quarantines: directory data that it makes as doubtful as a change of today.
    raises_threat: the requirement of the raised threat level applies.
    refuses: nothing is changed in this case, whatever is proved.
    """

    id: str
    held: frozenset[Compromise]
    quarantines: frozenset[Leaning]
    raises_threat: bool
    refuses: bool
    why: str


@dataclass(frozen=True, slots=True)
class Limits:
    """Counts and times that policy sets for the rooms above; this room reads only `survivor_window_s`."""

    wrong_proofs_per_case: int
    wrong_proofs_per_day: int
    vouches_per_day: int
    suspensions_per_day: int
    low_proof_suspension_s: int
    finish_after_suspension_s: int
    survivor_window_s: int
    approval_wait_s: int
    """How long a case waits for approvals; proof that counted when they were asked for is kept that long."""
    approval_life_s: int
    """How long one approval counts."""


@dataclass(frozen=True, slots=True, eq=False)
class Policy:
    """One policy file, read and checked. Nothing else may price, demand or allow. Compare two by `digest`.

    quarantine_s: how long a changed piece of directory data supports nothing.
    gone, stolen: what a claim that a kind of thing is gone, or stolen, gives to the attacker.
    requirements: by (action, tier, threat level).
    digest: SHA-256 of the canonical form, 64 hex digits; comments and spacing in the file do not change it.
    """

    version: int
    compromises: Mapping[Compromise, CompromiseTerms]
    methods: Mapping[MethodId, Method]
    always_held: frozenset[Compromise]
    gone: Mapping[str, frozenset[Compromise]]
    stolen: Mapping[str, frozenset[Compromise]]
    quarantine_s: Mapping[Leaning, int]
    signals: Mapping[str, SignalTerms]
    requirements: Mapping[tuple[str, Tier, ThreatLevel], Requirement]
    limits: Limits
    digest: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """One method that passed in this case. Voided or expired evidence is not passed in here."""

    method: MethodId
    at: datetime
    expires_at: datetime
    established_by: str
    authenticator_id: str | None = None
    second_attested: bool = False
    """A second operator, chosen by the system, attested the same: only both together can then have faked it."""
    kept_until: datetime | None = None
    """Until when a wait for approvals keeps it, beyond its own end (SETTLED 13)."""


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What is known about the call besides evidence: it can add to what is held or demand more, never replace evidence.

    gone: the kinds of thing the claimant says are gone or stolen ("phone", "key", "laptop").
    stolen: True where the claim is theft, so that the thief may be the caller.
    leaning_changed_at: when each piece of directory data last changed; absent where it never did since the first import.
        None means that nobody looked, and then every piece counts as changed today.
    gone_used_at: when an authenticator that is claimed gone was last used at the provider.
    survivors: other authenticators used lately that were not used in this case and for which no reason is recorded.
    unknown: names of snapshots that are missing; each is taken at its worst.
    """

    signals: frozenset[str] = frozenset()
    gone: frozenset[str] = frozenset()
    stolen: bool = False
    leaning_changed_at: Mapping[Leaning, datetime] | None = None
    gone_used_at: datetime | None = None
    survivors: tuple[MethodId, ...] = ()
    campaign: frozenset[Compromise] = frozenset()
    unknown: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Attack:
    """What an attacker would still have to buy to have produced all the evidence, and its price in points."""

    compromises: frozenset[Compromise]
    points: int


@dataclass(frozen=True, slots=True)
class Assessment:
    """The price of faking the evidence at hand, and what each resist leaves of it."""

    attack: Attack
    resists: Mapping[Compromise, Attack]
    held: frozenset[Compromise]


@dataclass(frozen=True, slots=True)
class Plan:
    """Further methods that would suffice for this person, with the minutes they take when done in parallel."""

    methods: tuple[MethodId, ...]
    minutes: int
    points: int
    second_attested: tuple[MethodId, ...] = ()
    """Those of `methods` that a second operator, chosen by the system, must attest too."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why not: a stable code, and a sentence for staff (never for the caller)."""

    code: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Allowed:
    """The evidence suffices for the action, until `expires_at`, after `grace_s` seconds in which anybody may object."""

    assessment: Assessment
    requirement: Requirement
    expires_at: datetime
    grace_s: int = 0


@dataclass(frozen=True, slots=True)
class Refused:
    """The evidence does not suffice. `plans` are what would, quickest first; none means the in-person road."""

    assessment: Assessment
    requirement: Requirement | None
    reasons: tuple[Reason, ...]
    plans: tuple[Plan, ...]


Decision = Allowed | Refused
