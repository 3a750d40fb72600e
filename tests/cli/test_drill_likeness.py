"""Two moments are alike only where the same follows: whatever a decision, an effect or the engine still reads makes them differ."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import timedelta

import pytest
from django.db import connection

from mfadesk.cases.approvals import Approval, Ask, digest_of_bundle
from mfadesk.cases.parts import EffectState, Verdict
from mfadesk.cases.state import CaseState
from mfadesk.cli.drills.likeness import COVERED, find_likeness
from mfadesk.cli.drills.scenery import AN_HOUR_S, hire, set_stage, switch_off
from mfadesk.cli.drills.stage import World

WORLD = World("typical", frozenset({"managed_device_signin", "callback_on_file"}), 1.0)
SAID = {"authenticator": "works", "kind": "hardware_token", "new_device": "new_token"}


@pytest.fixture
def stage(throwaway):
    stage = set_stage(throwaway, hire(throwaway), WORLD, tier="standard", employment="active", kind="hardware_token")
    stage.open("replace_token", SAID, (), "phone")
    stage.enter_code()
    return stage


def with_answers(state, **answers):
    return replace(state, answers={**state.answers, **answers})


def approvals(state, now, **changes):
    ask = Ask("replace_authenticator", "x", 1, ("1",), now, now + timedelta(hours=4), "refused", "approver", now, "n", "r")
    return replace(state, ask=replace(ask, **changes))


def approved(state, now, over):
    yes = Approval("replace_authenticator", "staff:7", over, now, now + timedelta(hours=4), "n", "r")
    return replace(state, approvals=(yes,))


def test_whatever_is_still_read_makes_two_moments_differ(stage):
    state, now = stage.state, stage.throwaway.clock.now()
    verdict = Verdict("replace_authenticator", True, now, now, now + timedelta(hours=1), 50, 45, (), (), "")
    # No later step asks or decides by these answers, and yet they say what proves something and what may be set up.
    late = replace(state, step="set-up")
    asked = approvals(state, now)
    moments = [
        state,
        late,
        # The same token is aimed at, and only in one of them does it prove nothing any more.
        with_answers(late, authenticator="gone"),
        with_answers(late, new_device="tomorrow"),
        replace(state, resynced=stage.old),
        replace(state, resync_failures=2),
        replace(state, new_authenticator=stage.old),
        replace(state, bypass="eff_1"),
        replace(state, policy_digest="another"),
        replace(state, hands=state.hands | {"staff:99"}),
        replace(state, voided=(verdict,)),
        replace(state, verdicts={verdict.action: verdict}),
        replace(state, chosen_kind="hotp"),
        replace(state, said=state.said | {"prove"}),
        replace(state, reported=True),
        replace(state, effects={"eff_1": EffectState("eff_1", "grant_bypass", "", "done", now)}),
        asked,
        approvals(state, now, asked=("1", "2")),
        approvals(state, now, until=now + timedelta(hours=3)),
        approvals(state, now, over=digest_of_bundle(state, "replace_authenticator")),
        approved(state, now, "something else"),
        approved(state, now, digest_of_bundle(state, "replace_authenticator")),
    ]
    likenesses = [find_likeness(stage, moment) for moment in moments]
    for index, likeness in enumerate(likenesses):
        assert likenesses.index(likeness) == index, f"moments {likenesses.index(likeness)} and {index} are taken for one"


def test_a_way_in_at_the_provider_makes_a_moment_differ(stage):
    before = find_likeness(stage, stage.state)
    stage.throwaway.executor.provider.grant_bypass("person", "eff_1", 600)
    assert find_likeness(stage, stage.state) != before


def test_what_another_case_of_the_person_did_makes_a_moment_differ(throwaway):
    if connection.vendor != "sqlite":
        pytest.skip("a drill always plays on SQLite in memory, whose snapshots it returns to")
    shift = hire(throwaway)
    mark, found = throwaway.mark(), []
    for reported in (False, True):
        throwaway.return_to(mark)
        stage = set_stage(throwaway, shift, WORLD, tier="standard", employment="active", kind="app")
        if reported:
            # Today nothing more is suspended on little proof, though the provider shows the same again.
            switch_off(stage, "app")
            throwaway.executor.provider.resume("person", stage.old, "key")
        else:
            stage.open("report_loss", {}, (), "phone")
            stage.wait(AN_HOUR_S)
        stage.open("replace_device", {}, (), "phone")
        found.append((stage.see().holdings.authenticators[0].state, find_likeness(stage, stage.state)))
    assert [state for state, _likeness in found] == ["active", "active"]
    assert found[0] != found[1]


def test_what_is_covered_is_there(stage):
    assert {field.name for field in fields(CaseState)} >= COVERED
