"""No one trick is enough, whatever it is called."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from mfadesk.assurance.model import Policy
from mfadesk.prover.plain.populations import find_disagreement
from mfadesk.runbook.model import Runbook

NAME = "evidence-resists"
SENTENCE = (
    "For whatever gives somebody a way in, policy names compromises that may be given away for free, one at a time, for every tier; "
    "and no set of methods that the decision allows falls to one of them."
)
GIVES_NOTHING = frozenset({"suspend_authenticator", "resync_authenticator"})


def over(runbook: Runbook, policy: Policy | None) -> Iterable[tuple[str, str]]:
    """Yield each decide step whose action could be had by one compromise."""
    if policy is None:
        return
    for step in runbook.steps.values():
        if step.kind == "decide" and step.action and (wrong := find_weak(policy, step.action)):
            yield step.id, f'"{step.title}" decides to {step.action.replace("_", " ")}: {wrong}'


@lru_cache(maxsize=64)
def find_weak(policy: Policy, action: str) -> str:
    """Return, in a sentence, the first tier in which one free compromise is enough for `action`; "" where none is."""
    for (name, tier, threat), requirement in policy.requirements.items():
        if name != action:
            continue
        if action not in GIVES_NOTHING and (not requirement.resists or requirement.resist_minimum <= 0):
            return f"policy demands of {tier} ({threat}) nothing that resists a single compromise."
        if requirement.minimum <= 0:
            return f"policy demands of {tier} ({threat}) nothing at all."
        if wrong := find_disagreement(policy, requirement):
            return f"of {tier} ({threat}) it takes {' and '.join(sorted(wrong))}, which policy calls too little."
    return ""
