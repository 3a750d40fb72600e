"""How somebody comes to work here with a desk key: invited, confirmed, registered. The web tier carries; the register decides.

The root is whoever holds the executor's key: `init` makes the first invitation. From there on an administrator's desk key signs every
invitation, and a second administrator's key confirms the roles that approve or configure (SETTLED 9).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mfadesk.connectors.webauthn import Failed
from mfadesk.executor.challenges import NOT_ACCEPTED, make_challenge, take_challenge
from mfadesk.executor.staff_assertion import begin_assertion, finish_assertion, relying_party, user_handle
from mfadesk.executor.staff_keys import begin_counter, pack
from mfadesk.executor.staff_register import Invitation, require_confirmable
from mfadesk.kernel.errors import Refusal
from mfadesk.operations.staff import hash_token, new_token

if TYPE_CHECKING:
    from mfadesk.executor.core import Executor


def begin_staff_key(executor: Executor, case_id: str, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return creation options for a desk key, on the invitation whose token is presented."""
    staff_id, token_hash = str(payload["staff"]), hash_token(str(payload["token"]))
    invitation = executor.staff.require_invitation(token_hash, staff_id)
    return {"options": _creation_options(executor, staff_id, invitation.desk, token_hash)}


def begin_own_key(executor: Executor, case_id: str, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return request options by which a desk key of the member asks for another beside it."""
    return {"options": begin_assertion(executor, "another_key", "", str(payload["staff"]), {})}


def finish_own_key(executor: Executor, case_id: str, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Verify that assertion and return creation options for the other key."""
    staff_id = str(payload["staff"])
    finish_assertion(executor, "another_key", "", staff_id, payload["response"]["json"])
    member = executor.staff.read().members[staff_id]
    return {"options": _creation_options(executor, staff_id, member.desk, "")}


def finish_staff_key(executor: Executor, case_id: str, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Verify the registration and put the key into the register."""
    staff_id, response = str(payload["staff"]), payload["response"]["json"]
    says, challenge, _options = take_challenge(executor, "staff_key", "", response)
    outcome = relying_party(executor).verify_registration(challenge, response, "passkey")
    if says["staff"] != staff_id or isinstance(outcome, Failed):
        raise Refusal("wrong_proof", NOT_ACCEPTED)
    if any(k.credential_id == outcome.credential_id for m in executor.staff.read().members.values() for k in m.keys):
        raise Refusal("wrong_proof", NOT_ACCEPTED)
    # The counter first: alone it opens nothing, and a key without one is taken for damage.
    begin_counter(executor, staff_id, outcome)
    member = executor.staff.add_key(staff_id, str(says["token"]), outcome.credential_id, pack(outcome))
    executor.alarm("desk_key", "", f"{member.desk} set up a desk key. If nobody there did so, stop attesting and look.")
    return {"ok": True}


def begin_staff_act(executor: Executor, case_id: str, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return request options whose challenge commits to an administrator's act: invite, rekey, confirm or dismiss."""
    staff_id = str(payload["staff"])
    executor.staff.require_member(staff_id, "administrator")
    standing = executor.staff.read()
    words: dict[str, Any] = {"act": str(payload["act"])}
    if words["act"] == "invite":
        words |= {name: str(payload[name]) for name in ("login", "desk")}
        words |= {"roles": sorted(map(str, payload["roles"])), "person": payload["person"] and str(payload["person"])}
    elif words["act"] == "confirm":
        found = require_confirmable(standing, str(payload["invitation"]), staff_id, executor.desk.now())
        words |= {"invitation": found.token_hash, "login": found.login, "roles": sorted(found.roles), "person": found.person_id}
    elif words["act"] in ("rekey", "dismiss"):
        if str(payload["member"]) not in standing.members:
            raise Refusal("no_such_member", "Nobody with a desk key has this name.")
        words["member"] = str(payload["member"])
    else:
        raise Refusal("unknown_request", "The desk could not do that.")
    return {"options": begin_assertion(executor, "staff_act", "", staff_id, words)}


def finish_staff_act(executor: Executor, case_id: str, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Verify the administrator's assertion and do what it committed to. An invitation's token is in the answer and nowhere else."""
    staff_id = str(payload["staff"])
    executor.staff.require_member(staff_id, "administrator")
    words = finish_assertion(executor, "staff_act", "", staff_id, payload["response"]["json"])
    if words["act"] == "confirm":
        executor.staff.confirm(words["invitation"], staff_id)
        return {"act": "confirm", "invitation": words["invitation"]}
    if words["act"] == "dismiss":
        executor.staff.dismiss(words["member"], f"staff:{staff_id}")
        executor.alarm("desk_key", "", f"The desk keys of staff {words['member']} were made void by staff {staff_id}.")
        return {"act": "dismiss", "member": words["member"]}
    token = new_token(executor.desk.randomness)
    made = invite(executor, token, words, f"staff:{staff_id}")
    return {
        "act": words["act"], "token": token, "login": made.login, "desk": made.desk, "roles": list(made.roles),
        "person": made.person_id, "member": made.staff_id,
    }  # fmt: skip


def invite(executor: Executor, token: str, words: Mapping[str, Any], by: str) -> Invitation:
    """Record an invitation for somebody new, or for a member whose key is lost: then with the roles that the register holds."""
    if words["act"] == "invite":
        return executor.staff.invite(
            token, login=words["login"], desk=words["desk"], roles=words["roles"], person_id=words["person"], staff_id="", by=by
        )
    member = executor.staff.read().members.get(words["member"])
    if member is None:
        raise Refusal("no_such_member", "Nobody with a desk key has this name.")
    return executor.staff.invite(
        token, login=member.login, desk=member.desk, roles=member.roles, person_id=member.person_id, staff_id=member.id, by=by
    )


def _creation_options(executor: Executor, staff_id: str, name: str, token_hash: str) -> dict[str, Any]:
    challenge = make_challenge(executor, "staff_key", "", {"staff": staff_id, "token": token_hash})
    held = executor.staff.credentials(staff_id)
    return relying_party(executor).creation_options(
        name, user_handle(staff_id), "passkey", challenge, [key.credential_id for key in held]
    )
