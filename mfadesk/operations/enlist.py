"""Desk keys, and what an administrator does with theirs: invite, give leave for a new key, confirm, dismiss. The executor decides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mfadesk.kernel.errors import Invalid, Refusal
from mfadesk.operations.asking import ask_executor
from mfadesk.operations.desk import Desk
from mfadesk.operations.prove import require_small
from mfadesk.operations.staff import check_invitation, confirm_invitation, invite_staff, note_rekey, switch_off
from mfadesk.ports.people import Actor, Role
from mfadesk.store.models import StaffInvitation, StaffKey

SIGNING: frozenset[Role] = frozenset({"operator", "approver", "administrator"})
"""Roles whose word counts only under a desk key."""
MAX_TOKEN = 200


@dataclass(frozen=True, slots=True)
class Done:
    """What an administrator's act came to. `token` is the new invitation's, shown once; `member` is set for a new key."""

    act: str
    token: str = ""
    member: str = ""


def begin_desk_key(desk: Desk, actor: Actor, invitation: str) -> Mapping[str, Any]:
    """Return creation options for a desk key, made by the executor on the invitation that is presented.

    invitation: the token, or the whole link that was given.
    """
    token = invitation.strip().rstrip("/").rsplit("/", 1)[-1][:MAX_TOKEN]
    if not token:
        raise Invalid("invitation", "Paste the invitation that you were given.")
    return _options(ask_executor(desk, "begin_staff_key", "", {"staff": actor.id, "token": token}))


def needs_desk_key(actor: Actor) -> bool:
    """Return whether this member of staff signs by role and has set up no desk key. For pages only: the executor's register decides."""
    return bool(SIGNING & actor.roles) and not count_desk_keys(actor)


def count_desk_keys(actor: Actor) -> int:
    """Return how many desk keys this member of staff has set up. For pages only: the executor's register decides."""
    return StaffKey.objects.filter(staff_id=actor.id).count()


def begin_own_key(desk: Desk, actor: Actor) -> Mapping[str, Any]:
    """Return request options: the desk key that one has asks for another beside it."""
    return _options(ask_executor(desk, "begin_own_key", "", {"staff": actor.id}))


def finish_own_key(desk: Desk, actor: Actor, response: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return creation options for the other key, once the executor has verified the first one's assertion."""
    return _options(ask_executor(desk, "finish_own_key", "", {"staff": actor.id, "response": require_small(response)}))


def finish_desk_key(desk: Desk, actor: Actor, response: Mapping[str, Any]) -> None:
    """Have the new desk key verified and put into the executor's register."""
    ask_executor(desk, "finish_staff_key", "", {"staff": actor.id, "response": require_small(response)})


def begin_staff_act(desk: Desk, actor: Actor, act: str, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return request options for the administrator's desk key, whose challenge commits to the act.

    act: ``invite`` (fields login, desk, roles, person), ``rekey`` and ``dismiss`` (member), ``confirm`` (invitation: its number).
    """
    if "administrator" not in actor.roles:
        raise Refusal("not_administrator", "Only an administrator does this.")
    payload: dict[str, Any] = {"staff": actor.id, "act": act, **fields}
    if act == "invite":
        payload["login"] = check_invitation(fields["login"], fields["roles"], fields["person"], desk.now())
    elif act == "confirm":
        row = StaffInvitation.objects.filter(pk=fields["invitation"]).first()
        if row is None:
            raise Refusal("nothing_to_confirm", "This invitation waits for nobody.")
        payload["invitation"] = row.token_hash
    return _options(ask_executor(desk, "begin_staff_act", "", payload))


def finish_staff_act(desk: Desk, actor: Actor, response: Mapping[str, Any]) -> Done:
    """Have the executor verify the assertion and do the act; then let the web tier's own rows follow."""
    told = ask_executor(desk, "finish_staff_act", "", {"staff": actor.id, "response": require_small(response)})
    if told["act"] == "confirm":
        row = StaffInvitation.objects.filter(token_hash=told["invitation"]).first()
        if row is not None:
            confirm_invitation(row.pk, actor, desk.now())
    elif told["act"] == "dismiss":
        switch_off(told["member"])
    elif told["act"] == "invite":
        invite_staff(
            told["login"],
            told["roles"],
            told["desk"],
            told["person"],
            actor.id,
            desk.now(),
            desk.randomness,
            token=told["token"],
        )
    elif told["act"] == "rekey":
        note_rekey(told["token"], told["login"], told["desk"], told["roles"], actor.id, desk.now())
    return Done(told["act"], told.get("token", ""), told.get("member", ""))


def _options(answer: Mapping[str, Any]) -> Mapping[str, Any]:
    options: Mapping[str, Any] = answer["options"]
    return options
