"""Freezes an example desk as this version writes it: `python -m tests.frozen.freeze NAME`. Its keys guard nothing and nobody.

Kept are the database and the lab as SQL text, configuration, keys, policy and runbooks in force, and what the players hold.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
import sys
import tempfile
from pathlib import Path

from mfadesk.cli.throwaway import BEGINNING, open_throwaway, set_up_django
from mfadesk.kernel.clock import to_stamp
from mfadesk.runbook.write import write_runbook

HERE = Path(__file__).resolve().parent


def dump(connection: sqlite3.Connection) -> str:
    """Return a database as SQL, one statement a line where its text allows it."""
    return "\n".join(connection.iterdump()) + "\n"


def main(name: str) -> None:
    target = HERE / name
    target.mkdir()
    with tempfile.TemporaryDirectory() as folder:
        home = set_up_django(Path(folder))
        from django.db import connection

        from tests.authorization.stage import Stage
        from tests.road.play import Play

        throwaway = open_throwaway(home)
        stage = Stage(Play(throwaway)).build()
        throwaway.executor.watch.sign_checkpoint()
        connection.ensure_connection()
        (target / "desk.sql").write_text(dump(connection.connection))
        (target / "lab.sql").write_text(dump(throwaway.lab.keep()))
        players = {
            "at": to_stamp(throwaway.clock.now()), "seed_key": throwaway.executor.provider._seed_key.hex(), "cases": stage.cases,
            "cookies": stage.cookies, "passkeys": {state: key.to_json() for state, key in stage.passkeys.items()},
            "begun": to_stamp(BEGINNING),
        }  # fmt: skip
        (target / "players.json").write_text(json.dumps(players, indent=1) + "\n")
        for part in ("keys", "policies", "desk.toml"):
            source = home / part
            (shutil.copytree if source.is_dir() else shutil.copy)(source, target / part)
        # Only the versions that these cases are pinned to: a later shelf may hold others.
        (target / "runbooks").mkdir()
        pinned = [throwaway.desk.runbook_of(stage.play.state(case)) for case in stage.cases.values()]
        for book in {book.digest: book for book in pinned}.values():
            (target / "runbooks" / f"{book.id}.yaml").write_text(write_runbook(book))


if __name__ == "__main__":
    main(sys.argv[1])
