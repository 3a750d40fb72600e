"""`mfadesk api`: tokens by which other programs read this desk over its JSON API."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mfadesk.cli.home import HomeOption, JsonOption, YesOption, agree, find_home, wake
from mfadesk.cli.shell_user import shell_user
from mfadesk.kernel.clock import to_stamp
from mfadesk.kernel.errors import Invalid

if TYPE_CHECKING:
    from mfadesk.operations.desk import Desk

app = typer.Typer(no_args_is_help=True)


@app.callback()
def api() -> None:
    """Tokens of the JSON API, which reads and never writes. Its description stands at /api/v1/ of the desk."""


@app.command()
def token(
    name: Annotated[str, typer.Option(help="What will use it, such as “ticket system”.")] = "",
    scope: Annotated[list[str] | None, typer.Option(help="What it may read; may be repeated. Without it: the list.")] = None,
    days: Annotated[int, typer.Option(help="How long it lives, 365 at most.")] = 90,
    home: HomeOption = None,
    yes: YesOption = False,
) -> None:
    """Make a token and print it once. Security is told.

    Example: mfadesk api token --name "ticket system" --scope cases:read --days 90
    """
    desk = _open(home)
    from mfadesk.operations.api_tokens import SCOPES, make_token

    if not scope:
        raise Invalid("--scope", "Name at least one:\n" + "\n".join(f"  {name}  {words}" for name, words in SCOPES.items()))
    typer.echo(f"Makes a token for {name or 'nobody yet'}: {', '.join(scope)}, for {days} days.", err=True)
    agree("Make it?", yes)
    made = make_token(desk, name, scope, days, shell_user())
    typer.echo("It is shown this once. Keep it in the other program's secret store:\n", err=True)
    typer.echo(made)


@app.command("list")
def list_them(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """List tokens: what each may read, until when, and when it was last used.

    Example: mfadesk api list --home desk
    """
    desk = _open(home)
    from mfadesk.operations.api_tokens import list_tokens

    lines = list_tokens()
    if as_json:
        typer.echo(json.dumps({"tokens": [asdict(line) for line in lines]}, default=to_stamp, ensure_ascii=False))
        return
    for line in lines:
        over = (
            "revoked" if line.revoked_at else "over" if line.expires_at <= desk.now() else f"until {line.expires_at:%Y-%m-%d}"
        )
        used = f"last used {line.last_used_at:%Y-%m-%d %H:%M}" if line.last_used_at else "never used"
        typer.echo(f"{line.id}  {over}, {used}: {line.name} ({', '.join(line.scopes)})")
    if not lines:
        typer.echo("There is no token. `mfadesk api token` makes one.")


@app.command()
def revoke(
    token_id: Annotated[str, typer.Argument(metavar="ID", help="The token's id, as `mfadesk api list` shows it.")],
    home: HomeOption = None,
    yes: YesOption = False,
) -> None:
    """End a token at once. Security is told.

    Example: mfadesk api revoke 4mz8q0c2
    """
    desk = _open(home)
    from mfadesk.operations.api_tokens import revoke_token

    agree(f"End token {token_id} now?", yes)
    line = revoke_token(desk, token_id)
    typer.echo(f"{line.id} ({line.name}) opens nothing any more.")


def _open(home: Path | None) -> Desk:
    desk_home = find_home(home)
    wake(desk_home)
    from mfadesk.operations.desk import open_desk

    return open_desk(desk_home)
