"""`mfadesk staff invite`: a one-time link for somebody who will work at the desk."""

from __future__ import annotations

import getpass
from datetime import UTC, datetime
from typing import Annotated

import typer

from mfadesk.cli.home import HomeOption, YesOption, agree, find_home, wake
from mfadesk.kernel.ids import SystemRandomness

app = typer.Typer(no_args_is_help=True)


@app.callback()
def staff() -> None:
    """Who works at the desk."""


@app.command()
def invite(
    login: Annotated[str, typer.Argument(help="The name with which they will sign in.")],
    role: Annotated[
        list[str] | None, typer.Option(help="operator, approver, security, author, auditor or administrator; may be repeated.")
    ] = None,
    desk: Annotated[str, typer.Option(help="How they are shown, such as “Desk 3”.")] = "",
    person: Annotated[str, typer.Option(help="Their id in the directory, so that nobody works on their own case.")] = "",
    home: HomeOption = None,
    yes: YesOption = False,
) -> None:
    """Make an invitation. Its link works once, for 24 hours; roles that approve or configure wait for a second administrator.

    Example: mfadesk staff invite rowan --role operator --person FC-0107
    """
    desk_home = find_home(home)
    wake(desk_home)
    from mfadesk.operations.staff import NEEDS_SECOND, invite_staff

    roles = role or ["operator"]
    typer.echo(f"Invites {login} as {', '.join(roles)}.")
    if NEEDS_SECOND & set(roles):
        typer.echo(f"An administrator has to confirm it at {desk_home.config.public_url}/staff/ before the link works.")
    agree("Make the invitation?", yes)
    token = invite_staff(
        login, roles, desk, person or None, f"shell:{getpass.getuser()}"[:80], datetime.now(UTC), SystemRandomness()
    )
    typer.echo(f"Give this link to its owner yourself:\n\n  {desk_home.config.public_url}/invite/{token}/\n")
