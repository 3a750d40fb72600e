"""Puts an executor together: its keys, its connectors, its handlers. The one place that opens a connector."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mfadesk.connectors.registry import open_courier, open_factor_services, open_provider
from mfadesk.executor import (
    approving,
    attesting,
    bypassing,
    enlisting,
    enrolling,
    proofs,
    publishing,
    repudiating,
    resyncing,
    reviewing,
    ringing,
    vouching,
)
from mfadesk.executor.core import Executor, Handler
from mfadesk.executor.effects import run_due_effects
from mfadesk.operations.desk import Desk
from mfadesk.operations.policies import keep_policy
from mfadesk.ports.factors import FactorService
from mfadesk.ports.messages import Courier
from mfadesk.ports.provider import Provider


def _checkpoint(executor: Executor, case_id: str, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Sign where the ledger stands now, so that a record can be exported up to its last entry."""
    executor.watch.sign_checkpoint()
    return {"ok": True}


HANDLERS: Mapping[str, Handler] = {
    "prove_code": proofs.prove_code,
    "begin_passkey": proofs.begin_passkey,
    "finish_passkey": proofs.finish_passkey,
    "begin_service": proofs.begin_service,
    "finish_service": proofs.finish_service,
    "ask_voucher": vouching.ask_voucher,
    "begin_vouch": vouching.begin_vouch,
    "finish_vouch": vouching.finish_vouch,
    "begin_attestation": attesting.begin_attestation,
    "finish_attestation": attesting.finish_attestation,
    "call_back": ringing.call,
    "begin_approval": approving.begin_approval,
    "finish_approval": approving.finish_approval,
    "begin_staff_key": enlisting.begin_staff_key,
    "finish_staff_key": enlisting.finish_staff_key,
    "begin_own_key": enlisting.begin_own_key,
    "finish_own_key": enlisting.finish_own_key,
    "begin_staff_act": enlisting.begin_staff_act,
    "finish_staff_act": enlisting.finish_staff_act,
    "enrol": enrolling.enrol,
    "finish_enrol": enrolling.finish_enrol,
    "test_code": enrolling.test_code,
    "begin_test": enrolling.begin_test,
    "finish_test": enrolling.finish_test,
    "give_bypass": bypassing.give_bypass,
    "begin_review": reviewing.begin_review,
    "finish_review": reviewing.finish_review,
    "begin_runbook_act": publishing.begin_runbook_act,
    "finish_runbook_act": publishing.finish_runbook_act,
    "resync": resyncing.resync,
    "not_me": repudiating.not_me,
    "checkpoint": _checkpoint,
}


def open_executor(
    desk: Desk,
    *,
    provider: Provider | None = None,
    courier: Courier | None = None,
    services: Mapping[str, FactorService] | None = None,
    keep: bool = True,
) -> Executor:
    """Return the executor of a desk, its connectors opened from the configuration and the executor's own secrets.

    provider, courier, services: opened already, for drills and tests that share one lab in memory.
    keep: put the policy in force away for the cases that will be pinned to it; False for who only looks.

    Raises Invalid, naming the setting that cannot be used.
    """
    keys = desk.home.executor_keys()
    if keep:
        keep_policy(desk.home, desk.policy)
    config = desk.home.config

    def with_secrets(settings: Mapping[str, Any]) -> dict[str, Any]:
        """Secrets stand in the executor's key file; configuration names them as ``name_key = "entry"``."""
        opened = dict(settings)
        for name in [n for n in settings if n.endswith("_key")]:
            opened[name.removesuffix("_key")] = keys.provider.get(str(settings[name]), "")
        return opened

    return Executor(
        desk=desk,
        provider=provider or open_provider(with_secrets(config.provider), desk.clock, desk.randomness),
        courier=courier or open_courier(with_secrets(config.courier), desk.clock),
        services=services if services is not None else open_factor_services(config.factors) if config.factors else {},
        handlers=HANDLERS,
        run_effect=run_due_effects,
    )
