"""What staff attest with their desk keys, and the executor's own register of those keys (SETTLED 1)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mfadesk.cases.engine import Draft
from mfadesk.connectors.lab.webauthn import Failed, RelyingParty
from mfadesk.executor.challenges import NOT_ACCEPTED, make_challenge, take_challenge
from mfadesk.executor.receipts import mint, mint_second
from mfadesk.executor.staff_keys import load_credentials, move_counter, register
from mfadesk.kernel.clock import to_stamp
from mfadesk.kernel.errors import Refusal
from mfadesk.store.commit import load_case
from mfadesk.store.models import StaffMember

if TYPE_CHECKING:
    from mfadesk.executor.core import Executor

SECOND_LOOK_S = 1_800
KEY_ROLES = frozenset({"operator", "approver", "administrator"})
"""Whose word counts as an assertion, and who therefore has a desk key."""


def begin_staff_key(executor: Executor, case_id: str, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return creation options for a desk key."""
    staff = _member(str(payload["staff"]), KEY_ROLES)
    challenge = make_challenge(executor, "staff_key", "", {"staff": str(staff.pk)})
    options = relying_party(executor).creation_options(
        str(payload["name"]), f"staff/{staff.pk}".encode(), "passkey", challenge,
        [c.credential_id for c in load_credentials(executor.keys, str(staff.pk))],
    )  # fmt: skip
    return {"options": options}


def finish_staff_key(executor: Executor, case_id: str, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Verify the registration and put the key into the register."""
    staff = _member(str(payload["staff"]), KEY_ROLES)
    response = payload["response"]["json"]
    says, challenge, _options = take_challenge(executor, "staff_key", "", response)
    if load_credentials(executor.keys, str(staff.pk)):
        # The web tier says who asks. Whoever has a key is not given another on that word alone.
        raise Refusal("has_desk_key", "You have a desk key already. An administrator removes it before you set up another.")
    outcome = relying_party(executor).verify_registration(challenge, response, "passkey")
    if says["staff"] != str(staff.pk) or isinstance(outcome, Failed):
        raise Refusal("wrong_proof", NOT_ACCEPTED)
    register(executor.desk, executor.keys, str(staff.pk), outcome)
    executor.alarm("desk_key", "", f"{staff.desk} set up a desk key. If nobody there did so, stop attesting and look.")
    return {"ok": True}


def begin_attestation(executor: Executor, case_id: str, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return options whose challenge commits to case, method, statement and value."""
    staff = _member(str(payload["staff"]))
    credentials = load_credentials(executor.keys, str(staff.pk))
    if not credentials:
        raise Refusal("no_desk_key", "Attesting takes your desk key. Set one up under your name first.")
    says = {name: str(payload[name]) for name in ("role", "method", "statement")}
    says["staff"] = str(staff.pk)
    # The value may name what stood on a badge; the challenge commits to its digest and the record never holds it.
    says["value"] = hashlib.sha256(str(payload["value"]).encode()).hexdigest()
    challenge = make_challenge(executor, "attest", case_id, says)
    return {"options": relying_party(executor).request_options(challenge, [c.credential_id for c in credentials])}


def finish_attestation(executor: Executor, case_id: str, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Verify the assertion and record what it said: first the owner, then the second whom the system chose."""
    staff = _member(str(payload["staff"]))
    response = payload["response"]["json"]
    says, challenge, _options = take_challenge(executor, "attest", case_id, response)
    credentials = load_credentials(executor.keys, str(staff.pk))
    outcome = relying_party(executor).verify_assertion(challenge, response, credentials, f"staff/{staff.pk}".encode())
    if says["staff"] != str(staff.pk) or isinstance(outcome, Failed):
        raise Refusal("wrong_proof", NOT_ACCEPTED)
    move_counter(executor.desk, outcome)
    if load_case(case_id).subject == staff.person_id and staff.person_id:
        raise Refusal("own_case", "This case is about you. Somebody else works it.")

    def change(draft: Draft) -> None:
        draft.require_open()
        if says["role"] == "second":
            _second(executor, draft, str(staff.pk), says)
        else:
            _first(executor, draft, staff, says)

    executor.settle(case_id, change)
    return {"ok": True}


def relying_party(executor: Executor) -> RelyingParty:
    """Return the desk's own relying party, where staff keys belong."""
    url = executor.desk.home.config.public_url
    host = url.split("//", 1)[1].split("/", 1)[0].split(":", 1)[0]
    return RelyingParty(host, executor.desk.home.config.organisation + " desk", (url,))


def _first(executor: Executor, draft: Draft, staff: StaffMember, says: Mapping[str, str]) -> None:
    method = says["method"]
    if draft.state.owner != f"staff:{staff.pk}":
        raise Refusal("not_the_owner", "Another operator holds this case.")
    terms = executor.desk.policy.methods.get(method)
    if terms is None or not terms.operator_attested or terms.role != "factor":
        raise Refusal("wrong_proof", NOT_ACCEPTED)
    if says["statement"] != "passed":
        draft.emit("proof_failed", method=method, reason="operator_says_no", session="")
        return
    body = mint(
        executor.keys.receipt, draft.state, method=method, now=draft.now, policy=executor.desk.policy,
        by=f"staff:{staff.pk}", session=None, authenticator=None, randomness=executor.desk.randomness,
    )  # fmt: skip
    draft.emit("evidence_recorded", **body)
    second = _choose_second(executor, staff, draft.state.subject)
    if second is not None:
        until = to_stamp(draft.now.fromtimestamp(draft.now.timestamp() + SECOND_LOOK_S, tz=draft.now.tzinfo))
        draft.emit("second_asked", method=method, staff=second, until=until)


def _second(executor: Executor, draft: Draft, staff_id: str, says: Mapping[str, str]) -> None:
    method = says["method"]
    piece = next((p for p in draft.state.pieces if p.evidence.method == method), None)
    if (
        draft.state.second_asked.get(method) != staff_id
        or piece is None
        or piece.evidence.established_by == f"staff:{staff_id}"
    ):
        raise Refusal("not_asked", "You were not asked for this second look.")
    if says["statement"] != "passed":
        draft.emit("proof_failed", method=method, reason="second_disagrees", session="")
        draft.emit("alert_raised", pattern="second_operator_disagrees")
        draft.intend("alert", target="second_operator_disagrees")
        return
    body = mint_second(
        executor.keys.receipt, draft.state, method=method, by=f"staff:{staff_id}", now=draft.now,
        randomness=executor.desk.randomness,
    )  # fmt: skip
    draft.emit("second_attested", **body)


def _choose_second(executor: Executor, first: StaffMember, subject: str | None) -> str | None:
    """Return another operator with a desk key, drawn by the machine, so that nobody can arrange who looks."""
    others = [
        str(member.pk)
        for member in StaffMember.objects.filter(active=True).exclude(pk=first.pk).order_by("pk")
        if "operator" in member.roles
        and (not subject or member.person_id != subject)
        and (not first.person_id or member.person_id != first.person_id)
        and load_credentials(executor.keys, str(member.pk))
    ]
    if not others:
        return None
    return others[int.from_bytes(executor.desk.randomness.bytes(4), "big") % len(others)]


def _member(staff_id: str, roles: frozenset[str] = frozenset({"operator"})) -> StaffMember:
    member = StaffMember.objects.filter(pk=staff_id, active=True).first() if staff_id.isdigit() else None
    if member is None or not roles & set(member.roles):
        raise Refusal("not_your_role", "Your role neither attests nor approves. Ask an operator.")
    return member
