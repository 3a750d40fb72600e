"""Words that must be the same whatever the reason, so that nobody learns the reason from them."""

from __future__ import annotations

REFUSAL_SPEECH = "I can't finish this on this call. I'm opening a check. We'll reach you on details we already hold."
"""The one text for every refusal. A runbook may not write its own: a second wording would tell two refusals apart."""
