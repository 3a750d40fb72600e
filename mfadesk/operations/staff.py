"""Who may work at the desk: invitations, their second confirmation, and how a sign-in becomes an actor.

An invitation is a link that works once, for 24 hours. Roles that approve or configure stay asleep until a second administrator has
confirmed them (SETTLED 9); the very first administrator, made by `init`, has nobody to ask and is the one exception.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction

from mfadesk.kernel.errors import Invalid, Refusal
from mfadesk.kernel.ids import Randomness, encode_base32
from mfadesk.ports.people import ROLES, Actor, Role
from mfadesk.store.models import PersonRow, StaffInvitation, StaffMember

LIFETIME = timedelta(hours=24)
NEEDS_SECOND: frozenset[Role] = frozenset({"approver", "administrator", "author"})
FIRST = "init"
"""Who invites the first administrator: nobody but the installer."""
MAX_OPEN = 100


@dataclass(frozen=True, slots=True)
class InvitationLine:
    """An invitation in a list."""

    id: int
    login: str
    desk: str
    roles: tuple[str, ...]
    invited_by: str
    expires_at: datetime
    waits_for_second: bool


def check_invitation(login: str, roles: Sequence[str], person_id: str | None, now: datetime) -> str:
    """Return the login as it will stand.

    Raises Invalid for an unknown role, a login that is taken or cannot be one, or an unknown person, and Refusal above `MAX_OPEN`.
    """
    login = login.strip().casefold()
    if not login or len(login) > 40 or not all(c.isalnum() or c in "._-@" for c in login):
        raise Invalid("login", "Letters, digits, dot, dash and underscore, 40 at most.")
    unknown = [role for role in roles if role not in ROLES]
    if unknown or not roles:
        raise Invalid("roles", f"{unknown[0]!r} is unknown." if unknown else f"Name at least one of: {', '.join(ROLES)}.")
    if get_user_model().objects.filter(username=login).exists():
        raise Invalid("login", f"{login!r} works here already.")
    if person_id is not None and not PersonRow.objects.filter(id=person_id, gone=False).exists():
        raise Invalid("person", f"Nobody in the directory has the id {person_id!r}.")
    if StaffInvitation.objects.filter(used_at=None, expires_at__gt=now).count() >= MAX_OPEN:
        raise Refusal("too_many_invitations", f"{MAX_OPEN} invitations are open. Wait until some are used or run out.")
    return login


def invite_staff(
    login: str, roles: Sequence[str], desk: str, person_id: str | None, invited_by: str, now: datetime, randomness: Randomness,
    token: str = "",
) -> str:  # fmt: skip
    """Record the web tier's half of an invitation, which lets somebody sign in, and return its token, which is kept nowhere else.

    token: the one that stands in the executor's register, by which the same person sets up a desk key; without one they cannot.

    Raises Invalid and Refusal as `check_invitation`, and Refusal for a first administrator where somebody works already.
    """
    login = check_invitation(login, roles, person_id, now)
    if invited_by == FIRST and StaffMember.objects.exists():
        raise Refusal("not_first", "Somebody works here already, so this is no first administrator.")
    token = token or new_token(randomness)
    StaffInvitation.objects.create(
        token_hash=hash_token(token), login=login, desk=desk or login, person_id=person_id, roles=sorted(set(roles)),
        invited_by=invited_by, needs_second=invited_by != FIRST and bool(NEEDS_SECOND & set(roles)), expires_at=now + LIFETIME,
    )  # fmt: skip
    return token


def note_rekey(token: str, login: str, desk: str, roles: Sequence[str], invited_by: str, now: datetime) -> None:
    """Record an invitation for a new desk key, so that a second administrator finds it here; it lets nobody sign in."""
    StaffInvitation.objects.create(
        token_hash=hash_token(token), login=login, desk=desk, roles=sorted(roles), invited_by=invited_by,
        needs_second=bool(NEEDS_SECOND & set(roles)), expires_at=now + LIFETIME,
    )  # fmt: skip


def new_token(randomness: Randomness) -> str:
    """Return the token of an invitation: 160 random bits."""
    return encode_base32(randomness.bytes(20))


def open_invitations(now: datetime) -> tuple[InvitationLine, ...]:
    """Return what is open, oldest first."""
    rows = StaffInvitation.objects.filter(used_at=None, expires_at__gt=now).order_by("expires_at")
    return tuple(
        InvitationLine(row.pk, row.login, row.desk, tuple(row.roles), row.invited_by, row.expires_at, _waits(row))
        for row in rows
    )


def confirm_invitation(invitation_id: int, actor: Actor, now: datetime) -> None:
    """Let a second administrator confirm. Raises Refusal where `actor` is not one, or invited this person."""
    if "administrator" not in actor.roles:
        raise Refusal("not_administrator", "Only an administrator confirms invitations.")
    with transaction.atomic():
        row = StaffInvitation.objects.select_for_update().filter(pk=invitation_id, used_at=None, expires_at__gt=now).first()
        if row is None or not _waits(row):
            raise Refusal("nothing_to_confirm", "This invitation waits for nobody.")
        if row.invited_by == actor.id:
            raise Refusal("same_administrator", "Another administrator has to confirm what you asked for.")
        row.confirmed_by = actor.id
        row.save(update_fields=["confirmed_by"])


def find_invitation(token: str, now: datetime) -> InvitationLine | None:
    """Return the open invitation behind `token`, or None for one that is wrong, used or over: all look the same."""
    row = StaffInvitation.objects.filter(token_hash=hash_token(token), used_at=None, expires_at__gt=now).first()
    if row is None:
        return None
    return InvitationLine(row.pk, row.login, row.desk, tuple(row.roles), row.invited_by, row.expires_at, _waits(row))


def redeem_invitation(token: str, password: str, now: datetime) -> Any:
    """Use the invitation once and return the new user. Raises Refusal where it does not stand, Invalid for a weak password."""
    with transaction.atomic():
        row = StaffInvitation.objects.select_for_update().filter(token_hash=hash_token(token), used_at=None).first()
        if row is None or row.expires_at <= now:
            raise Refusal("invitation_over", "This link does not work any more. Ask for a new invitation.")
        if _waits(row):
            raise Refusal("waits_for_second", "A second administrator has to confirm this invitation first.")
        users = get_user_model()
        user = users(username=row.login)
        try:
            validate_password(password, user)
        except ValidationError as error:
            raise Invalid("password", " ".join(error.messages)) from error
        if users.objects.filter(username=row.login).exists():
            raise Refusal("invitation_over", "This link does not work any more. Ask for a new invitation.")
        user.set_password(password)
        user.save()
        StaffMember.objects.create(user=user, person_id=row.person_id, desk=row.desk, roles=row.roles)
        row.used_at = now
        row.save(update_fields=["used_at"])
    return user


def switch_off(member_id: str) -> None:
    """Let a member sign in no more."""
    StaffMember.objects.filter(pk=member_id).update(active=False)


def actor_of(member: StaffMember) -> Actor:
    """Return a member of staff as whoever acts."""
    roles: frozenset[Role] = frozenset(role for role in ROLES if role in member.roles)
    return Actor(kind="staff", id=staff_id(member), roles=roles, person_id=member.person_id)


def staff_id(member: StaffMember) -> str:
    """Return the name of a member of staff in events: no login, since the record outlives the person's consent to be named."""
    return str(member.pk)


def hash_token(token: str) -> str:
    """Return what is stored of a token. It has 160 random bits, so an unkeyed digest cannot be searched."""
    return hashlib.sha256(token.encode()).hexdigest()


def _waits(row: StaffInvitation) -> bool:
    return bool(row.needs_second and not row.confirmed_by)
