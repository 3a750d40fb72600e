"""`mfadesk backup`: one file that holds a desk, made while it works, and counted before it is called good."""

from __future__ import annotations

import sqlite3
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mfadesk.cli.archive import CONFIG, DATABASE, KEYS, write_archive
from mfadesk.cli.home import HomeOption, find_home, wake
from mfadesk.kernel.clock import SystemClock, to_stamp
from mfadesk.kernel.errors import Invalid
from mfadesk.store.home import Home

if TYPE_CHECKING:
    from mfadesk.store.copying import LedgerEnd

app = typer.Typer()
KeysOption = Annotated[
    bool, typer.Option("--with-keys", help="Put the key files in as well: whoever holds the file then holds the desk.")
]


@app.command()
def backup(
    file: Annotated[Path, typer.Argument(help="Where the backup goes; a file that is there is never replaced.")],
    home: HomeOption = None,
    with_keys: KeysOption = False,
) -> None:
    """Write the whole desk into one file, while it goes on working; any database becomes an SQLite file inside.

    The ledger is counted again in the copy. Sign-ins, one-time secrets and questions under way are left out: they live for minutes.

    Example: mfadesk backup desk.backup --home desk
    """
    if file.exists():
        raise Invalid(str(file), "A file is there already; nothing was changed.")
    desk_home = find_home(home)
    wake(desk_home)
    with tempfile.TemporaryDirectory(prefix="mfadesk-backup-", dir=file.parent) as folder:
        copy = Path(folder) / DATABASE
        end = _copy_database(desk_home, copy)
        files = {DATABASE: copy, CONFIG: desk_home.folder / CONFIG, KEYS[0]: desk_home.folder / KEYS[0]}
        if with_keys:
            files |= {name: desk_home.folder / name for name in KEYS}
        write_archive(file, files, made_at=to_stamp(SystemClock().now()), entries=end.size, root=end.root)
    typer.echo(f"{file}: {end.size} ledger entries, counted. `mfadesk restore {file} DIR` brings it back.")
    if not with_keys:
        typer.echo(
            "The secret keys are not in it. Keep keys/web.json and keys/executor.json apart: without them it opens nothing."
        )


def _copy_database(home: Home, copy: Path) -> LedgerEnd:
    """Copy the database as it stands at one moment, and return where its ledger ends."""
    from django.db import connection

    from mfadesk.store.copying import copy_rows, count_ledger, second_database, sqlite_settings

    if connection.vendor == "sqlite":
        # SQLite's own online copy: readers and writers go on, and what arrives is one moment of the file.
        with sqlite3.connect(f"file:{home.database_file}?mode=ro", uri=True) as source, sqlite3.connect(copy) as target:
            source.backup(target)
        source.close()
        target.close()
        with second_database(sqlite_settings(copy)) as other:
            _forget_what_is_short_lived(other)
            return count_ledger(other)
    with second_database(sqlite_settings(copy)) as other:
        return copy_rows("default", other)


def _forget_what_is_short_lived(using: str) -> None:
    from django.apps import apps
    from django.db import connections

    from mfadesk.store.copying import SHORT_LIVED

    for name in SHORT_LIVED:
        apps.get_model("store", name)._default_manager.using(using).all().delete()
    with connections[using].cursor() as cursor:
        cursor.execute("DELETE FROM django_session")
        # A deleted row's bytes stay in the file until it is written anew.
        cursor.execute("VACUUM")
