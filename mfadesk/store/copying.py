"""A whole desk's rows from one database to another, and the ledger counted again where they arrive: for backups and for moving.

What lives for minutes is left behind: sign-in sessions, sealed questions, challenges, one-time secrets, throttles. Whoever was in
the middle of something begins that step anew; no case, event, effect or key is lost.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.apps import apps
from django.core.management import call_command
from django.core.management.color import no_style
from django.db import connections, models, transaction

from mfadesk.kernel.errors import Broken, Invalid
from mfadesk.ledger.merkle import EMPTY_ROOT, Frontier, hash_leaf
from mfadesk.store.models import EventRow, TreeHead

OTHER = "other"
"""The name by which Django knows the second database while rows are copied."""

A_BATCH = 1_000

SHORT_LIVED = frozenset({"RequestRow", "ChallengeRow", "SealedSecret", "Throttle"})
APPS = ("auth", "mfa", "store")
MADE_BY_MIGRATIONS = frozenset({"Permission", "Group"})


@dataclass(frozen=True, slots=True)
class LedgerEnd:
    """How long a ledger is and its root, as 64 hex digits."""

    size: int
    root: str


@contextmanager
def second_database(settings: dict[str, Any]) -> Iterator[str]:
    """Open a second database with its tables made; yields the name by which Django knows it."""
    connections.settings[OTHER] = {**connections.settings["default"], **settings}
    try:
        call_command("migrate", database=OTHER, interactive=False, verbosity=0)
        yield OTHER
    finally:
        connections[OTHER].close()
        del connections[OTHER]
        del connections.settings[OTHER]


def sqlite_settings(file: Path) -> dict[str, Any]:
    """Return settings of a plain SQLite file that only this process uses."""
    return {"ENGINE": "django.db.backends.sqlite3", "NAME": file, "OPTIONS": {}, "CONN_MAX_AGE": None}


def copy_rows(source: str, target: str, expected: LedgerEnd | None = None) -> LedgerEnd:
    """Copy every lasting row in one transaction on each side, and return where the ledger ends, counted in the target.

    expected: where it must end; otherwise Broken is raised and the target is left empty.

    Raises Invalid where the target holds a desk's rows already: nothing is ever mixed or replaced.
    """
    _require_empty(target)
    with transaction.atomic(using=source), transaction.atomic(using=target):
        if connections[source].vendor == "postgresql":
            # One moment for all tables, while the desk goes on working.
            connections[source].cursor().execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        for model in _lasting_models():
            _copy(model, source, target)
        for statement in connections[target].ops.sequence_reset_sql(no_style(), list(_lasting_models())):
            connections[target].cursor().execute(statement)
        end = count_ledger(target)
        if expected is not None and end != expected:
            raise Broken(f"the ledger that arrived has {end.size} entries and is not the one that was sent; nothing was kept")
    return end


def count_ledger(using: str = "default") -> LedgerEnd:
    """Return where the ledger ends, having counted every leaf. Raises Broken for a gap, or a head that does not follow."""
    frontier = Frontier()
    leaves = EventRow.objects.using(using).order_by("leaf_index").values_list("leaf_index", "leaf")
    for place, (index, leaf) in enumerate(leaves.iterator(chunk_size=A_BATCH)):
        if index != place:
            raise Broken(f"the ledger has a gap before entry {index}")
        frontier = frontier.append(hash_leaf(bytes(leaf)))
    head = TreeHead.objects.using(using).filter(pk=1).first()
    if head is not None and Frontier.from_json(json.loads(head.frontier)) != frontier:
        raise Broken("the ledger's head does not follow from its entries")
    return LedgerEnd(frontier.size, (frontier.root() if frontier.size else EMPTY_ROOT).hex())


def _lasting_models() -> Iterator[type[models.Model]]:
    """Yield the tables in an order in which no row comes before what it points at."""
    found = [model for label in APPS for model in apps.get_app_config(label).get_models()]
    wanted = [m for m in found if m.__name__ not in SHORT_LIVED | MADE_BY_MIGRATIONS]
    placed: set[type[models.Model]] = set()
    while len(placed) < len(wanted):
        ready = [m for m in wanted if m not in placed and _points_at(m) & set(wanted) <= placed | {m}]
        placed.update(ready)
        yield from ready


def _points_at(model: type[models.Model]) -> set[Any]:
    return {field.related_model for field in model._meta.fields if field.is_relation}


def _copy(model: type[models.Model], source: str, target: str) -> None:
    rows = []
    manager = model._default_manager
    for row in manager.using(source).order_by("pk").iterator(chunk_size=A_BATCH):
        rows.append(row)
        if len(rows) == A_BATCH:
            manager.using(target).bulk_create(rows)
            rows = []
    manager.using(target).bulk_create(rows)


def _require_empty(target: str) -> None:
    for model in _lasting_models():
        if model._default_manager.using(target).exists():
            raise Invalid("database", "There are rows of a desk in it already. Name an empty database; nothing was changed.")
