"""`mfadesk explain`: why a case stands where it stands, in the words of its page, for whoever has a shell and no browser."""

from __future__ import annotations

import dataclasses
import json
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mfadesk.cli.home import HomeOption, JsonOption, find_home, wake

if TYPE_CHECKING:
    from mfadesk.operations.views import CaseView

app = typer.Typer()
LAST_EVENTS = 12


@app.command()
def explain(
    case: Annotated[str, typer.Argument(metavar="CASE", help="The case's id, as on its page.")],
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say where a case stands, what is proved, what is missing and why, what was done, and what it waits for. Changes nothing.

    Example: mfadesk explain case_5m2k9r --home desk
    """
    wake(find_home(home))
    from mfadesk.operations.case_view import case as view_of
    from mfadesk.operations.desk import current_desk
    from mfadesk.ports.people import Actor

    view = view_of(current_desk(), Actor("staff", "", frozenset({"auditor"}), None), case)
    if as_json:
        typer.echo(json.dumps(_told(view), indent=1, ensure_ascii=False, default=_plain))
        return
    for line in explain_lines(view):
        typer.echo(line)


def explain_lines(view: CaseView) -> list[str]:
    """Return the explanation, a line an entry; nothing in it is a code, a word of a session or a secret."""
    lines = [f"{view.id}: {view.request}, for {view.name} ({', '.join(view.facts)})", f"It is {view.status}. {view.session}."]
    lines += ["", f"{view.runbook}"] + [
        f"  {_MARKS.get(step.mark, ' ')} {step.title}  {step.detail}".rstrip() for step in view.steps
    ]
    board = view.board
    if board is not None:
        lines += ["", f"{board.verdict}: {board.points} points of {board.needed}.", _plain_words(board.cheapest)]
        lines += [f"  Proved: {line.name}. {line.detail}" for line in board.have]
        lines += [f"  {reason}" for reason in board.reasons]
        lines += [f"  Would be enough: {plan.words} (about {plan.minutes:g} min)" for plan in board.plans] or [
            f"  {board.no_plan}"
        ]
    if view.effects:
        lines += ["", "At the sign-in service:"] + [
            f"  {line.words}: {line.state} {line.detail}".rstrip() for line in view.effects
        ]
    lines += ["", "What happened, newest first:"]
    lines += [f"  {line.at:%Y-%m-%d %H:%M} {line.actor}: {line.text}" for line in view.timeline[:LAST_EVENTS]]
    return lines


_MARKS = {"done": "x", "now": ">", "waiting": ">", "refused": "!"}


def _plain_words(text: str) -> str:
    return text.replace("**", "")


def _told(view: CaseView) -> dict[str, Any]:
    """Return the view without what only its operator reads out."""
    found = dataclasses.asdict(view)
    return {name: value for name, value in found.items() if name not in ("code", "words", "may", "now")}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return sorted(value) if isinstance(value, frozenset | set) else str(value)
