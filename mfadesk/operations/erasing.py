"""Forget a person: what names them leaves the record, the directory and the snapshots; the ledger verifies as before.

The ledger holds salted commitments to personal fields and never the fields themselves, so value and salt can go and every proof
stands. What stays says that somebody under an id was served, when and how, and no longer who.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from mfadesk.kernel.errors import Refusal
from mfadesk.ledger.leaf import Field, erase
from mfadesk.operations.desk import Desk
from mfadesk.operations.directory_seal import require_not_put_back, require_whole, seal_directory
from mfadesk.store.commit import fields_to_text
from mfadesk.store.models import CaseRow, ContactRow, EventRow, Locator, PersonRow, Snapshot, StaffMember
from mfadesk.store.seen import DIRECTORY, FORGETFUL, Place, Seen

ERASED = "Erased person"


@dataclass(frozen=True, slots=True)
class Erasure:
    """What there is to forget of one person, or what was forgotten.

    fields: personal fields with a value, in the events of their cases.
    """

    person_id: str
    name: str
    cases: int
    fields: int
    contacts: int
    snapshots: int


def plan_erasure(login: str) -> Erasure:
    """Return what would be forgotten of the person with this login or id.

    Raises Refusal ``not_found``; ``still_here`` for somebody who works here, has people who report to them or a case that is open:
    what is going on is finished first.
    """
    row = PersonRow.objects.filter(login=login).first() or PersonRow.objects.filter(pk=login).first()
    if row is None or (row.gone and row.name == ERASED):
        raise Refusal("not_found", f"The directory knows nobody called {login[:60]!r}.")
    if StaffMember.objects.filter(person_id=row.id, active=True).exists():
        raise Refusal("still_here", f"{row.name} works at the desk. `mfadesk staff dismiss` comes first.")
    if CaseRow.objects.filter(subject_id=row.id).exclude(status="closed").exists():
        raise Refusal("still_here", f"{row.name} has a case that is open. End it first; nothing was changed.")
    events = _events_of(row.id)
    return Erasure(
        row.id, row.name, CaseRow.objects.filter(subject_id=row.id).count(), sum(_open_fields(event) for event in events),
        ContactRow.objects.filter(person_id=row.id).count(), Snapshot.objects.filter(person_id=row.id).count(),
    )  # fmt: skip


def erase_person(desk: Desk, login: str, key: bytes, seen: Seen = FORGETFUL) -> Erasure:
    """Forget the person and return what was forgotten, in one transaction. Raises Refusal as `plan_erasure` does.

    key: the executor's, by which the directory is sealed anew without them. seen: what the executor remembers of it.

    Raises Broken where the directory does not stand as it was sealed, or was put back.
    """
    with desk.unit():
        require_not_put_back(require_whole(key), seen.recall(DIRECTORY))
        plan = plan_erasure(login)
        for event in _events_of(plan.person_id):
            closed = erase(Field(f["name"], f["commitment"], f["salt"], f["value"]) for f in json.loads(event.fields))
            EventRow.objects.filter(pk=event.pk).update(fields=fields_to_text(closed))
        ContactRow.objects.filter(person_id=plan.person_id).delete()
        Snapshot.objects.filter(person_id=plan.person_id).delete()
        Locator.objects.filter(case_id__in=CaseRow.objects.filter(subject_id=plan.person_id).values("id")).delete()
        PersonRow.objects.filter(manager_id=plan.person_id).update(manager_id=None)
        PersonRow.objects.filter(delegate_id=plan.person_id).update(delegate_id=None)
        PersonRow.objects.filter(pk=plan.person_id).update(
            login=f"erased-{plan.person_id}", name=ERASED, search="", job="", site="", employment="left", manager_id=None,
            manager_since=None, photo_since=None, delegate_id=None, starts_on=None, vouches_as="", gone=True,
        )  # fmt: skip
        head = seal_directory(key, desk.now())
    seen.keep(DIRECTORY, Place(head.edition, head.mac))
    return plan


def _events_of(person_id: str) -> list[EventRow]:
    cases = CaseRow.objects.filter(subject_id=person_id).values("id")
    return list(EventRow.objects.filter(case_id__in=cases).exclude(fields="[]").order_by("leaf_index"))


def _open_fields(event: EventRow) -> int:
    return sum(1 for field in json.loads(event.fields) if field.get("value") is not None)
