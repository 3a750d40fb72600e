"""`mfadesk restore`: a desk from its backup, in a new folder, on either database. This is also how a desk moves to PostgreSQL."""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from mfadesk.cli.archive import DATABASE, KEYS, Manifest, read_archive
from mfadesk.cli.home import YesOption, agree, collect_static, migrate, wake
from mfadesk.kernel.errors import Broken, Invalid
from mfadesk.store.home import Home, holds_password, load_home, write_config

app = typer.Typer()


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(help="What `mfadesk backup` wrote.")],
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A new folder for the desk.")],
    database_url: Annotated[
        str | None,
        typer.Option("--database-url", metavar="URL", help="Move to this empty PostgreSQL database; or `sqlite`."),
    ] = None,
    keys: Annotated[
        Path | None, typer.Option("--keys", metavar="DIR", help="Where web.json and executor.json are, if not in the backup.")
    ] = None,
    yes: YesOption = False,
) -> None:
    """Bring a desk back from its backup, into a folder that is not there yet. The ledger is counted again where it arrives.

    Nothing that exists is touched, so a backup can be tried at any time. With --database-url the desk moves to that database.

    Example: mfadesk restore desk.backup desk2 --database-url postgresql://desk@db.example/desk
    """
    if folder.exists() and any(folder.iterdir()):
        raise Invalid(str(folder), "There is something in it already; nothing was changed. Name a new folder.")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="mfadesk-restore-", dir=folder.parent) as stage:
        manifest = read_archive(file, Path(stage))
        home, elsewhere = _prepare_home(Path(stage), database_url, keys)
        when, where = manifest.made_at[:16].replace("T", " "), "PostgreSQL" if elsewhere else "an SQLite file"
        typer.echo(f"A desk of {when} UTC with {manifest.entries} ledger entries, into {where}.")
        agree(f"Restore it into {folder}?", yes)
        source = (Path(stage) / DATABASE).rename(Path(stage) / "copy.sqlite3") if elsewhere else None
        _fill(home, source, manifest)
        if source is not None:
            source.unlink()
        if folder.exists():
            folder.rmdir()
        shutil.copytree(stage, folder)
    folder.chmod(0o750)
    missing = [name for name in KEYS if not (folder / name).exists()]
    typer.echo(f"{folder}: {manifest.entries} ledger entries, counted; the root is the backup's.")
    if missing:
        typer.echo(
            f"Missing: {', '.join(missing)}. Put them back before you start it; `mfadesk check --home {folder}` says more."
        )
    else:
        typer.echo(f"`mfadesk check --home {folder}`, then start it. Stop the old desk first: two that act are one too many.")


def _prepare_home(stage: Path, database_url: str | None, keys: Path | None) -> tuple[Home, bool]:
    """Point the configuration at its database and put the keys in place; `stage` becomes the desk's folder.

    Returns the desk, and whether its database is another than the file that came with the backup.
    """
    for name in KEYS[1:]:
        given = keys / Path(name).name if keys is not None else None
        if given is not None and given.exists():
            shutil.copyfile(given, stage / name)
            (stage / name).chmod(0o600)
    home = load_home(stage)
    if database_url is not None:
        asked = "" if database_url == "sqlite" else database_url
        write_config(stage, replace(home.config, database_url="" if holds_password(asked) else asked))
        # An address with a password is used now and not written down; the environment holds it from here on.
        os.environ["MFADESK_DATABASE_URL"] = asked
        home = load_home(stage)
    return home, bool(home.config.database_url or os.environ.get("MFADESK_DATABASE_URL"))


def _fill(home: Home, source: Path | None, manifest: Manifest) -> None:
    """Bring the rows to their database and count the ledger there. Raises Broken where it is not the backup's.

    source: the file to copy from, or None where the file that came with the backup is the database.
    """
    wake(home)
    from django.db import connection

    from mfadesk.store.copying import LedgerEnd, copy_rows, count_ledger, second_database, sqlite_settings

    migrate(home)
    expected = LedgerEnd(manifest.entries, manifest.root)
    if source is not None:
        with second_database(sqlite_settings(source)) as other:
            copy_rows(other, "default", expected)
    elif count_ledger() != expected:
        raise Broken("the ledger in this backup does not end where its manifest says; nothing was kept")
    connection.close()
    collect_static()
