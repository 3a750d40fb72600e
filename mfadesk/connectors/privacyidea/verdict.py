"""What a validation at privacyIDEA came to. An acceptance counts only where a token that we know of made it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from mfadesk.connectors.privacyidea.client import SERVICE, Answer, Declined, not_understood, refuse
from mfadesk.connectors.privacyidea.tokens import Token
from mfadesk.kernel.errors import Refusal, Unavailable
from mfadesk.ports.provider import Accepted, AuthenticatorKind, Rejected

UNKNOWN_USER = 904

# privacyIDEA says why in words; the first that fits counts, and what fits none is a plain no.
_Reason = Literal["replayed", "locked", "suspended", "unknown"]
_REASONS: tuple[tuple[str, _Reason], ...] = (
    ("previous otp used again", "replayed"),
    ("failcounter exceeded", "locked"),
    ("token is disabled", "suspended"),
    ("token is locked", "suspended"),
    ("no tokens assigned", "unknown"),
    ("not yet enrolled", "unknown"),
)


def judge(held: Iterable[Token], answer: Answer | Declined, kinds: set[AuthenticatorKind]) -> Accepted | Rejected:
    """Return the verdict of an answer to ``/validate/check``.

    held: the tokens that the account was seen to hold before; any other, or a kind outside `kinds`, does not count.

    Raises Refusal ``unknown_account``, and Unavailable for an acceptance without a token: it proves nothing.
    """
    if isinstance(answer, Declined):
        if answer.code == UNKNOWN_USER:
            raise Refusal("unknown_account", "The provider does not know this account.")
        refuse(answer, "validate a code")
    if not isinstance(answer.value, bool):
        raise not_understood()
    if not answer.value:
        text = str(answer.detail.get("message", "")).lower()
        for words, reason in _REASONS:
            if words in text:
                return Rejected(reason)
        return Rejected("wrong")
    serial = answer.detail.get("serial")
    if not isinstance(serial, str):
        raise Unavailable(
            SERVICE,
            "privacyIDEA accepted without any token, which proves nothing. See its policies passOnNoToken and passthru.",
            effect_unknown=True,
        )
    token = next((each for each in held if each.serial == serial), None)
    if token is None or token.kind not in kinds:
        return Rejected("unknown")
    return Accepted(token.serial, token.kind)
