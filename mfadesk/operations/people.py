"""The directory as the desk reads it."""

from __future__ import annotations

import hashlib
from typing import cast

from mfadesk.kernel.errors import Refusal
from mfadesk.ports.people import Contact, ContactKind, Employment, Person, Tier
from mfadesk.store.models import ContactRow, PersonRow


def get_person(person_id: str) -> Person:
    """Return the person. Raises Refusal ``no_such_person``."""
    person = find_person(person_id)
    if person is None:
        raise Refusal("no_such_person", "The directory does not know this person.")
    return person


def find_person(person_id: str | None) -> Person | None:
    """Return the person or None."""
    row = PersonRow.objects.filter(pk=person_id, gone=False).first() if person_id else None
    if row is None:
        return None
    return person_of(row, list(ContactRow.objects.filter(person_id=row.id).order_by("pk")))


def person_of(row: PersonRow, contacts: list[ContactRow]) -> Person:
    """Return the record of a row."""
    return Person(
        id=row.id,
        login=row.login,
        name=row.name,
        tier=cast(Tier, row.tier),
        job=row.job,
        site=row.site,
        employment=cast(Employment, row.employment),
        starts_on=row.starts_on,
        manager_id=row.manager_id,
        manager_since=row.manager_since,
        photo_since=row.photo_since,
        language=row.language,
        break_glass=row.break_glass,
        delegate_id=row.delegate_id,
        vouches_as=row.vouches_as,
        contacts=tuple(Contact(cast(ContactKind, c.kind), c.value, c.since, c.notify) for c in contacts),
    )


def find_voucher(person: Person) -> Person | None:
    """Return who may vouch as manager: the directory's manager, or the delegate while they are away; never the person."""
    manager = find_person(person.manager_id)
    if manager is not None and manager.employment != "active":
        manager = find_person(manager.delegate_id)
    if manager is None or manager.employment != "active" or manager.id == person.id:
        return None
    return manager


PEERS_NEEDED = 2
"""Colleagues who must vouch together; the desk chooses them, not the caller."""


def find_vouchers(person: Person, which: str) -> tuple[Person, ...]:
    """Return whom the directory names for one way of vouching; empty where it names nobody who is here.

    which: ``manager``; ``hr``, an HR partner who is neither the person nor their manager; ``peers``, colleagues of one manager.
    """
    manager = find_voucher(person)
    if which == "manager":
        return (manager,) if manager else ()
    apart = {person.id, person.manager_id, manager.id if manager else None}
    rows = PersonRow.objects.filter(gone=False, employment="active")
    if which == "hr":
        found = [row for row in rows.filter(vouches_as="hr").order_by("id") if row.id not in apart]
        return (get_person(found[0].id),) if found else ()
    if person.manager_id is None:
        return ()
    # The order by a digest of both ids is fixed for a person and follows no list that a caller could have learned.
    peers = sorted(
        (row.id for row in rows.filter(manager_id=person.manager_id) if row.id not in apart),
        key=lambda peer: hashlib.sha256(f"{person.id}/{peer}".encode()).hexdigest(),
    )
    return tuple(get_person(peer) for peer in peers[:PEERS_NEEDED]) if len(peers) >= PEERS_NEEDED else ()
