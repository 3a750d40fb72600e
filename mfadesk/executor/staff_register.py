"""The executor's own register of who works here, as what, and with which desk keys (SETTLED 1, 9).

Rows are only ever appended, and each carries a code by the executor's key over itself and the row before it. So the web tier, which
could write the table, can neither put a row in, nor change, reorder or leave one out; a tail that is cut off while the executor runs
shows as well. Roles in the web tier's own tables decide what a page shows; what somebody may attest, approve or grant stands here.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from django.db import IntegrityError

from mfadesk.cases.approvals import Approver
from mfadesk.executor.staff_keys import StaffCredential, read_counters, unpack
from mfadesk.kernel.canonical import canonical_json
from mfadesk.kernel.clock import from_stamp, to_stamp
from mfadesk.kernel.errors import Broken, Invalid, Refusal
from mfadesk.kernel.sealing import authenticate, is_authentic
from mfadesk.operations.approvers import Account, find_accounts, find_approvers
from mfadesk.operations.desk import Desk
from mfadesk.operations.publications import RECORDED, Publication, apply
from mfadesk.operations.staff import LIFETIME, NEEDS_SECOND, hash_token
from mfadesk.ports.people import ROLES
from mfadesk.store.home import ExecutorKeys, RegisterPin
from mfadesk.store.models import StaffFact, StaffMember
from mfadesk.store.seen import FORGETFUL, REGISTER, Place, Seen

MAX_FACTS = 10_000
MAX_KEYS = 10
NO_KEY = "This takes your desk key. Set one up under your name first."
OVER = "This invitation does not stand. Ask an administrator for a new one."
ROOT = "init"
"""Who invites without a second administrator: whoever holds the executor's key, when the desk is made."""


