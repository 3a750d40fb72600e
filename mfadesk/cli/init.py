"""`mfadesk init`: a new desk on disk: configuration, keys, database, and a one-time link for the first administrator."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from mfadesk.cli.filesystems import require_local
from mfadesk.cli.grants import HINT
from mfadesk.cli.home import YesOption, agree, open_register, prepare, wake
from mfadesk.kernel.errors import Invalid
from mfadesk.kernel.ids import SystemRandomness
from mfadesk.store.home import CONFIG_NAME, Config, create_home, holds_password

app = typer.Typer()


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(metavar="[DIR]", help="The folder of the new desk.")] = Path("desk"),
    organisation: Annotated[str, typer.Option(help="The organisation's name, as people know it.")] = "",
    url: Annotated[
        str, typer.Option(help="The address people will type; https, unless it is localhost.")
    ] = "http://localhost:8000",
    database_url: Annotated[
        str, typer.Option(envvar="MFADESK_DATABASE_URL", help="postgresql://…; the embedded database without it.")
    ] = "",
    admin: Annotated[str, typer.Option(help="The name with which the first administrator signs in.")] = "admin",
    yes: YesOption = False,
) -> None:
    """Make a new desk.

    Example: mfadesk init desk --organisation "Fernhollow Clinics" --url https://desk.fernhollow.example
    """
    if not organisation:
        raise Invalid("--organisation", "What is the organisation called? People see this name on every page.")
    if (folder / CONFIG_NAME).exists():
        raise Invalid(str(folder), "A desk is here already; nothing was changed.")
    if not database_url:
        require_local(folder)
    typer.echo(
        f"Makes a desk for {organisation} in {folder}: desk.toml, keys, {'PostgreSQL tables' if database_url else 'a database'}."
    )
    agree("Go on?", yes)
    # A password in an address belongs in the environment, where backups of the configuration do not carry it along.
    stored = "" if holds_password(database_url) else database_url
    home = create_home(
        folder, Config(organisation=organisation, public_url=url.rstrip("/"), database_url=stored), SystemRandomness()
    )
    wake(home)
    prepare(home)
    from mfadesk.operations.staff import FIRST, invite_staff

    now = datetime.now(UTC)
    roles = ["administrator", "operator"]
    token = invite_staff(admin, roles, "Administrator", None, FIRST, now, SystemRandomness())
    open_register(home).invite(
        token, login=admin.strip().casefold(), desk="Administrator", roles=roles, person_id=None, staff_id="", by=FIRST
    )
    typer.echo(
        "Done. The first administrator opens this link within 24 hours, and pastes it once more to set up a desk key:\n\n"
        f"  {home.config.public_url}/invite/{token}/\n"
    )
    if stored != database_url:
        typer.echo("The database address holds a password, so it was not written down: keep MFADESK_DATABASE_URL set.")
    if database_url:
        typer.echo(HINT)
    typer.echo(f"Next: write provider and mail into {folder / CONFIG_NAME}, then start")
    typer.echo(f"  mfadesk serve --home {folder}    mfadesk worker --home {folder}    mfadesk executor --home {folder}")
    typer.echo(f"and look at `mfadesk check --home {folder}`. People come from `mfadesk directory import FILE.csv`.")
