"""What a member of staff says counts as an assertion by their own desk key, over a challenge that commits to the words (SETTLED 1).

Attesting, approving, inviting and confirming all go through these two functions: begin with the words, finish with the browser's
answer, and act on the words that come back, never on those that the web tier sends along with the answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mfadesk.connectors.webauthn import Failed, RelyingParty
from mfadesk.executor.challenges import NOT_ACCEPTED, make_challenge, take_challenge
from mfadesk.executor.staff_keys import load_credentials, move_counter
from mfadesk.executor.staff_register import NO_KEY
from mfadesk.kernel.errors import Refusal

if TYPE_CHECKING:
    from mfadesk.executor.core import Executor


def begin_assertion(
    executor: Executor, purpose: str, case_id: str, staff_id: str, says: Mapping[str, Any]
) -> Mapping[str, Any]:
    """Return WebAuthn request options for this member's desk keys, whose challenge commits to purpose, case, member and `says`.

    purpose: one word for each kind of statement, so that an assertion for one is never taken for another.
    case_id: the case, or "" where the statement is about none.
    says: JSON values; everything that the statement means must stand in it.

    Raises Refusal ``no_desk_key``. Whether the member may say this is the caller's to check, here and again at the end.
    """
    credentials = load_credentials(executor, staff_id)
    if not credentials:
        raise Refusal("no_desk_key", NO_KEY)
    challenge = make_challenge(executor, purpose, case_id, {"staff": staff_id, "words": dict(says)})
    return relying_party(executor).request_options(challenge, [c.credential_id for c in credentials])


def finish_assertion(
    executor: Executor, purpose: str, case_id: str, staff_id: str, response: Mapping[str, Any]
) -> Mapping[str, Any]:
    """Return the words that `staff_id` signed with a desk key of their own. The challenge is spent whatever comes of it.

    Raises Refusal ``wrong_proof`` for an assertion that was begun for another purpose, case or member, came late, was used
    before, or does not verify.
    """
    said, challenge, _options = take_challenge(executor, purpose, case_id, response)
    credentials = load_credentials(executor, staff_id)
    outcome = relying_party(executor).verify_assertion(challenge, response, credentials, user_handle(staff_id))
    if said["staff"] != staff_id or isinstance(outcome, Failed):
        raise Refusal("wrong_proof", NOT_ACCEPTED)
    move_counter(executor, outcome)
    words: Mapping[str, Any] = said["words"]
    return words


def relying_party(executor: Executor) -> RelyingParty:
    """Return the desk's own relying party, where staff keys belong."""
    url = executor.desk.home.config.public_url
    host = url.split("//", 1)[1].split("/", 1)[0].split(":", 1)[0]
    return RelyingParty(host, executor.desk.home.config.organisation + " desk", (url,))


def user_handle(staff_id: str) -> bytes:
    """Return the WebAuthn user handle of a member of staff."""
    return f"staff/{staff_id}".encode()
