"""The results of a run as a page for people: the machine, every bar with what was reached, and what bounds it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

INTRODUCTION = """# How fast, measured

`make bench` writes this page and `latest.json`. Every row is a ratio of two things that were measured in the same run, in rounds that take
turns, so that other work on the machine meets both; a ratio above 1 means that ours is the faster. Trust ratios, not rates: a rate says
how fast this machine's disk and processor were at that minute.
"""
BUSY = """
**The machine was busy** ({load} processes wanted its {cores} cores when the run began). A slow disk or a crowded core brings the two sides of a
row that waits for it nearer together, so run `make bench` on a quiet machine before you quote anything.
"""


def to_page(found: Mapping[str, Any]) -> str:
    """Return the page in Markdown. found: what stands in latest.json."""
    machine, rows = found["machine"], found["rows"]
    aims = [row for row in rows if row["target"]]
    missed = [row["id"] for row in aims if not row["met"]]
    verdict = f"{len(aims) - len(missed)} of {len(aims)} bars are met" + (f"; not met: {', '.join(missed)}." if missed else ".")
    lines = [
        INTRODUCTION,
        f"Machine: {machine['processor']}, {machine['cores']} cores, {machine['memory_gib']} GiB, {machine['system']}, Python"
        f" {machine['python']}, SQLite {machine['sqlite']}. Commit {found['commit'] or 'unknown'}.",
        "",
        f"Its disk kept 4 KiB for good {machine['syncs_a_second']:,} times a second. The slower a disk, the nearer to 1 is every row in which"
        " both sides wait for it, the one commit above all.",
        BUSY.format(load=f"{machine['load_before']:g}", cores=machine["cores"])
        if machine["load_before"] > machine["cores"] / 2
        else "",
        f"{verdict} Rows without a bar stand here to be read beside those that have one.",
        "",
        "| | what, beside what | ours | peer | unit | ratio | bar | |",
        "|---|---|--:|--:|---|--:|--:|---|",
        *(_line(row) for row in rows),
        "",
        "## What bounds each",
        "",
        *(f"- **{row['id']}**: {row['bound'].rstrip('.')}." for row in rows if row["bound"]),
    ]
    return "\n".join(lines) + "\n"


def _line(row: Mapping[str, Any]) -> str:
    bar = f"{row['target']:g}" if row["target"] else ""
    met = ("met" if row["met"] else "**not met**") if row["target"] else ""
    ours, peer = (f"{value:,.0f}" if value >= 100 else f"{value:,.2f}" for value in (row["ours"], row["peer"]))
    return f"| {row['id']} | {row['what']} | {ours} | {peer} | {row['unit']} | {row['ratio']:.2f} | {bar} | {met} |"
