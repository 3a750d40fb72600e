"""Asking the executor: a sealed row, an answer within a second, and nothing left behind.

The web tier seals its question to the executor's public key and waits. A question lives 60 seconds, is taken at most once and is
erased with its answer. The box also holds a key for this answer alone, so that nobody who merely reads or writes the table learns an
answer or makes one up; secrets in it are sealed once more to the claimant's browser. A refusal may come in the clear, since it grants
nothing: an executor that cannot open a box has no key to answer with.
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from mfadesk.kernel.canonical import canonical_json
from mfadesk.kernel.clock import from_stamp, to_stamp
from mfadesk.kernel.errors import Refusal, Unavailable
from mfadesk.kernel.ids import Randomness, new_id
from mfadesk.kernel.sealing import decrypt, encrypt, seal, unseal
from mfadesk.operations.desk import Desk
from mfadesk.store.models import RequestRow

REQUEST_LIFE_S = 60
ANSWER_WAIT_S = 8.0
"""Longer than a slow provider usually takes; after this the page says so and nothing was granted."""

_POLL_S = 0.02


def ask_executor(desk: Desk, kind: str, case_id: str, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the executor's answer to one question.

    Raises Refusal or Unavailable as the executor said, and Unavailable where it did not answer in time: the question then dies
    unanswered, so that a proof which was typed now is not counted later behind the person's back.
    """
    request_id = new_id("req", desk.randomness)
    now = desk.now()
    key = desk.randomness.bytes(32)
    box = seal_request(desk, request_id, kind, case_id, payload, now, key)
    with desk.unit():
        RequestRow.objects.create(
            id=request_id, kind=kind, case_id=case_id, box=box, state="new", created_at=now,
            expires_at=now + timedelta(seconds=REQUEST_LIFE_S),
        )  # fmt: skip
    answer = _wait_for(desk, request_id, key)
    if "refused" in answer:
        raise Refusal(answer["refused"], answer["sentence"])
    if "unavailable" in answer:
        raise Unavailable(answer["unavailable"], answer["sentence"])
    return answer


def _wait_for(desk: Desk, request_id: str, key: bytes) -> Mapping[str, Any]:
    waited = 0.0
    while True:
        row = RequestRow.objects.filter(pk=request_id).values("answer").first()
        if row is not None and row["answer"] is not None:
            with desk.unit():
                RequestRow.objects.filter(pk=request_id).delete()
            return open_answer(row["answer"], key, request_id)
        if waited >= ANSWER_WAIT_S:
            with desk.unit():
                RequestRow.objects.filter(pk=request_id, state="new").delete()
            raise Unavailable("executor", "The desk could not check that just now. Nothing changed. Try again in a minute.")
        if desk.wait is not None:
            desk.wait(_POLL_S)
        else:
            time.sleep(_POLL_S)
        waited += _POLL_S


@dataclass(frozen=True, slots=True)
class Opened:
    """What a box holds: the question, its life, and the key for its answer."""

    payload: Mapping[str, Any]
    made_at: datetime
    until: datetime
    answer_key: bytes


def seal_request(
    desk: Desk, request_id: str, kind: str, case_id: str, payload: Mapping[str, Any], now: datetime, answer_key: bytes
) -> bytes:
    """Return the box of a request: bound to its row by name, and with its own life inside, which no row can lengthen."""
    inside = {
        "payload": dict(payload), "made_at": to_stamp(now), "until": to_stamp(now + timedelta(seconds=REQUEST_LIFE_S)),
        "answer_key": answer_key.hex(),
    }  # fmt: skip
    context = _context(request_id, kind, case_id)
    return seal(canonical_json(inside), desk.public.box_public, context, desk.randomness)


def open_request(box: bytes, private: bytes, request_id: str, kind: str, case_id: str) -> Opened:
    """Return what the box holds. Raises Refusal ``box_not_ours``."""
    inside = json.loads(unseal(box, private, _context(request_id, kind, case_id)))
    return Opened(
        inside["payload"], from_stamp(inside["made_at"]), from_stamp(inside["until"]), bytes.fromhex(inside["answer_key"])
    )


def seal_answer(answer: Mapping[str, Any], key: bytes, request_id: str, randomness: Randomness) -> str:
    """Return the answer as it stands in the row, for the asker of this request alone."""
    return base64.b64encode(encrypt(json.dumps(dict(answer)).encode(), key, f"answer/{request_id}", randomness)).decode()


def open_answer(text: str, key: bytes, request_id: str) -> Mapping[str, Any]:
    """Return the answer: the executor's, or a refusal in the clear. Raises Refusal for anything else, which then counts for nothing."""
    if text.startswith("{"):
        told = json.loads(text)
        return {"refused": str(told.get("refused")), "sentence": str(told.get("sentence"))}
    answer: Mapping[str, Any] = json.loads(decrypt(base64.b64decode(text), key, f"answer/{request_id}"))
    return answer


def _context(request_id: str, kind: str, case_id: str) -> str:
    return f"request/{request_id}/{kind}/{case_id}"
