"""The rules about walks, one file each. A rule looks either at one situation (`at`) or at the product as a whole (`over`).

Rules that need no walk stand in `plain`.
"""

from __future__ import annotations

from mfadesk.prover.rules import (
    barred_stay_out,
    decide_follows_verify,
    evidence_suffices,
    guards_total,
    last_resistant_kept,
    need_first,
    new_is_tested,
    no_dead_end,
    old_is_removed,
    outcome_honest,
    paths_end,
    person_told,
    steps_reached,
    successor_first,
    suspension_owned,
    suspension_reachable,
)
from mfadesk.prover.rules.kinds import GraphRule, StateRule

STATE_RULES: tuple[StateRule, ...] = (
    evidence_suffices,
    decide_follows_verify,
    need_first,
    barred_stay_out,
    no_dead_end,
    suspension_reachable,
    new_is_tested,
    successor_first,
    last_resistant_kept,
    old_is_removed,
    suspension_owned,
    outcome_honest,
    person_told,
)
GRAPH_RULES: tuple[GraphRule, ...] = (
    paths_end,
    steps_reached,
    guards_total,
)
