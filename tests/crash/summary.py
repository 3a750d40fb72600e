"""The reports of several crash runs as one line of JSON, in the shape that scripts rely on. `make crash` prints it last.

python -m tests.crash.summary REPORT.json ...
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

KINDS = ("lost", "twice", "ledger_broken")


def name_difference(found: Mapping[str, Any], expected: Mapping[str, Any]) -> str:
    """Return which of `KINDS` an end is that differs from the one without a death: what is more is done twice, the rest is lost."""
    if "ledger" in found:
        return "ledger_broken"
    done, wanted = found.get("done", {}), expected.get("done", {})
    more = found.get("cases", 1) > 1 or any(done.get(verb, 0) > times for verb, times in wanted.items())
    return "twice" if more else "lost"


def add_up(reports: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return points, runs and differences of all reports together, and on what they ran."""
    told = list(reports)
    kinds = [difference["kind"] for report in told for difference in report["differences"]]
    return {
        "points": sum(sum(report["points_of_a_road"].values()) for report in told),
        "runs": sum(report["states_compared"] for report in told),
        **{kind: kinds.count(kind) for kind in KINDS},
        "databases": sorted({report["database"] for report in told}),
        "providers": sorted({report["provider"] for report in told}),
    }


if __name__ == "__main__":
    print(json.dumps(add_up(json.loads(Path(name).read_text(encoding="utf-8")) for name in sys.argv[1:])))
