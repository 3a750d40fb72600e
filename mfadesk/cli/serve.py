"""`mfadesk serve`: the web tier alone, under granian."""

from __future__ import annotations

from typing import Annotated

import typer

from mfadesk.cli.home import HomeOption, collect_static, find_home, wake
from mfadesk.cli.supervise import die_with_parent

app = typer.Typer()


@app.command()
def serve(
    home: HomeOption = None,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="The port to listen on.")] = 8000,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Web processes.")] = 1,
    threads: Annotated[int, typer.Option(min=1, max=64, help="Threads in each.")] = 4,
    with_parent: Annotated[bool, typer.Option("--with-parent", hidden=True)] = False,
) -> None:
    """Serve the console, the portal and the API.

    Example: mfadesk serve --home desk --port 8000
    """
    if with_parent:
        die_with_parent()
    wake(find_home(home), "web")
    collect_static()
    from django.db import connections
    from granian import Granian
    from granian.constants import Interfaces

    # Workers are new processes; a database connection made here must not reach them.
    connections.close_all()
    Granian(
        "mfadesk.site.wsgi:application", address=host, port=port, interface=Interfaces.WSGI, workers=workers,
        blocking_threads=threads, websockets=False, log_access=False, log_enabled=False,
        respawn_failed_workers=True,
    ).serve()  # fmt: skip
