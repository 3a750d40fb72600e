"""Which decision is enough for which effect: the one thin link between the prover and policy.

An effect names the least action that must have been decided for it. A decision for another action is enough as well where
policy demands at least as much for that one, of every tier and at every threat level.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from itertools import product
from typing import get_args

from mfadesk.assurance.model import ActionId, Policy, Requirement, ThreatLevel
from mfadesk.ports.people import TIERS
from mfadesk.runbook.model import Step

ACTIONS: tuple[str, ...] = get_args(ActionId)
VERB_NEEDS: Mapping[str, tuple[str, ...]] = {
    "suspend_old": ("suspend_authenticator", "grant_bypass", "grant_longer_bypass"),
    "end_sessions": ("replace_authenticator", "bind_first_authenticator", "grant_bypass", "grant_longer_bypass"),
    "remove_old": ("replace_authenticator",),
    "reset_failures": ("resync_authenticator", "restore_account"),
    "restore_old": ("restore_account",),
    "open_account": ("restore_account",),
    "lift_suspension": ("replace_authenticator",),
}
"""What each verb needs. A suspension on little proof ends by itself and a session that was ended does not come back, so that one
cheap proof ends none: a stranger could throw anybody out. Lifting gives back, as replacing does (ending a suspension early needs
what a replacement needs)."""

ENROL_NEEDS: tuple[str, ...] = ("add_authenticator", "replace_authenticator", "bind_first_authenticator")
"""A new authenticator comes beside the others, in the place of one, or is the first."""

AN_HOUR_S = 3_600
BYPASS_NEEDS: tuple[str, ...] = ("grant_bypass", "grant_longer_bypass")
LONGER_BYPASS_NEEDS: tuple[str, ...] = ("grant_longer_bypass",)
"""A way in beyond an hour is another decision, with more demanded (R33)."""

RESYNC_NEEDS: tuple[str, ...] = ("resync_authenticator",)
"""Moving a counter binds nothing new; it lets the same token sign in again."""


def needs_of(step: Step) -> tuple[tuple[str, ...], ...]:
    """Return, for an act, enrol or resync step, one tuple of sufficient actions for each effect that it has."""
    if step.kind == "enrol":
        return (ENROL_NEEDS,)
    if step.kind == "bypass":
        return (LONGER_BYPASS_NEEDS if step.lasts_s > AN_HOUR_S else BYPASS_NEEDS,)
    if step.kind == "resync":
        return (RESYNC_NEEDS,)
    return tuple(VERB_NEEDS.get(verb, ("replace_authenticator",)) for verb in step.verbs)


class Demands:
    """Answers whether a decision for one action covers another; built once a proof."""

    def __init__(self, policy: Policy | None) -> None:
        self.policy = policy
        self.covers = lru_cache(maxsize=None)(self._covers)

    def _covers(self, decided: str, needed: str) -> bool:
        """Return whether a decision for `decided` is enough where `needed` is demanded."""
        if decided == needed:
            return True
        if self.policy is None:
            return decided == "replace_authenticator" and needed == "suspend_authenticator"
        for tier, threat in product(TIERS, get_args(ThreatLevel)):
            more = self.policy.requirements.get((decided, tier, threat))
            less = self.policy.requirements.get((needed, tier, threat))
            if more is None or less is None or not _at_least(more, less):
                return False
        return needed == "suspend_authenticator"


def _at_least(more: Requirement, less: Requirement) -> bool:
    """Return whether whoever meets `more` meets `less` as well."""
    return (
        more.minimum >= less.minimum
        and more.resist_minimum >= less.resist_minimum
        and set(more.resists) >= set(less.resists)
        and more.approvals >= less.approvals
        and more.in_person_only >= less.in_person_only
    )
