"""The `mfadesk` program: finds the command that was asked for, loads that one alone, and turns errors into exit statuses.

A command is a module with a Typer application named ``app``. Loading late keeps `mfadesk ledger verify` free of Django, so that an
auditor can run it where no desk is installed in full, and keeps `--version` instant.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
import traceback
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

from mfadesk import __version__
from mfadesk.kernel.errors import Broken, Invalid, MfadeskError, Refusal, Unavailable

YES, NO, WRONG_USE, NOT_THERE, OUR_BUG = 0, 1, 2, 3, 4
"""Exit statuses: yes; the answer is no; wrong use; an outside service is not there; our own fault."""

COMMANDS: tuple[str, ...] = (
    "init",
    "upgrade",
    "grants",
    "demo",
    "serve",
    "worker",
    "executor",
    "check",
    "divide",
    "prove",
    "drill",
    "diagnose",
    "walk",
    "simulate",
    "runbook",
    "ledger",
    "ingest",
    "directory",
    "staff",
    "api",
    "rotate-keys",
    "backup",
    "restore",
    "erase-person",
    "explain",
)
"""In the order in which help lists them. A name without a module yet is not offered."""


def module_of(command: str) -> str:
    """Return the module that holds `command`.

    >>> module_of("rotate-keys")
    'mfadesk.cli.rotate_keys'
    """
    return "mfadesk.cli." + command.replace("-", "_")


class LateGroup(TyperGroup):
    """A group whose commands are imported when they are called."""

    def list_commands(self, ctx: Any) -> list[str]:
        return [name for name in COMMANDS if importlib.util.find_spec(module_of(name)) is not None]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in COMMANDS or importlib.util.find_spec(module_of(cmd_name)) is None:
            return None
        module = importlib.import_module(module_of(cmd_name))
        command = typer.main.get_command(module.app)
        command.name = cmd_name
        # A shell completes the program and not each of its commands.
        command.params = [one for one in command.params if one.name not in ("install_completion", "show_completion")]
        return command


EPILOG = "\n\n".join(
    (
        "Exit status: 0 yes, or done. 1 the answer is no, or it was refused. 2 wrong use, or a file that cannot be read."
        " 3 something outside is not there; try again. 4 a fault of ours, or a damaged record: stop.",
        "Environment: MFADESK_HOME, the desk's folder. MFADESK_DATABASE_URL, its database. MFADESK_DEBUG=1, show tracebacks. NO_COLOR.",
        "Files: desk.toml and keys/ in the desk's folder. More: docs/administrators, and mfadesk COMMAND --help.",
    )
)

app = typer.Typer(cls=LateGroup, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, epilog=EPILOG)


def _say_version(asked: bool) -> None:
    if asked:
        typer.echo(f"mfadesk {__version__}")
        raise typer.Exit(YES)


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_say_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """The self-hosted desk for MFA resets. Try `mfadesk demo`."""


def status_of(error: MfadeskError) -> int:
    """Return the exit status that says what kind of no this is."""
    if isinstance(error, Refusal):
        return NO
    if isinstance(error, Invalid):
        return WRONG_USE
    if isinstance(error, Unavailable):
        return NOT_THERE
    return OUR_BUG


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run the program and exit with a status of the surface. Never prints a traceback unless MFADESK_DEBUG is set."""
    if os.environ.get("NO_COLOR"):
        # Typer's help and errors are drawn by rich, which reads the variable itself; this covers what it forces on CI machines.
        os.environ.pop("FORCE_COLOR", None)
    try:
        app(arguments, prog_name="mfadesk")
    except MfadeskError as error:
        word = "Broken: " if isinstance(error, Broken) else ""
        print(f"mfadesk: {word}{error}", file=sys.stderr)
        sys.exit(status_of(error))
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        if os.environ.get("MFADESK_DEBUG"):
            traceback.print_exc()
        print(
            f"mfadesk: a fault of ours ({type(error).__name__}: {error}). Run it again with MFADESK_DEBUG=1 to see where.",
            file=sys.stderr,
        )
        sys.exit(OUR_BUG)
    sys.exit(YES)


if __name__ == "__main__":
    main()
