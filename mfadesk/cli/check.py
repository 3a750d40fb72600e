"""`mfadesk check`: everything that must be right before calls come in, each finding with what to do. Changes nothing."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING

import typer

from mfadesk.cli.home import HomeOption, JsonOption, find_home, wake
from mfadesk.kernel.errors import Invalid, MfadeskError

if TYPE_CHECKING:
    from mfadesk.cli.findings import Finding
    from mfadesk.store.home import Home

app = typer.Typer()
MARKS = {"ok": "ok  ", "warn": "WARN", "fail": "FAIL"}
COLOURS = {"ok": typer.colors.GREEN, "warn": typer.colors.YELLOW, "fail": typer.colors.RED}


@app.command()
def check(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Look at configuration, database, keys, provider, mail, policy and runbooks. Exit status 1 where something fails.

    Example: mfadesk check --home desk
    """
    found = run_checks(find_home(home))
    if as_json:
        typer.echo(json.dumps({"findings": [asdict(finding) for finding in found]}, ensure_ascii=False))
    else:
        for finding in found:
            typer.secho(MARKS[finding.level], fg=COLOURS[finding.level], nl=False)
            typer.echo(f"  {finding.sentence}")
            if finding.what_to_do and finding.level != "ok":
                typer.echo(f"        {finding.what_to_do}")
    if any(finding.level == "fail" for finding in found):
        raise typer.Exit(1)


def run_checks(home: Home) -> list[Finding]:
    """Return every finding. A check that itself falls over is a finding, never a crash."""
    from mfadesk.cli import findings_desk, findings_home
    from mfadesk.cli.findings import Finding

    found = _collect(findings_home.CHECKS, home)
    try:
        wake(home)
    except Invalid as error:
        return [
            *found,
            Finding("settings", "fail", f"The settings contradict each other: {error.what}", "Change desk.toml as it says."),
        ]
    found.append(Finding("settings", "ok", "The settings do not contradict each other.", ""))
    answers = _collect((findings_desk.database,), home)
    if any(finding.level == "fail" for finding in answers):
        # Everything else is read from the tables: one sentence that says what to do is better than ten that say the same.
        return found + answers
    return found + answers + _collect(findings_desk.CHECKS, home)


def _collect(checks: Iterable[Callable[[Home], Iterable[Finding]]], home: Home) -> list[Finding]:
    from mfadesk.cli.findings import Finding

    found: list[Finding] = []
    for one in checks:
        try:
            found += one(home)
        except PermissionError as error:
            found.append(
                Finding(
                    one.__name__,
                    "warn",
                    f"This user may not read {error.filename}.",
                    "Run `mfadesk check` as the other user as well.",
                )
            )
        except MfadeskError as error:
            found.append(Finding(one.__name__, "fail", error.sentence, "See the sentence."))
        except Exception as error:
            found.append(
                Finding(
                    one.__name__,
                    "fail",
                    f"Could not be looked at: {type(error).__name__}.",
                    "Run with MFADESK_DEBUG=1 and report it.",
                )
            )
    return found
