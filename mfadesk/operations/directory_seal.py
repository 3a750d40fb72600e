"""The directory under the executor's code: what an import wrote nobody else can change, add, leave out or put back unnoticed.

Every person has a seal: a message authentication code over everything that the desk relies on of them, their addresses and who
reports to them included, and over the edition. An import makes a new edition and seals everybody anew, so that a row put back as it
stood before carries an old one. The head of an edition says who is in it, and follows the head before it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction

from mfadesk.kernel.canonical import canonical_json
from mfadesk.kernel.clock import to_stamp
from mfadesk.kernel.errors import Broken
from mfadesk.kernel.sealing import authenticate, is_authentic
from mfadesk.store.models import ContactRow, DirectoryHead, PersonRow, PersonSeal
from mfadesk.store.seen import Place

FIELDS = (
    "id", "login", "name", "tier", "job", "site", "employment", "starts_on", "manager_id", "manager_since", "photo_since",
    "delegate_id", "language", "break_glass", "vouches_as", "gone",
)  # fmt: skip
"""What is sealed of a person's row: all but the text that a search looks in."""

UNSEALED = "the directory carries no seal of the executor. Import it again with `mfadesk directory import`, as the user who runs the executor"


@dataclass(frozen=True, slots=True)
class Head:
    """One edition of the directory. `hr` are the people whom it names as HR partners; `people` is a digest of all ids."""

    edition: int
    people: str
    hr: tuple[str, ...]
    mac: str


@dataclass(frozen=True, slots=True)
class Found:
    """A person's rows as they stood when their seal was checked."""

    row: PersonRow
    contacts: tuple[ContactRow, ...]
    reports: tuple[str, ...]


def seal_directory(key: bytes, now: datetime, before: Place | None = None) -> Head:
    """Seal everybody as they stand, as a new edition, in one transaction. Whoever calls this answers for what stands there.

    before: the newest edition that the executor saw, where that may be newer than the one in the tables.
    """
    with transaction.atomic():
        head = newest_head(key)
        last = Place(head.edition, head.mac) if head is not None else None
        if before is not None and (last is None or last.size < before.size):
            last = before
        edition = last.size + 1 if last is not None else 1
        found = _load(None)
        PersonSeal.objects.all().delete()
        PersonSeal.objects.bulk_create(
            PersonSeal(person_id=name, edition=edition, mac=authenticate(_statement(one, edition), key))
            for name, one in found.items()
        )
        body = canonical_json(
            {
                "edition": edition, "people": _digest(found), "at": to_stamp(now), "before": last.mark if last is not None else "",
                "hr": sorted(name for name, one in found.items() if one.row.vouches_as == "hr"),
            }
        ).decode()  # fmt: skip
        DirectoryHead.objects.create(edition=edition, body=body, mac=authenticate(_of_head(body), key))
    head = newest_head(key)
    assert head is not None
    return head


def newest_head(key: bytes) -> Head | None:
    """Return the newest edition, or None where there is none. Raises Broken for one that was not sealed with `key`."""
    row = DirectoryHead.objects.order_by("-edition").first()
    if row is None:
        return None
    if not is_authentic(_of_head(row.body), key, row.mac):
        raise Broken("the directory's head was changed by somebody else than the executor")
    body = json.loads(row.body)
    if body["edition"] != row.edition:
        raise Broken("the directory's head was changed by somebody else than the executor")
    return Head(row.edition, body["people"], tuple(body["hr"]), row.mac)


def find_sealed(key: bytes, head: Head, ids: Iterable[str]) -> Mapping[str, Found]:
    """Return those of `ids` who are in the directory. Raises Broken for anybody who is not there as the edition sealed them."""
    wanted = sorted(set(ids))
    found = _load(wanted)
    seals = {seal.person_id: seal for seal in PersonSeal.objects.filter(pk__in=wanted)}
    for name in wanted:
        _require_sealed(key, head, name, found.get(name), seals.get(name))
    return found


