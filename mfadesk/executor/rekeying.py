"""New keys for the executor while it runs: what stands under an older one keeps its worth, or is put under the new one.

A new key stands in the file before anything is sealed with it, and the older one stays beside it until nothing needs it. Then it
is dropped: the register of staff is pinned as it stood under it, counters of desk keys get codes under the new one, and the ledger
holds who handed over to whom, signed by the one before.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime

from mfadesk.executor.ledger_watch import LedgerWatch
from mfadesk.executor.staff_keys import reseal_counters
from mfadesk.executor.staff_register import StaffRegister
from mfadesk.kernel.errors import Broken
from mfadesk.kernel.ids import Randomness
from mfadesk.kernel.sealing import all_of, public_key_of, verify_key_of
from mfadesk.ledger.leaf import DESK
from mfadesk.ledger.note import sign_note, verifier_key_of
from mfadesk.operations.desk import Desk
from mfadesk.operations.directory_seal import require_not_put_back, require_whole, seal_directory
from mfadesk.store.home import Home
from mfadesk.store.key_files import add_key, drop_keys, to_text, write_store
from mfadesk.store.models import EventRow
from mfadesk.store.seen import DIRECTORY, Place, open_seen

ROTATED = "key_rotated"
EXECUTOR_NAMES = ("box_private", "receipt", "at_rest")


def rotate_executor(home: Home, now: datetime, randomness: Randomness) -> None:
    """Put new keys for questions, receipts and storage in use. Raises Invalid as key files do."""
    stored = home.key_store("executor")
    stored.setdefault("decoy", stored["receipt"])
    for name in EXECUTOR_NAMES:
        stored = add_key(stored, name, randomness.bytes(32), now)
    write_store(home.key_file("executor"), stored, home.key_sources("executor"))
    # Only now, when the executor opens it, may anybody seal a question to the new key.
    public = {**home.key_store("public"), "box_public": to_text(public_key_of(home.executor_keys().box_private))}
    write_store(home.key_file("public"), public, ())


def rotate_signing(desk: Desk, now: datetime) -> None:
    """Put a new signing key in use, which the one before hands over to in the ledger. Raises Broken where the ledger is damaged."""
    home = desk.home
    LedgerWatch(desk).sign_checkpoint()
    stored = add_key(home.key_store("executor"), "checkpoint_sign", desk.randomness.bytes(32), now)
    write_store(home.key_file("executor"), stored, home.key_sources("executor"))
    finish_signing(desk, now)


def finish_signing(desk: Desk, now: datetime) -> None:
    """Tell everybody and the ledger of every signing key that is in use or was, and sign where the ledger stands with the newest.

    Does again whatever a crash left undone, and nothing twice.
    """
    home = desk.home
    ring, origin = home.executor_keys().checkpoint_sign, home.public_keys().origin
    public = home.key_store("public")
    for private in reversed(all_of(ring)):
        told = [public["checkpoint_verify"], *(one["key"] for one in public.get("older", {}).get("checkpoint_verify", []))]
        if to_text(verify_key_of(private)) not in told:
            public = add_key(public, "checkpoint_verify", verify_key_of(private), now)
            write_store(home.key_file("public"), public, ())
    with desk.unit() as unit:
        recorded = "".join(EventRow.objects.filter(case_id=DESK, kind=ROTATED).values_list("body", flat=True))
        for before, after in reversed(list(zip(ring.older, all_of(ring), strict=False))):  # type: ignore[attr-defined]
            new = verifier_key_of(origin, after).text()
            if new not in recorded:
                body = {"old": verifier_key_of(origin, before).text(), "new": new, "handover": _handover(origin, new, before)}
                unit.record_of_desk(ROTATED, body, now, "executor")
    LedgerWatch(desk).sign_checkpoint()


def _handover(origin: str, new: str, before: bytes) -> str:
    """Return a note by which the key before names the new one: whoever trusts the old one can check it with any signed-note tool."""
    return sign_note(f"{origin}\nsigning key handed over to\n{new}\n", origin, before)


def drop_executor_keys(desk: Desk, name: str, gone: Sequence[bytes]) -> None:
    """Take older keys of the executor out of their ring; what still stands under them is pinned or put under the key in use."""
    home, place = desk.home, None
    with desk.unit():
        stored = home.key_store("executor")
        if name == "receipt":
            reseal_counters(home.executor_keys())
            place = _reseal_directory(home, desk.now())
            found = StaffRegister(desk, open_seen(home)).end_under(gone)
            pins = [{"key": to_text(pin.key), "size": pin.size, "mac": pin.mac} for pin in found]
            stored["pins"] = [*stored.get("pins", []), *pins]
        write_store(home.key_file("executor"), drop_keys(stored, name, gone), home.key_sources("executor"))
    if place is not None:
        open_seen(home).keep(DIRECTORY, place)


def _reseal_directory(home: Home, now: datetime) -> Place | None:
    """Seal the directory under the key in use, and return its new edition.

    One that does not stand as it was sealed, or was put back, stays so, and is refused by the new key too.
    """
    key = home.executor_keys().receipt
    with suppress(Broken):
        head = require_whole(key)
        require_not_put_back(head, open_seen(home).recall(DIRECTORY))
        if head.edition:
            head = seal_directory(key, now)
            return Place(head.edition, head.mac)
    return None


def forget_decoys(home: Home) -> None:
    """Draw decoys with a key that nobody has seen: with the one before, real credential ids could be told from drawn ones."""
    stored = home.key_store("executor")
    write_store(home.key_file("executor"), {**stored, "decoy": stored["receipt"]}, home.key_sources("executor"))
