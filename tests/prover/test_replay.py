"""Every counter-example replays in the real engine to the bad state; what is proved never gets there."""

from __future__ import annotations

from collections import Counter

from hypothesis import HealthCheck, given, settings

from mfadesk.prover.prove import prove
from mfadesk.prover.rules import STATE_RULES
from mfadesk.runbook.shelf import load_shelf
from tests.prover.mutants import find_circle, many_mutants
from tests.prover.replay import CannotPlay, play, read_world
from tests.prover.slow import FIXED, wrong_here
from tests.prover.test_prover_agrees import runbooks

WALKED = {rule.NAME for rule in STATE_RULES}
WIDER = {
    "a decision is always one or the other, at once",
    "decided before",
    "no step of the engine waits for a suspension to be lifted",
    "the engine took another way",
    "there is nothing that this could be done to",
}
"""What the prover allows for and the engine never does. Whatever else keeps a counter-example from being played is a fault."""


def replay(book, finding):
    """Return whether the engine comes to the step, and raise where the rule then holds in what the events say."""
    try:
        game = play(book, finding.path)
    except CannotPlay as reason:
        return str(reason)
    decides = any(step.kind == "decide" for step in book.steps.values())
    urgent = bool({"report_loss", "stop_prompts"} & set(book.goals))
    world = read_world(game, finding.path.end)
    wrong = set(wrong_here(book.steps[finding.path.end], world, decides, urgent, FIXED))
    assert finding.rule in wrong, (finding.rule, finding.path, world)
    return "replayed"


def test_counter_examples_on_random_runbooks_replay_in_the_engine():
    fates: Counter[str] = Counter()

    @settings(max_examples=150, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(runbooks())
    def every(book):
        for finding in prove(book, None).findings:
            if finding.rule in WALKED and finding.path is not None:
                fates[replay(book, finding)] += 1

    every()
    assert fates["replayed"] > 100, fates
    assert fates["replayed"] >= 0.3 * fates.total(), fates


def test_counter_examples_on_the_broken_shelf_replay_in_the_engine():
    fates: Counter[str] = Counter()
    for book in load_shelf().values():
        for mutant in many_mutants(book)[::10]:
            if find_circle(mutant.book):
                continue
            for finding in prove(mutant.book, None).findings:
                if finding.rule in WALKED and finding.path is not None:
                    fates[replay(mutant.book, finding)] += 1
    assert fates["replayed"] > 150
    assert fates.keys() - {"replayed"} <= WIDER, fates
    assert fates["replayed"] >= 0.9 * fates.total(), fates
