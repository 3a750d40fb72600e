"""What an operator never touches, nobody can buy from them."""

from __future__ import annotations

import re
from collections.abc import Iterable

from mfadesk.assurance.model import Policy
from mfadesk.runbook.model import Runbook

NAME = "secrets-not-handled"
SENTENCE = "No words ask an operator to see, note, type, send or pass on a code, a password or any other secret."

_NOUNS = r"(?:codes?|passwords?|pins?|secrets?|seeds?|qr(?: codes?)?|passphrases?|one-time pass(?:es)?)"
HANDLED = re.compile(
    r"\b(?:note|write|copy|type|enter|send|forward|mail|set|choose|ask for|take down|look up|generate|create|pass on|hand over)\b"
    rf"(?:(?!\b(?:nobody|never|not|they|the person|their page|yourself)\b)[^.?!;]){{0,32}}\b{_NOUNS}\b",
    re.IGNORECASE,
)
"""A verb of handling and a secret within one sentence, unless the sentence says that it is not done, or that the person does it."""


def over(runbook: Runbook, policy: Policy | None) -> Iterable[tuple[str, str]]:
    """Yield each step whose words for the operator's eyes put a secret into the operator's hands."""
    for step in runbook.steps.values():
        if found := HANDLED.search(step.do):
            yield step.id, f'"{step.title}" has the operator handle a secret: "{found.group(0)}".'
