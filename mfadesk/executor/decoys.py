"""Request options that look alike for everybody: before a first proof a page must not tell who has a passkey (SETTLED 4).

An empty list would tell nothing either, but then only discoverable credentials answer, and many security keys hold none. So the
real ids stand among made-up ones. These are drawn by a key that only the executor has, and are the same at each asking: what
changed from one page to the next would be real.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from mfadesk.kernel.errors import Refusal
from mfadesk.ports.people import Person

if TYPE_CHECKING:
    from mfadesk.executor.core import Executor

SHOWN = 8
"""Ids in a list; more are shown only for somebody who has more, and then in full eights."""

LENGTHS = (16, 20, 32, 32, 32, 48, 64, 64)
"""Bytes of credential ids as common authenticators make them."""


def request_options(executor: Executor, person: Person, challenge: bytes) -> Mapping[str, Any]:
    """Return the provider's request options with the person's credentials hidden among decoys.

    For somebody without a passkey the options have the same shape and every answer to them is refused.
    """
    try:
        options = dict(executor.provider.begin_assertion(person.login, challenge))
    except Refusal as refusal:
        if refusal.code != "no_passkey":
            raise
        options = {
            "challenge": _text(challenge), "timeout": 60_000, "userVerification": "required",
            "rpId": urlsplit(executor.desk.home.config.public_url).hostname,
        }  # fmt: skip
    real = [str(each["id"]) for each in options.get("allowCredentials", ())]
    places = max(SHOWN, -(-len(real) // SHOWN) * SHOWN)
    ids = real + [_decoy(executor, person, place) for place in range(places - len(real))]
    # Ordered by a digest: neither the order nor the place of an id tells anything.
    ids.sort(key=lambda each: hashlib.sha256(each.encode()).digest())
    options["allowCredentials"] = [{"type": "public-key", "id": each} for each in ids]
    return options


def _decoy(executor: Executor, person: Person, place: int) -> str:
    stream = b"".join(
        hmac.new(executor.keys.decoy, f"decoy/{person.id}/{place}/{part}".encode(), hashlib.sha256).digest()
        for part in range(3)
    )
    return _text(stream[1 : 1 + LENGTHS[stream[0] % len(LENGTHS)]])


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
