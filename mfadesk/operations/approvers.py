"""Who may approve at all: active staff whose role says so and whom the directory knows as somebody who is here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mfadesk.cases.approvals import Approver
from mfadesk.ports.people import Role
from mfadesk.store.models import PersonRow, StaffMember

APPROVING: frozenset[Role] = frozenset({"approver", "administrator"})
"""Roles that approve. Both wait for a second administrator's word before anybody has them (SETTLED 9)."""


_LISTED = (
    "SELECT m.*, (SELECT COUNT(*) FROM store_staffkey k WHERE k.staff_id = CAST(m.id AS TEXT)) AS keys"
    " FROM store_staffmember m ORDER BY m.id"
)
"""The staff list with the number of each one's desk keys: one question to the database, since every case page asks it."""


@dataclass(frozen=True, slots=True)
class Account:
    """An account of staff: the web tier's row of it, or the executor's."""

    id: str
    person_id: str | None
    roles: frozenset[str]
    active: bool
    desk: str = ""
    """How pages call them; the executor has no use for it."""
    keys: int = 0
    """How many desk keys they have set up; for pages, as above."""


def find_accounts() -> list[Account]:
    """Return the accounts of the staff list, in their order."""
    rows = StaffMember.objects.raw(_LISTED)
    return [
        Account(str(row.pk), row.person_id, frozenset(row.roles), row.active, row.desk, getattr(row, "keys", 0)) for row in rows
    ]


def find_approvers(
    accounts: Iterable[Account] | None = None, *, listed: Sequence[Account] | None = None
) -> tuple[Approver, ...]:
    """Return everybody who may approve in some case, in the order of their accounts.

    accounts: where roles are read; None takes the staff list. The executor gives those of its own register.
    listed: the staff list, for a caller who has read it already.

    An account that is tied to nobody in the directory cannot approve: nobody could tell whether the case is about its owner,
    or whether two accounts are one person.
    """
    listed = find_accounts() if listed is None else listed
    staff = list(listed if accounts is None else accounts)
    people = {row.id: row for row in PersonRow.objects.filter(pk__in={m.person_id for m in staff if m.person_id}, gone=False)}
    # Accounts that are switched off count here: what somebody did under one stays theirs.
    of_person: dict[str, set[str]] = {}
    for one in (*listed, *staff):
        if one.person_id is not None:
            of_person.setdefault(one.person_id, set()).add(f"staff:{one.id}")
    return tuple(
        Approver(one.id, row.id, row.manager_id, frozenset(of_person[row.id]))
        for one in staff
        if one.active
        and APPROVING & one.roles
        and (row := people.get(one.person_id or "")) is not None
        and row.employment == "active"
    )
