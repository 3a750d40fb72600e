"""`mfadesk demo`: the example desk, whole, on this machine: web, worker and executor as processes of their own, kept alive."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import signal
import socket
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from mfadesk import __version__
from mfadesk.cli.filesystems import require_local
from mfadesk.cli.home import prepare, wake
from mfadesk.cli.supervise import Child, Supervisor
from mfadesk.kernel.clock import SystemClock
from mfadesk.kernel.errors import Invalid, Refusal
from mfadesk.kernel.ids import SystemRandomness
from mfadesk.store.home import CONFIG_NAME, Home, create_home, load_home

app = typer.Typer()
READY_WITHIN_S = 60
RUNNING = "running.lock"


@app.command()
def demo(
    port: Annotated[int, typer.Option(envvar="PORT", min=1, max=65535, help="The port of the web pages.")] = 8000,
    folder: Annotated[Path, typer.Option("--dir", envvar="DEMO_DIR", help="Where the demo keeps its state.")] = Path(
        "var/demo"
    ),
    reset_only: Annotated[bool, typer.Option("--reset-only", help="Forget the demo's state and stop.")] = False,
) -> None:
    """Start the desk with an example organisation. A second start goes on where the first stopped.

    Example: mfadesk demo --port 8123
    """
    folder = folder.resolve()
    if reset_only:
        reset(folder)
        typer.echo(f"Forgotten: {folder}. The next `make demo` starts over.")
        return
    require_local(folder)
    require_free(port)
    with only_one(folder):
        home = open_demo(folder, f"http://localhost:{port}")
        run(home, port)


def reset(folder: Path) -> None:
    """Remove the demo's state. Raises Refusal for a folder that is no demo, and while one runs there."""
    if not folder.exists():
        return
    if (folder / CONFIG_NAME).exists() and not load_home(folder).config.demo:
        raise Refusal("not_a_demo", f"{folder} holds a real desk. Nothing was removed.")
    strangers = [path.name for path in folder.iterdir() if path.name not in _OURS and not path.name.startswith(_OUR_STARTS)]
    if strangers:
        raise Refusal("not_a_demo", f"{folder} also holds {strangers[0]!r}, which is not the demo's. Nothing was removed.")
    with only_one(folder):
        shutil.rmtree(folder)


_PREPARES = frozenset({".py", ".css", ".js", ".svg"})
_OURS = frozenset({"keys", "logs", "policies", "static", CONFIG_NAME, RUNNING})
_OUR_STARTS = ("desk.", "lab.sqlite3", "demo.json")


def require_free(port: int) -> None:
    """Raise Refusal where something listens on `port` already, with what to do."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise Refusal(
                "port_taken",
                f"Port {port} is taken on this machine. Stop what uses it, or choose another: PORT={port + 1} make demo",
            ) from error


@contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """Hold the folder for one demo. Raises Refusal where another one runs on it."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / RUNNING).open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Refusal(
                "already_running", f"A demo runs on {folder} already. Stop it with Ctrl-C, or set DEMO_DIR."
            ) from error
        yield


def open_demo(folder: Path, url: str, database_url: str = "") -> Home:
    """Return the demo's home at `url`: the one that is there, or a new one with the example organisation in it.

    database_url: of an empty PostgreSQL database, for a new one; the embedded database without it.
    """
    from mfadesk.demo.state import FILE

    if (folder / CONFIG_NAME).exists() and not load_home(folder).config.demo:
        raise Refusal("not_a_demo", f"{folder} holds a real desk. Choose another DEMO_DIR.")
    if (folder / FILE).exists():
        home = move_to(load_home(folder), url)
        if not _is_prepared(home):
            wake(home)
            prepare(home)
            _note_prepared(home)
        return home
    # Without that file an earlier start was cut off half way: what it left is of no use.
    for path in folder.iterdir():
        if path.name in _OURS - {RUNNING} or path.name.startswith(_OUR_STARTS):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    typer.echo("Setting up Fernhollow Clinics …")
    # Imported before Django is awake: a configuration needs no tables.
    from mfadesk.demo.config import demo_config

    config = replace(demo_config(folder, url), database_url=database_url)
    home = create_home(folder, config, SystemRandomness())
    wake(home)
    prepare(home)
    from mfadesk.demo.seed import seed

    seed(home, SystemClock(), SystemRandomness())
    _note_prepared(home)
    return home


