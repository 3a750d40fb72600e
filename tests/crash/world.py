"""A desk on disk with web and executor as processes of their own, for killing. Processes are forked, so that a life costs little."""

from __future__ import annotations

import mmap
import os
import signal
import struct
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from mfadesk.cli.supervise import die_with_parent
from mfadesk.cli.throwaway import PUBLIC_URL
from mfadesk.kernel.ids import SystemRandomness
from tests.crash.houses import House, LabHouse
from tests.crash.points import Points, Wrapped, watch_commits

ONCE = ("suspend_old", "remove_old", "end_sessions")
TRIAL_S = 240.0
WAIT_FACTOR = 0.3
"""How much of a wait for the executor a page really waits here."""


class SharedClock:
    """The machine's clock and a lead that every process of the world shares."""

    def __init__(self) -> None:
        self._lead = mmap.mmap(-1, 8)

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=struct.unpack("d", self._lead[:8])[0])

    def advance(self, seconds: float) -> None:
        self._lead[:8] = struct.pack("d", struct.unpack("d", self._lead[:8])[0] + seconds)


def set_up(folder: Path, house: House, database_url: str = "") -> None:
    """Make a desk before a provider, with the lab's mailbox, and point Django at it. Once a process."""
    from mfadesk.store.home import Config, create_home

    config = Config(
        organisation="Crash", public_url=PUBLIC_URL, database_url=database_url, provider=house.configuration,
        courier={"kind": "mailbox", "path": LabHouse(folder).path},
    )  # fmt: skip
    create_home(folder / "home", config, SystemRandomness())
    os.environ.pop("MFADESK_DATABASE_URL", None)
    os.environ.update(MFADESK_HOME=str(folder / "home"), DJANGO_SETTINGS_MODULE="mfadesk.site.settings")
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0, interactive=False)


