"""A case's state is copied for every event: the quick copy is held against `dataclasses.replace`."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mfadesk.cases.state import CaseState, _with


def test_the_quick_copy_is_the_standard_one() -> None:
    state = CaseState("case_1", answers={"kind": "app"})
    assert _with(state, status="open", seq=3) == replace(state, status="open", seq=3)
    assert state == CaseState("case_1", answers={"kind": "app"})


def test_a_name_that_no_case_has_is_an_error() -> None:
    with pytest.raises(TypeError, match="stauts"):
        _with(CaseState("case_1"), stauts="open")
