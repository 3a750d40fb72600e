"""Every wait ends. The worker calls this; it needs no memory of its own, since a deadline stands in the case's row."""

from __future__ import annotations

from datetime import timedelta

from mfadesk.cases.engine import pass_deadline
from mfadesk.kernel.errors import Refusal
from mfadesk.operations.desk import Desk
from mfadesk.operations.sessions import end_sessions_of
from mfadesk.store.models import CaseRow, ChallengeRow, Locator, RequestRow, SealedSecret, Throttle

A_ROUND = 100
KEEP_LOCATORS = timedelta(days=30)


def pass_deadlines(desk: Desk) -> int:
    """Move on every case whose time has run out, and return how many moved."""
    now = desk.now()
    due = (
        CaseRow.objects.filter(status__in=["open", "frozen"], deadline_at__lte=now)
        .order_by("deadline_at")
        .values_list("id", flat=True)
    )
    return sum(_pass_one(desk, case_id) for case_id in list(due[:A_ROUND]))


def sweep(desk: Desk) -> None:
    """Erase what has run out: sealed questions, sealed secrets, challenges, throttles, old links."""
    now = desk.now()
    with desk.unit():
        RequestRow.objects.filter(expires_at__lte=now).delete()
        SealedSecret.objects.filter(expires_at__lte=now).delete()
        ChallengeRow.objects.filter(expires_at__lte=now).delete()
        Throttle.objects.filter(ends_at__lte=now).delete()
        Locator.objects.filter(expires_at__lte=now - KEEP_LOCATORS).delete()


def _pass_one(desk: Desk, case_id: str) -> int:
    with desk.unit() as unit:
        draft = desk.draft(unit.load(case_id), "worker")
        try:
            pass_deadline(draft, desk.runbook_of(draft.state))
        except Refusal:
            # Somebody was quicker: the next look finds it where it now stands.
            return 0
        if draft.state.status == "closed":
            end_sessions_of(case_id, desk.now())
        unit.commit(draft)
    return 1
