"""The directory of a stage, read once: nobody writes it while a play goes on, so each seal is checked once and not at every move."""

from __future__ import annotations

from dataclasses import dataclass, field

from mfadesk.executor.directory_watch import DirectoryWatch
from mfadesk.operations.directory_seal import Found, Head
from mfadesk.ports.people import Person


@dataclass(slots=True)
class DirectoryOnce(DirectoryWatch):
    """Reads and checks as the executor does, and remembers. Good from the moment a stage is set until the next one is."""

    _once: Head | None = None
    _found: dict[str, Found | None] = field(default_factory=dict)
    _around: dict[str, dict[str, Found]] = field(default_factory=dict)

    def _head(self) -> Head:
        if self._once is None:
            # Not `super()`: a dataclass with slots is a class made anew.
            self._once = DirectoryWatch._head(self)
        return self._once

    def _near(self, person: Person) -> dict[str, Found]:
        if person.id not in self._around:
            self._around[person.id] = DirectoryWatch._near(self, person)
        return self._around[person.id]

    def _read(self, ids: tuple[str, ...]) -> dict[str, Found]:
        unread = tuple(name for name in ids if name not in self._found)
        if unread:
            found = DirectoryWatch._read(self, unread)
            self._found |= {name: found.get(name) for name in unread}
        return {name: one for name in ids if (one := self._found[name]) is not None}
