"""The runbooks that cases may stand on: what shipped, and what this desk published; by digest, since a case is pinned to one.

A version that is retired or replaced stays here for the cases that began with it; no new case begins with it. What its proof no
longer holds for, under the policy in force, is not here at all: nothing moves on it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from mfadesk.assurance.model import Policy
from mfadesk.operations.publications import INSTALLATION, Publication, find_text, read_ledger
from mfadesk.prover.trust import find_trusted
from mfadesk.runbook.model import Runbook


class ShelfInForce(Mapping[str, Runbook]):
    """A mapping from digest to runbook that looks again where it is asked for one that it does not know.

    shipped: proved under `policy` already. read: what was published, by the ledger or by the executor's own account.
    """

    def __init__(
        self,
        shipped: Mapping[str, Runbook],
        policy: Policy,
        read: Callable[[], Mapping[str, Publication]] = read_ledger,
    ) -> None:
        self._shipped = dict(shipped)
        self._policy = policy
        self._read = read
        self._standing: Mapping[str, Publication] = {}
        self._published: dict[str, Runbook] = {}

    def read_from(self, read: Callable[[], Mapping[str, Publication]]) -> ShelfInForce:
        """Return the same shelf, told by another account what was published."""
        return ShelfInForce(self._shipped, self._policy, read)

    def look(self) -> None:
        """Read again what was published and retired."""
        self._standing = self._read()
        for digest, one in self._standing.items():
            if one.state in ("published", "retired") and one.published_by and digest not in self:
                book = find_text(digest)
                if book is not None:
                    self._published |= find_trusted([book], self._policy).runbooks

    def offered(self) -> dict[str, Runbook]:
        """Return by id what a new case may begin with: of each runbook the version that was published last and is not retired."""
        self.look()
        ranked = []
        for digest, book in (self._shipped | self._published).items():
            one = self._standing.get(digest)
            if one is None or one.state == "published":
                # What the desk published itself stands before what an upgrade brought, and a later one before an earlier one.
                own = one is not None and one.published_by != INSTALLATION
                ranked.append((own, digest in self._shipped, one.place if one else 0, book))
        ranked.sort(key=lambda item: item[:3])
        newest = {item[3].id: item[3] for item in ranked}
        return dict(reversed(newest.items()))

    def __contains__(self, digest: object) -> bool:
        return digest in self._shipped or digest in self._published

    def __getitem__(self, digest: str) -> Runbook:
        if digest not in self:
            self.look()
        return self._shipped[digest] if digest in self._shipped else self._published[digest]

    def __iter__(self) -> Iterator[str]:
        return iter(self._shipped | self._published)

    def __len__(self) -> int:
        return len(self._shipped | self._published)
