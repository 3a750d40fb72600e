"""How fast the ledger appends, beside the floor under it (two bare SHA-256 a leaf) and beside pymerkle in memory."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from statistics import median

from mfadesk.ledger.merkle import Frontier, hash_leaf

LEAF_BYTES = 256
"""About what one event's leaf takes."""


@dataclass(frozen=True, slots=True)
class AppendRates:
    """Leaves a second, each the median of its rounds, and our shares of the floor, each the median over rounds of the same moment.

    `ours` makes a frontier a leaf, as the one commit does; `bulk` counts a ledger again; `floor` is two bare SHA-256 a leaf;
    `peer` is pymerkle, or None where it was not asked for.
    """

    leaves: int
    ours: float
    bulk: float
    floor: float
    of_floor: float
    bulk_of_floor: float
    peer: float | None


def measure_append(leaves: int = 200_000, rounds: int = 7, peer_leaves: int = 0) -> AppendRates:
    """Return the rates; each round takes the floor and both of ours in turn, so that all three see the same machine."""
    data = [index.to_bytes(LEAF_BYTES, "big") for index in range(leaves)]
    runs = [tuple(leaves / _seconds(work, data) for work in (_hash_twice, _append, _extend)) for _ in range(rounds)]
    floor, ours, bulk = (median(rates) for rates in zip(*runs, strict=True))
    return AppendRates(
        leaves=leaves,
        ours=ours,
        bulk=bulk,
        floor=floor,
        of_floor=median(run[1] / run[0] for run in runs),
        bulk_of_floor=median(run[2] / run[0] for run in runs),
        peer=peer_leaves / _seconds(_append_peer, data[:peer_leaves]) if peer_leaves else None,
    )


def _append(data: Sequence[bytes]) -> None:
    frontier = Frontier()
    for leaf in data:
        frontier = frontier.append(hash_leaf(leaf))
    frontier.root()


def _extend(data: Sequence[bytes]) -> None:
    Frontier().extend(map(hash_leaf, data)).root()


def _hash_twice(data: Sequence[bytes]) -> None:
    node = bytes(64)
    for leaf in data:
        sha256(leaf).digest()
        sha256(node).digest()


def _append_peer(data: Sequence[bytes]) -> None:
    from pymerkle import InmemoryTree

    tree = InmemoryTree(algorithm="sha256")
    for leaf in data:
        tree.append_entry(leaf)


def _seconds(work: Callable[[Sequence[bytes]], None], data: Sequence[bytes]) -> float:
    begin = time.perf_counter()
    work(data)
    return time.perf_counter() - begin


if __name__ == "__main__":
    rates = measure_append(peer_leaves=20_000)
    print(f"floor {rates.floor:,.0f}/s; append {rates.ours:,.0f}/s = {rates.of_floor:.2f}", end="; ")
    print(f"bulk {rates.bulk:,.0f}/s = {rates.bulk_of_floor:.2f}; pymerkle {rates.peer:,.0f}/s")
