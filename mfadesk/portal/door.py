"""The door of the people's pages: which session a browser holds, where a request came from, and our errors as words."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, cast

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect

from mfadesk.kernel.errors import Invalid, MfadeskError, Unavailable
from mfadesk.operations import answers
from mfadesk.portal import verbs

P = ParamSpec("P")
SessionView = Callable[Concatenate[HttpRequest, verbs.Session, P], HttpResponse]

EXPECTED = answers.EXPECTED
sentence_of = answers.sentence_of

COOKIE = "mfadesk_claimant"
COOKIE_PATH = "/me/"
TEXT_LIMIT = 4000
"""Characters of anything typed or pasted; more is cut before it goes anywhere."""


def session_page(view: SessionView[P]) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """Return `view` with this browser's session as its second argument; a browser without one is asked for a case code."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        session = verbs.find_session(request.COOKIES.get(COOKIE, ""), source_ip(request))
        if session is None:
            return no_store(redirect("portal:start"))
        return no_store(view(request, session, *args, **kwargs))

    return cast("Callable[Concatenate[HttpRequest, P], HttpResponse]", guarded)


def open_page(view: Callable[Concatenate[HttpRequest, P], HttpResponse]) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """Return `view` for a page that needs no session; nothing of it is kept, and its address, which may hold a token, is told to nobody."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        response = no_store(view(request, *args, **kwargs))
        response["Referrer-Policy"] = "same-origin"
        return response

    return cast("Callable[Concatenate[HttpRequest, P], HttpResponse]", guarded)


def no_store(response: HttpResponse) -> HttpResponse:
    """Return the response, which no cache may keep."""
    response["Cache-Control"] = "no-store"
    return response


def keep_session(request: HttpRequest, response: HttpResponse, cookie: str) -> HttpResponse:
    """Return the response with the session's cookie: opaque, for this browser and these pages alone, gone when it closes."""
    response.set_cookie(COOKIE, cookie, path=COOKIE_PATH, httponly=True, samesite="Lax", secure=request.is_secure())
    return response


def source_ip(request: HttpRequest) -> str:
    """Return where the request came from, as the installation's proxy settings resolved it."""
    return str(getattr(request, "source_ip", "") or request.META.get("REMOTE_ADDR", ""))


def desk_name() -> str:
    """Return what the help desk is called on people's pages."""
    config = getattr(settings, "CONFIG", None)
    return f"{config.organisation} help desk" if config is not None else "Help desk"


def typed(request: HttpRequest, name: str) -> str:
    """Return a field's text, trimmed and cut to the limit."""
    return request.POST.get(name, "")[:TEXT_LIMIT].strip()


def status_of(error: MfadeskError) -> int:
    """Return the HTTP status that says what kind of no this is."""
    return 422 if isinstance(error, Invalid) else 503 if isinstance(error, Unavailable) else 409


def problem_json(error: MfadeskError) -> JsonResponse:
    """Return an error as problem details."""
    status = status_of(error)
    body = answers.problem_body(status, error.code, sentence_of(error))
    return JsonResponse(body, status=status, content_type=answers.PROBLEM_TYPE)


def parse_response(request: HttpRequest) -> dict[str, Any]:
    """Return the WebAuthn response that a browser sent, as a form field or as a JSON body. Raises Invalid."""
    raw = request.body if request.content_type == "application/json" else request.POST.get("response", "").encode()
    return answers.parse_webauthn(raw, "The passkey")
