"""The desk's pages call operations through here: one place that says which verbs and queries the console uses, on which desk."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from mfadesk.operations import (
    approvals,
    attest,
    bypass,
    call_back,
    calls_view,
    case_view,
    codes,
    drafts,
    enlist,
    publishing,
    record,
    vouch,
    work_case,
    workbench,
)
from mfadesk.operations import open_case as opening
from mfadesk.operations.desk import current_desk
from mfadesk.operations.views import AnswerLine, CallsView, CaseView, PersonLine
from mfadesk.ports.people import Actor

Caller = Literal["subject", "assistant", "third_party"]
MAX_FOUND = calls_view.MAX_FOUND
Ending = Literal["no_change_needed", "caller_hung_up", "cannot_be_proved"]


def calls(actor: Actor) -> CallsView:
    """Return what needs this member of staff now."""
    return calls_view.calls(current_desk(), actor)


def find_people(actor: Actor, text: str) -> tuple[PersonLine, ...]:
    """Return at most 8 people whom `text` names: by name, staff number, mail address or phone number."""
    return calls_view.find_people(current_desk(), actor, text)


def goals() -> tuple[AnswerLine, ...]:
    """Return what a caller may want, as the runbooks on the shelf name it."""
    return calls_view.goals()


def case(actor: Actor, case_id: str) -> CaseView:
    """Return one case. Raises Refusal where there is none, or none for this member of staff."""
    return case_view.case(current_desk(), actor, case_id)


def case_version(case_id: str) -> int:
    """Return the number of the last event of a case."""
    return case_view.case_version(case_id)


def open_case(actor: Actor, person_id: str | None, said_name: str, channel: str, caller: Caller, goal: str) -> str:
    """Open a case and return its id."""
    return opening.open_case(current_desk(), actor, person_id, said_name=said_name, goal=goal, channel=channel, caller=caller)


def answer(actor: Actor, case_id: str, step_id: str, value: str, expected_version: int) -> None:
    """Record an answer to the step that the page showed. Raises Refusal where the case has moved on since."""
    work_case.answer(current_desk(), actor, case_id, step_id, value, expected_version)


def take_over(actor: Actor, case_id: str) -> None:
    """Make this member of staff the owner."""
    work_case.take_over(current_desk(), actor, case_id)


def end_case(actor: Actor, case_id: str, ending: Ending, expected_version: int) -> None:
    """End a case without a change."""
    work_case.end_case(current_desk(), actor, case_id, ending, expected_version)


def send_link(actor: Actor, case_id: str) -> None:
    """Send a check-in link to the addresses that are held."""
    codes.send_link(current_desk(), actor, case_id)


def new_code(actor: Actor, case_id: str) -> None:
    """Void the case code, and make a new one."""
    codes.new_code(current_desk(), actor, case_id)


def ask_voucher(actor: Actor, case_id: str, which: str) -> None:
    """Ask a voucher whom the directory names."""
    vouch.ask_voucher(current_desk(), actor, case_id, which)


def thaw(actor: Actor, case_id: str) -> None:
    """Resolve a frozen case: both browsers and their evidence are void."""
    work_case.thaw(current_desk(), actor, case_id)


def begin_review(actor: Actor, case_id: str) -> Mapping[str, Any]:
    """Return WebAuthn request options whose challenge commits to the case and its bypass."""
    return bypass.begin_review(current_desk(), actor, case_id)


def finish_review(actor: Actor, case_id: str, response: Mapping[str, Any]) -> None:
    """Hand the signed review of a bypass on for checking."""
    bypass.finish_review(current_desk(), actor, case_id, response)


def drop_browser(actor: Actor, case_id: str) -> None:
    """Take the case from its browser, since the person goes on with another device."""
    work_case.drop_browser(current_desk(), actor, case_id)


def note_pressure(actor: Actor, case_id: str) -> None:
    """Tell the shift lead that the caller is pushing."""
    work_case.note_pressure(current_desk(), actor, case_id)


def note_signal(actor: Actor, case_id: str, signal: str) -> None:
    """Write down something that was noticed on the call."""
    work_case.note_signal(current_desk(), actor, case_id, signal)


def note_out_of_reach(actor: Actor, case_id: str, authenticator_id: str, why: str, words: str) -> None:
    """Note why something that still works cannot be used now; the person is told."""
    work_case.note_out_of_reach(current_desk(), actor, case_id, authenticator_id, why, words)


def ring_back(actor: Actor, case_id: str) -> str:
    """Have the number on file rung, and return "", or the number itself where this operator must dial it."""
    return call_back.call(current_desk(), actor, case_id).number


def begin_attestation(actor: Actor, case_id: str, method: str, statement: str, value: str) -> Mapping[str, Any]:
    """Return WebAuthn request options whose challenge commits to case, method, statement and value."""
    return attest.begin_attestation(current_desk(), actor, case_id, method, statement, value)


def finish_attestation(actor: Actor, case_id: str, response: Mapping[str, Any]) -> None:
    """Hand the assertion on for checking."""
    attest.finish_attestation(current_desk(), actor, case_id, response)


def begin_approval(actor: Actor, case_id: str, answer: str, reason: str, over: str) -> Mapping[str, Any]:
    """Return WebAuthn request options whose challenge commits to case, what was shown, the answer and the reason."""
    return approvals.begin_approval(current_desk(), actor, case_id, answer, reason, over)


def finish_approval(actor: Actor, case_id: str, reason: str, response: Mapping[str, Any]) -> None:
    """Hand the signed answer on for checking."""
    approvals.finish_approval(current_desk(), actor, case_id, reason, response)


def count_desk_keys(actor: Actor) -> int:
    """Return how many desk keys this member of staff has set up."""
    return enlist.count_desk_keys(actor)


def begin_desk_key(actor: Actor, invitation: str) -> Mapping[str, Any]:
    """Return WebAuthn creation options for this member of staff's desk key, on an invitation."""
    return enlist.begin_desk_key(current_desk(), actor, invitation)


