"""Break every shipped runbook by machine, at least 300 times, and see what the prover says. `make mutants`.

Whether a mutant is unsafe is judged by the interpreter in `tests/prover/slow.py`, which shares no code with the prover, by the
shape of the runbook, and, for words, by how the damage was made. Writes bench/results/mutants.json and mutants.md.

    python -m bench.mutants [RUNBOOK …]      only these, and nothing is written
"""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

from bench.rows import describe_machine, find_commit
from mfadesk.assurance.policy import load_policy
from mfadesk.prover.prove import prove
from mfadesk.runbook.shelf import load_shelf
from tests.prover.mutants import MANY, explain_miss, find_unsafe, many_mutants

RESULTS = Path(__file__).parent / "results"


def measure(name: str, most: int | None = None) -> dict[str, Any]:
    """Return what became of the mutants of one runbook; `most` takes every n-th, so that about so many are looked at."""
    began, policy = time.perf_counter(), load_policy()
    found = many_mutants(load_shelf()[name])
    looked_at = found[:: max(1, len(found) // most)] if most else found
    counts: Counter[str] = Counter()
    kinds: dict[str, Counter[str]] = {}
    rules: Counter[str] = Counter()
    misses: list[dict[str, str]] = []
    for mutant in looked_at:
        proof = prove(mutant.book, policy)
        unsafe = find_unsafe(mutant)
        caught = not proof.proved
        fate = ("caught" if caught else "missed") if unsafe else "objected" if caught else "passed"
        counts[fate] += 1
        kinds.setdefault(mutant.kind if " + " not in mutant.kind else "two at once", Counter())[fate] += 1
        rules.update({finding.rule for finding in proof.findings})
        if fate == "missed":
            told = {"kind": mutant.kind, "where": mutant.where, "unsafe": unsafe}
            misses.append({**told, "explained": explain_miss(mutant, unsafe)})
    print(f"… {name}: {len(looked_at)} mutants", file=sys.stderr, flush=True)
    return {
        "runbook": name, "mutants": len(looked_at), "unsafe": counts["caught"] + counts["missed"], "caught": counts["caught"],
        "missed": counts["missed"], "safe": counts["objected"] + counts["passed"], "objected_all_the_same": counts["objected"],
        "kinds": {kind: dict(fates) for kind, fates in sorted(kinds.items())}, "rules": dict(rules.most_common()),
        "misses": misses, "seconds": round(time.perf_counter() - began, 1),
    }  # fmt: skip


def main(names: list[str]) -> int:
    """Measure, print the table and return 0; 1 where a miss has no explanation."""
    with ProcessPoolExecutor(2) as pool:
        rows = list(pool.map(measure, names or sorted(load_shelf())))
    table = _table(rows)
    print(table)
    if not names:
        document = {"machine": describe_machine(), "commit": find_commit(), "least_per_runbook": MANY, "runbooks": rows}
        (RESULTS / "mutants.json").write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        (RESULTS / "mutants.md").write_text(table, encoding="utf-8")
    return 0 if all(miss["explained"] for row in rows for miss in row["misses"]) else 1


def _table(rows: list[dict[str, Any]]) -> str:
    sums = {
        key: sum(row[key] for row in rows) for key in ("mutants", "unsafe", "caught", "missed", "safe", "objected_all_the_same")
    }
    lines = [
        "# The shipped runbooks, broken by machine",
        "",
        "Unsafe: by an interpreter that shares no code with the prover, by shape, or by how words were damaged. Remade by `make mutants`.",
        "",
        "| runbook | mutants | unsafe | caught | missed | safe | objected to all the same |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in [*rows, {"runbook": "**all**", **sums}]:
        lines.append(
            f"| {row['runbook']} | {row['mutants']} | {row['unsafe']} | {row['caught']} | {row['missed']} | {row['safe']} "
            f"| {row['objected_all_the_same']} |"
        )
    lines += ["", "## What was missed, one by one", ""]
    misses = [(row["runbook"], miss) for row in rows for miss in row["misses"]]
    for name, miss in misses:
        lines.append(f"- {name}, {miss['kind']} at {miss['where']}: {miss['unsafe']}. {miss['explained'] or 'NOT EXPLAINED.'}")
    if not misses:
        lines.append("Nothing.")
    lines += ["", "## Kinds of damage", "", "| damage | caught | missed | objected | passed as safe |", "|---|---|---|---|---|"]
    kinds: dict[str, Counter[str]] = {}
    for row in rows:
        for kind, fates in row["kinds"].items():
            kinds.setdefault(kind, Counter()).update(fates)
    for kind, fates in sorted(kinds.items()):
        lines.append(f"| {kind} | {fates['caught']} | {fates['missed']} | {fates['objected']} | {fates['passed']} |")
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
