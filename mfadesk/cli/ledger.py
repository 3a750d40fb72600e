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
from pathlib import Path
from typing import Annotated

import typer

from mfadesk.kernel.errors import Invalid
from mfadesk.ledger.note import parse_vkeys
from mfadesk.ledger.pack import MAX_PACK_BYTES
from mfadesk.ledger.verify import Verdict, verify_pack

MAX_KEY_BYTES = 1 << 16
SHOW_PROGRESS_FROM_BYTES = 4 << 20
"""About a second's work."""

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
