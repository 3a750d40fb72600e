"""The executor's own look at the directory: it relies on nobody whose seal does not stand (SETTLED 1).

What comes back was read in the same query that the seal was checked over, so that a row which is exchanged a moment later changes
nothing. An edition older than one that the executor has seen is refused, also where it was stopped meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from mfadesk.kernel.errors import Broken, Refusal, Unavailable
from mfadesk.operations.desk import Desk
from mfadesk.operations.directory_seal import (
    UNSEALED,
    Found,
    Head,
    find_sealed,
    newest_head,
    require_not_put_back,
    require_whole,
)
from mfadesk.operations.people import FORMER, FORMER_FOR, choose_vouchers, person_of
from mfadesk.ports.people import Person
from mfadesk.store.models import PersonRow
from mfadesk.store.seen import DIRECTORY, FORGETFUL, Place, Seen

T = TypeVar("T")
NOBODY = Head(0, "", (), "")
"""Before the first import."""

MAX_EDITIONS = 5
"""How many imports may come between head and rows of one look."""


@dataclass(slots=True)
class DirectoryWatch:
    """Reads people. `seen` remembers the newest edition for the executor after this one."""

    desk: Desk
    seen: Seen = FORGETFUL
    _newest: Place | None = field(init=False)

    def __post_init__(self) -> None:
        self._newest = self.seen.recall(DIRECTORY)

    @property
    def key(self) -> bytes:
        """The executor's key as it is now: it may be rotated while it runs."""
        return self.desk.home.executor_keys().receipt

    def find(self, person_id: str | None) -> Person | None:
        """Return the person, or None for somebody who is not there. Raises Broken where the seal does not stand."""
        if not person_id:
            return None
        return _person(self._read((person_id,)).get(person_id))

    def get(self, person_id: str | None) -> Person:
        """Return the person. Raises Refusal ``no_such_person``, and Broken where the seal does not stand."""
        person = self.find(person_id)
        if person is None:
            raise Refusal("no_such_person", "The directory does not know this person.")
        return person

    def find_vouchers(self, person: Person, which: str) -> tuple[Person, ...]:
        """Return whom the directory names for one way of vouching; nobody who is not sealed, and nobody who is can be left out."""
        near = self._near(person)
        chosen = choose_vouchers(person, [found.row for found in near.values()]).get(which, ())
        return tuple(found for name in chosen if (found := _person(near.get(name))) is not None)

    def former_addresses(self, person_id: str, now: datetime) -> tuple[str, ...]:
        """Return the mail addresses that were replaced lately: see `operations.people.former_addresses`."""
        found = self._read((person_id,)).get(person_id)
        return tuple(
            c.value
            for c in (found.contacts if found is not None else ())
            if c.kind.startswith(FORMER) and c.since is not None and c.since > now - FORMER_FOR
        )

    def require_genuine(self, person: Person | None, others: Iterable[str | None] = ()) -> None:
        """Raise Broken unless everybody stands as sealed whom a decision about `person` may ask the directory for.

        others: ids of staff who might approve. Called inside the transaction that decides, so that nothing is exchanged in between.
        """
        if person is not None:
            self._near(person)
        self._read(tuple(name for name in others if name))

    def require_whole(self) -> None:
        """Check everybody. Raises Broken for whoever is forged, missing, added or put back."""
        self._note(self._of_one_edition(lambda _head: require_whole(self.key)))

    def _near(self, person: Person) -> dict[str, Found]:
        """Return the person, their manager, whoever reports to that manager, the manager's delegate, and the HR partners."""
        return self._of_one_edition(lambda head: self._near_in(head, person))

    def _near_in(self, head: Head, person: Person) -> dict[str, Found]:
        found = dict(find_sealed(self.key, head, {person.id, person.manager_id or person.id, *head.hr}))
        manager = found.get(person.manager_id or "")
        more = {*manager.reports, manager.row.delegate_id or manager.row.id} if manager is not None else set()
        found |= find_sealed(self.key, head, more - found.keys())
        missing = {*head.hr, *(manager.reports if manager is not None else ())} - found.keys()
        if missing:
            raise Broken(f"the directory's row of {min(missing)} was taken out without an import")
        return found

    def _read(self, ids: tuple[str, ...]) -> dict[str, Found]:
        return self._of_one_edition(lambda head: dict(find_sealed(self.key, head, ids))) if ids else {}

    def _of_one_edition(self, read: Callable[[Head], T]) -> T:
        """Return what `read` finds in the newest edition, and look again where an import came between head and rows."""
        for _ in range(MAX_EDITIONS):
            head = self._head()
            try:
                return read(head)
            except Broken:
                if (newest_head(self.key) or NOBODY) == head:
                    raise
        raise Unavailable("directory", "The directory is being imported. Try once more in a minute.")

    def _head(self) -> Head:
        head = newest_head(self.key)
        if head is None:
            if self._newest is not None or PersonRow.objects.exists():
                raise Broken(UNSEALED)
            return NOBODY
        self._note(head)
        return head

    def _note(self, head: Head) -> None:
        require_not_put_back(head, self._newest)
        place = Place(head.edition, head.mac)
        if head.edition and place != self._newest:
            self._newest = place
            self.seen.keep(DIRECTORY, place)


def _person(found: Found | None) -> Person | None:
    return None if found is None or found.row.gone else person_of(found.row, list(found.contacts))
