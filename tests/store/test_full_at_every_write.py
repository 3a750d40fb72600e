"""The disk is full at one write, for each write of a whole road in turn: nothing half done, nothing granted, and the next try goes on.

The fault is SQLite's own error raised in place of the statement, once; what was begun is rolled back as it would be.
"""

from __future__ import annotations

import contextlib

import pytest
from django.db import OperationalError, connection

from mfadesk.kernel.errors import MfadeskError
from mfadesk.operations import prove
from mfadesk.store.copying import count_ledger
from mfadesk.store.models import CaseRow, EventRow
from tests.road.play import PUBLIC_URL, Play

WRITES = ("INSERT", "UPDATE", "DELETE")


class Full:
    """Counts the writes that pass, and lets the one numbered `at` meet a full disk."""

    def __init__(self, at: int = 0) -> None:
        self.at, self.seen, self.met = at, 0, False

    def __call__(self, execute, sql, params, many, context):
        if sql.lstrip().startswith(WRITES):
            self.seen += 1
            if self.seen == self.at:
                self.met = True
                raise OperationalError("database or disk is full")
        return execute(sql, params, many, context)


@pytest.fixture
def play(throwaway):
    if connection.vendor != "sqlite":
        pytest.skip("each write begins from one moment of the database, which is taken on SQLite")
    return Play(throwaway)


def steps_of(play):
    """The road, one step at a time; each does again from the beginning whatever was not done."""
    hazel = play.person("hazel")
    play.scene.add_authenticator("hazel", "totp", "Phone", last_used_at=play.days_ago(2), created_at=play.days_ago(400))
    _, passkey = play.scene.add_passkey("hazel", "Laptop", "passkey", last_used_at=play.days_ago(1))
    held = {"passkey": passkey}

    def open_():
        held["case"] = play.open(hazel)

    def answer():
        play.answer(held["case"], authenticator="gone", new_device="at_hand", restored="name_only")

    def redeem():
        held["browser"] = play.redeem(held["case"])

    def confirm():
        held["browser"].confirm()
        play.settle()

    def prove_it():
        # A real one counts on with each signature, also with one that came to nothing.
        session = held["browser"].session
        options = prove.begin_passkey(play.desk, session)
        held["passkey"], response = held["passkey"].sign(options, PUBLIC_URL)
        prove.finish_passkey(play.desk, session, response)
        play.settle()

    def set_up():
        held["browser"].set_up_totp_and_test()

    return held, [open_, answer, redeem, confirm, prove_it, set_up]


def require_whole(play):
    """Nothing half written: every case's row is where its events are, and the ledger counts."""
    count_ledger()
    for row in CaseRow.objects.all():
        assert row.seq == EventRow.objects.filter(case_id=row.id).count() == play.state(row.id).seq
        play.throwaway.executor.watch.require_whole(row.id)


def reached(play, held):
    """Return how far the case came."""
    state = play.state(held["case"])
    return state.status, state.step, state.outcome, state.confirmed, bool(state.verdicts), state.session is not None


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_disk_that_is_full_at_any_one_write_leaves_nothing_half_done_and_the_next_try_goes_on(play):
    held, steps = steps_of(play)
    # The stage is set: what the play itself writes to seal it is no write of the desk's.
    play.throwaway.seal_directory()
    play.throwaway.seals = False
    tried = 0
    for step in steps:
        before, kept = play.throwaway.mark(), dict(held)
        count = Full()
        with connection.execute_wrapper(count):
            step()
        after, done, goal = play.throwaway.mark(), dict(held), reached(play, held)
        for number in range(1, count.seen + 1):
            play.throwaway.return_to(before)
            held.clear()
            held.update(kept)
            full = Full(number)
            with connection.execute_wrapper(full), contextlib.suppress(MfadeskError):
                step()
            require_whole(play)
            assert all(play.state(row.id).outcome != "changed" for row in CaseRow.objects.all()) or step is steps[-1]
            # Room again, and time for what was put off.
            play.clock.advance(90)
            play.settle()
            if "case" not in held or reached(play, held) != goal:
                step()
            require_whole(play)
            assert reached(play, held) == goal, (step.__name__, number)
            tried += full.met
        play.throwaway.return_to(after)
        held.update(done)
    assert play.state(held["case"]).outcome == "changed"
    assert tried > 50
