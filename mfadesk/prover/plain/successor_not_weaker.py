"""Where policy wants a passkey or a key, a road that cannot give one ends nowhere."""

from __future__ import annotations

from collections.abc import Iterable

from mfadesk.assurance.model import Policy
from mfadesk.ports.provider import PHISHING_RESISTANT
from mfadesk.runbook.model import Runbook

NAME = "successor-not-weaker"
SENTENCE = "Where policy wants a passkey or a security key in some tier, every enrolment offers one; the desk offers nothing else there."


def over(runbook: Runbook, policy: Policy | None) -> Iterable[tuple[str, str]]:
    """Yield each enrolment that could not give what policy wants for a decision of this runbook."""
    if policy is None:
        return
    decided = {step.action for step in runbook.steps.values() if step.kind == "decide"}
    tiers = sorted({r.tier for (action, _, _), r in policy.requirements.items() if action in decided and r.passkey_only})
    for step in runbook.steps.values():
        if step.kind == "enrol" and tiers and not PHISHING_RESISTANT & set(step.kinds):
            yield step.id, f'"{step.title}" offers no passkey and no security key, which policy wants of {", ".join(tiers)}.'
