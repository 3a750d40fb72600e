"""Walks made by machine take every step, every edge, every deadline and every ending of the shelf, in the real engine, and none goes wrong."""

from __future__ import annotations

import itertools

import pytest

from mfadesk.prover.demands import Demands
from mfadesk.prover.product import Product, _Walker, explore
from mfadesk.runbook.model import Hop, Path
from mfadesk.runbook.shelf import load_shelf
from mfadesk.runbook.walk import DEADLINE_EDGE
from tests.prover.replay import CannotPlay, play, read_world
from tests.prover.slow import SHIPPED, wrong_here


def walks_over(product: Product):
    """Yield walks that take each arrow between two situations after each arrow that leads to it, and go on to an end.

    After each, since the engine asks nothing twice: a question is only asked where the walk did not bring its answer along.
    """
    walker = _Walker(product.runbook)
    where = {(node.step.id, node.known, node.facts): index for index, node in enumerate(product.nodes)}

    def arrows(index: int):
        for edge, to, known, facts, assumed in walker.moves(product.nodes[index]):
            yield Hop(product.nodes[index].step.id, edge, assumed), where[to, walker.prune(known, to), facts]

    into: dict[int, list[tuple[int, Hop]]] = {index: [] for index in range(len(product.nodes))}
    for index in range(len(product.nodes)):
        for hop, after in arrows(index):
            into[after].append((index, hop))
    for index in range(len(product.nodes)):
        ways = [[*product.path_to(before).hops, hop] for before, hop in into[index]] or [[]]
        for begun, (hop, after) in itertools.product(ways, list(arrows(index))):
            hops, here = [*begun, hop], after
            while product.nodes[here].step.kind != "end":
                onward, here = next(iter(arrows(here)))
                hops.append(onward)
            yield Path(product.runbook.id, tuple(hops), product.nodes[here].step.id)


@pytest.mark.parametrize("name", sorted(load_shelf()))
def test_every_step_edge_deadline_and_ending_is_taken_in_the_engine_and_nothing_goes_wrong(name):
    book = load_shelf()[name]
    wanted = {(step.id, index) for step in book.steps.values() for index in range(len(step.edges))}
    # The executor decides in the same commit in which the proof is enough; a wait for approvals has an end of its own, which leads
    # where a refusal leads (tests/road/test_approvals.py). So nothing ever waits on the deadline of a decide step.
    wanted |= {(step.id, DEADLINE_EDGE) for step in book.steps.values() if step.deadline and step.kind != "decide"}
    taken, steps, endings = set(), set(), set()
    urgent = bool({"report_loss", "stop_prompts"} & set(book.goals))
    decides = any(step.kind == "decide" for step in book.steps.values())
    for path in walks_over(explore(book, Demands(None))):
        if {(hop.step, hop.edge) for hop in path.hops} <= taken and path.end in endings:
            continue
        try:
            game = play(book, path)
        except CannotPlay:
            continue
        taken |= {(hop.step, hop.edge) for hop in path.hops}
        steps |= set(game.state.visited)
        endings.add(game.state.ending)
        assert game.state.status == "closed"
        assert game.state.ending == path.end
        for step_id in game.state.visited:
            assert not list(wrong_here(book.steps[step_id], read_world(game, step_id), decides, urgent, SHIPPED)), (
                step_id,
                path,
            )
    assert steps == book.steps.keys()
    assert endings == {step.id for step in book.steps.values() if step.kind == "end"}
    assert taken == wanted, sorted(wanted - taken)
