"""Bearer tokens of the JSON API: made at a shell, shown once, kept as a digest, with an end and as few scopes as will do.

A token reads and never writes, so the worst that a stolen one does is tell its scopes' content until it is revoked or ends. Its
secret has 160 random bits: nobody guesses it, and an unkeyed digest cannot be searched. Tries are counted all the same, before
anything is looked up, so that a flood of wrong ones costs a read and no more.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from mfadesk.kernel.errors import Invalid, Refusal
from mfadesk.kernel.ids import encode_base32
from mfadesk.operations.desk import Desk
from mfadesk.operations.throttle import count_try, tries_so_far
from mfadesk.store.models import Alert, ApiToken

SCOPES: Mapping[str, str] = {
    "cases:read": "Cases without names: state, steps, ending and the text for a ticket.",
    "evidence:read": "What was proved in a case, what was decided, what was done and when. Keep it away from callers.",
    "runbooks:read": "The runbooks in force, and whether they are proved. Keep it away from callers.",
    "policy:read": "Which policy is in force, by digest.",
    "ledger:read": "Signed checkpoints, proofs and redacted entries.",
    "alerts:read": "What security should hear.",
    "health:read": "Whether the desk's processes run and nothing is stuck.",
}
"""Every scope, and what it opens."""

MAX_DAYS = 365
MAX_LIVING = 50
MAX_NAME = 80
WRONG_TRIES = 30
WINDOW_S = 900
"""Wrong tokens from one source in a quarter of an hour; then that source waits, and no other."""

_PREFIX = "mfadesk"
_SHAPE = re.compile(rf"{_PREFIX}_([0-9a-z]{{8}})_([0-9a-z]{{32}})")
_NOBODY = "0" * 64
_USE_NOTED_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class TokenLine:
    """A token in a list: everything but its secret."""

    id: str
    name: str
    scopes: tuple[str, ...]
    made_by: str
    made_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    last_used_at: datetime | None


def make_token(desk: Desk, name: str, scopes: Sequence[str], days: int, made_by: str) -> str:
    """Return a new token, which is kept nowhere else, and tell security that there is one.

    days: how long it lives, 1 to `MAX_DAYS`. Raises Invalid for an unknown scope, no scope, a name that says nothing or an end
    too far off, and Refusal where too many live.
    """
    unknown = [scope for scope in scopes if scope not in SCOPES]
    if unknown or not scopes:
        raise Invalid(
            "--scope", f"{f'{unknown[0]!r} is unknown. ' if unknown else ''}Name at least one of: {', '.join(SCOPES)}."
        )
    if not name.strip() or len(name) > MAX_NAME or not name.isprintable():
        raise Invalid("--name", f"Say what uses it, in 1 to {MAX_NAME} characters.")
    if not 1 <= days <= MAX_DAYS:
        raise Invalid("--days", f"A token lives 1 to {MAX_DAYS} days.")
    now = desk.now()
    token_id, secret = encode_base32(desk.randomness.bytes(5)), encode_base32(desk.randomness.bytes(20))
    with desk.unit():
        if ApiToken.objects.filter(revoked_at=None, expires_at__gt=now).count() >= MAX_LIVING:
            raise Refusal("too_many_tokens", f"{MAX_LIVING} tokens are in use. Revoke one first: `mfadesk api revoke`.")
        ApiToken.objects.create(
            id=token_id, name=name.strip(), secret_hash=_hash(secret), scopes=sorted(set(scopes)), made_at=now, made_by=made_by,
            expires_at=now + timedelta(days=days),
        )  # fmt: skip
        Alert.objects.create(
            at=now, kind="api_token_made", sentence=f"API token {token_id} was made: {', '.join(sorted(set(scopes)))}."
        )
    return f"{_PREFIX}_{token_id}_{secret}"


def list_tokens() -> tuple[TokenLine, ...]:
    """Return every token, also those that are over, newest first."""
    return tuple(_line(row) for row in ApiToken.objects.order_by("-made_at", "id"))


def revoke_token(desk: Desk, token_id: str) -> TokenLine:
    """End a token at once and return its line. Raises Refusal ``not_found``; revoking twice changes nothing more."""
    with desk.unit():
        row = ApiToken.objects.filter(pk=token_id).first()
        if row is None:
            raise Refusal("not_found", "There is no such token. `mfadesk api list` shows them.")
        if row.revoked_at is None:
            row.revoked_at = desk.now()
            row.save(update_fields=["revoked_at"])
            Alert.objects.create(at=desk.now(), kind="api_token_revoked", sentence=f"API token {token_id} was revoked.")
    return _line(row)


def admit_token(desk: Desk, presented: str, source: str) -> TokenLine:
    """Return the token that was presented, if it stands.

    source: where the request came from. Raises Refusal ``too_many_tries`` before anything is looked up, and ``bad_token`` alike
    for one that is unknown, wrong, revoked or over.
    """
    now = desk.now()
    key = f"api:{source}"
    if tries_so_far(key, now) >= WRONG_TRIES:
        raise Refusal("too_many_tries", "Too many wrong tokens from this address. Wait a quarter of an hour.")
    shape = _SHAPE.fullmatch(presented)
    token_id, secret = shape.groups() if shape else ("", "")
    row = ApiToken.objects.filter(pk=token_id).first()
    # Compared also where nobody is known by that id, so that both kinds of wrong take the same time.
    right = hmac.compare_digest(_hash(secret), row.secret_hash if row else _NOBODY)
    if row is None or not right or row.revoked_at is not None or row.expires_at <= now:
        with desk.unit():
            count_try(key, limit=WRONG_TRIES, window_s=WINDOW_S, now=now)
        raise Refusal("bad_token", "This token opens nothing. Ask your administrator for a new one: `mfadesk api token`.")
    if row.last_used_at is None or now - row.last_used_at >= _USE_NOTED_EVERY:
        with desk.unit():
            ApiToken.objects.filter(pk=row.id).update(last_used_at=now)
    return _line(row)


def require_scope(token: TokenLine, scope: str) -> None:
    """Raise Refusal ``scope_missing`` unless the token has `scope`."""
    if scope not in token.scopes:
        raise Refusal("scope_missing", f"This token does not have the scope {scope}. Make one that has.")


def _line(row: ApiToken) -> TokenLine:
    return TokenLine(
        row.id, row.name, tuple(row.scopes), row.made_by, row.made_at, row.expires_at, row.revoked_at, row.last_used_at
    )


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