def _code_stamp() -> str:
    package = Path(__file__).resolve().parent.parent
    found = sorted(
        (str(path.relative_to(package)), path.stat().st_mtime_ns) for path in package.rglob("*") if path.suffix in _PREPARES
    )
    return hashlib.sha256(repr((__version__, found)).encode()).hexdigest()


def _is_prepared(home: Home) -> bool:
    # Waking Django here only to find that no migration waits would cost a second of every start.
    stamp = home.folder / "desk.prepared"
    return stamp.exists() and stamp.read_text() == _code_stamp()


def _note_prepared(home: Home) -> None:
    (home.folder / "desk.prepared").write_text(_code_stamp())


def move_to(home: Home, url: str) -> Home:
    """Return the demo at another address: the port is a free choice at each start."""
    if home.config.public_url == url:
        return home
    path = home.folder / CONFIG_NAME
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace(json.dumps(home.config.public_url), json.dumps(url)), encoding="utf-8")
    moved = load_home(home.folder)
    if moved.config != replace(home.config, public_url=url, provider={**home.config.provider, "origins": [url]}):
        raise Invalid(str(path), "was changed by hand in a way that the demo does not follow. `make demo-reset` starts over.")
    return moved


def run(home: Home, port: int) -> None:
    """Start the three processes, say where they are once they are ready, and keep them alive until Ctrl-C."""
    supervisor, logs = supervise(home, port, typer.echo), home.folder / "logs"
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, supervisor.stop)
    try:
        supervisor.start()
        deadline = time.monotonic() + READY_WITHIN_S
        supervisor.watch(until=lambda: is_ready(port) or time.monotonic() > deadline)
        if not supervisor.stopping:
            if not is_ready(port):
                raise Refusal("not_ready", f"The desk was not ready after {READY_WITHIN_S} s. Look into {logs}.")
            say_hello(home)
            supervisor.watch()
    finally:
        supervisor.end()
    typer.echo("\nStopped. `make demo` goes on from here; `make demo-reset` starts over.")


def supervise(home: Home, port: int, say: Callable[[str], None]) -> Supervisor:
    """Return the supervisor of the demo's three processes, none of them started yet."""
    logs = home.folder / "logs"
    logs.mkdir(exist_ok=True)
    program = [sys.executable, "-m", "mfadesk.cli.main"]
    environment = {
        "MFADESK_HOME": str(home.folder),
        "PYTHONUNBUFFERED": "1",
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
    }
    children = [
        Child(name, [*program, name, "--with-parent", *more], environment, logs / f"{name}.log")
        for name, more in (("executor", []), ("serve", ["--port", str(port)]), ("worker", []))
    ]
    return Supervisor(children, say)


def is_ready(port: int) -> bool:
    """Return whether the desk says that it is ready."""
    request = urllib.request.Request(f"http://127.0.0.1:{port}/readyz")
    try:
        with urllib.request.urlopen(request, timeout=2) as answer:  # noqa: S310
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False


def say_hello(home: Home) -> None:
    """Print the addresses and the sign-ins."""
    from mfadesk.demo.state import read_state

    url = home.config.public_url
    typer.echo(f"\n{home.config.organisation} is open.\n")
    for name, path in (("The desk", "/"), ("Check-in page", "/me/"), ("Side room", "/demo/")):
        typer.echo(f"  {name:<15} {url}{path}")
    typer.echo("\nStaff sign in with a demo passkey, or with a password and a code from the side room:\n")
    for one in read_state(home.folder).sign_ins:
        typer.echo(f"  {one.login:<9} {one.password:<22} {one.desk}: {one.does}")
    typer.echo(f"\nBegin at {url}/demo/. Ctrl-C stops; logs are in {home.folder / 'logs'}.")
