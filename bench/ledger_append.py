"""How fast the ledger appends, beside the floor under it (two bare SHA-256 a leaf) and beside pymerkle in memory."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256

from mfadesk.ledger.merkle import Frontier, hash_leaf

LEAF_BYTES = 256
"""About what one event's leaf takes."""


@dataclass(frozen=True, slots=True)
class AppendRates:
    """Leaves a second, each the best of its rounds.

    `ours` makes a frontier a leaf, as the one commit does; `bulk` counts a ledger again; `floor` is two bare SHA-256 a leaf;
    `peer` is pymerkle, or None where it was not asked for.
    """

    leaves: int
    ours: float
    bulk: float
    floor: float
    peer: float | None

    @property
    def of_floor(self) -> float:
        """Our rate as a share of the floor's."""
        return self.ours / self.floor


def measure_append(leaves: int = 200_000, rounds: int = 5, peer_leaves: int = 0) -> AppendRates:
    """Return the rates, the rounds of ours and the floor taken in turn so that both see the same machine."""
    data = [index.to_bytes(LEAF_BYTES, "big") for index in range(leaves)]
    ours = bulk = floor = 0.0
    for _ in range(rounds):
        floor = max(floor, leaves / _seconds(_hash_twice, data))
        ours = max(ours, leaves / _seconds(_append, data))
        bulk = max(bulk, leaves / _seconds(_extend, data))
    peer = peer_leaves / _seconds(_append_peer, data[:peer_leaves]) if peer_leaves else None
    return AppendRates(leaves, ours, bulk, floor, peer)


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
    print(f"append {rates.ours:,.0f}/s ({rates.of_floor:.2f} of the floor {rates.floor:,.0f}/s), bulk {rates.bulk:,.0f}/s")
    print(f"pymerkle {rates.peer:,.0f}/s")
