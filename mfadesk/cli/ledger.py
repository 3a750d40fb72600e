"""`mfadesk ledger`: check an exported record offline.

`verify` needs the file and a key and nothing else, so this module loads neither the framework nor any room above the
ledger; an auditor runs it on a machine that has never seen the desk. What needs the desk's database is added by the rooms
that have it, and loads it when it is called.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mfadesk.cli.shell_user import shell_user
from mfadesk.kernel.errors import Invalid, Unavailable
from mfadesk.kernel.sealing import all_of
from mfadesk.ledger.note import VerifierKey, parse_vkeys
from mfadesk.ledger.pack import MAX_PACK_BYTES
from mfadesk.ledger.verify import Verdict, verify_pack

if TYPE_CHECKING:
    from mfadesk.operations.desk import Desk
    from mfadesk.ports.people import Actor

MAX_KEY_BYTES = 1 << 16
SHOW_PROGRESS_FROM_BYTES = 4 << 20
"""About a second's work."""

HomeOption = Annotated[
    Path | None, typer.Option("--home", help="The desk's folder. [default: MFADESK_HOME, or here]", show_default=False)
]
"""As in `cli.home`, whose import would load the store, which an auditor's machine may not have."""

app = typer.Typer(help="Check, export and sign the ledger.", no_args_is_help=True, add_completion=False)


@app.callback()
def _group() -> None:
    """Check, export and sign the ledger."""


@app.command()
def verify(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The exported record.")],
    key: Annotated[
        str | None,
        typer.Option(
            "--key",
            metavar="VKEY_OR_PATH",
            help="The desk's verifier key, or a file with one a line, from a source that you trust.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the verdict as one JSON document.")] = False,
) -> None:
    """Verify an exported record offline: no database, no network.

    Exit status 0: every entry is as it was signed. 1: it is not, or no key was given. 2: the file or the key cannot be read.

    Example: mfadesk ledger verify case.jsonl --key desk.vkey
    """
    try:
        vkey = None if key is None else _read_key(key)
        data = _read_file(file)
        with _progress(len(data)) as watch:
            verdict = verify_pack(data, vkey, watch)
    except Invalid as error:
        _tell(Verdict(False, 0, None, str(error)), as_json, to_stderr=True)
        raise typer.Exit(2) from error
    _tell(verdict, as_json)
    raise typer.Exit(0 if verdict.ok else 1)


@app.command()
def export(
    out: Annotated[
        Path, typer.Option("--out", metavar="FILE", help="Where the record goes; a file that is there is never replaced.")
    ],
    case: Annotated[str | None, typer.Option("--case", help="One case, by its id.")] = None,
    since: Annotated[str | None, typer.Option("--from", metavar="DATE", help="The first day of a period, UTC.")] = None,
    until: Annotated[str | None, typer.Option("--to", metavar="DATE", help="The last day of the period, UTC.")] = None,
    full: Annotated[bool, typer.Option("--full", help="With personal fields; they are withheld otherwise.")] = False,
    home: HomeOption = None,
) -> None:
    """Export the record of one case or of a period as one file, which `verify` checks offline.

    Example: mfadesk ledger export --case case_01 --out case.jsonl
    """
    if (case is None) == (since is None) or (since is None) != (until is None):
        raise Invalid("export", "Name one case with --case, or a period with --from and --to.")
    first, last = (_day("--from", since), _day("--to", until) + timedelta(days=1)) if since and until else (None, None)
    desk, actor = _open(home)
    from mfadesk.operations.record import export_case, export_period

    with _executor_needed():
        if case is not None:
            data = export_case(desk, actor, case, full=full)
        else:
            assert first is not None and last is not None
            data = export_period(desk, actor, first, last, full=full)
    try:
        with out.open("xb") as stream:
            stream.write(data)
    except OSError as error:
        raise Invalid(str(out), f"The file cannot be written: {error.strerror}.") from error
    typer.echo(
        f"{out}: {len(data)} bytes. Check it with `mfadesk ledger verify {out} --key VKEY`; `mfadesk ledger key` prints the key."
    )


@app.command()
def checkpoint(home: HomeOption = None) -> None:
    """Have the running executor sign where the ledger stands now, and print the signed checkpoint.

    Example: mfadesk ledger checkpoint --home desk
    """
    desk, _actor = _open(home)
    from mfadesk.operations.record import make_checkpoint

    with _executor_needed():
        typer.echo(make_checkpoint(desk), nl=False)


@app.command("key")
def show_key(home: HomeOption = None) -> None:
    """Print the desk's verifier keys: the one in use, then those before a rotation. Give them to auditors apart from any record.

    A key that comes with the file proves nothing.

    Example: mfadesk ledger key --home desk
    """
    from mfadesk.cli.home import find_home

    public = find_home(home).public_keys()
    for key in all_of(public.checkpoint_verify):
        typer.echo(VerifierKey(public.origin, key).text())


def _open(home: Path | None) -> tuple[Desk, Actor]:
    """Return the desk, with Django awake, and who acts: whoever may use a shell on this machine, as an auditor."""
    from mfadesk.cli.home import find_home, wake

    desk_home = find_home(home)
    wake(desk_home)
    from mfadesk.operations.desk import open_desk
    from mfadesk.ports.people import Actor

    return open_desk(desk_home), Actor("system", shell_user(), frozenset({"auditor"}))


@contextmanager
def _executor_needed() -> Iterator[None]:
    try:
        yield
    except Unavailable as error:
        raise Unavailable(
            "executor", "Only the executor signs, and none answers. Start it: `mfadesk executor`. Then try again."
        ) from error


def _day(option: str, text: str) -> datetime:
    try:
        return datetime.combine(date.fromisoformat(text), time(), UTC)
    except ValueError as error:
        raise Invalid(option, "Write the day as YYYY-MM-DD.") from error


def _read_key(text: str) -> str:
    """Return the text of one or more keys, given as such or as the path of a file. Raises Invalid."""
    try:
        parse_vkeys(text)
        return text
    except Invalid as error:
        try:
            with Path(text).open("rb") as stream:
                found = stream.read(MAX_KEY_BYTES).decode()
        except (OSError, ValueError):
            raise Invalid("--key", f"This is neither a verifier key nor a file that can be read. {error.what}") from error
    parse_vkeys(found)
    return found


def _read_file(path: Path) -> bytes:
    """Return the file, or so much of it that it is seen to be too large. Raises Invalid."""
    try:
        with path.open("rb") as stream:
            return stream.read(MAX_PACK_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else None
        raise Invalid(str(path), f"The file cannot be read: {reason or 'that is no file name'}.") from error


@contextmanager
def _progress(size: int) -> Iterator[Callable[[int, int], None] | None]:
    if size < SHOW_PROGRESS_FROM_BYTES or not sys.stderr.isatty():
        yield None
        return
    with typer.progressbar(length=1000, label="Verifying", file=sys.stderr) as bar:
        shown = 0

        def watch(done: int, total: int) -> None:
            nonlocal shown
            due = 1000 * done // total
            if due > shown:
                bar.update(due - shown)
                shown = due

        yield watch


def _tell(verdict: Verdict, as_json: bool, *, to_stderr: bool = False) -> None:
    if as_json:
        typer.echo(json.dumps(verdict.to_json()))
    else:
        # A sentence may repeat a name out of a hostile file; on a terminal a control character is a command.
        plain = "".join(letter if letter.isprintable() else "?" for letter in verdict.sentence)
        typer.echo(plain, err=to_stderr)
