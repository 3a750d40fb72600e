"""What staff attest with their desk keys; who they are, the executor's own register says (SETTLED 1)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mfadesk.cases.engine import Draft
from mfadesk.executor.challenges import NOT_ACCEPTED
from mfadesk.executor.receipts import mint, mint_mark, mint_second, require_mark
from mfadesk.executor.ringing import require_dialled, require_rung
from mfadesk.executor.staff_assertion import begin_assertion, finish_assertion
from mfadesk.executor.staff_register import Member
from mfadesk.kernel.clock import to_stamp
from mfadesk.kernel.errors import Refusal
from mfadesk.operations import call_back
from mfadesk.operations.judgement import BY_SERVICE
from mfadesk.store.commit import load_case
from mfadesk.store.models import StaffMember

if TYPE_CHECKING:
    from mfadesk.executor.core import Executor

SECOND_LOOK_S = 1_800


def begin_attestation(executor: Executor, case_id: str, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return options whose challenge commits to case, method, statement and value."""
    staff = _operator(executor, payload)
    says = {name: str(payload[name]) for name in ("role", "method", "statement")}
    if says["method"] == call_back.METHOD and says["statement"] == "passed":
        require_dialled(executor, load_case(case_id), staff, str(payload["value"]))
    if says["method"] in BY_SERVICE:
        _require_service(executor, says["method"], load_case(case_id).subject)
    # The value may name what stood on a badge; the challenge commits to its digest and the record never holds it.
    says["value"] = hashlib.sha256(str(payload["value"]).encode()).hexdigest()
    return {"options": begin_assertion(executor, "attest", case_id, staff.id, says)}


def finish_attestation(executor: Executor, case_id: str, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Verify the assertion and record what it said: first the owner, then the second whom the system chose."""
    staff = _operator(executor, payload)
    says = finish_assertion(executor, "attest", case_id, staff.id, payload["response"]["json"])
    if load_case(case_id).subject == staff.person_id and staff.person_id:
        raise Refusal("own_case", "This case is about you. Somebody else works it.")

    def change(draft: Draft) -> None:
        draft.require_open()
        if says["role"] == "second":
            _second(executor, draft, staff, says)
        else:
            _first(executor, draft, staff, says)

    executor.settle(case_id, change)
    return {"ok": True}


def _require_service(executor: Executor, method: str, subject: str | None) -> None:
    """Raise Refusal where no service carries this for the person: its price is that of a call which somebody watches over."""
    service = executor.services.get(method)
    if service is None or not service.is_available(executor.directory.get(subject).login):
        raise Refusal("no_service", "This desk has no service for that. Take another plan.")


def _first(executor: Executor, draft: Draft, staff: Member, says: Mapping[str, str]) -> None:
    method = says["method"]
    if draft.state.owner != f"staff:{staff.id}":
        raise Refusal("not_the_owner", "Another operator holds this case.")
    terms = executor.desk.policy.methods.get(method)
    if terms is None or not terms.operator_attested or terms.role != "factor":
        raise Refusal("wrong_proof", NOT_ACCEPTED)
    if says["statement"] != "passed":
        draft.emit("proof_failed", method=method, reason="operator_says_no", session="")
        return
    if method == call_back.METHOD:
        require_rung(executor, draft.state, staff)
    body = mint(
        executor.keys.receipt, draft.state, method=method, now=draft.now, policy=executor.desk.policy,
        by=f"staff:{staff.id}", session=None, authenticator=None, randomness=executor.desk.randomness,
    )  # fmt: skip
    draft.emit("evidence_recorded", **body)
    second = _choose_second(executor, staff, draft.state.subject)
    if second is not None:
        until = to_stamp(draft.now.fromtimestamp(draft.now.timestamp() + SECOND_LOOK_S, tz=draft.now.tzinfo))
        body = {"method": method, "staff": second, "until": until}
        draft.emit(
            "second_asked",
            **mint_mark(executor.keys.receipt, draft.state, "second_asked", body, draft.now, executor.desk.randomness),
        )


def _second(executor: Executor, draft: Draft, staff: Member, says: Mapping[str, str]) -> None:
    method, staff_id = says["method"], staff.id
    piece = next((p for p in draft.state.pieces if p.evidence.method == method), None)
    if (
        draft.state.second_asked.get(method) != staff_id
        or piece is None
        or piece.evidence.established_by == f"staff:{staff_id}"
    ):
        raise Refusal("not_asked", "You were not asked for this second look.")
    require_mark(executor.keys.receipt, draft.state, "second_asked", method)
    if says["statement"] != "passed":
        draft.emit("proof_failed", method=method, reason="second_disagrees", session="")
        draft.emit("alert_raised", pattern="second_operator_disagrees")
        draft.intend("alert", target="second_operator_disagrees")
        return
    if method == call_back.METHOD:
        # A second look is a second call: whoever did not ring has seen nothing.
        require_rung(executor, draft.state, staff)
    body = mint_second(
        executor.keys.receipt, draft.state, method=method, by=f"staff:{staff_id}", now=draft.now,
        randomness=executor.desk.randomness,
    )  # fmt: skip
    draft.emit("second_attested", **body)


def _choose_second(executor: Executor, first: Member, subject: str | None) -> str | None:
    """Return another operator with a desk key, drawn by the machine, so that nobody can arrange who looks."""
    members = executor.staff.read().members
    switched_off = set(map(str, StaffMember.objects.filter(active=False).values_list("pk", flat=True)))
    others = [
        member.id
        for member in sorted(members.values(), key=lambda member: member.id)
        if "operator" in member.roles
        and member.id != first.id
        and member.id not in switched_off
        and (not subject or member.person_id != subject)
        and (not first.person_id or member.person_id != first.person_id)
    ]
    if not others:
        return None
    return others[int.from_bytes(executor.desk.randomness.bytes(4), "big") % len(others)]


def _operator(executor: Executor, payload: Mapping[str, Any]) -> Member:
    return executor.staff.require_member(str(payload["staff"]), "operator")
