"""`mfadesk staff invite`: a one-time link for somebody who will work at the desk."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from mfadesk.cli.home import HomeOption, YesOption, agree, find_home, open_register, wake
from mfadesk.cli.shell_user import shell_user
from mfadesk.kernel.errors import Refusal
from mfadesk.kernel.ids import SystemRandomness

if TYPE_CHECKING:
    from mfadesk.executor.staff_register import Member, StaffRegister

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

    register = open_register(desk_home)
    roles = role or ["operator"]
    typer.echo(f"Invites {login} as {', '.join(roles)}.")
    if NEEDS_SECOND & set(roles):
        typer.echo(f"An administrator has to confirm it at {desk_home.config.public_url}/staff/ before the link works.")
    agree("Make the invitation?", yes)
    by = shell_user()
    token = invite_staff(login, roles, desk, person or None, by, datetime.now(UTC), SystemRandomness())
    register.invite(token, login=login.strip().casefold(), desk=desk, roles=roles, person_id=person or None, staff_id="", by=by)
    typer.echo("Give this link to its owner yourself. They open it to sign in, and paste it once more to set up a desk key:\n")
    typer.echo(f"  {desk_home.config.public_url}/invite/{token}/\n")


@app.command(name="list")
def show(home: HomeOption = None) -> None:
    """Say who works here by the executor's register, and how each desk key begins, to compare with its owner's.

    Example: mfadesk staff list
    """
    desk_home = find_home(home)
    wake(desk_home)
    standing = open_register(desk_home).read()
    if not standing.members:
        waiting = sum(not one.used for one in standing.invitations.values())
        typer.echo(f"Nobody here has a desk key yet. Invitations that nobody has used: {waiting}.")
    for member in standing.members.values():
        keys = ", ".join(key.id[:16] for key in member.keys)
        typer.echo(f"{member.login:<20} {member.desk:<20} {', '.join(sorted(member.roles)):<30} {keys}")


@app.command()
def rekey(
    login: Annotated[str, typer.Argument(help="Whose desk key is lost.")], home: HomeOption = None, yes: YesOption = False
) -> None:
    """Make an invitation for a new desk key in place of a lost one. The lost one counts until the new one is set up.

    Example: mfadesk staff rekey rowan
    """
    desk_home = find_home(home)
    wake(desk_home)
    from mfadesk.operations.staff import FIRST, new_token

    register = open_register(desk_home)
    member = _member(register, login)
    agree(f"Let {member.login} ({', '.join(sorted(member.roles))}) set up a new desk key?", yes)
    token = new_token(SystemRandomness())
    # Whoever may read the executor's key is the root already; a desk with one administrator would otherwise stand still here.
    register.invite(
        token,
        login=member.login,
        desk=member.desk,
        roles=member.roles,
        person_id=member.person_id,
        staff_id=member.id,
        by=FIRST,
    )
    typer.echo(f"They paste this at {desk_home.config.public_url}/desk-key within 24 hours:\n\n  {token}\n")


@app.command()
def dismiss(
    login: Annotated[str, typer.Argument(help="Who does not work here any more.")],
    home: HomeOption = None,
    yes: YesOption = False,
) -> None:
    """Void the desk keys and roles of somebody, at once.

    Example: mfadesk staff dismiss rowan
    """
    desk_home = find_home(home)
    wake(desk_home)
    from mfadesk.operations.staff import switch_off

    register = open_register(desk_home)
    member = _member(register, login)
    agree(f"Void the desk keys of {member.login}?", yes)
    register.dismiss(member.id, shell_user())
    switch_off(member.id)


def _member(register: StaffRegister, login: str) -> Member:
    found = next((one for one in register.read().members.values() if one.login == login.strip().casefold()), None)
    if found is None:
        raise Refusal("no_such_member", f"Nobody called {login!r} has a desk key here.")
    return found
