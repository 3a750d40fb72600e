"""`mfadesk executor`: the only process with provider credentials. It checks proofs, decides, signs and acts."""

from __future__ import annotations

from typing import Annotated

import typer

from mfadesk.cli.home import HomeOption, find_home, wake
from mfadesk.cli.loops import Ending
from mfadesk.cli.supervise import die_with_parent

app = typer.Typer()


@app.command()
def executor(home: HomeOption = None, with_parent: Annotated[bool, typer.Option("--with-parent", hidden=True)] = False) -> None:
    """Answer sealed questions and carry out signed decisions.

    Run it under a user of its own that alone may read keys/executor.json.

    Example: mfadesk executor --home desk
    """
    if with_parent:
        die_with_parent()
    desk_home = find_home(home)
    wake(desk_home, "executor")
    from mfadesk.executor.compose import open_executor
    from mfadesk.executor.publishing import note_shipped
    from mfadesk.operations.desk import open_desk

    ending = Ending()
    running = open_executor(open_desk(desk_home, as_executor=True))
    note_shipped(running)
    running.run_forever(ending.is_asked)
