"""The ledger's append beside two bare hashes a leaf, and beside pymerkle in memory."""

from __future__ import annotations

from bench.ledger_append import measure_append
from bench.rows import Row, print_rows

FLOOR_TARGET, PEER_TARGET = 0.5, 5


def measure() -> list[Row]:
    """Return the rows of one run."""
    rates = measure_append(peer_leaves=20_000)
    bound = "one Python call and one tuple a leaf around the two hashes"
    return [
        Row("ledger_append_floor", "a salted leaf appended, beside two bare SHA-256", rates.ours, rates.floor, "leaves/s",
            rates.of_floor, FLOOR_TARGET, bound),
        Row("ledger_append_pymerkle", "a leaf appended, beside pymerkle in memory", rates.ours, rates.peer or 0.0, "leaves/s",
            rates.ours / (rates.peer or 1.0), PEER_TARGET, bound),
    ]  # fmt: skip


if __name__ == "__main__":
    print_rows(measure())
