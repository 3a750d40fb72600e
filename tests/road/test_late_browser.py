"""The browser comes late: nothing is replaced before one is bound, and a suspension ends whatever browser came after it."""

from __future__ import annotations

import pytest

from mfadesk.cli.drills.scenery import hire, set_stage
from mfadesk.cli.drills.stage import World
from mfadesk.kernel.errors import Refusal
from mfadesk.operations import codes, sessions, work_case
from mfadesk.operations.judgement import available_methods, newest_sight

A_DAY_AND_MORE_S = 90_000


@pytest.fixture
def stage(throwaway):
    world = World("late", frozenset({"in_person_badge", "video_photo_on_file"}), used_days=1)
    return set_stage(throwaway, hire(throwaway), world, tier="standard", employment="active", kind="app")


def old_of(stage):
    return next(a for a in stage.see().holdings.authenticators if a.id == stage.old)


def test_what_operators_attested_before_the_code_was_entered_suffices_once_it_is(stage):
    stage.open("replace_device", {"authenticator": "gone", "kind": "app", "new_device": "spare_key"}, frozenset(), "in_person")
    stage.prove("in_person_badge")
    assert stage.state.step_kind == "verify"
    assert old_of(stage).state == "active"
    stage.enter_code()
    stage.throwaway.settle()
    assert stage.state.step_kind == "enrol"
    stage.set_up()
    assert stage.state.outcome == "changed"


def suspend_without_a_browser(stage):
    stage.open("report_loss", {"authenticator": "gone", "kind": "app"}, frozenset(), "phone")
    stage.prove("video_photo_on_file")
    assert old_of(stage).state == "suspended"


def test_a_suspension_ends_after_a_day_though_a_browser_was_bound_after_it(stage):
    suspend_without_a_browser(stage)
    stage.enter_code()
    stage.wait(A_DAY_AND_MORE_S)
    assert old_of(stage).state == "active"


def test_a_suspension_ends_after_a_day_though_the_case_was_frozen_and_thawed(stage):
    suspend_without_a_browser(stage)
    desk, operator = stage.throwaway.desk, stage.shift.operators[0].actor
    code = codes.read_code(desk, stage.case_id)
    sessions.redeem_code(desk, "192.0.2.7", code)
    with pytest.raises(Refusal):
        sessions.redeem_code(desk, "192.0.2.8", code)
    work_case.thaw(desk, operator, stage.case_id)
    stage.wait(A_DAY_AND_MORE_S)
    assert old_of(stage).state == "active"


def test_what_an_authenticator_proved_counts_for_nothing_once_it_is_said_to_be_gone(throwaway):
    world = World("early", frozenset({"totp_existing", "manager_portal"}), used_days=1, spare_token=False)
    stage = set_stage(throwaway, hire(throwaway), world, tier="standard", employment="active", kind="app")
    stage.open("replace_device", {}, frozenset(), "phone")
    stage.enter_code()
    stage.prove("totp_existing")
    assert [piece.evidence.method for piece in stage.state.pieces] == ["totp_existing"]
    for step, value in (("still-works", "gone"), ("what-kind", "app"), ("device-at-hand", "spare_key")):
        stage.answer(step, value)
    stage.prove("manager_portal")
    assert stage.state.step_kind == "verify"
    assert old_of(stage).state == "active"


def test_nobody_is_seen_on_video_where_no_service_carries_the_call(stage):
    stage.throwaway.scene.set_factor("person", "video_photo_on_file", available=False)
    stage.open("report_loss", {"authenticator": "gone"}, frozenset(), "phone")
    sight, _ = newest_sight(stage.person.id)
    able = available_methods(stage.state, stage.person, sight, stage.throwaway.desk.policy)
    assert "in_person_badge" in able and "video_photo_on_file" not in able
    with pytest.raises(Refusal, match="no service"):
        stage.prove("video_photo_on_file")
    assert stage.state.pieces == ()
