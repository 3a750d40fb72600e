"""Events about what is set up, mended and tested, each as the fields that it sets; `state.py` folds them with the others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from mfadesk.cases.events import Event

if TYPE_CHECKING:
    from mfadesk.cases.state import CaseState


def _begun(state: CaseState, event: Event) -> dict[str, Any]:
    return {"new_authenticator": event.body["authenticator"], "new_kind": event.body["kind"], "tested_at": None}


def _lost(state: CaseState, event: Event) -> dict[str, Any]:
    return {"new_authenticator": "", "new_kind": "", "tested_at": None}


def _tested(state: CaseState, event: Event) -> dict[str, Any]:
    return {"tested_at": event.at}


def _test_failed(state: CaseState, event: Event) -> dict[str, Any]:
    return {"test_failures": state.test_failures + 1}


def _resynced(state: CaseState, event: Event) -> dict[str, Any]:
    return {"resynced": event.body["authenticator"], "tested_at": None}


def _resync_failed(state: CaseState, event: Event) -> dict[str, Any]:
    return {"resync_failures": state.resync_failures + 1}


def _bypass_given(state: CaseState, event: Event) -> dict[str, Any]:
    return {"bypass": event.body["grant"]}


def _bypass_reviewed(state: CaseState, event: Event) -> dict[str, Any]:
    return {"bypass_reviewed": True}


CHANGES: Mapping[str, Callable[[CaseState, Event], dict[str, Any]]] = {
    "enrolment_begun": _begun,
    "enrolment_lost": _lost,
    "tested": _tested,
    "test_failed": _test_failed,
    "bypass_given": _bypass_given,
    "bypass_reviewed": _bypass_reviewed,
    "resynced": _resynced,
    "resync_failed": _resync_failed,
}
