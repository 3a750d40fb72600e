"""A whole desk in one process and one temporary folder: for drills, rehearsals and tests. Real operations, real executor, real lab.

Django can be set up once a process, so there is one throwaway desk a process. `mark` and `return_to` take it back in time, in half
a millisecond, so that a player can try one thing after another from the same place.
"""

from __future__ import annotations

import atexit
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from mfadesk.kernel.clock import FakeClock
from mfadesk.kernel.ids import Randomness, SeededRandomness, SystemRandomness

if TYPE_CHECKING:
    # Django must be set up before these can be imported.
    from mfadesk.connectors.lab.scene import LabScene
    from mfadesk.connectors.lab.soft_passkey import SoftPasskey
    from mfadesk.connectors.lab.store import LabStore
    from mfadesk.executor.core import Executor
    from mfadesk.operations.desk import Desk
    from mfadesk.ports.people import Actor

PUBLIC_URL = "http://localhost:8000"
BEGINNING = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Mark:
    """A moment of a throwaway desk, to return to: the desk's database, the lab's, and the time."""

    store: sqlite3.Connection
    lab: sqlite3.Connection
    at: datetime


@dataclass(slots=True)
class Throwaway:
    """The parts of one desk, all in this process.

    desk, executor: as in `serve` and `executor`, but the desk's waits let the executor run.
    scene: the lab's back room, by which a play sets the stage; lab: its file.
    """

    desk: Desk
    executor: Executor
    scene: LabScene
    lab: LabStore
    clock: FakeClock

    def settle(self) -> None:
        """Let the executor do whatever is due."""
        self.executor.run_until_idle()

    def mark(self) -> Mark:
        """Return this moment. Only on SQLite, and only while no transaction is open."""
        from django.db import connection

        connection.ensure_connection()
        kept = sqlite3.connect(":memory:")
        connection.connection.backup(kept)
        return Mark(kept, self.lab.keep(), self.clock.now())

    def return_to(self, mark: Mark) -> None:
        """Make everything as it was at `mark`, which stays good for another time. Randomness goes on: no id comes twice."""
        from django.db import connection

        from mfadesk.executor.ledger_watch import LedgerWatch

        mark.store.backup(connection.connection)
        self.lab.bring_back(mark.lab)
        self.clock.advance((mark.at - self.clock.now()).total_seconds())
        # The executor would take the shorter ledger for a damaged one, so it counts again from the first leaf.
        self.executor.watch = LedgerWatch(self.executor.desk)


def enlist(throwaway: Throwaway, login: str, roles: Sequence[str], person_id: str | None = None) -> tuple[Actor, SoftPasskey]:
    """Return a new member of staff and their desk key, registered with the executor on an invitation of the installer's."""
    from django.contrib.auth import get_user_model

    from mfadesk.connectors.lab.soft_passkey import SoftPasskey
    from mfadesk.executor.staff_register import ROOT
    from mfadesk.operations import enlist as enlisting
    from mfadesk.operations.staff import new_token
    from mfadesk.ports.people import Actor
    from mfadesk.store.models import StaffMember

    user, _ = get_user_model().objects.get_or_create(username=login)
    member, _ = StaffMember.objects.get_or_create(
        user=user, defaults={"desk": login, "roles": list(roles), "person_id": person_id}
    )
    actor = Actor("staff", str(member.pk), frozenset(roles), person_id)  # type: ignore[arg-type]
    token = new_token(throwaway.desk.randomness)
    throwaway.executor.staff.invite(token, login=login, desk=login, roles=roles, person_id=person_id, staff_id="", by=ROOT)
    options = enlisting.begin_desk_key(throwaway.desk, actor, token)
    key, response = SoftPasskey.register(options, PUBLIC_URL, throwaway.desk.randomness)
    enlisting.finish_desk_key(throwaway.desk, actor, response)
    return actor, key


def set_up_django(folder: Path | None = None, *, database_url: str = "") -> Path:
    """Point Django at a fresh home in `folder` (or a temporary one that goes with the process), migrate, and return the home.

    database_url: of an empty database to play in; without one it is SQLite in the home.
    """
    from mfadesk.store.home import Config, create_home

    if folder is None:
        folder = Path(tempfile.mkdtemp(prefix="mfadesk-play-"))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
    config = Config(organisation="Throwaway desk", public_url=PUBLIC_URL, provider={"kind": "lab"}, courier={"kind": "mailbox"})
    create_home(folder / "home", config, SystemRandomness())
    os.environ["MFADESK_HOME"] = str(folder / "home")
    # Whoever plays must not play in the database of the real desk, which the environment may name.
    os.environ.pop("MFADESK_DATABASE_URL", None)
    if database_url:
        os.environ["MFADESK_DATABASE_URL"] = database_url
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mfadesk.site.settings")
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0, interactive=False)
    return folder / "home"


def open_throwaway(folder: Path, *, seed: int = 1, at: datetime = BEGINNING, durable: bool = True) -> Throwaway:
    """Return a desk over the home in `folder`, with a lab in memory and a clock that stands still.

    seed: of the randomness, so that a play repeats to the byte; 0 takes the system's.
    durable: False lets SQLite skip waiting for the disk, which no play needs.
    """
    from django.db import connection

    from mfadesk.connectors.factors import find_services
    from mfadesk.connectors.lab.provider import open_lab
    from mfadesk.connectors.mail.mailbox import Mailbox
    from mfadesk.executor.compose import open_executor
    from mfadesk.operations.desk import open_desk
    from mfadesk.store.commit import begin_ledger
    from mfadesk.store.home import load_home

    home = load_home(folder)
    clock = FakeClock(at)
    randomness: Randomness = SeededRandomness(seed) if seed else SystemRandomness()
    if not durable and connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA synchronous=OFF")
    lab = open_lab(origins=(PUBLIC_URL,), clock=clock, randomness=randomness)
    services = {method: service(lab.store, randomness) for method, service in find_services().items()}
    running: list[Throwaway] = []
    desk = open_desk(home, clock=clock, randomness=randomness, wait=lambda _seconds: running[0].executor.run_until_idle())
    begin_ledger(desk.lock_file, desk.public, clock.now(), randomness)
    executor = open_executor(desk, provider=lab, courier=Mailbox(lab.store, clock), services=services)
    running.append(Throwaway(desk, executor, lab.scene, lab.store, clock))
    return running[0]
