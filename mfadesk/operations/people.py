"""The directory as the desk reads it.

What every page and every effect reads is SQL: the ORM takes three times as long to compose a query as the database to answer it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import cast

from mfadesk.kernel.errors import Refusal
from mfadesk.kernel.plain_text import plain_line
from mfadesk.ports.people import Contact, ContactKind, Employment, Person, Tier
from mfadesk.store.models import ContactRow, PersonRow

FORMER = "was_"
"""What the kind of a replaced address begins with; `since` says when it was replaced."""

FORMER_FOR = timedelta(days=30)


def get_person(person_id: str) -> Person:
    """Return the person. Raises Refusal ``no_such_person``."""
    person = find_person(person_id)
    if person is None:
        raise Refusal("no_such_person", "The directory does not know this person.")
    return person


def find_person(person_id: str | None) -> Person | None:
    """Return the person or None."""
    if not person_id:
        return None
    row = next(iter(PersonRow.objects.raw("SELECT * FROM store_personrow WHERE id = %s AND NOT gone", [person_id])), None)
    if row is None:
        return None
    contacts = ContactRow.objects.raw("SELECT * FROM store_contactrow WHERE person_id = %s ORDER BY id", [row.id])
    return person_of(row, list(contacts))


def person_of(row: PersonRow, contacts: list[ContactRow]) -> Person:
    """Return the record of a row."""
    return Person(
        id=row.id,
        login=row.login,
        name=plain_line(row.name),
        tier=cast(Tier, row.tier),
        job=plain_line(row.job),
        site=plain_line(row.site),
        employment=cast(Employment, row.employment),
        starts_on=row.starts_on,
        manager_id=row.manager_id,
        manager_since=row.manager_since,
        photo_since=row.photo_since,
        language=row.language,
        break_glass=row.break_glass,
        delegate_id=row.delegate_id,
        vouches_as=row.vouches_as,
        contacts=tuple(
            Contact(cast(ContactKind, c.kind), c.value, c.since, c.notify) for c in contacts if not c.kind.startswith(FORMER)
        ),
    )


def former_addresses(person_id: str, now: datetime) -> tuple[str, ...]:
    """Return the mail addresses that were replaced within `FORMER_FOR`: news goes there too, and nothing else does.

    Whoever replaced somebody's only address would otherwise be the only one who hears of what follows.
    """
    rows = ContactRow.objects.filter(person_id=person_id, kind__startswith=FORMER, since__gt=now - FORMER_FOR)
    return tuple(rows.order_by("pk").values_list("value", flat=True))


def find_voucher(person: Person) -> Person | None:
    """Return who may vouch as manager: the directory's manager, or the delegate while they are away; never the person."""
    return next(iter(find_vouchers(person, "manager")), None)


PEERS_NEEDED = 2
"""Colleagues who must vouch together; the desk chooses them, not the caller."""


def find_vouchers(person: Person, which: str) -> tuple[Person, ...]:
    """Return whom the directory names for one way of vouching; empty where it names nobody who is here.

    which: ``manager``; ``hr``, an HR partner who is neither the person nor their manager; ``peers``, colleagues of one manager.
    """
    return tuple(get_person(voucher) for voucher in list_vouchers(person).get(which, ()))


def list_vouchers(person: Person) -> Mapping[str, tuple[str, ...]]:
    """Return the ids of whom `find_vouchers` would return, by way of vouching, in one query or two: pages ask each time."""
    rows = {row.id: row for row in PersonRow.objects.raw(_NEAR, [person.manager_id, person.manager_id])}
    manager = rows.get(person.manager_id or "")
    if manager is not None and manager.employment != "active":
        manager = PersonRow.objects.filter(pk=manager.delegate_id, gone=False).first()
    if manager is not None and (manager.employment != "active" or manager.id == person.id):
        manager = None
    apart = {person.id, person.manager_id, manager.id if manager else None}
    here = [row for row in rows.values() if row.employment == "active" and row.id not in apart]
    # The order by a digest of both ids is fixed for a person and follows no list that a caller could have learned.
    peers = sorted(
        (row.id for row in here if person.manager_id is not None and row.manager_id == person.manager_id),
        key=lambda peer: hashlib.sha256(f"{person.id}/{peer}".encode()).hexdigest(),
    )
    found = {
        "manager": (manager.id,) if manager else (),
        "hr": tuple(row.id for row in here if row.vouches_as == "hr")[:1],
        "peers": tuple(peers[:PEERS_NEEDED]) if len(peers) >= PEERS_NEEDED else (),
    }
    return {which: ids for which, ids in found.items() if ids}


_NEAR = """
SELECT id, employment, delegate_id, manager_id, vouches_as FROM store_personrow
WHERE NOT gone AND (id = %s OR manager_id = %s OR vouches_as = 'hr') ORDER BY id
"""