def require_whole(key: bytes) -> Head:
    """Return the newest edition, having checked everybody in it. Raises Broken for a row that is forged, missing, added or put back."""
    head = newest_head(key)
    if head is None:
        if PersonRow.objects.exists():
            raise Broken(UNSEALED)
        return Head(0, _digest(()), (), "")
    found = _load(None)
    seals = {seal.person_id: seal for seal in PersonSeal.objects.all()}
    for name in sorted({*found, *seals}):
        _require_sealed(key, head, name, found.get(name), seals.get(name))
    if _digest(found) != head.people:
        raise Broken("somebody is missing from the directory, or was added to it, without an import")
    return head


def require_not_put_back(head: Head, seen: Place | None) -> None:
    """Raise Broken where `head` is older than an edition that the executor has seen, or another one under its number."""
    if seen is not None and (head.edition < seen.size or (head.edition == seen.size and head.mac != seen.mark)):
        raise Broken("the directory was put back as it stood before an import that the executor has seen. Import it again")


def drop_unsealed(key: bytes, seen: Place | None = None) -> frozenset[str]:
    """Take out everybody who does not stand as the newest edition sealed them, and return who that was or could be.

    A head that is not ours, is gone, or is older than the one that the executor has `seen` vouches for nobody.
    """
    try:
        head = newest_head(key)
        if head is not None:
            require_not_put_back(head, seen)
    except Broken:
        head = None
    if head is None:
        DirectoryHead.objects.all().delete()
    found, seals = _load(None), {seal.person_id: seal for seal in PersonSeal.objects.all()}
    bad = set()
    for name in {*found, *seals}:
        try:
            if head is None:
                raise Broken(UNSEALED)
            _require_sealed(key, head, name, found.get(name), seals.get(name))
        except Broken:
            bad.add(name)
    ContactRow.objects.filter(person_id__in=bad).delete()
    PersonRow.objects.filter(pk__in=bad).delete()
    return frozenset(bad)


def _require_sealed(key: bytes, head: Head, name: str, found: Found | None, seal: PersonSeal | None) -> None:
    if found is None and seal is None:
        return
    if found is None or seal is None:
        raise Broken(f"the directory's row of {name} was {'taken out' if found is None else 'put in'} without an import")
    if not is_authentic(_statement(found, seal.edition), key, seal.mac):
        raise Broken(f"the directory's row of {name} was changed without an import")
    if seal.edition != head.edition:
        raise Broken(f"the directory's row of {name} was put back as it stood before")


def _load(ids: Sequence[str] | None) -> dict[str, Found]:
    """Return the rows of `ids`, or of everybody, with what is sealed with them."""
    rows = PersonRow.objects.all() if ids is None else PersonRow.objects.filter(pk__in=ids)
    told = ContactRow.objects.all() if ids is None else ContactRow.objects.filter(person_id__in=ids)
    led = PersonRow.objects.filter(gone=False) if ids is None else PersonRow.objects.filter(gone=False, manager_id__in=ids)
    contacts: dict[str, list[ContactRow]] = {}
    for contact in told.order_by("pk"):
        contacts.setdefault(contact.person_id, []).append(contact)
    reports: dict[str, list[str]] = {}
    for name, manager in led.exclude(manager_id=None).order_by("pk").values_list("pk", "manager_id"):
        reports.setdefault(manager or "", []).append(name)
    return {row.id: Found(row, tuple(contacts.get(row.id, ())), tuple(reports.get(row.id, ()))) for row in rows}


def _statement(found: Found, edition: int) -> bytes:
    held = [
        [c.kind, c.value, to_stamp(c.since) if c.since else None, c.notify]
        for c in sorted(found.contacts, key=lambda c: (c.kind, c.value, c.pk))
    ]
    row = {name: _plain(getattr(found.row, name)) for name in FIELDS}
    # Text from a spreadsheet may hold anything, so what is sealed is JSON in ASCII, whatever canonical JSON would refuse.
    return b"directory/person/" + json.dumps(
        {"row": row, "contacts": held, "reports": sorted(found.reports), "edition": edition}, sort_keys=True
    ).encode("ascii")


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return to_stamp(value)
    return value.isoformat() if isinstance(value, date) else value


def _digest(ids: Iterable[str]) -> str:
    return hashlib.sha256(json.dumps(sorted(ids)).encode()).hexdigest()


def _of_head(body: str) -> bytes:
    return b"directory/head/" + body.encode()
