"""`mfadesk worker`: due work that needs no provider: deadlines, and erasing what has run out."""

from __future__ import annotations

from typing import Annotated

import structlog
import typer

from mfadesk.cli.home import HomeOption, find_home, wake
from mfadesk.cli.loops import Ending
from mfadesk.cli.supervise import die_with_parent

app = typer.Typer()
ROUND_S = 1.0
SWEEP_EVERY = 15
HEARTBEAT_EVERY = 5

log = structlog.get_logger("mfadesk.worker")


@app.command()
def worker(home: HomeOption = None, with_parent: Annotated[bool, typer.Option("--with-parent", hidden=True)] = False) -> None:
    """Let deadlines pass and erase what has run out. Several may run; they do not disturb each other.

    Example: mfadesk worker --home desk
    """
    if with_parent:
        die_with_parent()
    desk_home = find_home(home)
    wake(desk_home, "worker")
    from django.db import DatabaseError, connection

    from mfadesk.kernel.errors import MfadeskError
    from mfadesk.operations.deadlines import pass_deadlines, sweep
    from mfadesk.operations.desk import open_desk
    from mfadesk.site.session_store import SessionStore
    from mfadesk.store.models import Heartbeat

    desk, ending, rounds = open_desk(desk_home), Ending(), 0
    while not ending.is_asked():
        try:
            pass_deadlines(desk)
            if rounds % SWEEP_EVERY == 0:
                sweep(desk)
                SessionStore.clear_expired()
            if rounds % HEARTBEAT_EVERY == 0:
                Heartbeat.objects.update_or_create(name="worker", defaults={"at": desk.now()})
        except (DatabaseError, MfadeskError):
            # The database is away or a case is damaged: nothing was half done, so look again a little later.
            log.exception("worker.round_failed")
            connection.close()
            ending.wait(2)
        rounds += 1
        ending.wait(ROUND_S)
