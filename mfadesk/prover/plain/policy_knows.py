"""No policy bound means refuse; so a runbook that asks for it can only refuse."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product as pairs
from typing import get_args

from mfadesk.assurance.model import Policy, ThreatLevel
from mfadesk.ports.people import TIERS
from mfadesk.runbook.model import Runbook

NAME = "policy-knows"
SENTENCE = "Policy has a requirement for every action that is proved or decided, for every tier and threat level."


def over(runbook: Runbook, policy: Policy | None) -> Iterable[tuple[str, str]]:
    """Yield each verify or decide step whose action policy leaves open somewhere."""
    for step in runbook.steps.values():
        if step.kind not in ("verify", "decide"):
            continue
        if not step.action:
            yield step.id, f'"{step.title}" names no action.'
        elif policy is not None:
            for tier, threat in pairs(TIERS, get_args(ThreatLevel)):
                if (step.action, tier, threat) not in policy.requirements:
                    yield step.id, f"Policy demands nothing of {tier} for {step.action.replace('_', ' ')}, so it is refused."
                    break
