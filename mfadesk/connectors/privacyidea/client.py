"""HTTP to one privacyIDEA: one host, verified TLS, no redirects, no proxy from the environment, small answers, short waits.

The address comes from configuration, yet the client holds a credential that can replace everybody's authenticators: so it goes
to that one place only, and an answer that is not what the API promises is never guessed at.
"""

from __future__ import annotations

import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import httpx

from mfadesk.connectors.addresses import require_host
from mfadesk.kernel.errors import Invalid, Unavailable
from mfadesk.kernel.secret import Secret

SERVICE = "privacyidea"
DEFAULT_TIMEOUT_S = 10.0
MAX_TIMEOUT_S = 20.0
"""One call stays within an effect's lease: see `executor/effects.py`."""

CONNECT_S = 5.0
MAX_ANSWER_BYTES = 4 * 1024 * 1024
"""An enrolment holds three QR pictures of a few kilobytes; a list of 200 tokens stays under half a megabyte."""

_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)
_CREDENTIAL_REFUSED = 401


@dataclass(frozen=True, slots=True)
class Answer:
    """``result.value`` and ``detail`` of a call that privacyIDEA carried out."""

    value: Any
    detail: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Declined:
    """A call that was understood and not carried out: HTTP status and privacyIDEA's own code. The text is not for people."""

    status: int
    code: int
    text: str


class Client:
    """Calls one privacyIDEA with one service token."""

    def __init__(
        self,
        url: str,
        token: Secret,
        *,
        ca_file: Path | None = None,
        timeout_s: float = DEFAULT_TIMEOUT_S,
        allow_loopback_http: bool = False,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """Raises Invalid for an address that a credential must not be sent to."""
        if not token:
            raise Invalid("provider.token", "privacyIDEA needs a service token: pi-manage api createtoken -r admin.")
        if not 0 < timeout_s <= MAX_TIMEOUT_S:
            raise Invalid("provider.timeout_s", f"A timeout is above 0 and at most {MAX_TIMEOUT_S:.0f} seconds.")
        base = require_address(url, allow_loopback_http)
        context = ssl.create_default_context(cafile=str(ca_file) if ca_file else None)
        self._token = token
        self._http = httpx.Client(
            base_url=base,
            verify=context,
            timeout=httpx.Timeout(timeout_s, connect=min(timeout_s, CONNECT_S)),
            follow_redirects=False,
            trust_env=False,
            transport=transport,
            headers={"Accept": "application/json", "User-Agent": "mfadesk"},
        )

    def get(self, path: str, fields: Mapping[str, str]) -> Answer | Declined:
        """Return the answer to a read. Raises Unavailable."""
        return self._call("GET", path, fields, {}, is_act=False)

    def post(
        self, path: str, fields: Mapping[str, str], headers: Mapping[str, str] | None = None, *, is_act: bool = True
    ) -> Answer | Declined:
        """Return the answer to an act, or to a check (`is_act` either way: it may have burnt a code). Raises Unavailable."""
        return self._call("POST", path, fields, headers or {}, is_act=is_act)

    def delete(self, path: str) -> Answer | Declined:
        """Return the answer to a deletion. Raises Unavailable."""
        return self._call("DELETE", path, {}, {}, is_act=True)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _call(
        self, method: str, path: str, fields: Mapping[str, str], headers: Mapping[str, str], *, is_act: bool
    ) -> Answer | Declined:
        # The token goes without "Bearer": privacyIDEA reads the header's value as the token itself.
        request = self._http.build_request(
            method,
            path,
            params=fields if method == "GET" else None,
            data=fields if method == "POST" else None,
            headers={**headers, "Authorization": self._token.reveal()},
        )
        try:
            response = self._http.send(request, stream=True)
            try:
                body = _read(response, is_act)
            finally:
                response.close()
        except _NOT_SENT as error:
            raise Unavailable(SERVICE, "privacyIDEA could not be reached, or its certificate was not accepted.") from error
        except httpx.HTTPError as error:
            raise Unavailable(SERVICE, "privacyIDEA did not answer in time.", effect_unknown=is_act) from error
        return _parse(response.status_code, body, is_act)


def require_address(url: str, allow_loopback_http: bool) -> str:
    """Return `url` without a trailing slash, if a credential may go there. Raises Invalid.

    Plain HTTP is for tests on loopback. Link-local and unspecified addresses are refused: cloud metadata services live there.
    """
    where = "provider.url"
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise Invalid(where, "This is no address.") from error
    if not parsed.host or parsed.userinfo or parsed.query or parsed.fragment:
        raise Invalid(where, "An address has a scheme, a host, maybe a port and a path, and nothing else.")
    address = require_host(parsed.host, where)
    is_loopback = parsed.host == "localhost" or (address is not None and address.is_loopback)
    if parsed.scheme != "https" and not (parsed.scheme == "http" and allow_loopback_http and is_loopback):
        raise Invalid(where, "privacyIDEA is reached over https.")
    return str(parsed).rstrip("/")


def not_understood(is_act: bool = True) -> Unavailable:
    """Return the error for an answer in a form that nobody promised."""
    return Unavailable(SERVICE, "privacyIDEA answered in a form that is not understood.", effect_unknown=is_act)


def refuse(declined: Declined, doing: str) -> NoReturn:
    """Raise Unavailable for a call that was declined for a reason which the port has no word for."""
    if declined.status == 403 or declined.code == 303:
        raise Unavailable(SERVICE, f"Our account at privacyIDEA has no right to {doing}. See its admin policies.")
    raise Unavailable(SERVICE, f"privacyIDEA declined to {doing} (error {declined.code}).")


def _read(response: httpx.Response, is_act: bool) -> bytes:
    body = b""
    for piece in response.iter_bytes():
        body += piece
        if len(body) > MAX_ANSWER_BYTES:
            raise not_understood(is_act)
    return body


def _parse(status: int, body: bytes, is_act: bool) -> Answer | Declined:
    try:
        document = json.loads(body)
        result = document["result"]
        if result["status"] is True and status == 200:
            detail = document.get("detail") or {}
            if not isinstance(detail, dict):
                raise TypeError("detail is no object")
            return Answer(result["value"], detail)
        error = result["error"]
        declined = Declined(status, int(error["code"]), str(error.get("message", "")))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        if 500 <= status < 600:
            raise Unavailable(SERVICE, f"privacyIDEA answered {status}.", effect_unknown=is_act) from error
        raise not_understood(is_act) from error
    if status == _CREDENTIAL_REFUSED and declined.code >= 4000:
        raise Unavailable(SERVICE, "privacyIDEA does not accept our service token. Make a new one: pi-manage api createtoken.")
    if status >= 500:
        raise Unavailable(SERVICE, f"privacyIDEA answered {status}.", effect_unknown=is_act)
    return declined
