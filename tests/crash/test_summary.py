"""What the crash harness says in one line counts every run and names what differed."""

from __future__ import annotations

import json
from pathlib import Path

from tests.crash.summary import add_up, name_difference

RESULTS = Path(__file__).resolve().parents[2] / "bench" / "results"
EXPECTED = {"done": {"suspend_old": 1, "remove_old": 1}}


def test_an_end_that_differs_is_lost_twice_or_a_broken_ledger():
    assert name_difference({"done": {"suspend_old": 2, "remove_old": 1}}, EXPECTED) == "twice"
    assert name_difference({"cases": 2}, EXPECTED) == "twice"
    assert name_difference({"cases": 0}, EXPECTED) == "lost"
    assert name_difference({"done": {"suspend_old": 1, "remove_old": 0}}, EXPECTED) == "lost"
    assert name_difference({"ledger": "entry 4 does not fit"}, EXPECTED) == "ledger_broken"


def test_reports_add_up_in_the_shape_that_scripts_read():
    one = {
        "database": "sqlite", "provider": "lab", "points_of_a_road": {"executor": 3, "web": 2}, "states_compared": 6,
        "differences": [{"kind": "lost"}],
    }  # fmt: skip
    other = one | {"database": "postgresql", "differences": [{"kind": "twice"}, {"kind": "twice"}]}
    assert add_up([one, other]) == {
        "points": 10, "runs": 12, "lost": 1, "twice": 2, "ledger_broken": 0, "databases": ["postgresql", "sqlite"], "providers": ["lab"],
    }  # fmt: skip


def test_the_committed_reports_add_up():
    told = add_up(json.loads(path.read_text(encoding="utf-8")) for path in sorted(RESULTS.glob("crash-*.json")))
    assert told["runs"] > 0 and told["points"] > 0
