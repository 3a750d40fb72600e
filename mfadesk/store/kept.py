"""What a process keeps of cases that it has read, since a case is read anew at each thing that happens in it.

Nothing here can go stale: an event is kept by the text of its row, and a fold by the events that it is of. Another row, another key.
What is erased makes another event, and is gone from here at the next look at its case.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import lru_cache

from mfadesk.cases.events import Event
from mfadesk.cases.state import CaseState, fold
from mfadesk.kernel.clock import from_stamp

EVENTS_KEPT = 8_192
"""Events that a process keeps parsed: pages and the executor read the same case again at each thing that happens."""
FOLDS_KEPT = 200
"""Cases whose last fold a process keeps."""


@lru_cache(maxsize=EVENTS_KEPT)
def read_event(kind: str, at: str, actor: str, body: str) -> Event:
    """Return an event from its row, without what can be erased. Nobody may change its body."""
    return Event(kind, from_stamp(at), actor, json.loads(body))


def fold_again(case_id: str, events: Iterable[Event]) -> CaseState:
    """Return the fold of `events`, going on from the last one of this case where they begin alike."""
    told = tuple(events)
    before, state = _folded.get(case_id, ((), None))
    if told[: len(before)] != before:
        before, state = (), None
    state = fold(case_id, told[len(before) :], state)
    if len(_folded) >= FOLDS_KEPT:
        _folded.clear()
    _folded[case_id] = (told, state)
    return state


def forget() -> None:
    """Drop all of it."""
    read_event.cache_clear()
    _folded.clear()


_folded: dict[str, tuple[tuple[Event, ...], CaseState | None]] = {}
