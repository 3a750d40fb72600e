"""Who put which runbook in force: a desk key's assertion over the act and the digest, and the proof looked at again (SETTLED 1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mfadesk.executor.staff_assertion import begin_assertion, finish_assertion
from mfadesk.kernel.errors import Refusal
from mfadesk.operations.publications import INSTALLATION, RECORDED, find_text
from mfadesk.operations.publishing import WHO, keep_text, require_may, require_proved
from mfadesk.operations.shelf_in_force import ShelfInForce
from mfadesk.prover.trust import find_trusted
from mfadesk.runbook.model import Runbook
from mfadesk.runbook.shelf import load_shelf

if TYPE_CHECKING:
    from mfadesk.executor.core import Executor

PURPOSE = "runbook_act"
NONE_KEPT = "No runbook is kept under this digest. Keep the draft first."


def begin_runbook_act(executor: Executor, case_id: str, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return options whose challenge commits to the act, the version and the policy under which it is proved."""
    staff_id, act, digest = (str(payload[name]) for name in ("staff", "act", "digest"))
    runbook = _require(executor, staff_id, act, digest)
    words = {"act": act, "runbook": runbook.id, "digest": digest, "policy": executor.desk.policy.digest}
    return {"options": begin_assertion(executor, PURPOSE, "", staff_id, words)}


def finish_runbook_act(executor: Executor, case_id: str, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Verify the assertion, once; write the act down in the executor's account and in the ledger, in one commit."""
    staff_id = str(payload["staff"])
    words = finish_assertion(executor, PURPOSE, "", staff_id, payload["response"]["json"])
    act, digest = str(words["act"]), str(words["digest"])
    if words["policy"] != executor.desk.policy.digest:
        raise Refusal("changed_since", "The policy has changed since this page was shown. Look at it again.")
    runbook = _require(executor, staff_id, act, digest)
    body = {"runbook": runbook.id, "digest": digest, "policy": words["policy"], "by": f"staff:{staff_id}"}
    executor.staff.note_runbook(RECORDED[act], body)
    if isinstance(executor.desk.runbooks, ShelfInForce):
        executor.desk.runbooks.look()
    if act in ("publish", "retire"):
        executor.alarm("runbook", "", f"{runbook.id} {digest[:16]}: {RECORDED[act].replace('_', ' ')} by staff {staff_id}.")
    return {"digest": digest}


def note_shipped(executor: Executor) -> None:
    """Publish, in the installation's name, what ships with the desk and is not written down yet; so a case that is pinned to it goes
    on after an upgrade brought another version."""
    known = executor.staff.read().runbooks
    for runbook in find_trusted(load_shelf().values(), executor.desk.policy).runbooks.values():
        if runbook.digest not in known:
            keep_text(executor.desk, runbook)
            body = {
                "runbook": runbook.id,
                "digest": runbook.digest,
                "policy": executor.desk.policy.digest,
                "by": INSTALLATION,
            }
            executor.staff.note_runbook(RECORDED["publish"], body)


def _require(executor: Executor, staff_id: str, act: str, digest: str) -> Runbook:
    """Return the version that the act is about. Raises Refusal where it may not be done by this member, or not now."""
    if act not in WHO:
        raise Refusal("unknown_request", "The desk could not do that.")
    member = executor.staff.require_member(staff_id, *WHO[act])
    standing = executor.staff.read()
    in_force = executor.desk.in_force()
    runbook = next((book for book in in_force.values() if book.digest == digest), None) or find_text(digest)
    if runbook is None:
        raise Refusal("no_such_runbook", NONE_KEPT)
    require_may(act, runbook, f"staff:{staff_id}", standing.runbooks, in_force)
    if act == "review":
        # One person with two accounts is one person: whoever offered it under another name does not review it either.
        author = standing.members.get(standing.runbooks[digest].offered_by.removeprefix("staff:"))
        if author is not None and author.person_id and author.person_id == member.person_id:
            raise Refusal("own_runbook", "You offered this version. Somebody else reviews it.")
    if act != "retire":
        require_proved(runbook, executor.desk.policy)
    return runbook
