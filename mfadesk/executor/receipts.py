"""A proof counts only as a receipt that the executor made: a code over everything that the proof says (SETTLED 1)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from mfadesk.assurance.model import Policy
from mfadesk.cases.approvals import Approval, Ask
from mfadesk.cases.parts import Piece
from mfadesk.cases.state import CaseState
from mfadesk.kernel.canonical import canonical_json
from mfadesk.kernel.clock import to_stamp
from mfadesk.kernel.errors import Broken
from mfadesk.kernel.ids import Randomness
from mfadesk.kernel.sealing import authenticate, is_authentic


def mint(
    key: bytes,
    state: CaseState,
    *,
    method: str,
    now: datetime,
    policy: Policy,
    by: str,
    session: str | None,
    authenticator: str | None,
    randomness: Randomness,
) -> dict[str, Any]:
    """Return the body of an ``evidence_recorded`` event, with its receipt."""
    expires_at = now + timedelta(seconds=policy.methods[method].lifetime_s)
    body: dict[str, Any] = {
        "method": method, "expires_at": to_stamp(expires_at), "session": session, "authenticator": authenticator, "by": by,
        "nonce": randomness.bytes(12).hex(),
    }  # fmt: skip
    return {**body, "receipt": authenticate(_message(state, body, now), key)}


def mint_second(key: bytes, state: CaseState, *, method: str, by: str, now: datetime, randomness: Randomness) -> dict[str, Any]:
    """Return the body of a ``second_attested`` event, with its receipt."""
    body = {"method": method, "by": by, "nonce": randomness.bytes(12).hex()}
    return {**body, "receipt": authenticate(_message(state, {**body, "second": True}, now), key)}


def mint_ask(key: bytes, state: CaseState, body: dict[str, Any], now: datetime, randomness: Randomness) -> dict[str, Any]:
    """Return the body of an ``approvals_asked`` event, with its receipt: a wait keeps proof alive, so nobody else may begin one."""
    body = {**body, "nonce": randomness.bytes(12).hex()}
    return {**body, "receipt": authenticate(_message(state, {**body, "ask": True}, now), key)}


def mint_approval(
    key: bytes, state: CaseState, *, action: str, by: str, over: str, expires_at: datetime | None, now: datetime,
    randomness: Randomness,
) -> dict[str, Any]:  # fmt: skip
    """Return the body of an ``approval_given`` event with its receipt, or of an ``approval_refused`` one without an `expires_at`."""
    body = {"action": action, "by": by, "over": over, "nonce": randomness.bytes(12).hex()}
    if expires_at is not None:
        body["expires_at"] = to_stamp(expires_at)
    return {**body, "receipt": authenticate(_message(state, {**body, "approval": expires_at is not None}, now), key)}


def require_genuine_ask(key: bytes, state: CaseState, ask: Ask) -> None:
    """Raise Broken for a wait for approvals that this executor did not begin."""
    body = {
        "action": ask.action, "over": ask.over, "needed": ask.needed, "asked": list(ask.asked), "since": to_stamp(ask.since),
        "until": to_stamp(ask.until), "then": ask.then, "owner": ask.owner, "nonce": ask.nonce, "ask": True,
    }  # fmt: skip
    if not is_authentic(_message(state, body, ask.at), key, ask.receipt):
        raise Broken(f"case {state.id}: a wait for approvals that this executor did not begin")


def require_genuine_approval(key: bytes, state: CaseState, approval: Approval) -> None:
    """Raise Broken for an approval that this executor did not record, or recorded for another case or person."""
    body = {
        "action": approval.action, "by": approval.by, "over": approval.over, "expires_at": to_stamp(approval.expires_at),
        "nonce": approval.nonce, "approval": True,
    }  # fmt: skip
    if not is_authentic(_message(state, body, approval.at), key, approval.receipt):
        raise Broken(f"case {state.id}: an approval that carries no receipt of this executor")


def require_used_once(state: CaseState) -> None:
    """Raise Broken where a receipt or a decision of the case was written in a second time, as after it was voided."""
    if state.reused:
        raise Broken(f"case {state.id}: the event {state.reused} carries a receipt that was used before")


def mint_mark(
    key: bytes, state: CaseState, kind: str, body: Mapping[str, Any], now: datetime, randomness: Randomness
) -> dict[str, Any]:
    """Return the body of a `kind` event about who was asked or what they answered, with its receipt."""
    whole = {**body, "nonce": randomness.bytes(12).hex()}
    return {**whole, "receipt": authenticate(_message(state, {**whole, "kind": kind}, now), key)}


def require_mark(key: bytes, state: CaseState, kind: str, about: str) -> Mapping[str, Any]:
    """Return the body of the newest `kind` event about somebody. Raises Broken where there is none that this executor wrote here."""
    mark = state.marks.get(f"{kind}/{about}")
    if mark is not None:
        body = {name: value for name, value in mark.body.items() if name != "receipt"}
        if is_authentic(_message(state, {**body, "kind": kind}, mark.at), key, str(mark.body["receipt"])):
            return mark.body
    raise Broken(f"case {state.id}: the event {kind} carries no receipt of this executor")


def require_genuine(key: bytes, state: CaseState, piece: Piece) -> None:
    """Raise Broken for evidence that this executor did not record, or recorded for another case, person or browser."""
    evidence = piece.evidence
    body = {
        "method": evidence.method, "expires_at": to_stamp(evidence.expires_at), "session": piece.session,
        "authenticator": evidence.authenticator_id, "by": evidence.established_by, "nonce": piece.nonce,
    }  # fmt: skip
    if not is_authentic(_message(state, body, evidence.at), key, piece.receipt):
        raise Broken(f"case {state.id}: the evidence {evidence.method} carries no receipt of this executor")
    if piece.session is not None and piece.session != state.session:
        raise Broken(f"case {state.id}: the evidence {evidence.method} came through another browser")
    if evidence.second_attested:
        second = {"method": evidence.method, "by": piece.second_by, "nonce": piece.second_nonce, "second": True}
        if piece.second_at is None or not is_authentic(_message(state, second, piece.second_at), key, piece.second_receipt):
            raise Broken(f"case {state.id}: the second attestation of {evidence.method} carries no receipt of this executor")


def _message(state: CaseState, body: dict[str, Any], at: datetime) -> bytes:
    return b"receipt/" + canonical_json({**body, "case": state.id, "person": state.subject or "", "at": to_stamp(at)})
