"""The rules, one file each. A rule looks either at one situation (`at`) or at the runbook as a whole (`over`)."""

from __future__ import annotations

from mfadesk.prover.model import GraphRule, StateRule
from mfadesk.prover.rules import (
    approvals_found,
    bypass_bounded,
    decide_follows_verify,
    evidence_suffices,
    guards_total,
    loops_bounded,
    need_first,
    new_is_tested,
    old_is_removed,
    outcome_honest,
    paths_end,
    person_told,
    policy_knows,
    steps_reached,
    successor_first,
    suspension_owned,
    target_named,
    texts_keep_secrets,
    waits_end,
)

STATE_RULES: tuple[StateRule, ...] = (
    evidence_suffices,
    decide_follows_verify,
    need_first,
    new_is_tested,
    successor_first,
    old_is_removed,
    suspension_owned,
    outcome_honest,
    person_told,
)
GRAPH_RULES: tuple[GraphRule, ...] = (
    waits_end,
    paths_end,
    loops_bounded,
    steps_reached,
    guards_total,
    policy_knows,
    target_named,
    bypass_bounded,
    approvals_found,
    texts_keep_secrets,
)
