"""Case codes and links: how a person's browser finds the case. They prove nothing, and nobody types where they go (R45)."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

from mfadesk.cases.engine import Draft
from mfadesk.kernel.case_code import new_case_code
from mfadesk.kernel.clock import to_stamp
from mfadesk.kernel.errors import Refusal
from mfadesk.kernel.ids import encode_base32
from mfadesk.kernel.sealing import decrypt, encrypt, opens
from mfadesk.operations.desk import Desk, require_owner, staff_name
from mfadesk.operations.throttle import count_try
from mfadesk.ports.people import Actor
from mfadesk.store.models import CaseCode, Locator

CODE_LIFE_S = 30 * 60
LINK_LIFE_S = 30 * 60
LINK_BYTES = 16
"""128 bits: a link that finds a case by itself needs at least 112 (SP 800-63B-4 §4.1.2.2)."""

MAX_LINKS_A_CASE = 3
_FRESH_CODE_TRIES = 20


def issue_code(desk: Desk, draft: Draft) -> str:
    """Void the case's old code, issue a new one and return it. Runs inside the verb's unit of work."""
    now = draft.now
    Locator.objects.filter(case_id=draft.state.id, kind="code").update(voided=True)
    for _ in range(_FRESH_CODE_TRIES):
        code = new_case_code(desk.randomness)
        hashed = desk.locator_hash("code", code)
        if not Locator.objects.filter(pk=hashed, expires_at__gt=now, voided=False).exists():
            break
    expires_at = now + timedelta(seconds=CODE_LIFE_S)
    Locator.objects.filter(pk=hashed).delete()
    Locator.objects.create(token_hash=hashed, kind="code", case_id=draft.state.id, expires_at=expires_at)
    box = encrypt(code.encode(), desk.web_keys().at_rest, f"code/{draft.state.id}", desk.randomness)
    CaseCode.objects.update_or_create(case_id=draft.state.id, defaults={"box": box, "expires_at": expires_at})
    draft.emit("locator_issued", locator="code", expires_at=to_stamp(expires_at))
    return code


def read_code(desk: Desk, case_id: str) -> str | None:
    """Return the code in force, for its operator to read out; None where there is none any more."""
    row = next(iter(CaseCode.objects.raw("SELECT * FROM store_casecode WHERE case_id = %s", [case_id])), None)
    if row is None or row.expires_at <= desk.now():
        return None
    return decrypt(bytes(row.box), desk.web_keys().at_rest, f"code/{case_id}").decode()


def reseal_codes(desk: Desk) -> int:
    """Put every stored code under the key in use, and return how many were under an older one."""
    newest, moved = bytes(desk.web_keys().at_rest), 0
    with desk.unit():
        for row in CaseCode.objects.all():
            context = f"code/{row.case_id}"
            if opens(bytes(row.box), newest, context):
                continue
            try:
                code = decrypt(bytes(row.box), desk.web_keys().at_rest, context)
            except Refusal:
                # It lives for half an hour, and its operator can give a new one.
                continue
            CaseCode.objects.filter(pk=row.case_id).update(box=encrypt(code, newest, context, desk.randomness))
            moved += 1
    return moved


def issue_token(desk: Desk, kind: str, case_id: str, life_s: int, now: datetime, about: dict[str, Any] | None = None) -> str:
    """Return a fresh link token of 128 bits, of which only a keyed hash is kept."""
    token = encode_base32(desk.randomness.bytes(LINK_BYTES))
    Locator.objects.create(
        token_hash=desk.locator_hash(kind, token), kind=kind, case_id=case_id, about=json.dumps(about or {}),
        expires_at=now + timedelta(seconds=life_s),
    )  # fmt: skip
    return token


def find_locator(desk: Desk, kind: str, token: str) -> Locator | None:
    """Return the live locator of a token, or None for one that is wrong, used up, expired or voided: all look alike."""
    row = Locator.objects.filter(pk__in=desk.locator_hashes(kind, token), kind=kind).first()
    if row is None or row.voided or row.expires_at <= desk.now():
        return None
    return row


def new_code(desk: Desk, actor: Actor, case_id: str) -> str:
    """Give the case a new code; the old one stops working. Returns it for reading out.

    Raises Refusal ``browser_bound`` once a browser has the case: a second one would freeze it.
    """
    with desk.unit() as unit:
        draft = desk.draft(unit.load(case_id), staff_name(actor))
        require_owner(actor, draft.state)
        draft.require_open()
        if draft.state.session is not None:
            raise Refusal("browser_bound", "A browser has this case. If they go on with another device, say so on the page.")
        code = issue_code(desk, draft)
        unit.commit(draft)
    return code


def send_link(desk: Desk, actor: Actor, case_id: str) -> None:
    """Send a check-in link to every address on file that is out of quarantine; the executor resolves the addresses.

    Raises Refusal above `MAX_LINKS_A_CASE`, so that nobody floods a mailbox.
    """
    with desk.unit() as unit:
        draft = desk.draft(unit.load(case_id), staff_name(actor))
        require_owner(actor, draft.state)
        draft.require_open()
        if draft.state.subject is None:
            raise Refusal("nobody_on_file", "The directory does not know this person, so there is no address to send to.")
        if draft.state.session is not None:
            raise Refusal("browser_bound", "A browser has this case. If they go on with another device, say so on the page.")
        count_try(f"link:{case_id}", limit=MAX_LINKS_A_CASE, window_s=86_400, now=draft.now)
        draft.intend("notify", target="link")
        unit.commit(draft)
