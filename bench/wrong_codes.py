"""Whether the time of an answer tells what kind of wrong a code is: never given out, run out, replaced, of a case that is over or taken.

The same page is asked in turn with each kind, from a place of its own each time. How well a guesser could tell two kinds apart by one
answer's time is the chance that an answer of the one took longer than one of the other (the area under the curve); a half is no
better than tossing a coin. The ratio is one at a half and nothing where one glance would do.
"""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from statistics import median

from bench.rows import Row, print_rows

ROUNDS = 150
TARGET = 0.7
A_QUARTER_S = 900
DRAWN = re.compile(rb'name="csrfmiddlewaretoken" value="[A-Za-z0-9]{64}"')
"""What every page draws afresh."""

EVERY = 60
"""Rounds after which the clock moves on, so that the limit on all guesses together is never met."""

NEVER, OVER, REPLACED, CLOSED, TAKEN = "never given out", "run out", "replaced", "of a closed case", "taken"


def measure(home: Path) -> list[Row]:
    """Return one row for each kind of wrong beside a code that was never given out. Raises AssertionError where an answer differs."""
    from django.test import Client

    from mfadesk.cli.throwaway import open_throwaway
    from mfadesk.operations.desk import serve_desk
    from mfadesk.operations.sessions import NOT_OPEN
    from tests.road.play import Play

    throwaway = open_throwaway(home, seed=0)
    serve_desk(throwaway.desk)
    found = _codes(Play(throwaway))
    # By the host that the desk answers to: any other is turned away before a code is looked at.
    client, took, answers = Client(SERVER_NAME="localhost"), {kind: [] for kind in found}, set()  # type: ignore[var-annotated]
    for turn in range(ROUNDS):
        if turn % EVERY == EVERY - 1:
            throwaway.clock.advance(A_QUARTER_S)
        for place, kind in enumerate(_turned(list(found), turn)):
            source = f"10.{turn}.{place}.1"
            began = time.perf_counter()
            answer = client.post("/me/code", {"code": found[kind]}, REMOTE_ADDR=source)
            took[kind].append(time.perf_counter() - began)
            if NOT_OPEN.encode() not in answer.content:
                raise AssertionError(f"status {answer.status_code}: this is not the answer to a wrong code")
            answers.add((answer.status_code, DRAWN.sub(b"", answer.content.replace(found[kind].encode(), b""))))
    if len(answers) != 1:
        raise AssertionError(f"{len(answers)} different answers to wrong codes")
    return [
        Row(
            f"wrong_code_{kind.split()[-1]}", f"the time of the answer to a code that is {kind}, beside one that was {NEVER}",
            median(took[kind]) * 1000, median(took[NEVER]) * 1000, "ms", _alike(took[kind], took[NEVER]), TARGET,
            "one look-up by a keyed hash, and one count by source, whatever the code is",
        )
        for kind in (OVER, REPLACED, CLOSED, TAKEN)
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
    from mfadesk.kernel.errors import Refusal
    from mfadesk.kernel.ids import SystemRandomness
    from mfadesk.operations import codes, sessions, work_case

    found = {NEVER: new_case_code(SystemRandomness())}
    cases = {kind: play.open(play.person(kind.split()[-1])) for kind in (OVER, REPLACED, CLOSED)}  # type: ignore[attr-defined]
    for kind, case in cases.items():
        found[kind] = codes.read_code(play.desk, case) or ""  # type: ignore[attr-defined]
    codes.new_code(play.desk, play.operator, cases[REPLACED])  # type: ignore[attr-defined]
    work_case.end_case(play.desk, play.operator, cases[CLOSED], "caller_hung_up")  # type: ignore[attr-defined]
    play.clock.advance(codes.CODE_LIFE_S + 1)  # type: ignore[attr-defined]
    # In force, and two browsers have entered it: the one who sees it frozen first costs a commit more, each one after that is alike.
    case = play.open(play.person("taken"))  # type: ignore[attr-defined]
    found[TAKEN] = codes.read_code(play.desk, case) or ""  # type: ignore[attr-defined]
    sessions.redeem_code(play.desk, "192.0.2.1", found[TAKEN])  # type: ignore[attr-defined]
    with suppress(Refusal):
        sessions.redeem_code(play.desk, "192.0.2.2", found[TAKEN])  # type: ignore[attr-defined]
    return found


if __name__ == "__main__":
    from mfadesk.cli.throwaway import set_up_django

    print_rows(measure(set_up_django()))
