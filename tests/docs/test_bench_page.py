"""The page of bench results says which bars were missed, and that a busy machine measured them."""

from __future__ import annotations

from bench.page import to_page

ROW = {"what": "a thing beside another", "ours": 2.0, "peer": 1.0, "unit": "things/s", "ratio": 2.0, "bound": "the disk"}
MACHINE = {
    "processor": "A", "cores": 2, "memory_gib": 4, "system": "Linux", "python": "3.11", "sqlite": "3.40", "load_before": 0.1,
    "syncs_a_second": 9000,
}  # fmt: skip


def show(load: float = 0.1) -> str:
    rows = [
        {**ROW, "id": "quick", "target": 1, "met": True},
        {**ROW, "id": "slow", "target": 3, "met": False},
        {**ROW, "id": "aside", "target": 0, "met": True},
    ]
    return to_page({"machine": {**MACHINE, "load_before": load}, "commit": "abc", "rows": rows})


def test_a_missed_bar_is_named_and_a_row_without_one_is_not_counted():
    page = show()
    assert "1 of 2 bars are met; not met: slow." in page
    assert "| slow | a thing beside another | 2.00 | 1.00 | things/s | 2.00 | 3 | **not met** |" in page
    assert "| aside | a thing beside another | 2.00 | 1.00 | things/s | 2.00 |  |  |" in page


def test_a_busy_machine_is_said():
    assert "The machine was busy" not in show()
    assert "The machine was busy" in show(load=9)
