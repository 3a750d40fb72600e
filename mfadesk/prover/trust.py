"""Which runbooks a desk may use under its policy: those whose certificate the small checker accepts, and no other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from mfadesk.assurance.model import Policy
from mfadesk.kernel.errors import Refusal
from mfadesk.prover.certificate import make_certificate
from mfadesk.prover.checker import check_certificate
from mfadesk.runbook.model import Runbook
from mfadesk.runbook.parse import canonical_form


@dataclass(frozen=True, slots=True)
class Trusted:
    """The runbooks to use, by digest, and for each that is refused, by id, why."""

    runbooks: Mapping[str, Runbook]
    refused: Mapping[str, str]


def find_trusted(runbooks: Iterable[Runbook], policy: Policy) -> Trusted:
    """Return which of `runbooks` may be used under `policy`. Nothing is used that is not both proved and checked."""
    accepted: dict[str, Runbook] = {}
    refused: dict[str, str] = {}
    for runbook in runbooks:
        why = _why_not(_Same(runbook), policy)
        if why:
            refused[runbook.id] = why
        else:
            accepted[runbook.digest] = runbook
    return Trusted(accepted, refused)


class _Same:
    """A runbook that is equal to another of the same content, so that none is proved twice in a process."""

    def __init__(self, runbook: Runbook) -> None:
        self.runbook = runbook

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and canonical_form(self.runbook) == canonical_form(other.runbook)

    def __hash__(self) -> int:
        return hash(self.runbook.digest)


@lru_cache(maxsize=256)
def _why_not(same: _Same, policy: Policy) -> str:
    try:
        check_certificate(same.runbook, policy, make_certificate(same.runbook, policy))
    except Refusal as refusal:
        return refusal.sentence
    return ""
