"""`mfadesk grants`: what the database roles of web and executor may do on PostgreSQL, as SQL or done at once."""

from __future__ import annotations

from typing import Annotated

import typer

from mfadesk.cli.home import HomeOption, find_home, wake
from mfadesk.kernel.errors import Refusal

app = typer.Typer()
HINT = "Web and executor should each have a database role of their own: `mfadesk grants --help` says how, here and after each upgrade."


@app.command()
def grants(
    home: HomeOption = None,
    web: Annotated[str, typer.Option(help="The role of `serve` and `worker`.")] = "desk_web",
    executor: Annotated[str, typer.Option(help="The role of `executor`.")] = "desk_executor",
    apply: Annotated[bool, typer.Option("--apply", help="Run it now, as the owner of the tables.")] = False,
) -> None:
    """Print the grants of the two roles, to be run by the owner of the tables; or run them.

    Make the roles first (CREATE ROLE desk_web LOGIN …), and start each process with its own: PGUSER, a service file, or peer
    sign-in by the user that it runs under.

    Example: mfadesk grants --home desk --apply
    """
    from mfadesk.store.grants import statements

    lines = list(statements({"web": web, "executor": executor}))
    if not apply:
        typer.echo("\n".join(f"{line};" for line in lines))
        return
    wake(find_home(home))
    from django.db import connection, transaction

    if connection.vendor != "postgresql":
        raise Refusal("no_roles", "The embedded database has no roles. The key files and two user accounts are its wall.")
    with transaction.atomic(), connection.cursor() as cursor:
        for line in lines:
            cursor.execute(line)
    typer.echo(f"Granted. {web} and {executor} may do what they need and nothing else.")
