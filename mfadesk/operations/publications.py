"""Where every version of a runbook stands, folded from what was recorded. The web tier folds the ledger, the executor its own account.

A text is kept under its digest and believed only if it has it, so its row needs no guard.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Literal

from mfadesk.kernel.errors import Invalid
from mfadesk.ledger.leaf import DESK
from mfadesk.runbook.model import Runbook
from mfadesk.runbook.parse import parse_runbook
from mfadesk.store.models import EventRow, RunbookText

State = Literal["offered", "reviewed", "published", "retired"]
INSTALLATION = "installation"
"""Who publishes what ships with the desk: it was reviewed where it was made."""

RECORDED: Mapping[str, str] = {
    "offer": "runbook_offered",
    "review": "runbook_reviewed",
    "publish": "runbook_published",
    "retire": "runbook_retired",
}
"""By act, the kind of event in the ledger and of fact in the executor's account."""


@dataclass(frozen=True, slots=True)
class Publication:
    """Where one version of a runbook stands, and who brought it there (``staff:7``)."""

    runbook: str
    digest: str
    state: State
    offered_by: str = ""
    reviewed_by: str = ""
    published_by: str = ""
    retired_by: str = ""
    place: int = 0
    """Of versions that are published, the one with the greatest place was published last."""


def apply(standing: Mapping[str, Publication], kind: str, body: Mapping[str, Any]) -> dict[str, Publication]:
    """Return what stands after one more fact. Total: a fact about a version that nobody offered makes it known first."""
    digest, by = str(body["digest"]), str(body["by"])
    known = standing.get(digest, Publication(str(body["runbook"]), digest, "offered"))
    place = 1 + max((one.place for one in standing.values()), default=0)
    match kind:
        case "runbook_offered":
            now = Publication(known.runbook, digest, "offered", offered_by=by)
        case "runbook_reviewed":
            now = replace(known, state="reviewed", reviewed_by=by)
        case "runbook_published":
            now = replace(known, state="published", published_by=by, place=place)
        case _:
            now = replace(known, state="retired", retired_by=by)
    return {**standing, digest: now}


def fold(facts: Iterable[tuple[str, Mapping[str, Any]]]) -> dict[str, Publication]:
    """Return by digest where every version stands, from facts in the order in which they happened."""
    standing: dict[str, Publication] = {}
    for kind, body in facts:
        standing = apply(standing, kind, body)
    return standing


def read_ledger() -> dict[str, Publication]:
    """Return where every version stands by the ledger: what pages show and new cases begin with. The executor has its own account."""
    rows = EventRow.objects.filter(case_id=DESK, kind__in=RECORDED.values()).order_by("seq")
    return fold((kind, json.loads(body)) for kind, body in rows.values_list("kind", "body"))


def find_text(digest: str) -> Runbook | None:
    """Return the runbook that is kept under this digest, or None where there is none or its text is another's."""
    text = RunbookText.objects.filter(pk=digest).values_list("text", flat=True).first()
    return None if text is None else _read(text, digest)


@lru_cache(maxsize=64)
def _read(text: str, digest: str) -> Runbook | None:
    try:
        runbook = parse_runbook(text, f"{digest[:16]}.yaml", lambda _: None)
    except Invalid:
        return None
    return runbook if runbook.digest == digest else None
