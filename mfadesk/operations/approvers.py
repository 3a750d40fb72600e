"""Who may approve at all: active staff whose role says so and whom the directory knows as somebody who is here."""

from __future__ import annotations

from collections.abc import Iterable

from mfadesk.cases.approvals import Approver
from mfadesk.ports.people import Role
from mfadesk.store.models import PersonRow, StaffMember

APPROVING: frozenset[Role] = frozenset({"approver", "administrator"})
"""Roles that approve. Both wait for a second administrator's word before anybody has them (SETTLED 9)."""


def find_approvers(members: Iterable[StaffMember] | None = None) -> tuple[Approver, ...]:
    """Return everybody who may approve in some case, in the order of their accounts.

    members: the staff to look at; None takes the staff list.

    An account that is tied to nobody in the directory cannot approve: nobody could tell whether the case is about its owner,
    or whether two accounts are one person.
    """
    staff = list(StaffMember.objects.filter(active=True).order_by("pk") if members is None else members)
    people = {row.id: row for row in PersonRow.objects.filter(pk__in={m.person_id for m in staff if m.person_id}, gone=False)}
    # Accounts that are switched off count here: what somebody did under one stays theirs.
    accounts: dict[str, set[str]] = {}
    for key, person in StaffMember.objects.exclude(person_id=None).values_list("pk", "person_id"):
        accounts.setdefault(str(person), set()).add(f"staff:{key}")
    return tuple(
        Approver(str(member.pk), row.id, row.manager_id, frozenset(accounts[row.id]))
        for member in staff
        if APPROVING & set(member.roles)
        and (row := people.get(member.person_id or "")) is not None
        and row.employment == "active"
    )
