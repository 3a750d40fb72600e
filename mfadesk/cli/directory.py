"""`mfadesk directory import`: takes people from a CSV file, after saying what that would change."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from mfadesk.cli.home import HomeOption, YesOption, agree, executor_key, find_home, wake
from mfadesk.kernel.errors import Invalid

app = typer.Typer(no_args_is_help=True)
MAX_BYTES = 64 * 1024 * 1024
SHOWN = 10


@app.callback()
def directory() -> None:
    """The people that the desk knows."""


@app.command("import")
def import_file(
    file: Annotated[Path, typer.Argument(help="A CSV file; its first line names the columns.")],
    home: HomeOption = None,
    yes: YesOption = False,
    mend: Annotated[
        bool,
        typer.Option("--mend", help="First drop everybody whose row was changed without an import; the file brings them back."),
    ] = False,
) -> None:
    """Import people. Says what is new, changed and gone, then asks. A wrong row stops the whole file, with its line.

    What is imported is sealed with the executor's key, so run this as the user who runs the executor, or as root.

    Example: mfadesk directory import people.csv --home desk
    """
    text = read_text(file)
    desk_home = find_home(home)
    wake(desk_home)
    key = executor_key(desk_home)
    from mfadesk.operations.import_directory import import_directory, plan_import
    from mfadesk.store.seen import open_seen

    plan = plan_import(text, datetime.now(UTC))
    typer.echo(f"{len(plan.new)} new, {len(plan.changed)} changed, {len(plan.gone)} gone, {plan.same} as before.")
    if plan.changed:
        fields = Counter(name for changed in plan.changed for name in changed.what)
        typer.echo("Changed: " + ", ".join(f"{name} ({count})" for name, count in fields.most_common()) + ".")
    if plan.contacts_changed or plan.managers_changed:
        typer.echo(
            f"{plan.contacts_changed} people get new contacts and {plan.managers_changed} a new manager: these count as fresh for a while."
        )
    if plan.gone:
        names = ", ".join(person.name for person in plan.gone[:SHOWN])
        typer.echo(f"Gone from the file, kept as having left: {names}{' …' if len(plan.gone) > SHOWN else ''}.")
    if not (plan.new or plan.changed or plan.gone or mend):
        typer.echo("Nothing to do.")
        return
    agree("Import this?", yes)
    done = import_directory(text, datetime.now(UTC), key, mend=mend, seen=open_seen(desk_home))
    typer.echo(f"Imported: {len(done.new)} new, {len(done.changed)} changed, {len(done.gone)} gone.")


def read_text(file: Path) -> str:
    """Return the file's text. Raises Invalid where it is missing, too large or not UTF-8, with what to do."""
    try:
        if file.stat().st_size > MAX_BYTES:
            raise Invalid(str(file), f"is larger than {MAX_BYTES // 1024 // 1024} MiB. Split it.")
        return file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise Invalid(str(file), f"is not UTF-8 (byte {error.start}). Save it as “CSV UTF-8”.") from error
    except OSError as error:
        raise Invalid(str(file), f"cannot be read: {error.strerror}.") from error
