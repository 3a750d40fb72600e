"""Events that set a field or two, each as those fields; `state.py` folds them with the others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from mfadesk.cases.events import Event

if TYPE_CHECKING:
    from mfadesk.cases.state import CaseState


def _signal(state: CaseState, event: Event) -> dict[str, Any]:
    return {"signals": state.signals | {event.body["signal"]}}


def _owner(state: CaseState, event: Event) -> dict[str, Any]:
    return {"owner": event.body["owner"]}


def _confirmed(state: CaseState, event: Event) -> dict[str, Any]:
    return {"confirmed": True}


def _reported(state: CaseState, event: Event) -> dict[str, Any]:
    return {"reported": True}


def _kind(state: CaseState, event: Event) -> dict[str, Any]:
    return {"chosen_kind": event.body["kind"]}


def _alert(state: CaseState, event: Event) -> dict[str, Any]:
    return {"alerts": (*state.alerts, event.body["pattern"])}


def _not_me(state: CaseState, event: Event) -> dict[str, Any]:
    return {"reported": True}


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


CHANGES: Mapping[str, Callable[[CaseState, Event], dict[str, Any]]] = {
    "signal_noted": _signal,
    "owner_changed": _owner,
    "confirmed": _confirmed,
    "reported": _reported,
    "kind_chosen": _kind,
    "alert_raised": _alert,
    "not_me": _not_me,
    "enrolment_begun": _begun,
    "enrolment_lost": _lost,
    "tested": _tested,
    "test_failed": _test_failed,
    "bypass_given": _bypass_given,
    "resynced": _resynced,
    "resync_failed": _resync_failed,
}
