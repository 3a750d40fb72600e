"""`mfadesk runbook`: the author's tools. `lint` reads and proves, `show` prints an outline or draws the map; see runbook_exchange for more."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mfadesk.assurance.policy import load_policy
from mfadesk.cli.prove import read_runbooks
from mfadesk.cli.runbook_exchange import diff, export, find_runbook, take_in
from mfadesk.drawing.flow_map import draw_flow_map
from mfadesk.kernel.errors import Invalid
from mfadesk.prover.prove import prove
from mfadesk.runbook.walk import outline

app = typer.Typer(help="Write, look at and compare runbooks.", no_args_is_help=True, add_completion=False)
app.command()(diff)
app.command()(export)
app.command(name="import")(take_in)


@app.callback()
def _group() -> None:
    """Write, look at and compare runbooks."""


@app.command()
def lint(
    paths: Annotated[list[Path] | None, typer.Argument(metavar="[PATH]…", help="Runbooks; the shelf otherwise.")] = None,
) -> None:
    """Say what is wrong with runbooks, one line a mistake, as file:line:column: sentence. Exit 1 when something is.

    Example: mfadesk runbook lint runbooks/phone.yaml
    """
    policy = load_policy()
    wrong = 0
    for group in [[path] for path in paths or []] or [[]]:
        try:
            books = read_runbooks(group)
        except Invalid as error:
            typer.echo(str(error))
            wrong += 1
            continue
        for book in books:
            for finding in prove(book, policy).findings:
                wrong += 1
                typer.echo(f"{book.steps[finding.step].place}: {finding.sentence} [{finding.rule}]")
    typer.echo("Nothing is wrong." if not wrong else f"{wrong} to mend.")
    raise typer.Exit(1 if wrong else 0)


@app.command()
def show(
    which: Annotated[str, typer.Argument(metavar="ID_OR_FILE", help="A runbook of the shelf, or a file.")],
    svg: Annotated[Path | None, typer.Option("--svg", metavar="FILE", help="Write the flow map there.")] = None,
) -> None:
    """Print a runbook as an outline in words; with --svg, also draw its flow map.

    Example: mfadesk runbook show device-replacement --svg map.svg
    """
    book = find_runbook(which)
    typer.echo(f"{book.title} (version {book.version}, digest {book.digest[:16]})")
    typer.echo(book.summary)
    typer.echo("")
    for line in outline(book):
        typer.echo(line)
    if svg:
        try:
            svg.write_text(draw_flow_map(book, standalone=True), encoding="utf-8")
        except OSError as error:
            raise Invalid(str(svg), f"cannot be written: {error.strerror}") from error
        typer.echo(f"\nThe flow map is in {svg}.")
