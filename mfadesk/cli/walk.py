"""`mfadesk walk`: the whole replaced-phone road over HTTP, against a throwaway desk that it starts and stops.

For installers and checks: it says in half a minute whether web, worker, executor, provider, mail and ledger work together on this
machine. The desk stands in a temporary folder on a free port; nothing of an installed desk is read or touched.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import typer

from mfadesk.cli.demo import READY_WITHIN_S, is_ready, open_demo, supervise
from mfadesk.cli.home import JsonOption
from mfadesk.cli.walk_browser import Browser
from mfadesk.cli.walk_postgres import grant, scratch_database
from mfadesk.cli.walk_road import Road
from mfadesk.kernel.errors import Invalid, MfadeskError, Unavailable
from mfadesk.store.home import Home

app = typer.Typer()
PROVIDERS = ("lab",)


@dataclass(frozen=True, slots=True)
class Step:
    """One step that was walked. `why` is what the page said where it did not go."""

    name: str
    ok: bool
    seconds: float
    why: str = ""


@app.command()
def walk(
    provider: Annotated[str, typer.Option(help="Where the authenticators are held: lab.")] = "lab",
    as_json: JsonOption = False,
    database: Annotated[
        str, typer.Option(help="postgresql://… of somebody who may create databases and roles there: the walk makes its own.")
    ] = "",
    keep: Annotated[Path | None, typer.Option(help="Copy the desk's logs into this folder before it goes.")] = None,
) -> None:
    """Walk the replaced-phone road once, from the call to the verified record.

    Example: mfadesk walk --json
    """
    if provider not in PROVIDERS:
        raise Invalid("--provider", f"`walk` knows {', '.join(PROVIDERS)}.")

    def tell(step: Step) -> None:
        if not as_json:
            typer.echo(f"{'ok' if step.ok else 'NO':<3} {step.seconds:6.2f} s  {step.name}")
            if step.why:
                typer.echo(f"              {step.why}")

    folder = Path(tempfile.mkdtemp(prefix="mfadesk-walk-"))
    try:
        steps, verified = walk_once(folder, tell, database)
    finally:
        if keep is not None:
            shutil.copytree(folder / "logs", keep, dirs_exist_ok=True)
        shutil.rmtree(folder, ignore_errors=True)
    ok = verified and all(step.ok for step in steps)
    if as_json:
        typer.echo(
            json.dumps({"steps": [asdict(step) for step in steps], "ledger_verified": verified, "ok": ok}, ensure_ascii=False)
        )
    else:
        typer.echo(
            f"\nThe road is {'whole' if ok else 'broken'}: {sum(step.ok for step in steps)} steps, {sum(s.seconds for s in steps):.1f} s."
        )
    raise typer.Exit(0 if ok else 1)


def walk_once(folder: Path, tell: Callable[[Step], None] = lambda _step: None, database: str = "") -> tuple[list[Step], bool]:
    """Walk the road against a fresh desk in `folder`; return the steps and whether the record was verified.

    The first step that does not go is the last one: what follows rests on it.
    """
    steps: list[Step] = []

    def take(name: str, act: Callable[[], object]) -> bool:
        began, why = time.monotonic(), ""
        try:
            act()
        except MfadeskError as error:
            why = getattr(error, "sentence", "") or str(error)
        except (AssertionError, KeyError, ValueError, StopIteration) as error:
            why = f"The page is not as the walk knows it ({type(error).__name__}: {error})."
        steps.append(Step(name, not why, round(time.monotonic() - began, 3), why))
        tell(steps[-1])
        return not why

    with contextlib.ExitStack() as stack:
        opened: list[Home] = []
        if not take(
            "a throwaway desk starts", lambda: opened.append(stack.enter_context(throwaway_processes(folder, database)))
        ):
            return steps, False
        road = _begin(opened[0], stack)
        for name, act in road.steps():
            if not take(name, act):
                return steps, False
        return steps, road.ledger_verified


@contextlib.contextmanager
def throwaway_processes(folder: Path, database: str = "") -> Iterator[Home]:
    """Yield the home of a demo desk whose web, worker and executor run as processes of their own; they end with the block.

    database: a PostgreSQL server to use instead of a file; each process then works under a role that may do no more than it needs.

    Raises Unavailable where it is not ready in time.
    """
    port = find_free_port()
    # Whatever setting up prints is for a person; a caller may want one JSON document on standard output and nothing else.
    with contextlib.ExitStack() as stack:
        address, roles = stack.enter_context(scratch_database(database)) if database else ("", {})
        stack.enter_context(contextlib.redirect_stdout(sys.stderr))
        home = open_demo(folder, f"http://localhost:{port}", address)
        if roles:
            grant(roles)
        supervisor = supervise(home, port, lambda line: typer.echo(line, err=True))
        stack.callback(supervisor.end)
        for child in supervisor.children:
            if child.name in roles:
                child.environment = {**child.environment, "PGOPTIONS": f"-c role={roles[child.name]}"}
        supervisor.start()
        deadline = time.monotonic() + READY_WITHIN_S
        supervisor.watch(until=lambda: is_ready(port) or time.monotonic() > deadline)
        if not is_ready(port):
            raise Unavailable("desk", f"The throwaway desk was not ready after {READY_WITHIN_S} s.")
        yield home


def find_free_port() -> int:
    """Return a port of the loopback that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _begin(home: Home, stack: contextlib.ExitStack) -> Road:
    from mfadesk.demo.calls import CALLS

    honest = next(call for call in CALLS if call.honest and "suspended" in call.expect)
    operator, claimant = Browser(home.config.public_url), Browser(home.config.public_url)
    stack.callback(operator.close)
    stack.callback(claimant.close)
    return Road(home, honest.login, honest.who.partition(",")[0], operator, claimant)
