"""The door of the API: a bearer token in its header, a scope, a pace. A session cookie opens nothing here."""

from __future__ import annotations

import threading
import time

import structlog
from django.http import HttpRequest
from ninja.security.base import AuthBase

from mfadesk.kernel.errors import Refusal
from mfadesk.operations.api_tokens import TokenLine, admit_token, require_scope
from mfadesk.operations.desk import current_desk

log = structlog.get_logger("mfadesk.api")

PER_MINUTE = 300
"""Requests of one token a minute, in each web process."""

_BEARER = "bearer "


class Bearer(AuthBase):
    """Lets in whoever holds a token that has `scope`, and writes down who read what.

    One class for all scopes, so that the API's document names one scheme.
    """

    openapi_type = "http"
    openapi_scheme = "bearer"

    def __init__(self, scope: str) -> None:
        self.scope = scope
        super().__init__()

    def __call__(self, request: HttpRequest) -> TokenLine:
        """Return the token. Raises Refusal ``bad_token``, ``too_many_tries``, ``scope_missing`` or ``too_fast``."""
        header = request.headers.get("Authorization", "")
        if header[: len(_BEARER)].lower() != _BEARER:
            raise Refusal("bad_token", "This needs a token, in the header Authorization.")
        source = str(getattr(request, "source_ip", "") or request.META.get("REMOTE_ADDR", ""))
        token = admit_token(current_desk(), header[len(_BEARER) :].strip(), source)
        pace.count(token.id)
        require_scope(token, self.scope)
        log.info("api.read", by=token.id, scope=self.scope, path=request.path)
        return token


class Pace:
    """Counts each token's requests in the running minute, in this process: a script that runs wild is slowed and nobody else."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._minute = 0
        self._counts: dict[str, int] = {}

    def count(self, token_id: str, now_s: float | None = None) -> None:
        """Count one request. Raises Refusal ``too_fast`` above the limit."""
        minute = int((time.monotonic() if now_s is None else now_s) // 60)
        with self._lock:
            if minute != self._minute:
                self._minute, self._counts = minute, {}
            seen = self._counts[token_id] = self._counts.get(token_id, 0) + 1
        if seen > self._limit:
            raise Refusal("too_fast", f"A token may ask {self._limit} times a minute.")


pace = Pace(PER_MINUTE)
