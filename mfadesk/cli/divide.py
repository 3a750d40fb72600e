"""`mfadesk divide`: gives the desk's files to two users, so that the wall between web tier and executor stands on this machine."""

from __future__ import annotations

import grp
import os
import pwd
from typing import Annotated

import typer

from mfadesk.cli.home import HomeOption, YesOption, agree, find_home
from mfadesk.kernel.errors import Invalid, Refusal
from mfadesk.store.home import divide_home

app = typer.Typer()


@app.command()
def divide(
    web: Annotated[str, typer.Option("--web-user", help="Who runs `serve` and `worker`.")],
    executor: Annotated[str, typer.Option("--executor-user", help="Who runs `executor`, and nothing else.")],
    group: Annotated[str, typer.Option(help="The group that these two are in, and nobody else.")],
    home: HomeOption = None,
    yes: YesOption = False,
) -> None:
    """Give each of two users what it needs of the desk's folder, and nothing of the other's. Run it as root, with the desk stopped.

    Example: mfadesk divide --web-user mfadesk-web --executor-user mfadesk-exec --group mfadesk
    """
    desk_home = find_home(home)
    try:
        web_uid, executor_uid = pwd.getpwnam(web).pw_uid, pwd.getpwnam(executor).pw_uid
        gid = grp.getgrnam(group).gr_gid
    except KeyError as error:
        raise Invalid("divide", f"This machine does not know it: {error.args[0]}.") from error
    if web_uid == executor_uid:
        raise Invalid("--executor-user", "Name two users; one alone makes no wall.")
    if os.geteuid() != 0:
        raise Refusal("not_root", "Only root can give files to others. Nothing was changed.")
    agree(f"Give keys/web.json to {web}, everything else that matters to {executor}, and both the group {group}?", yes)
    divide_home(desk_home, web_uid, executor_uid, gid)
    typer.echo("Done. Look at it with `mfadesk check`, once as each of the two users.")
