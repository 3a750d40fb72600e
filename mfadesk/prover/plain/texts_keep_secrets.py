"""What the operator says aloud is heard by whoever called."""

from __future__ import annotations

import re
from collections.abc import Iterable

from mfadesk.assurance.model import Policy
from mfadesk.runbook.model import Runbook
from mfadesk.runbook.speech import REFUSAL_SPEECH

NAME = "texts-keep-secrets"
SENTENCE = "Words for the caller reveal no method, no threshold and no reason, and ask nobody to speak a secret."

REVEALING: tuple[tuple[str, str], ...] = (
    (r"manager|supervisor|line lead|colleague|vouch\w*", "a method"),
    (r"passkey|fido2?|recovery code|backup code|sms|text message|badge|passport|id card|selfie|video call", "a method"),
    (r"(call|ring)(ing)? (you )?back on|number (on file|we have)|managed (laptop|device)|intune", "a method"),
    (r"points?|score|threshold|per ?cent|minimum|enough proof|more proof", "a threshold"),
    (r"(one|two|three|\d+) (more )?(tries|attempts|factors|proofs)|(tries|attempts) (left|remaining)", "a threshold"),
    (r"because|suspicious|fraud\w*|risk\w*|flagged|campaign|impostor|attack\w*|sim swap", "a reason"),
    (r"(number|address|manager|photo|password) (was |has )?(been )?changed|recently changed|quarantine", "a reason"),
)
"""Words that tell a caller which proofs exist, how much is needed, or why the desk says no. Whole words, any case."""

SPOKEN_SECRET = re.compile(
    r"\b(read|tell|say|spell|give|dictate)\b(?:(?!\bnobody\b|\bnever\b)[^.?!]){0,40}\b(codes?|password|pin|secret|passphrase)\b",
    re.IGNORECASE,
)
"""No path asks anybody to speak what proves or signs in: a voice carries it to whoever listens."""

_PATTERNS = tuple((re.compile(rf"\b(?:{words})\b", re.IGNORECASE), what) for words, what in REVEALING)


def over(runbook: Runbook, policy: Policy | None) -> Iterable[tuple[str, str]]:
    """Yield each step whose spoken words give something away."""
    names = {method.name.lower() for method in policy.methods.values()} if policy else set()
    for step in runbook.steps.values():
        if step.outcome == "refused" and step.say != REFUSAL_SPEECH:
            yield step.id, f'"{step.title}" refuses in words of its own; a second wording tells two refusals apart.'
            continue
        for pattern, what in _PATTERNS:
            if found := pattern.search(step.say):
                yield step.id, f'"{step.title}" says "{found.group(0)}" aloud, which reveals {what}.'
        for name in sorted(names):
            if len(name) > 3 and name in step.say.lower():
                yield step.id, f'"{step.title}" says "{name}" aloud, which reveals a method.'
        if found := SPOKEN_SECRET.search(f"{step.say} {step.tell}"):
            yield step.id, f'"{step.title}" asks somebody to speak a secret: "{found.group(0)}".'