@dataclass(frozen=True, slots=True)
class Invitation:
    """Leave to register one desk key. `staff_id` is "" for somebody new, else the member whose keys it replaces."""

    token_hash: str
    login: str
    desk: str
    roles: tuple[str, ...]
    person_id: str | None
    staff_id: str
    invited_by: str
    expires_at: datetime
    confirmed_by: str = ""
    used: bool = False

    @property
    def waits_for_second(self) -> bool:
        """Whether a second administrator has to confirm first: also a new key for such a role is a way to it."""
        return self.invited_by != ROOT and not self.confirmed_by and bool(NEEDS_SECOND & set(self.roles))


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody who works here. `keys` are the genuine ones, without their counters."""

    id: str
    login: str
    desk: str
    roles: frozenset[str]
    person_id: str | None
    keys: tuple[StaffCredential, ...]


@dataclass(frozen=True, slots=True)
class Standing:
    """Everything that the register says."""

    members: Mapping[str, Member]
    invitations: Mapping[str, Invitation]
    size: int
    mac: str
    runbooks: Mapping[str, Publication] = field(default_factory=dict)
    """By digest, what members of staff have put in force here, or stopped."""


@dataclass(slots=True)
class StaffRegister:
    """Reads and appends. Remembers how far it was read, by `seen` also for the process after this one: a tail cut off shows."""

    desk: Desk
    seen: Seen = FORGETFUL
    _end: Place = field(init=False)

    def __post_init__(self) -> None:
        self._end = self.seen.recall(REGISTER) or Place(0, "")

    def read(self) -> Standing:
        """Return what the register says. Raises Broken for a row that this executor did not write there."""
        standing = Standing({}, {}, 0, "")
        size, mac = self._end.size, self._end.mark
        keys = self.desk.home.executor_keys()
        for row in StaffFact.objects.order_by("seq")[:MAX_FACTS]:
            message = _message(standing, row.seq, row.kind, row.at, row.body)
            if row.seq != standing.size + 1 or not _is_ours(keys, row.seq, message, row.mac):
                raise Broken(f"the register of staff was changed at row {standing.size + 1} by somebody else than the executor")
            body = json.loads(row.body)
            standing = replace(_FOLDS[row.kind](standing, body), size=row.seq, mac=row.mac)
            if row.seq == size and row.mac != mac:
                raise Broken(f"the register of staff was replaced below row {size}")
        if standing.size < size:
            raise Broken(f"the register of staff shrank from {size} to {standing.size} rows")
        end = Place(standing.size, standing.mac)
        if end != self._end:
            self._end = end
            self.seen.keep(REGISTER, end)
        return standing

    def end_under(self, gone: Sequence[bytes]) -> tuple[RegisterPin, ...]:
        """Return how far the register stands under keys that will count no more, oldest first. Raises Broken as `read` does."""
        self.read()
        pinned = max((pin.size for pin in self.desk.home.executor_keys().pins), default=0)
        found: dict[bytes, RegisterPin] = {}
        standing = Standing({}, {}, 0, "")
        for row in StaffFact.objects.order_by("seq")[:MAX_FACTS]:
            message = _message(standing, row.seq, row.kind, row.at, row.body)
            standing = replace(standing, size=row.seq, mac=row.mac)
            for key in gone if row.seq > pinned else ():
                if is_authentic(message, key, row.mac):
                    found[key] = RegisterPin(key, row.seq, row.mac)
        return tuple(sorted(found.values(), key=lambda pin: pin.size))

    def require_member(self, staff_id: str, *roles: str) -> Member:
        """Return the member. Raises Refusal: ``no_desk_key``, or ``not_your_role`` where none of `roles` is theirs."""
        member = self.read().members.get(staff_id)
        if member is None:
            raise Refusal("no_desk_key", NO_KEY)
        # The web tier's own row can only take away here: who was switched off on its side is refused as well.
        if not member.roles & set(roles) or StaffMember.objects.filter(pk=staff_id, active=False).exists():
            raise Refusal("not_your_role", "Your role does not do this. Ask somebody whose role it is.")
        return member

    def credentials(self, staff_id: str) -> list[StaffCredential]:
        """Return the member's desk keys with their counters; none for somebody who does not work here."""
        member = self.read().members.get(staff_id)
        return read_counters(self.desk.home.executor_keys(), member.keys) if member is not None else []

    def invite(
        self, token: str, *, login: str, desk: str, roles: Iterable[str], person_id: str | None, staff_id: str, by: str
    ) -> Invitation:
        """Record an invitation whose token the invited person alone will have. Raises Refusal, or Invalid for an unknown role."""
        named = sorted(set(roles))
        if not named or set(named) - set(ROLES):
            raise Invalid("roles", f"Name at least one of: {', '.join(ROLES)}.")
        until = self.desk.now() + LIFETIME
        return self._append(
            "invited",
            {"token": hash_token(token), "login": login, "desk": desk or login, "roles": named, "person": person_id,
             "staff": staff_id, "by": by, "until": to_stamp(until)},
        ).invitations[hash_token(token)]  # fmt: skip

    def confirm(self, token_hash: str, by: str) -> None:
        """Record that a second administrator confirmed. Raises Refusal where it waits for nobody, or `by` invited them."""
        require_confirmable(self.read(), token_hash, by, self.desk.now())
        self._append("confirmed", {"token": token_hash, "by": by})

    def require_invitation(self, token_hash: str, staff_id: str) -> Invitation:
        """Return the invitation on which `staff_id` may register a key. Raises Refusal ``invitation_over`` for every other."""
        standing = self.read()
        found = standing.invitations.get(token_hash)
        if found is None or found.used or found.expires_at <= self.desk.now():
            raise Refusal("invitation_over", OVER)
        if found.waits_for_second:
            raise Refusal("waits_for_second", "A second administrator has to confirm this invitation first.")
        # An invitation for somebody new makes a member; one for a member is for that member alone.
        if (found.staff_id and found.staff_id != staff_id) or (not found.staff_id and staff_id in standing.members):
            raise Refusal("invitation_over", OVER)
        return found

    def add_key(self, staff_id: str, token_hash: str, credential_id: bytes, public_key: str) -> Member:
        """Record a verified desk key: on an invitation, which is used up by it, or beside the keys that the member has."""
        if token_hash:
            self.require_invitation(token_hash, staff_id)
        elif len(self.read().members[staff_id].keys) >= MAX_KEYS:
            raise Refusal("too_many_keys", f"{MAX_KEYS} desk keys are enough.")
        body = {"staff": staff_id, "token": token_hash, "credential": credential_id.hex(), "key": public_key}
        return self._append("key_added", body).members[staff_id]

    def note_runbook(self, kind: str, body: Mapping[str, Any]) -> None:
        """Record what somebody did with a version of a runbook, here and in the ledger, in one commit."""
        self._append(kind, body, in_ledger=True)

    def dismiss(self, staff_id: str, by: str) -> None:
        """Record that somebody does not work here any more: their keys and roles are void. Raises Refusal."""
        if staff_id not in self.read().members:
            raise Refusal("no_such_member", "Nobody with a desk key has this name.")
        self._append("left", {"staff": staff_id, "by": by})

    def _append(self, kind: str, body: Mapping[str, Any], *, in_ledger: bool = False) -> Standing:
        now = self.desk.now()
        text, at = canonical_json(dict(body)).decode(), to_stamp(now)
        try:
            with self.desk.unit() as unit:
                before = self.read()
                seq = before.size + 1
                mac = authenticate(_message(before, seq, kind, at, text), self.desk.home.executor_keys().receipt)
                StaffFact.objects.create(seq=seq, kind=kind, at=at, body=text, mac=mac)
                if in_ledger:
                    unit.record_of_desk(kind, body, now, str(body["by"]))
        except IntegrityError as error:
            raise Refusal("moved_on", "Somebody else changed the register just now. Try once more.") from error
        return self.read()


