"""What can be read, one function a resource. Each names its scope and hands on to operations; none holds a rule."""

from __future__ import annotations

from typing import Annotated, Literal

from django.http import HttpRequest
from ninja import NinjaAPI, Path, Query

from mfadesk import __version__
from mfadesk.api.door import Bearer
from mfadesk.api.problems import set_handlers
from mfadesk.operations import ledger_view, outside_view, watch_view
from mfadesk.operations.desk import current_desk

INTRO = (
    "What other programs may read of this desk. Every request carries a token: `Authorization: Bearer mfadesk_…`, made by "
    "`mfadesk api token`. Nothing here writes, names a person or shows a code. Failures are problem details (RFC 9457)."
)

api = NinjaAPI(title="mfadesk", version=__version__, description=INTRO, docs_url=None, openapi_url=None, urls_namespace="api")
set_handlers(api)

Limit = Annotated[int, Query(ge=1, le=outside_view.MOST, description="How many at most.")]
CaseId = Annotated[str, Path(pattern=r"^case_[0-9a-z]{1,30}$", description="The case's id.")]
Index = Annotated[int, Path(ge=0, le=2**53 - 1, description="The entry's number, from 0.")]
Size = Annotated[
    int | None, Query(ge=1, le=2**53 - 1, description="A size that a checkpoint has signed; without it, the newest.")
]


@api.get("/cases", response=outside_view.CasePage, auth=Bearer("cases:read"), tags=["Cases"], operation_id="listCases")
def list_cases(
    request: HttpRequest,
    limit: Limit = 50,
    after: Annotated[str | None, Query(max_length=80, description="The `next` of the page before.")] = None,
    status: Annotated[
        Literal["open", "frozen", "closed"] | None, Query(description="Only cases that stand so: open, frozen or closed.")
    ] = None,
    person: Annotated[
        str | None, Query(pattern=r"^[!-~]{1,40}$", description="Only cases about this id of the directory.")
    ] = None,
) -> outside_view.CasePage:
    """Cases in the order of their last change, those first that have not changed for longest.

    To follow all that happens, keep the last `next` and ask again: a case that changes moves behind it. Cases of the last minute
    may come twice.
    """
    return outside_view.list_cases(current_desk(), status, person, after, limit)


@api.get(
    "/cases/{case_id}", response=outside_view.CaseRecord, auth=Bearer("cases:read"), tags=["Cases"], operation_id="getCase"
)
def get_case(request: HttpRequest, case_id: CaseId) -> outside_view.CaseRecord:
    """Where one case stands: steps, ending, and the text for a ticket."""
    return outside_view.show_case(current_desk(), case_id)


@api.get(
    "/cases/{case_id}/evidence", response=outside_view.EvidenceRecord, auth=Bearer("evidence:read"), tags=["Cases"],
    operation_id="getEvidence",
)  # fmt: skip
def get_evidence(request: HttpRequest, case_id: CaseId) -> outside_view.EvidenceRecord:
    """What was proved in a case, what was decided and done, and its timeline. Never show this to a caller."""
    return outside_view.show_evidence(current_desk(), case_id)


@api.get(
    "/runbooks", response=list[watch_view.RunbookEntry], auth=Bearer("runbooks:read"), tags=["Runbooks and policy"],
    operation_id="listRunbooks",
)  # fmt: skip
def list_runbooks(request: HttpRequest) -> tuple[watch_view.RunbookEntry, ...]:
    """The runbooks in force, each with the verdict of its proof."""
    return watch_view.list_runbooks(current_desk())


@api.get(
    "/runbooks/{runbook_id}", response=watch_view.RunbookRecord, auth=Bearer("runbooks:read"), tags=["Runbooks and policy"],
    operation_id="getRunbook",
)  # fmt: skip
def get_runbook(
    request: HttpRequest, runbook_id: Annotated[str, Path(pattern=r"^[a-z0-9-]{1,80}$", description="The runbook's id.")]
) -> watch_view.RunbookRecord:
    """One runbook, step by step, with the findings of its proof."""
    return watch_view.show_runbook(current_desk(), runbook_id)


@api.get(
    "/policy",
    response=watch_view.PolicyView,
    auth=Bearer("policy:read"),
    tags=["Runbooks and policy"],
    operation_id="getPolicy",
)
def get_policy(request: HttpRequest) -> watch_view.PolicyView:
    """Which policy decides now."""
    return watch_view.show_policy(current_desk())


@api.get(
    "/ledger/checkpoint", response=ledger_view.CheckpointView, auth=Bearer("ledger:read"), tags=["Ledger"],
    operation_id="getCheckpoint",
)  # fmt: skip
def get_checkpoint(request: HttpRequest) -> ledger_view.CheckpointView:
    """The newest checkpoint that the executor signed. Keep each one: two that no proof joins are the sign of a forged ledger."""
    return ledger_view.newest_checkpoint(current_desk())


@api.get(
    "/ledger/consistency", response=ledger_view.ConsistencyView, auth=Bearer("ledger:read"), tags=["Ledger"],
    operation_id="getConsistency",
)  # fmt: skip
def get_consistency(
    request: HttpRequest,
    first: Annotated[int, Query(ge=1, le=2**53 - 1, description="The size of a checkpoint that you hold.")],
    second: Size = None,
) -> ledger_view.ConsistencyView:
    """The proof that the ledger of a later checkpoint begins with that of an earlier one."""
    return ledger_view.prove_growth(current_desk(), first, second)


@api.get(
    "/ledger/entries/{index}", response=ledger_view.EntryView, auth=Bearer("ledger:read"), tags=["Ledger"],
    operation_id="getEntry",
)  # fmt: skip
def get_entry(request: HttpRequest, index: Index) -> ledger_view.EntryView:
    """One entry, redacted: of personal fields only the commitments."""
    return ledger_view.show_entry(index)


@api.get(
    "/ledger/entries/{index}/inclusion", response=ledger_view.InclusionView, auth=Bearer("ledger:read"), tags=["Ledger"],
    operation_id="getInclusion",
)  # fmt: skip
def get_inclusion(request: HttpRequest, index: Index, size: Size = None) -> ledger_view.InclusionView:
    """The proof that an entry stands in the ledger that a checkpoint signed."""
    return ledger_view.prove_entry(current_desk(), index, size)


@api.get("/alerts", response=watch_view.AlertPage, auth=Bearer("alerts:read"), tags=["Watching"], operation_id="listAlerts")
def list_alerts(
    request: HttpRequest,
    after: Annotated[int, Query(ge=0, le=2**53 - 1, description="The `last` of the page before.")] = 0,
    limit: Limit = 50,
) -> watch_view.AlertPage:
    """What security should hear, oldest first. Keep `last` and ask again."""
    return watch_view.list_alerts(after, limit)


@api.get("/health", response=watch_view.HealthView, auth=Bearer("health:read"), tags=["Watching"], operation_id="getHealth")
def get_health(request: HttpRequest) -> watch_view.HealthView:
    """The desk's pulse: which processes were seen lately, what waits, how far the ledger is signed."""
    return watch_view.show_health(current_desk())
