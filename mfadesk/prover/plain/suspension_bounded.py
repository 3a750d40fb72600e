"""Switching off is cheap since it ends by itself; giving back is not."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from mfadesk.assurance.model import Policy
from mfadesk.prover.plain.populations import find_sufficient
from mfadesk.runbook.model import Runbook

NAME = "suspension-bounded"
SENTENCE = (
    "Suspending takes one proof and never none, of every tier, without approvals and without a wait; on that it lasts a day at the most and happens "
    "once a day. Giving back takes what a replacement takes. Where a loss is reported, the runbook suspends."
)
URGENT_GOALS = frozenset({"report_loss", "stop_prompts"})
LONGEST_S = 24 * 3_600


def over(runbook: Runbook, policy: Policy | None) -> Iterable[tuple[str, str]]:
    """Yield what is wrong with suspending and giving back in this runbook under this policy."""
    steps = runbook.steps.values()
    asked = [step for step in steps if step.kind == "decide" and step.action == "suspend_authenticator"]
    if URGENT_GOALS & set(runbook.goals) and not (asked and any("suspend_old" in step.verbs for step in steps)):
        yield runbook.start, "Somebody who reports a loss or strange prompts cannot have anything suspended here."
    if policy is None:
        return
    for step in asked:
        if wrong := find_unbounded(policy):
            yield step.id, f'"{step.title}": {wrong}'
    for step in steps:
        if "restore_old" in step.verbs and (wrong := find_cheap_restoring(policy)):
            yield step.id, f'"{step.title}": {wrong}'


@lru_cache(maxsize=16)
def find_unbounded(policy: Policy) -> str:
    """Return, in a sentence, how policy makes a suspension dear, free or long; "" where it does not."""
    for (action, tier, threat), requirement in policy.requirements.items():
        if action != "suspend_authenticator":
            continue
        if requirement.minimum <= 0:
            return f"policy has a suspension of {tier} ({threat}) for nothing."
        if requirement.approvals or requirement.in_person_only or requirement.grace_s:
            return f"policy makes a suspension of {tier} ({threat}) wait for more than a proof."
        if not any(len(one.methods) == 1 for one in find_sufficient(policy, requirement)):
            return f"no single proof is enough to suspend for {tier} ({threat})."
    if policy.limits.low_proof_suspension_s > LONGEST_S or policy.limits.suspensions_per_day > 1:
        return "policy lets a suspension on little proof last longer than a day, or happen more than once in one."
    return ""


@lru_cache(maxsize=16)
def find_cheap_restoring(policy: Policy) -> str:
    """Return the first tier for which giving back takes less than a replacement, in a sentence; "" where none does."""
    for (action, tier, threat), asked in policy.requirements.items():
        if action != "restore_account":
            continue
        full = policy.requirements.get(("replace_authenticator", tier, threat))
        if full is None or not (
            asked.minimum >= full.minimum
            and set(asked.resists) >= set(full.resists)
            and asked.resist_minimum >= full.resist_minimum
            and asked.approvals >= full.approvals
        ):
            return f"policy gives back for {tier} ({threat}) on less than a replacement takes."
    return ""
