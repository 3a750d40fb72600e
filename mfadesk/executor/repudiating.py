""" "That was not me": the new authenticator is suspended at once, sessions end, security hears."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mfadesk.cases.engine import Draft
from mfadesk.kernel.errors import Refusal
from mfadesk.store.models import Alert, Locator, Report

if TYPE_CHECKING:
    from mfadesk.executor.core import Executor


def not_me(executor: Executor, case_id: str, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Record the repudiation, insert-only, and intend the suspension; repeated, it changes nothing more."""
    locator = Locator.objects.filter(pk=str(payload["locator"]), kind="not_me", case_id=case_id).first()
    if locator is None or locator.expires_at <= executor.desk.now():
        raise Refusal("link_not_open", "This link is not open any more. Ring the help desk.")
    about = json.loads(locator.about)

    def change(draft: Draft) -> None:
        if draft.state.reported:
            return
        now = draft.now
        Report.objects.create(at=now, case_id=case_id, person_id=draft.state.subject or "", kind="not_me")
        Alert.objects.create(
            at=now, kind="not_me", case_id=case_id, person_id=draft.state.subject or "",
            sentence="The person says that a change was not theirs. The new authenticator is being suspended.",
        )  # fmt: skip
        draft.emit("not_me", authenticator=str(about.get("authenticator", "")))
        for given in draft.state.effects_of("grant_bypass"):
            draft.intend("end_bypass", given.id)
        for given_back in draft.state.effects_of("restore_old"):
            draft.intend("suspend_new", given_back.target)
        if any(effect.detail == "opened" for effect in draft.state.effects_of("open_account")):
            draft.intend("close_account")
        if about.get("authenticator"):
            draft.intend("suspend_new", str(about["authenticator"]))
        if draft.state.status in ("open", "frozen"):
            draft.close("reported", "stopped")

    with executor.desk.unit():
        Locator.objects.filter(pk=locator.pk).update(used_at=executor.desk.now())
    executor.settle(case_id, change)
    return {"ok": True}
