"""Rules that look at a runbook and a policy as they are written, without walking. One file each; no search is used here.

The prover asks them, and so does the small checker of certificates, which shares nothing with the search.
"""

from __future__ import annotations

from mfadesk.prover.model import PlainRule
from mfadesk.prover.plain import (
    approvals_found,
    bypass_bounded,
    effects_converge,
    evidence_resists,
    loops_bounded,
    policy_knows,
    proof_possible,
    secrets_not_handled,
    successor_not_weaker,
    suspension_bounded,
    target_named,
    texts_keep_secrets,
    waits_end,
)

PLAIN_RULES: tuple[PlainRule, ...] = (
    waits_end,
    loops_bounded,
    policy_knows,
    evidence_resists,
    proof_possible,
    target_named,
    bypass_bounded,
    approvals_found,
    suspension_bounded,
    successor_not_weaker,
    effects_converge,
    texts_keep_secrets,
    secrets_not_handled,
)
