"""A PostgreSQL of the tests' own: one temporary folder, one Unix socket, one process; no port, and nothing that survives.

python -m tests.services.postgres COMMAND …     run COMMAND with MFADESK_DATABASE_URL on a fresh server, then end the server
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from tests.run import find_postgres
from tests.services.absent import require

OWNER = "desk_owner"
READY_S = 30.0
CHEAP = "fsync=off\nsynchronous_commit=off\nfull_page_writes=off\n"
"""For tests that ask what is right and not how fast it is. A killed server process loses nothing by it; a power cut would."""


@dataclass(slots=True)
class Postgres:
    """A server under `folder`. `process` is None while it is down."""

    binaries: Path
    folder: Path
    settings: str
    process: subprocess.Popen[bytes] | None = None

    def url(self, database: str, user: str = OWNER) -> str:
        """Return the address of a database, as `desk.toml` takes it."""
        return f"postgresql://{user}@/{database}?host={self.folder}"

    def run(self, sql: str, database: str = "postgres", user: str = OWNER) -> list[tuple[Any, ...]]:
        """Return the rows of one statement, each its own transaction. Raises psycopg.Error with the server's words."""
        with psycopg.connect(self.url(database, user), autocommit=True, connect_timeout=5) as connection:
            cursor = connection.execute(sql)
            return cursor.fetchall() if cursor.description else []

    def create_database(self, name: str) -> str:
        """Return the address of a new and empty database."""
        self.run(f'CREATE DATABASE "{name}"')
        return self.url(name)

    def start(self) -> None:
        """Start the server and wait until it answers."""
        with (self.folder / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                [self.binaries / "postgres", "-D", self.folder / "data"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, **_unprivileged(),
            )  # fmt: skip
        until = time.monotonic() + READY_S
        while time.monotonic() < until and self.process.poll() is None:
            try:
                self.run("SELECT 1")
                return
            except psycopg.OperationalError:
                time.sleep(0.05)
        raise RuntimeError("PostgreSQL did not start: " + (self.folder / "server.log").read_text()[-800:])

    def stop(self, number: int = signal.SIGINT) -> None:
        """End the server: fast with SIGINT, at once and without a word with SIGQUIT."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(number)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process = None


@contextmanager
def running(settings: str = CHEAP) -> Iterator[Postgres]:
    """Yield a fresh server; skip the test where PostgreSQL is not installed."""
    binaries = require(find_postgres(), "PostgreSQL", "install its server (Debian: postgresql-15)")
    folder = Path(tempfile.mkdtemp(prefix="mfadesk-pg-"))
    server = Postgres(Path(binaries), folder, settings)
    try:
        if os.getuid() == 0:
            shutil.chown(folder, _unprivileged()["user"])
        folder.chmod(0o755)
        subprocess.run(
            [server.binaries / "initdb", "-D", folder / "data", "-A", "trust", "-U", OWNER, "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"],
            check=True, capture_output=True, **_unprivileged(),
        )  # fmt: skip
        with (folder / "data/postgresql.conf").open("a") as configuration:
            configuration.write(f"listen_addresses=''\nunix_socket_directories='{folder}'\nmax_connections=60\n{settings}")
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _unprivileged() -> dict[str, str]:
    """Return who the server runs as: PostgreSQL refuses to be root."""
    if os.getuid() != 0:
        return {}
    names = {entry.pw_name for entry in pwd.getpwall()}
    return {"user": "postgres" if "postgres" in names else "nobody"}


def main() -> int:
    """Run the command on a fresh server and return its exit status."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with running() as server:
        url = server.create_database("desk")
        return subprocess.run(sys.argv[1:], env={**os.environ, "MFADESK_DATABASE_URL": url}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
