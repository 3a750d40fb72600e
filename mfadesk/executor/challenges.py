"""WebAuthn challenges that commit to what is being said: case, purpose, who, statement. Made here, taken once."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from mfadesk.kernel.canonical import canonical_json
from mfadesk.kernel.errors import Refusal, Unavailable
from mfadesk.kernel.sealing import authenticate, is_authentic
from mfadesk.store.models import ChallengeRow

if TYPE_CHECKING:
    from mfadesk.executor.core import Executor

CHALLENGE_LIFE_S = 300
NOT_ACCEPTED = "That did not work. Nothing changed. Try once more."


def make_challenge(executor: Executor, purpose: str, case_id: str, says: Mapping[str, Any]) -> bytes:
    """Return a fresh 32-byte challenge: the digest of a nonce and of everything that the assertion will say."""
    said = {"purpose": purpose, "case": case_id, "says": dict(says), "nonce": executor.desk.randomness.bytes(16).hex()}
    challenge = hashlib.sha256(b"challenge/" + canonical_json(said)).digest()
    text = canonical_json(said).decode()
    with executor.desk.unit():
        ChallengeRow.objects.create(
            id=_name(challenge), purpose=purpose, case_id=case_id, commits_to=text,
            expires_at=executor.desk.now() + timedelta(seconds=CHALLENGE_LIFE_S),
            mac=authenticate(text.encode(), executor.keys.receipt),
        )  # fmt: skip
    return challenge


def keep_options(executor: Executor, challenge: bytes, options: Mapping[str, Any]) -> None:
    """Remember what a provider needs to verify the answer, where it is more than the challenge.

    A provider that makes challenges of its own (`binds_challenge` is False) has the browser sign that one: what is being said is
    then found under it. The commitment is ours alone in that case, and no less used up by the first answer.

    Raises Unavailable where the provider hands out a challenge that is open already.
    """
    row = ChallengeRow.objects.get(pk=_name(challenge))
    text = canonical_json({**json.loads(row.commits_to), "options": json.loads(json.dumps(dict(options)))}).decode()
    name = _name(_decode(str(options["challenge"])))
    with executor.desk.unit():
        if name != row.pk and ChallengeRow.objects.filter(pk=name).exists():
            raise Unavailable("provider", "The provider gave out the same challenge twice. Nothing changed. Try once more.")
        ChallengeRow.objects.filter(pk=row.pk).update(
            id=name, commits_to=text, mac=authenticate(text.encode(), executor.keys.receipt)
        )


def for_browser(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return request options without the provider's own state, which stays on this side."""
    return {name: value for name, value in options.items() if name != "state"}


def take_challenge(
    executor: Executor, purpose: str, case_id: str, response: Mapping[str, Any]
) -> tuple[Mapping[str, Any], bytes, Mapping[str, Any]]:
    """Return what the challenge in a browser's answer commits to, the challenge, and the options kept with it.

    Raises Refusal ``wrong_proof`` for one that was not made here, was made for something else, was used, or ran out.
    """
    challenge = _challenge_in(response)
    with executor.desk.unit():
        row = ChallengeRow.objects.filter(pk=_name(challenge)).first()
        if row is not None:
            # Gone before it is judged: whatever happens next, this challenge is never accepted again.
            row.delete()
    if (
        row is None
        or row.purpose != purpose
        or row.case_id != case_id
        or row.expires_at <= executor.desk.now()
        or not is_authentic(row.commits_to.encode(), executor.keys.receipt, row.mac)
    ):
        raise Refusal("wrong_proof", NOT_ACCEPTED)
    said = json.loads(row.commits_to)
    return said["says"], challenge, said.get("options", {})


def _challenge_in(response: Mapping[str, Any]) -> bytes:
    try:
        encoded = response["response"]["clientDataJSON"]
        client_data = json.loads(base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)))
        return _decode(client_data["challenge"])
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise Refusal("wrong_proof", NOT_ACCEPTED) from error


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _name(challenge: bytes) -> str:
    return base64.urlsafe_b64encode(challenge).decode().rstrip("=")
