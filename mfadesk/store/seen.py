"""How far the executor has seen the ledger, its register of staff and the directory: kept beside its keys, where no web tier writes.

Each of the three carries the executor's own mark, so nobody can make up a newer one; an older one, put back whole while the executor
is stopped, carries a mark that was genuine once. What tells the two apart is this file, which is not in the database.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

import structlog

from mfadesk.kernel.errors import Broken
from mfadesk.store.home import Home
from mfadesk.store.key_files import put_in_place

NAME = "seen.json"
LEDGER, REGISTER, DIRECTORY = "ledger", "register", "directory"
MAX_BYTES = 1 << 12
WHAT_TO_DO = "If you put a backup back yourself, delete keys/seen.json and start the executor anew; if not, stop the desk"

log = structlog.get_logger("executor")


@dataclass(frozen=True, slots=True)
class Place:
    """How far something stood: entries, rows or editions, and the mark of the last of them."""

    size: int
    mark: str


@dataclass(frozen=True, slots=True)
class Seen:
    """The file at `path`; None for a desk that goes back in time on purpose, whose executor remembers no longer than it runs."""

    path: Path | None = None

    def recall(self, what: str) -> Place | None:
        """Return how far `what` was seen, or None where nobody has looked yet. Raises Broken for a file that cannot be read."""
        place = self._read().get(what)
        return None if place is None else Place(*place)

    def keep(self, what: str, place: Place) -> None:
        """Remember that `what` stands at `place`, unless more was seen already.

        A file that cannot be written is logged and costs no call: it matters after the next start only, and `mfadesk check` says so.
        """
        if self.path is None:
            return
        stored = self._read()
        known = stored.get(what)
        if known is not None and (known[0] > place.size or known == (place.size, place.mark)):
            return
        try:
            _write(self.path, {**stored, what: (place.size, place.mark)})
        except OSError as error:
            log.warning("seen_not_kept", what=what, problem=error.strerror or type(error).__name__)

    def _read(self) -> dict[str, tuple[int, str]]:
        if self.path is None:
            return {}
        try:
            stored = json.loads(self.path.read_bytes()[:MAX_BYTES])
            return {str(what): (int(size), str(mark)) for what, (size, mark) in stored.items()}
        except FileNotFoundError:
            return {}
        except PermissionError as error:
            raise Broken(f"keys/{NAME} cannot be read. Give it to the user who owns keys/executor.json, with chown") from error
        except (ValueError, TypeError, AttributeError, RecursionError) as error:
            raise Broken(f"keys/{NAME} is damaged: nobody can tell whether the database was put back. {WHAT_TO_DO}") from error


FORGETFUL = Seen()


def open_seen(home: Home) -> Seen:
    """Return what the executor of the desk in `home` remembers."""
    return Seen(home.key_file("seen"))


def _write(path: Path, stored: dict[str, tuple[int, str]]) -> None:
    """Put the file in place of the one that is there, for the executor's user alone, also where root writes it."""
    owner = path.with_name("executor.json").stat()
    put_in_place(path, json.dumps(stored) + "\n", 0o600, owner if owner.st_uid != os.geteuid() else None)
