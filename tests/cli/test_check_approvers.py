"""`check` says whether a desk has as many people who can approve as policy may ask for, and one more."""

from __future__ import annotations

import pytest

from mfadesk.cli.drills.approvers import hire_approver
from mfadesk.cli.findings_desk import approvers
from tests.road.play import add_staff


@pytest.mark.parametrize(("how_many", "level"), [(0, "warn"), (2, "warn"), (3, "ok")])
def test_it_takes_one_more_approver_than_policy_asks_for(throwaway, how_many, level):
    for number in range(how_many):
        hire_approver(throwaway, f"approver{number}")
    found = {finding.id: finding for finding in approvers(throwaway.desk.home)}
    assert found["approvers"].level == level
    assert f"{how_many} people" in found["approvers"].sentence


def test_an_approver_whom_the_directory_does_not_know_is_named(throwaway):
    add_staff("nobody_knows", ["approver"])
    found = {finding.id: finding for finding in approvers(throwaway.desk.home)}
    assert "nobody_knows" in found["untied_approvers"].sentence