def begin_own_key(actor: Actor) -> Mapping[str, Any]:
    """Return WebAuthn request options by which one's desk key asks for another."""
    return enlist.begin_own_key(current_desk(), actor)


def finish_own_key(actor: Actor, response: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return WebAuthn creation options for the other key."""
    return enlist.finish_own_key(current_desk(), actor, response)


def finish_desk_key(actor: Actor, response: Mapping[str, Any]) -> None:
    """Hand the new desk key on to the executor's register."""
    enlist.finish_desk_key(current_desk(), actor, response)


def export_case(actor: Actor, case_id: str) -> bytes:
    """Return the case's record as one file that can be verified offline."""
    return record.export_case(current_desk(), actor, case_id)


def shelf(actor: Actor) -> workbench.Shelf:
    """Return every version of every runbook, for who writes them."""
    return workbench.shelf(current_desk(), actor)


def sheet(actor: Actor, digest: str, wrong: int, at: int) -> workbench.Sheet:
    """Return one version of a runbook; `wrong` and `at` choose a counter-example and its step."""
    return workbench.sheet(current_desk(), actor, digest, wrong, at)


def begin_runbook_act(actor: Actor, act: str, digest: str) -> Mapping[str, Any]:
    """Return WebAuthn request options whose challenge commits to the act and the version."""
    return publishing.begin_act(current_desk(), actor, act, digest)


def finish_runbook_act(actor: Actor, response: Mapping[str, Any]) -> str:
    """Hand the signed act on; return the digest that it was about."""
    return publishing.finish_act(current_desk(), actor, response).digest


def list_drafts(actor: Actor) -> tuple[drafts.DraftLine, ...]:
    """Return all drafts of runbooks, newest first."""
    return drafts.list_drafts(actor)


def begin_draft(actor: Actor, digest: str) -> str:
    """Begin a draft, from a version if one is named; return its id."""
    return drafts.begin(current_desk(), actor, digest)


def draft(actor: Actor, draft_id: str) -> drafts.Draft:
    """Return a draft as it is kept, and what is wrong with it."""
    return drafts.read(current_desk(), actor, draft_id)


def save_draft(
    actor: Actor, draft_id: str, revision: int, base: str, text: str, chosen: Mapping[int, str] | None = None
) -> drafts.Clash | int:
    """Keep a text and return its revision, or what both sides changed where somebody else saved since."""
    return drafts.save(current_desk(), actor, draft_id, revision, base, text, chosen)


def check_draft(text: str) -> drafts.Checked:
    """Return what is wrong with a text."""
    return drafts.check(current_desk(), drafts.tidy(text))


def keep_version(actor: Actor, draft_id: str) -> str:
    """Make a draft a version of its own; return its digest."""
    return drafts.keep_version(current_desk(), actor, draft_id)


def throw_draft_away(actor: Actor, draft_id: str) -> None:
    """Drop a draft."""
    drafts.throw_away(current_desk(), actor, draft_id)
