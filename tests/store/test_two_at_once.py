"""Several processes on one database file or server, at the same moment. What SQLite gets from its one writer, PostgreSQL gets
from locks, and both must come out alike: nothing lost, nothing counted twice, leaves without a gap."""

from __future__ import annotations

import os
import threading
from collections import Counter

import pytest
from django.db import connection, connections

from mfadesk.executor.ledger_watch import LedgerWatch
from mfadesk.kernel.errors import Refusal
from mfadesk.operations import throttle, work_case
from mfadesk.store.models import EventRow, RequestRow, Throttle, TreeHead
from tests.road.play import Play

AT_ONCE = 8

pytestmark = pytest.mark.skipif(
    not os.environ.get("MFADESK_DATABASE_URL"),
    reason="threads share SQLite's database in memory; tests/crash has processes on a file",
)


@pytest.fixture
def play(throwaway):
    return Play(throwaway)


def at_once(work, times: int = AT_ONCE) -> list:
    """Run `work(n)` in that many threads that start together; return what each returned or raised."""
    told, barrier = [], threading.Barrier(times)

    def one(n: int) -> None:
        try:
            barrier.wait(10)
            told.append(work(n))
        except Exception as error:
            told.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=one, args=(n,)) for n in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return told


def test_first_tries_at_one_moment_are_all_counted(play):
    def try_once(_n: int) -> int:
        with play.desk.unit():
            return throttle.count_try("guess:192.0.2.1", limit=5, window_s=60, now=play.clock.now())

    told = at_once(try_once)
    assert sorted(x for x in told if isinstance(x, int)) == [1, 2, 3, 4, 5]
    assert [x.code for x in told if isinstance(x, Refusal)] == ["too_many_tries"] * 3
    assert Throttle.objects.get().count == 5


def test_two_commands_on_one_case_are_built_upon_each_other_and_none_is_sent_away(play):
    case = play.open(play.person("hazel"))
    before = play.state(case).seq

    def note(_n: int) -> None:
        with play.desk.unit() as unit:
            draft = play.desk.draft(unit.load(case), "staff:1")
            draft.emit("pressure_noted")
            unit.commit(draft)

    assert at_once(note) == [None] * AT_ONCE
    assert play.state(case).seq == before + AT_ONCE


def test_leaves_have_no_gap_however_many_write(play):
    cases = [play.open(play.person(f"person{n}")) for n in range(AT_ONCE)]

    def answer(n: int) -> None:
        state = play.state(cases[n])
        work_case.answer(play.desk, play.operator, cases[n], state.step, "unknown")

    assert at_once(answer) == [None] * AT_ONCE
    size = TreeHead.objects.get().size
    assert list(EventRow.objects.order_by("leaf_index").values_list("leaf_index", flat=True)) == list(range(size))
    LedgerWatch(play.desk).require_whole()


def test_two_executors_answer_a_question_once(play):
    rows = [f"req_{n}" for n in range(4)]
    now = play.clock.now()
    for row in rows:
        RequestRow.objects.create(id=row, kind="checkpoint", case_id="", box=b"x", state="new", created_at=now, expires_at=now)
    answered: Counter[str] = Counter()
    executor = play.throwaway.executor
    original = type(executor)._open

    def work(_n: int) -> None:
        while executor._answer_one():
            pass

    def counting(self, row):
        answered[row.id] += 1
        return original(self, row)

    type(executor)._open = counting
    try:
        assert at_once(work, 3) == [None] * 3
    finally:
        type(executor)._open = original
    assert answered == dict.fromkeys(rows, 1)
    assert connection.vendor == "postgresql"
