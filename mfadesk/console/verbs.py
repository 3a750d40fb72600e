"""The desk's pages call operations through here, by name: one place that says which verbs and queries the console uses.

Operations are imported when a page needs them, so that pages can be drawn and measured from samples without a store behind them.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any, Literal, cast

from mfadesk.operations.views import AnswerLine, CallsView, CaseView, PersonLine
from mfadesk.ports.people import Actor

Caller = Literal["subject", "assistant", "third_party"]
Ending = Literal["no_change_needed", "caller_hung_up", "cannot_be_proved"]


def _operation(name: str, module: str = "") -> Any:
    """Return an operation; it lives in the module of its own name unless `module` says otherwise."""
    return getattr(import_module(f"mfadesk.operations.{module or name}"), name)


def calls(actor: Actor) -> CallsView:
    """Return what needs this member of staff now."""
    return cast(CallsView, _operation("calls", "queries")(actor))


def find_people(actor: Actor, text: str) -> tuple[PersonLine, ...]:
    """Return at most 8 people whom `text` names: by name, staff number, mail address or phone number."""
    return cast("tuple[PersonLine, ...]", _operation("find_people", "queries")(actor, text))


def goals() -> tuple[AnswerLine, ...]:
    """Return what a caller may want, as the runbooks on the shelf name it."""
    return cast("tuple[AnswerLine, ...]", _operation("goals", "queries")())


def case(actor: Actor, case_id: str) -> CaseView:
    """Return one case. Raises Refusal where there is none, or none for this member of staff."""
    return cast(CaseView, _operation("case", "queries")(actor, case_id))


def case_version(case_id: str) -> int:
    """Return the number of the last event of a case."""
    return cast(int, _operation("case_version", "queries")(case_id))


def open_case(actor: Actor, person_id: str | None, said_name: str, channel: str, caller: Caller, goal: str) -> str:
    """Open a case and return its id."""
    return cast(str, _operation("open_case")(actor, person_id, said_name, channel, caller, goal))


def answer(actor: Actor, case_id: str, step_id: str, value: str, expected_version: int) -> None:
    """Record an answer to the step that the page showed. Raises Refusal where the case has moved on since."""
    _operation("answer")(actor, case_id, step_id, value, expected_version)


def take_over(actor: Actor, case_id: str) -> None:
    """Make this member of staff the owner."""
    _operation("take_over")(actor, case_id)


def end_case(actor: Actor, case_id: str, ending: Ending, expected_version: int) -> None:
    """End a case without a change."""
    _operation("end_case")(actor, case_id, ending, expected_version)


def send_link(actor: Actor, case_id: str) -> None:
    """Send a check-in link to the addresses that are held."""
    _operation("send_link")(actor, case_id)


def new_code(actor: Actor, case_id: str) -> None:
    """Void the case code and its browser, and make a new code."""
    _operation("new_code")(actor, case_id)


def ask_voucher(actor: Actor, case_id: str, which: str) -> None:
    """Ask a voucher whom the directory names."""
    _operation("ask_voucher")(actor, case_id, which)


def thaw(actor: Actor, case_id: str) -> None:
    """Resolve a frozen case: both browsers and their evidence are void."""
    _operation("thaw")(actor, case_id)


def note_pressure(actor: Actor, case_id: str) -> None:
    """Tell the shift lead that the caller is pushing."""
    _operation("note_pressure")(actor, case_id)


def begin_attestation(actor: Actor, case_id: str, method: str, statement: str, value: str) -> dict[str, Any]:
    """Return WebAuthn request options whose challenge commits to case, method, statement and value."""
    return cast("dict[str, Any]", _operation("begin_attestation")(actor, case_id, method, statement, value))


def finish_attestation(actor: Actor, case_id: str, response: dict[str, Any]) -> None:
    """Hand the assertion on for checking."""
    _operation("finish_attestation")(actor, case_id, response)


def export_case(actor: Actor, case_id: str) -> bytes:
    """Return the case's record as one file that can be verified offline."""
    return cast(bytes, _operation("export_case")(actor, case_id))
