"""Whether the time of an answer tells what kind of wrong a code is: never given out, run out, replaced, or of a case that is over.

The same page is asked in turn with each kind, from a place of its own each time. How well a guesser could tell two kinds apart by one
answer's time is the chance that an answer of the one took longer than one of the other (the area under the curve); a half is no
better than tossing a coin. The ratio is one at a half and nothing where one glance would do.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from bench.rows import Row, print_rows

ROUNDS = 150
TARGET = 0.7
A_QUARTER_S = 900
EVERY = 60
"""Rounds after which the clock moves on, so that the limit on all guesses together is never met."""

NEVER, OVER, REPLACED, CLOSED = "never given out", "run out", "replaced", "of a closed case"


def measure(home: Path) -> list[Row]:
    """Return one row for each kind of wrong beside a code that was never given out. Raises AssertionError where an answer differs."""
    from django.test import Client

    from mfadesk.cli.throwaway import open_throwaway
    from mfadesk.operations.desk import serve_desk
    from tests.road.play import Play

    throwaway = open_throwaway(home, seed=0)
    serve_desk(throwaway.desk)
    found = _codes(Play(throwaway))
    client, took, answers = Client(), {kind: [] for kind in found}, set()  # type: ignore[var-annotated]
    for turn in range(ROUNDS):
        if turn % EVERY == EVERY - 1:
            throwaway.clock.advance(A_QUARTER_S)
        for place, kind in enumerate(_turned(list(found), turn)):
            source = f"10.{turn}.{place}.1"
            began = time.perf_counter()
            answer = client.post("/me/code", {"code": found[kind]}, REMOTE_ADDR=source)
            took[kind].append(time.perf_counter() - began)
            answers.add((answer.status_code, answer.content.replace(found[kind].encode(), b"")))
    if len(answers) != 1:
        raise AssertionError(f"{len(answers)} different answers to wrong codes")
    return [
        Row(
            f"wrong_code_{kind.split()[-1]}", f"the time of the answer to a code that is {kind}, beside one that was {NEVER}",
            median(took[kind]) * 1000, median(took[NEVER]) * 1000, "ms", _alike(took[kind], took[NEVER]), TARGET,
            "one look-up by a keyed hash, and one count by source, whatever the code is",
        )
        for kind in (OVER, REPLACED, CLOSED)
    ]  # fmt: skip


def _turned(kinds: list[str], turn: int) -> list[str]:
    """Return the kinds in another order each turn, so that none is always measured behind the same one."""
    at = turn % len(kinds)
    return kinds[at:] + kinds[:at]


def _alike(one: Sequence[float], other: Sequence[float]) -> float:
    """Return one where the two cannot be told apart by a single time, and nothing where they always can."""
    longer = sum((a > b) + 0.5 * (a == b) for a in one for b in other) / (len(one) * len(other))
    return 1 - 2 * abs(longer - 0.5)


def _codes(play: object) -> dict[str, str]:
    """Return one code of each kind."""
    from mfadesk.kernel.case_code import new_case_code
    from mfadesk.kernel.ids import SystemRandomness
    from mfadesk.operations import codes, work_case

    found = {NEVER: new_case_code(SystemRandomness())}
    cases = {kind: play.open(play.person(kind.split()[-1])) for kind in (OVER, REPLACED, CLOSED)}  # type: ignore[attr-defined]
    for kind, case in cases.items():
        found[kind] = codes.read_code(play.desk, case) or ""  # type: ignore[attr-defined]
    codes.new_code(play.desk, play.operator, cases[REPLACED])  # type: ignore[attr-defined]
    work_case.end_case(play.desk, play.operator, cases[CLOSED], "caller_hung_up")  # type: ignore[attr-defined]
    play.clock.advance(codes.CODE_LIFE_S + 1)  # type: ignore[attr-defined]
    return found


if __name__ == "__main__":
    from mfadesk.cli.throwaway import set_up_django

    print_rows(measure(set_up_django()))
