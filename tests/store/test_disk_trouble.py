"""A disk that is full, and one that may only be read: a sentence that says what to do, nothing half written, nothing granted."""

from __future__ import annotations

import pytest
from django.db import connection

from mfadesk.kernel.errors import Unavailable
from mfadesk.operations import sessions, work_case
from mfadesk.store.lock import writer_lock
from mfadesk.store.models import CaseRow, EffectRow, EventRow, TreeHead
from tests.road.people import with_laptop
from tests.road.play import Play


@pytest.fixture
def play(throwaway):
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL's disk is its server's")
    return Play(throwaway)


def everything():
    return (
        list(EventRow.objects.order_by("leaf_index").values_list("leaf_index", "leaf")),
        list(CaseRow.objects.values_list()), list(EffectRow.objects.order_by("id").values_list("id", "state")),
        TreeHead.objects.get().size,
    )  # fmt: skip


def fill(play, case) -> tuple[Unavailable, tuple]:
    """Write until there is no room; return what was said, and all that stood before the write that failed."""
    for _ in range(400):
        before = everything()
        try:
            work_case.note_pressure(play.desk, play.operator, case)
            with play.desk.unit() as unit:
                draft = play.desk.draft(unit.load(case), "staff:1")
                for _ in range(20):
                    draft.emit("pressure_noted")
                unit.commit(draft)
        except Unavailable as error:
            return error, before
    raise AssertionError("the disk was never full")


def test_a_full_disk_in_the_middle_of_a_case_stops_it_whole_and_room_lets_it_go_on(play):
    hazel, old, case, passkey = with_laptop(play)
    browser = play.redeem(case)
    with connection.cursor() as cursor:
        pages, most = (cursor.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "max_page_count"))
        cursor.execute(f"PRAGMA max_page_count = {pages}")
        error, before = fill(play, case)
        assert "full" in error.sentence and "administrator" in error.sentence
        after = everything()
        # The last round may have written its first note; what failed left nothing.
        assert after[3] == len(after[0]) and after[3] - before[3] in (0, 1)
        assert play.authenticator(hazel, old).state == "active"
        cursor.execute(f"PRAGMA max_page_count = {most}")
    browser.confirm()
    browser.prove_with_passkey(passkey)
    browser.set_up_totp_and_test()
    assert play.state(case).outcome == "changed"


def test_a_database_that_may_only_be_read_is_named_and_nothing_is_granted(play):
    hazel = play.person("hazel")
    case = play.open(hazel)
    browser = play.redeem(case)
    before = everything()
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA query_only = ON")
        try:
            for command in (
                lambda: work_case.note_pressure(play.desk, play.operator, case),
                lambda: sessions.confirm(play.desk, browser.session, True),
                lambda: play.open(hazel),
            ):
                with pytest.raises(Unavailable, match="read-only"):
                    command()
        finally:
            cursor.execute("PRAGMA query_only = OFF")
    assert everything() == before


def test_a_folder_that_cannot_be_written_is_named_before_anything_is_tried(tmp_path):
    with pytest.raises(Unavailable, match="cannot be written"), writer_lock(tmp_path / "gone" / "desk.lock"):
        raise AssertionError("the block must not run")
