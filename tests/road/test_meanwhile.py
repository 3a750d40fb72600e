"""What somebody else commits between two looks of the executor is no forgery: it looks again, and stops nothing."""

from __future__ import annotations

from contextlib import contextmanager

import pytest
from django.db import connection

from mfadesk.executor.directory_watch import DirectoryWatch
from mfadesk.executor.ledger_watch import LedgerWatch
from mfadesk.kernel.errors import Broken, Unavailable
from mfadesk.operations import work_case
from mfadesk.operations.directory_seal import seal_directory
from mfadesk.operations.people import get_person
from mfadesk.operations.sayings import NOTICED
from mfadesk.store.models import CaseRow, EventRow, PersonRow
from tests.road.play import Play


@pytest.fixture
def play(throwaway):
    play = Play(throwaway)
    play.person("hazel")
    play.open(get_person("p_hazel"))
    return play


@contextmanager
def before_each(query, act, times=1):
    """Do `act` before each of the first `times` queries that hold all the words of `query`."""
    left = [times]

    def watch(execute, sql, *rest):
        if left[0] and all(word in sql for word in query.split()):
            left[0] -= 1
            act()
        return execute(sql, *rest)

    with connection.execute_wrapper(watch):
        yield
    assert left[0] == 0, "it happened as often as was meant"


def case_of(play):
    return CaseRow.objects.get().id


ROWS_OF_A_CASE = 'store_eventrow "case_id" = ORDER "seq"'


def test_an_event_between_counting_and_looking_at_its_case_is_counted_too(play):
    case, watch = case_of(play), LedgerWatch(play.desk)
    with before_each(ROWS_OF_A_CASE, lambda: note(play, case)):
        watch.require_whole(case)
    watch.require_whole(case)


def note(play, case):
    # With the wrapper in place the events that this reads are not the ones that were meant.
    connection.execute_wrappers, kept = [], connection.execute_wrappers
    try:
        heard = play.state(case).signals
        work_case.note_signal(play.desk, play.operator, case, next(signal for signal in NOTICED if signal not in heard))
    finally:
        connection.execute_wrappers = kept


def test_an_entry_beyond_the_head_is_forged_however_often_one_looks(play):
    case, watch = case_of(play), LedgerWatch(play.desk)
    last = EventRow.objects.filter(case_id=case).latest("seq")
    last.leaf_index, last.seq = last.leaf_index + 1_000, last.seq + 1
    last.save(force_insert=True)
    with pytest.raises(Broken, match="beyond the ledger's head"):
        watch.require_whole(case)


def test_a_checkpoint_that_another_executor_signs_meanwhile_is_not_beyond_the_ledger(play):
    case = case_of(play)

    def go_on():
        note(play, case)
        LedgerWatch(play.desk).sign_checkpoint()

    with before_each("store_treehead SELECT", go_on):
        LedgerWatch(play.desk).require_whole(case)
    with before_each("leaf store_eventrow leaf_index", go_on):
        LedgerWatch(play.desk).require_whole(case)


def test_an_import_between_head_and_rows_costs_another_look(play):
    key, watch = play.throwaway.executor.keys.receipt, DirectoryWatch(play.desk)

    def import_anew():
        PersonRow.objects.filter(pk="p_hazel").update(job="Chief")
        seal_directory(key, play.clock.now())

    with before_each("store_personrow SELECT", import_anew):
        assert watch.get("p_hazel").job == "Chief"
    with before_each("store_personrow SELECT", lambda: seal_directory(key, play.clock.now())):
        watch.require_whole()
    with before_each("store_personseal SELECT", import_anew, times=5), pytest.raises(Unavailable):
        watch.find("p_hazel")
