"""`mfadesk drill FILE`: every scenario through the real operations; attacks must end without effect, honest callers be served."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Annotated, Any

import typer

app = typer.Typer()


@app.command()
def drill(
    file: Annotated[Path, typer.Argument(help="Scenarios, in the form of cli/drills/example.yaml.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")] = False,
) -> None:
    """Play scenarios through the real desk, in a throwaway one with a clock of its own.

    Example: mfadesk drill scenarios.yaml
    """
    from mfadesk.cli.drills.scenario import read_scenarios
    from mfadesk.cli.throwaway import open_throwaway, set_up_django

    scenarios = read_scenarios(file)
    # A throwaway desk goes back in time, which no database that somebody works with shall do.
    os.environ.pop("MFADESK_DATABASE_URL", None)
    with tempfile.TemporaryDirectory(prefix="mfadesk-drill-") as folder:
        home = set_up_django(Path(folder))
        from mfadesk.cli.drills.play import Drill

        drill = Drill(open_throwaway(home, durable=False, seals=False))
        results = []
        for scenario in scenarios:
            results.append(drill.play(scenario))
            if not as_json:
                typer.echo(_line(results[-1]))
                for note in results[-1].get("notes", ()):
                    typer.echo(f"       {note}")
    report = summarise(results)
    if as_json:
        typer.echo(json.dumps(report, ensure_ascii=False))
    else:
        typer.echo(
            f"{report['attacks_stopped']} of {report['attacks']} attacks stopped, {report['legitimate_served']} of "
            f"{report['legitimate']} honest callers served, {report['skipped']} skipped."
        )
    sys.exit(0 if all(r["passed"] or "skipped" in r for r in results) else 1)


def summarise(results: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the report; what was skipped counts apart."""
    played = [r for r in results if "skipped" not in r]
    attacks = [r for r in played if r["kind"] == "attack"]
    honest = [r for r in played if r["kind"] == "legitimate"]
    return {
        "results": results,
        "attacks": len(attacks),
        "attacks_stopped": sum(r["passed"] for r in attacks),
        "legitimate": len(honest),
        "legitimate_served": sum(r["passed"] for r in honest),
        "skipped": len(results) - len(played),
    }


def _line(result: dict[str, Any]) -> str:
    mark = "skipped" if "skipped" in result else "ok" if result["passed"] else "FAILED"
    return f"{result['id']:<6} {mark:<8} {result['decision']:<18} {result.get('skipped') or result['why']}"
