"""Upgrades a copy of a frozen desk and goes on with every case in it; prints what became of them. Run by a test, on a home of its own."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import sys
import tempfile
from dataclasses import replace
from pathlib import Path


def build(frozen: Path, home: Path) -> None:
    """Put the frozen desk's files and databases in place."""
    shutil.copytree(frozen, home)
    for name in ("desk", "lab"):
        database = sqlite3.connect(home / f"{name}.sqlite3")
        database.executescript((home / f"{name}.sql").read_text())
        database.close()


def main(frozen: Path, folder: Path) -> None:
    home = folder / "home"
    build(frozen, home)
    os.environ |= {"MFADESK_HOME": str(home), "DJANGO_SETTINGS_MODULE": "mfadesk.site.settings"}
    os.environ.pop("MFADESK_DATABASE_URL", None)
    import django

    django.setup()
    from mfadesk.cli.home import migrate
    from mfadesk.store.home import load_home

    migrate(load_home(home))
    print(json.dumps(go_on(home)))


def open_frozen(home: Path, told: dict):
    """Return a player over the upgraded desk, a minute after it was frozen."""
    from datetime import timedelta

    from mfadesk.cli.throwaway import PUBLIC_URL, Throwaway
    from mfadesk.connectors.factors import find_services
    from mfadesk.connectors.lab.provider import open_lab
    from mfadesk.connectors.mail.mailbox import Mailbox
    from mfadesk.executor.compose import open_executor
    from mfadesk.kernel.clock import FakeClock, from_stamp
    from mfadesk.kernel.ids import SystemRandomness
    from mfadesk.operations.desk import open_desk
    from mfadesk.runbook.parse import parse_runbook
    from mfadesk.store.home import load_home
    from tests.road.play import Play

    clock, randomness = FakeClock(from_stamp(told["at"]) + timedelta(minutes=1)), SystemRandomness()
    lab = open_lab(
        home / "lab.sqlite3",
        seed_key=bytes.fromhex(told["seed_key"]),
        origins=(PUBLIC_URL,),
        clock=clock,
        randomness=randomness,
    )
    services = {method: service(lab.store, randomness) for method, service in find_services().items()}
    running: list[Throwaway] = []
    desk = open_desk(load_home(home), clock=clock, randomness=randomness, wait=lambda _s: running[0].executor.run_until_idle())
    pinned = [parse_runbook(path.read_text(), path.name) for path in (home / "runbooks").glob("*.yaml")]
    desk = replace(desk, runbooks={**desk.runbooks, **{runbook.digest: runbook for runbook in pinned}})
    executor = open_executor(desk, provider=lab, courier=Mailbox(lab.store, clock), services=services)
    running.append(Throwaway(desk, executor, lab.scene, lab.store, clock))
    return Play(running[0])


def go_on(home: Path) -> dict:
    from mfadesk.connectors.lab.soft_passkey import SoftPasskey
    from mfadesk.ledger.note import VerifierKey
    from mfadesk.ledger.verify import verify_pack
    from mfadesk.operations import record, work_case
    from mfadesk.ports.people import Actor
    from mfadesk.store.copying import count_ledger
    from tests.road.play import Browser

    told = json.loads((home / "players.json").read_text())
    play = open_frozen(home, told)
    size, outcomes, records = count_ledger().size, {}, {}
    for state, case in told["cases"].items():
        play.throwaway.executor.watch.require_whole(case)
        if state not in ("closed", "bypassed"):
            passkey = SoftPasskey.from_json(told["passkeys"][state])
            if state == "asking":
                play.answer(case, authenticator="gone", new_device="at_hand", restored="name_only")
            if state == "frozen":
                work_case.thaw(play.desk, play.operator, case)
            browser = (
                Browser(play, told["cookies"][state]) if state in told["cookies"] and state != "frozen" else play.redeem(case)
            )
            if state not in ("proving", "setting up"):
                browser.confirm()
            if state != "setting up":
                browser.prove_with_passkey(passkey)
            browser.set_up_totp_and_test()
        outcomes[state] = play.state(case).outcome
        packed = record.export_case(play.desk, Actor("system", "frozen", frozenset({"auditor"})), case)
        public = play.desk.public
        records[state] = verify_pack(packed, VerifierKey(public.origin, public.checkpoint_verify).text()).ok
    return {"outcomes": outcomes, "records": records, "grew": count_ledger().size - size}


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="mfadesk-frozen-") as scratch:
        main(Path(sys.argv[1]), Path(scratch))
