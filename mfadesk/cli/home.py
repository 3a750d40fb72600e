"""Which desk a command works on, and waking Django for it. Only commands that need tables call `wake`."""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mfadesk import __version__
from mfadesk.kernel.clock import SystemClock
from mfadesk.kernel.errors import Invalid, Refusal
from mfadesk.kernel.ids import SystemRandomness
from mfadesk.store.home import CONFIG_NAME, Home, load_home

if TYPE_CHECKING:
    from mfadesk.executor.staff_register import StaffRegister

UNUSED_STATIC = ("ninja", "account", "mfa", "ext", "django-htmx.js", "htmx-2.js", "htmx-4*", "htmax-4*")
"""What libraries bring along for browsers and no page of ours asks for: it would be served, and packing it takes a second."""

HomeOption = Annotated[
    Path | None, typer.Option("--home", help="The desk's folder. [default: MFADESK_HOME, or here]", show_default=False)
]
YesOption = Annotated[bool, typer.Option("--yes", help="Do it without asking.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]


def find_home(folder: Path | None) -> Home:
    """Return the desk that was named, or the one that MFADESK_HOME names, or the one in this folder. Raises Invalid."""
    named = folder or (Path(os.environ["MFADESK_HOME"]) if os.environ.get("MFADESK_HOME") else None)
    if named is None and (Path.cwd() / CONFIG_NAME).exists():
        named = Path.cwd()
    if named is None:
        raise Invalid("--home", "Which desk? Name its folder with --home or MFADESK_HOME, or make one with `mfadesk init DIR`.")
    return load_home(named)


def wake(home: Home, process: str = "cli") -> None:
    """Set Django up for `home`, and refuse settings that contradict the walls. Raises Invalid with what to do."""
    os.environ["MFADESK_HOME"] = str(home.folder)
    os.environ["MFADESK_PROCESS"] = process
    os.environ["DJANGO_SETTINGS_MODULE"] = "mfadesk.site.settings"
    import django
    from django.core import checks

    from mfadesk.site.checks import WALLS

    django.setup()
    # Whoever shows no page need not read every page's address, which takes half a second.
    tags = None if process == "web" else [WALLS]
    errors = [problem for problem in checks.run_checks(tags=tags) if problem.level >= checks.ERROR]
    if errors:
        raise Invalid(CONFIG_NAME, " ".join(f"{error.msg} {error.hint or ''}".strip() for error in errors))


def count_waiting() -> int:
    """Return how many migrations have not run."""
    return len(names_waiting())


def names_waiting() -> list[tuple[str, str]]:
    """Return app and name of every migration that has not run."""
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [(migration.app_label, migration.name) for migration, _backwards in plan]


def prepare(home: Home) -> None:
    """Make everything that must be there before the first page: tables, the ledger's first leaf, files for browsers."""
    from mfadesk.store.commit import begin_ledger

    migrate(home)
    begin_ledger(home.lock_file, home.public_keys(), SystemClock().now(), SystemRandomness())
    collect_static()


def migrate(home: Home) -> None:
    """Run the migrations that wait. A directory from before there were seals is sealed as it stands, this once.

    Raises Refusal before anything is changed where that takes a key which this user may not read.
    """
    from django.core.management import call_command
    from django.db import connection

    from mfadesk.operations.directory_seal import seal_directory
    from mfadesk.store.models import PersonRow

    waiting = names_waiting()
    if not waiting:
        return
    # Only where the tables of seals are made now: whoever deletes seals later must not be able to have others made.
    unsealed = SEALS in waiting and PersonRow._meta.db_table in connection.introspection.table_names()
    key = executor_key(home) if unsealed and PersonRow.objects.exists() else b""
    call_command("migrate", interactive=False, verbosity=0)
    if key:
        seal_directory(key, SystemClock().now())


SEALS = ("store", "0004_directory_seals")


def collect_static() -> None:
    """Copy what browsers may keep into the desk's folder, under names that carry a digest; nothing where nothing changed."""
    from django.conf import settings
    from django.contrib.staticfiles.finders import get_finders
    from django.core.management import call_command

    seen = hashlib.sha256(__version__.encode())
    for finder in get_finders():
        for path, storage in finder.list([]):
            stat = Path(storage.path(path)).stat()
            seen.update(f"{path} {stat.st_size} {stat.st_mtime_ns}\n".encode())
    stamp = Path(settings.STATIC_ROOT) / ".stamp"
    if stamp.exists() and stamp.read_text() == seen.hexdigest():
        return
    call_command("collectstatic", interactive=False, verbosity=0, clear=True, ignore_patterns=[*UNUSED_STATIC])
    stamp.write_text(seen.hexdigest())


def open_register(home: Home) -> StaffRegister:
    """Return the executor's register of staff. Django must be awake. Raises Refusal for a user who may not read its key."""
    from mfadesk.executor.staff_register import StaffRegister
    from mfadesk.operations.desk import open_desk
    from mfadesk.store.seen import open_seen

    try:
        home.executor_keys()
    except PermissionError as error:
        raise Refusal(
            "not_the_executor", "Who works here stands in the executor's register. Run this as the user who runs the executor."
        ) from error
    return StaffRegister(open_desk(home, as_executor=True), open_seen(home))


def executor_key(home: Home) -> bytes:
    """Return the key by which the executor seals what it relies on. Raises Refusal for a user who may not read it."""
    try:
        return home.executor_keys().receipt
    except PermissionError as error:
        raise Refusal(
            "not_the_executor",
            "The directory is sealed with the executor's key. Run this as the user who runs the executor, or as root.",
        ) from error


def agree(question: str, yes: bool) -> None:
    """Return if the person at the terminal agrees. Raises Refusal otherwise, and where nobody can be asked."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise Refusal("not_asked", "Nothing was done: there is nobody to ask here. Use --yes in scripts.")
    if not typer.confirm(question):
        raise Refusal("not_agreed", "Nothing was done.")
