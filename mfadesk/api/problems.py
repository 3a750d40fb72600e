"""Every failure of the API as problem details (RFC 9457): a stable type, a safe sentence, and what to do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from http import HTTPStatus

import structlog
from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponseBase, JsonResponse
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError

from mfadesk.kernel.errors import Invalid, MfadeskError, Refusal, Unavailable
from mfadesk.operations.answers import PROBLEM_TYPE, problem_body, sentence_of

log = structlog.get_logger("mfadesk.api")

PREFIX = "/api/"
STATUS_OF: Mapping[str, int] = {
    "bad_token": 401,
    "scope_missing": 403,
    "not_found": 404,
    "too_many_tries": 429,
    "too_fast": 429,
}
"""Status of a refusal by its code; any other is a 409."""

RETRY_AFTER_S: Mapping[str, int] = {"too_many_tries": 900, "too_fast": 60}

_SAID: Mapping[int, tuple[str, str, str]] = {
    400: ("bad_request", "This request could not be read.", "Look at its address, host and headers."),
    404: ("not_found", "There is nothing at this address.", "The addresses stand in /api/v1/openapi.json."),
    405: ("method_not_allowed", "This API reads and never writes.", "Use GET."),
    413: ("too_large", "This request is too large.", "A request to this API needs no body."),
    500: ("broken", "The desk could not answer. It was written to its log.", "Tell whoever runs the desk, with the time."),
}
_DO: Mapping[int, str] = {
    401: "Send `Authorization: Bearer TOKEN` with a token of `mfadesk api token`.",
    403: "Make a token that has the scope.",
    404: "Look up the id in a list first.",
    409: "Read it again, then decide.",
    422: "Correct what `errors` names.",
    429: "Wait as long as Retry-After says.",
    503: "Try again in a minute.",
}


def problem(
    status: int, code: str, detail: str, *, what_to_do: str = "", errors: list[dict[str, str]] | None = None
) -> JsonResponse:
    """Return one failure. Source: RFC 9457 §3."""
    body = problem_body(status, code, detail, HTTPStatus(status).phrase)
    body["what_to_do"] = what_to_do or _DO.get(status, "Tell whoever runs the desk.")
    if errors is not None:
        body["errors"] = errors
    response = JsonResponse(body, status=status, content_type=PROBLEM_TYPE)
    if status == 401:
        response["WWW-Authenticate"] = 'Bearer realm="mfadesk"'
    if code in RETRY_AFTER_S:
        response["Retry-After"] = str(RETRY_AFTER_S[code])
    return response


def answer_error(request: HttpRequest, error: Exception | type[Exception]) -> JsonResponse:
    """Return what an error means to whoever asked. What nobody expected is logged and told as our own fault, without detail."""
    if isinstance(error, Refusal):
        return problem(STATUS_OF.get(error.code, 409), error.code, error.sentence)
    if isinstance(error, Invalid):
        return problem(422, "invalid", sentence_of(error), errors=[{"where": error.where, "sentence": error.what}])
    if isinstance(error, Unavailable):
        return problem(503, "unavailable", error.sentence)
    if isinstance(error, OperationalError):
        log.warning("api.database_away", path=request.path)
        return problem(503, "unavailable", "The desk's database does not answer just now.")
    if isinstance(error, ValidationError):
        return problem(422, "invalid", "Something in the request cannot be taken.", errors=_places(error))
    if isinstance(error, Http404):
        return _said(404)
    if isinstance(error, HttpError):
        return _said(error.status_code)
    log.error("api.broken", path=request.path, exc_info=error)
    return _said(500)


def set_handlers(api: NinjaAPI) -> None:
    """Have `api` answer every failure as problem details."""
    for kind in (MfadeskError, ValidationError, Http404, HttpError, Exception):
        api.add_exception_handler(kind, answer_error)


def middleware(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[[HttpRequest], HttpResponseBase]:
    """Turn what fails below `/api/` before or beside the API (a strange host, an unknown address, a verb) into problem details too."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        if not request.path.startswith(PREFIX) or response.status_code < 400:
            return response
        if response.get("Content-Type", "").startswith(PROBLEM_TYPE):
            return response
        told = _said(response.status_code)
        for name, value in response.items():
            if name not in ("Content-Type", "Content-Length"):
                told[name] = value
        return told

    return answer


def _said(status: int) -> JsonResponse:
    phrase = HTTPStatus(status).phrase
    code, detail, what_to_do = _SAID.get(status, (phrase.lower().replace(" ", "_"), f"{phrase}.", ""))
    return problem(status, code, detail, what_to_do=what_to_do)


def _places(error: ValidationError) -> list[dict[str, str]]:
    return [
        {"where": ".".join(str(part) for part in told["loc"][1:]) or "request", "sentence": str(told["msg"])}
        for told in error.errors
    ]
