"""`mfadesk upgrade`: brings a desk's tables and files up to this version. Does nothing where nothing waits."""

from __future__ import annotations

import typer

from mfadesk.cli.grants import HINT
from mfadesk.cli.home import HomeOption, YesOption, agree, count_waiting, find_home, prepare, wake

app = typer.Typer()


@app.command()
def upgrade(home: HomeOption = None, yes: YesOption = False) -> None:
    """Run the migrations of this version. Stop the desk and back it up first.

    Example: mfadesk upgrade --home desk
    """
    desk_home = find_home(home)
    wake(desk_home)
    waiting = count_waiting()
    typer.echo(f"{waiting} migrations wait." if waiting else "The tables are up to date.")
    if waiting:
        agree("Run them now?", yes)
    prepare(desk_home)
    from django.db import connection

    typer.echo("Up to date.")
    if connection.vendor == "postgresql":
        typer.echo(HINT)