def find_answering(register: StaffRegister) -> tuple[Approver, ...]:
    """Return everybody whose yes or no the executor takes: by the roles and persons of its register, not of the staff list."""
    switched_off = {account.id for account in find_accounts() if not account.active}
    members = sorted(register.read().members.values(), key=lambda member: (len(member.id), member.id))
    return find_approvers(Account(one.id, one.person_id, one.roles, one.id not in switched_off) for one in members)


def require_confirmable(standing: Standing, token_hash: str, by: str, now: datetime) -> Invitation:
    """Return the invitation that `by` may confirm. Raises Refusal ``nothing_to_confirm`` or ``same_administrator``."""
    found = standing.invitations.get(token_hash)
    if found is None or found.used or found.expires_at <= now or not found.waits_for_second:
        raise Refusal("nothing_to_confirm", "This invitation waits for nobody.")
    if found.invited_by == f"staff:{by}" or found.staff_id == by:
        raise Refusal("same_administrator", "Another administrator has to confirm what you asked for.")
    return found


def _is_ours(keys: ExecutorKeys, seq: int, message: bytes, mac: str) -> bool:
    """Return whether a row is this executor's. Up to a pin it is under the key that was in use then, and the pinned row as it was."""
    for pin in sorted(keys.pins, key=lambda each: each.size):
        if seq <= pin.size:
            return is_authentic(message, pin.key, mac) and (seq != pin.size or mac == pin.mac)
    return is_authentic(message, keys.receipt, mac)


def _message(before: Standing, seq: int, kind: str, at: str, body: str) -> bytes:
    return b"staff-register/" + canonical_json([before.mac, seq, kind, at, body])


def _invited(standing: Standing, body: Mapping[str, Any]) -> Standing:
    made = Invitation(
        body["token"], body["login"], body["desk"], tuple(body["roles"]), body["person"], body["staff"], body["by"],
        from_stamp(body["until"]),
    )  # fmt: skip
    return replace(standing, invitations={**standing.invitations, made.token_hash: made})


def _confirmed(standing: Standing, body: Mapping[str, Any]) -> Standing:
    found = replace(standing.invitations[body["token"]], confirmed_by=body["by"])
    return replace(standing, invitations={**standing.invitations, found.token_hash: found})


def _key_added(standing: Standing, body: Mapping[str, Any]) -> Standing:
    key = unpack(body["credential"], body["key"])
    member = standing.members.get(body["staff"])
    if not body["token"]:
        assert member is not None
        changed = replace(member, keys=(*member.keys, key))
        return replace(standing, members={**standing.members, changed.id: changed})
    invitation = replace(standing.invitations[body["token"]], used=True)
    if invitation.staff_id and member is not None:
        # A key on a new invitation stands for a lost one: what was lost must not go on speaking.
        changed = replace(member, keys=(key,))
    else:
        changed = Member(
            body["staff"], invitation.login, invitation.desk, frozenset(invitation.roles), invitation.person_id, (key,)
        )
    return replace(
        standing, members={**standing.members, changed.id: changed},
        invitations={**standing.invitations, invitation.token_hash: invitation},
    )  # fmt: skip


def _left(standing: Standing, body: Mapping[str, Any]) -> Standing:
    """Void the member, and every open invitation of theirs: a new key would bring them back."""
    gone = body["staff"]
    return replace(
        standing, members={name: member for name, member in standing.members.items() if name != gone},
        invitations={name: one for name, one in standing.invitations.items() if one.staff_id != gone},
    )  # fmt: skip


def _of_runbook(kind: str) -> Callable[[Standing, Mapping[str, Any]], Standing]:
    return lambda standing, body: replace(standing, runbooks=apply(standing.runbooks, kind, body))


_FOLDS: Mapping[str, Callable[[Standing, Mapping[str, Any]], Standing]] = {
    "invited": _invited,
    "confirmed": _confirmed,
    "key_added": _key_added,
    "left": _left,
    **{kind: _of_runbook(kind) for kind in RECORDED.values()},
}
