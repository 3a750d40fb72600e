"""The executor's register of staff passkeys. Each row carries a receipt, so that a key written in by anybody else counts for nothing."""

from __future__ import annotations

import base64
from dataclasses import dataclass

from mfadesk.connectors.webauthn import Asserted, Registered
from mfadesk.kernel.canonical import canonical_json
from mfadesk.kernel.sealing import authenticate, is_authentic
from mfadesk.operations.desk import Desk
from mfadesk.store.home import ExecutorKeys
from mfadesk.store.models import StaffKey

MAX_KEYS = 10


@dataclass(frozen=True, slots=True)
class StaffCredential:
    """One desk key, in the shape in which an assertion is verified."""

    id: str
    credential: bytes
    credential_id: bytes
    sign_count: int
    backup_eligible: bool


def register(desk: Desk, keys: ExecutorKeys, staff_id: str, registered: Registered) -> None:
    """Put a verified registration into the register."""
    credential = base64.b64encode(registered.credential).decode()
    name = registered.credential_id.hex()
    with desk.unit():
        StaffKey.objects.create(
            staff_id=staff_id, credential_id=name, public_key=_pack(credential, registered.backup_eligible),
            sign_count=registered.sign_count, registered_at=desk.now(),
            receipt=authenticate(_message(staff_id, name, _pack(credential, registered.backup_eligible)), keys.receipt),
        )  # fmt: skip


def load_credentials(keys: ExecutorKeys, staff_id: str) -> list[StaffCredential]:
    """Return the member's genuine desk keys."""
    found = []
    for row in StaffKey.objects.filter(staff_id=staff_id).order_by("pk")[:MAX_KEYS]:
        if not is_authentic(_message(staff_id, row.credential_id, row.public_key), keys.receipt, row.receipt):
            continue
        flag, credential = row.public_key.split(":", 1)
        found.append(
            StaffCredential(
                row.credential_id,
                base64.b64decode(credential),
                bytes.fromhex(row.credential_id),
                row.sign_count,
                flag == "synced",
            )
        )
    return found


def move_counter(desk: Desk, asserted: Asserted[StaffCredential]) -> None:
    """Keep the sign counter, by which a cloned key shows."""
    with desk.unit():
        StaffKey.objects.filter(credential_id=asserted.stored.id).update(sign_count=asserted.sign_count)


def _pack(credential: str, backup_eligible: bool) -> str:
    return f"{'synced' if backup_eligible else 'bound'}:{credential}"


def _message(staff_id: str, name: str, public_key: str) -> bytes:
    return b"staff-key/" + canonical_json([staff_id, name, public_key])
