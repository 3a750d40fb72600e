"""Takes a directory from a CSV file: looks first and says what would change, then applies and seals exactly that in one commit.

What is there already must stand as the last import sealed it, since an import keeps what its file does not say. `mend` takes out whoever
does not; they come back as the file has them, and count as changed today.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from django.db import transaction

from mfadesk.operations.directory_csv import DirectoryChanges, compare, read_directory, search_text
from mfadesk.operations.directory_seal import drop_unsealed, require_not_put_back, require_whole, seal_directory
from mfadesk.operations.people import FORMER, FORMER_FOR, person_of
from mfadesk.ports.people import Person
from mfadesk.store.models import ContactRow, PersonRow
from mfadesk.store.seen import DIRECTORY, FORGETFUL, Place, Seen


def plan_import(text: str, now: datetime) -> DirectoryChanges:
    """Return what importing the CSV `text` would do. Raises Invalid with lines where the file cannot be taken."""
    return compare(read_directory(text), people_held(), now)


def import_directory(text: str, now: datetime, key: bytes, *, mend: bool = False, seen: Seen = FORGETFUL) -> DirectoryChanges:
    """Import the CSV `text`, seal it and return what changed. Looks again inside the transaction, so that two imports cannot mix.

    key: the executor's, by which the directory is sealed. mend: drop first whoever does not stand as they were sealed.
    seen: what the executor remembers; a directory that it knows to be older is refused, and this import is remembered.

    Raises Broken where somebody does not, and `mend` is not asked for: nothing is changed then.
    """
    incoming, newest = read_directory(text), seen.recall(DIRECTORY)
    with transaction.atomic():
        dropped = drop_unsealed(key, newest) if mend else frozenset[str]()
        if not mend:
            require_not_put_back(require_whole(key), newest)
        changes = compare(incoming, people_held(), now)
        _write((_as_changed(p, now) if p.id in dropped else p for p in changes.new), fresh=True, now=now)
        _write((changed.after for changed in changes.changed), fresh=False, now=now)
        PersonRow.objects.filter(id__in=[person.id for person in changes.gone]).update(gone=True, employment="left")
        head = seal_directory(key, now, newest)
    seen.keep(DIRECTORY, Place(head.edition, head.mac))
    return changes


def _as_changed(person: Person, now: datetime) -> Person:
    """Return the person with every value of today: whoever had a hand in the old ones shall not choose which count as settled."""
    contacts = tuple(replace(contact, since=now) for contact in person.contacts)
    return replace(person, contacts=contacts, manager_since=now, photo_since=now)


def people_held() -> tuple[Person, ...]:
    """Return everybody in the directory, the gone among them."""
    contacts: dict[str, list[ContactRow]] = {}
    for row in ContactRow.objects.order_by("id"):
        contacts.setdefault(row.person_id, []).append(row)
    return tuple(person_of(row, contacts.get(row.id, [])) for row in PersonRow.objects.order_by("id"))


def _write(people: Iterable[Person], *, fresh: bool, now: datetime) -> None:
    people = list(people)
    rows = [_as_row(person) for person in people]
    if fresh:
        PersonRow.objects.bulk_create(rows)
    else:
        names = [field.name for field in PersonRow._meta.concrete_fields if not field.primary_key]
        PersonRow.objects.bulk_update(rows, names, batch_size=500)
        _retire_contacts(people, now)
    ContactRow.objects.bulk_create(
        ContactRow(person_id=person.id, kind=contact.kind, value=contact.value, since=contact.since, notify=contact.notify)
        for person in people
        for contact in person.contacts
    )


def _retire_contacts(people: list[Person], now: datetime) -> None:
    """Clear the contacts of `people` for their new ones; a replaced mail address stays for a while, to be told what happens."""
    held = ContactRow.objects.filter(person_id__in=[person.id for person in people])
    kept = {(person.id, contact.value) for person in people for contact in person.contacts}
    held.filter(kind__startswith=FORMER, since__lte=now - FORMER_FOR).delete()
    replaced = [row for row in held.filter(kind__in=MAILS, notify=True) if (row.person_id, row.value) not in kept]
    held.exclude(kind__startswith=FORMER).delete()
    ContactRow.objects.bulk_create(
        ContactRow(person_id=row.person_id, kind=FORMER + row.kind, value=row.value, since=now) for row in replaced
    )


MAILS = ("work_mail", "personal_mail")


def _as_row(person: Person) -> PersonRow:
    return PersonRow(
        id=person.id, login=person.login, name=person.name, search=search_text(person), tier=person.tier, job=person.job,
        site=person.site, employment=person.employment, starts_on=person.starts_on, manager_id=person.manager_id,
        manager_since=person.manager_since, photo_since=person.photo_since, delegate_id=person.delegate_id,
        language=person.language, break_glass=person.break_glass, gone=False,
    )  # fmt: skip