class World:
    """The desk that `set_up` made, seen from the process that kills."""

    def __init__(self, folder: Path, house: House) -> None:
        from mfadesk.connectors.lab.provider import open_lab
        from mfadesk.demo.seed import give_seed_key
        from mfadesk.executor.ledger_watch import LedgerWatch
        from mfadesk.operations.desk import open_desk
        from mfadesk.store.commit import begin_ledger
        from mfadesk.store.home import load_home

        self.folder, self.house, self.clock = folder, house, SharedClock()
        home = load_home(folder / "home")
        seed_key = give_seed_key(home, SystemRandomness())
        self.desk = open_desk(home, clock=self.clock, wait=lambda seconds: time.sleep(seconds * WAIT_FACTOR))
        begin_ledger(self.desk.lock_file, self.desk.public, self.clock.now(), SystemRandomness())
        self.scene = open_lab(
            LabHouse(folder).path, seed_key=seed_key, rp_id="localhost", origins=[PUBLIC_URL], issuer="Crash",
            clock=self.clock, randomness=SystemRandomness(),
        ).scene  # fmt: skip
        if isinstance(house, LabHouse):
            house.scene = self.scene
        self.watch = LedgerWatch(self.desk)
        self.children: set[int] = set()
        self.label = folder / "point"

    # ------------------------------------------------------------------ processes

    def fork(self, work: Callable[[], None]) -> int:
        """Return the process id of a child that does `work` and ends."""
        from django.db import connections

        connections.close_all()
        child = os.fork()
        if child:
            self.children.add(child)
            return child
        status = 1
        try:
            die_with_parent()
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            log = os.open(self.folder / "children.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
            os.dup2(log, 1)
            os.dup2(log, 2)
            work()
            status = 0
        except BaseException:
            import traceback

            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(status)

    def executor(self, at: int = 0) -> int:
        """Start an executor that dies at its point number `at`."""

        def work() -> None:
            from mfadesk.executor.compose import open_executor

            points = Points(at, self.label)
            watch_commits(points)
            # As a process of its own would: with what the one before it has seen.
            executor = open_executor(replace(self.desk, as_executor=True))
            executor.provider = Wrapped(executor.provider, "provider", points)
            executor.courier = Wrapped(executor.courier, "courier", points)
            executor.run_forever(lambda: False)

        return self.fork(work)

    def people(self, person: str, memory: Path, at: int = 0) -> int:
        """Start the web side: operator and caller at their pages, until the case is over. It dies at point number `at`."""

        def work() -> None:
            from django.db import DatabaseError, connection

            from tests.road.again import Memory, Walker
            from tests.road.play import add_staff

            watch_commits(Points(at, self.label))
            operator = add_staff(f"op-{person}", ["operator"])
            walker = Walker(self.desk, operator, person, Memory.recall(memory), lambda: self.house.seconds(self.clock))
            while True:
                try:
                    before = walker.state()
                    if before is not None and before.status == "closed":
                        return
                    walker.go_on()
                    if walker.state() == before:
                        time.sleep(0.03)
                        self.clock.advance(4)
                except DatabaseError:
                    connection.close()
                    time.sleep(0.1)

        return self.fork(work)

    def end(self, *children: int) -> None:
        """Kill what still runs of `children`, or of all."""
        for child in children or tuple(self.children):
            if child in self.children:
                os.kill(child, signal.SIGKILL)
                os.waitpid(child, 0)
                self.children.discard(child)

    def find_dead(self) -> dict[int, int]:
        """Return how each child ended that has ended since."""
        dead = {}
        for child in tuple(self.children):
            found, status = os.waitpid(child, os.WNOHANG)
            if found:
                dead[child] = os.waitstatus_to_exitcode(status)
                self.children.discard(child)
        return dead

    # ------------------------------------------------------------------ one road

    def new_person(self, number: int) -> tuple[str, str, Path]:
        """Return a person with a phone and a laptop, the phone's authenticator, and the file of what the person remembers."""
        from mfadesk.operations.directory_seal import seal_directory
        from mfadesk.store.models import ContactRow, PersonRow
        from tests.road.again import Memory

        login = self.house.login(number)
        row = PersonRow.objects.create(
            id=f"p_{login}", login=login, name=login.title(), search=login, tier="standard", job="Nurse", site="North",
            employment="active",
        )  # fmt: skip
        for kind, host in (("work_mail", "work"), ("personal_mail", "home")):
            ContactRow.objects.create(person=row, kind=kind, value=f"{login}@{host}.example")
        seal_directory(self.desk.home.executor_keys().receipt, self.clock.now())
        old, passkey = self.house.give(login, self.clock.now())
        memory = self.folder / f"{login}.json"
        Memory(passkey, file=memory).keep()
        return row.id, old, memory

    def result(self, person: str, old: str) -> dict[str, Any]:
        """Return all that must be the same however often somebody died, and raise Broken where the ledger is not whole."""
        from mfadesk.store.commit import load_case, load_events
        from mfadesk.store.models import Alert, CaseRow, EffectRow

        login = person.removeprefix("p_")
        cases = list(CaseRow.objects.filter(subject_id=person).values_list("id", flat=True))
        if len(cases) != 1:
            return {"cases": len(cases)}
        state = load_case(cases[0])
        done = Counter(e.body["verb"] for e in load_events(state.id) if e.kind == "effect_done")
        self.watch.require_whole(state.id)
        return {
            "status": state.status, "outcome": state.outcome,
            **self.house.found(login, old),
            "done": {verb: done[verb] for verb in ONCE},
            "effects_not_done": sorted(
                f"{e.verb} {e.state}" for e in EffectRow.objects.filter(case_id=state.id).exclude(state="done")
            ),
            "mail": sorted(f"{m.subject} to {m.to.replace(login, '…')}" for m in self.scene.list_mail() if login in m.to),
            "alarms": sorted(Alert.objects.filter(case_id=state.id).exclude(kind="second_browser").values_list("kind", flat=True)),
        }  # fmt: skip

    def is_settled(self, person: str) -> bool:
        """Return whether the person's case is closed and nothing of it is due."""
        from mfadesk.store.models import CaseRow, EffectRow

        case = CaseRow.objects.filter(subject_id=person, status="closed").first()
        return case is not None and not EffectRow.objects.filter(case_id=case.id, state__in=["due", "taken"]).exists()
