"""Desk keys in the shape in which assertions are verified, and their counters, by which a cloned key shows."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mfadesk.connectors.webauthn import Asserted, Registered
from mfadesk.kernel.canonical import canonical_json
from mfadesk.kernel.errors import Broken
from mfadesk.kernel.sealing import authenticate, is_authentic
from mfadesk.store.home import ExecutorKeys
from mfadesk.store.models import StaffKey

if TYPE_CHECKING:
    from mfadesk.executor.core import Executor


@dataclass(frozen=True, slots=True)
class StaffCredential:
    """One desk key, in the shape in which an assertion is verified."""

    id: str
    credential: bytes
    credential_id: bytes
    sign_count: int
    backup_eligible: bool


def pack(registered: Registered) -> str:
    """Return the text in which the register keeps a verified registration."""
    return f"{'synced' if registered.backup_eligible else 'bound'}:{base64.b64encode(registered.credential).decode()}"


def unpack(name: str, packed: str) -> StaffCredential:
    """Return what `pack` wrote, its counter at zero. name: the credential's id in hex."""
    flag, credential = packed.split(":", 1)
    return StaffCredential(name, base64.b64decode(credential), bytes.fromhex(name), 0, flag == "synced")


def load_credentials(executor: Executor, staff_id: str) -> list[StaffCredential]:
    """Return the desk keys that the executor's register holds for a member."""
    return executor.staff.credentials(staff_id)


def read_counters(keys: ExecutorKeys, held: Iterable[StaffCredential]) -> list[StaffCredential]:
    """Return the keys with their counters. Raises Broken for a counter that somebody else wrote."""
    found = []
    for key in held:
        row = StaffKey.objects.filter(credential_id=key.id).first()
        if row is None or not is_authentic(_message(key.id, row.sign_count), keys.receipt, row.receipt):
            raise Broken("the counter of a desk key was changed by somebody else than the executor")
        found.append(replace(key, sign_count=row.sign_count))
    return found


def begin_counter(executor: Executor, staff_id: str, registered: Registered) -> None:
    """Write a new key's first counter."""
    name = registered.credential_id.hex()
    with executor.desk.unit():
        # An earlier try may have been cut off between the counter and the register.
        StaffKey.objects.update_or_create(
            credential_id=name,
            defaults={
                "staff_id": staff_id, "sign_count": registered.sign_count, "registered_at": executor.desk.now(),
                "receipt": authenticate(_message(name, registered.sign_count), executor.keys.receipt),
            },
        )  # fmt: skip


def move_counter(executor: Executor, asserted: Asserted[StaffCredential]) -> None:
    """Keep the sign counter, by which a cloned key shows."""
    receipt = authenticate(_message(asserted.stored.id, asserted.sign_count), executor.keys.receipt)
    with executor.desk.unit():
        StaffKey.objects.filter(credential_id=asserted.stored.id).update(sign_count=asserted.sign_count, receipt=receipt)


def reseal_counters(keys: ExecutorKeys) -> None:
    """Put every genuine counter's code under the key in use; what is not genuine stays as it is, and stays refused."""
    for row in StaffKey.objects.all():
        message = _message(row.credential_id, row.sign_count)
        if is_authentic(message, keys.receipt, row.receipt):
            StaffKey.objects.filter(pk=row.pk, receipt=row.receipt).update(receipt=authenticate(message, keys.receipt))


def _message(name: str, sign_count: int) -> bytes:
    return b"staff-counter/" + canonical_json([name, sign_count])
