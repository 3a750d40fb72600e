"""The door of every staff page: somebody signed in, nothing kept by a cache, and our errors turned into words once."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, cast

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render, resolve_url
from django.utils.http import urlencode

from mfadesk.kernel.errors import Invalid, MfadeskError, Unavailable
from mfadesk.operations import answers
from mfadesk.ports.people import Actor

P = ParamSpec("P")
StaffView = Callable[Concatenate[HttpRequest, Actor, P], HttpResponse]

EXPECTED = answers.EXPECTED
sentence_of = answers.sentence_of


def staff_page(view: StaffView[P]) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """Return `view` with the member of staff as its second argument; without one, the browser goes to sign in."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        actor = cast("Actor | None", getattr(request, "staff_actor", None))
        if actor is None:
            where = request.get_full_path() if request.method in ("GET", "HEAD") else "/"
            return HttpResponseRedirect(f"{resolve_url(settings.LOGIN_URL)}?{urlencode({'next': where})}")
        try:
            response = view(request, actor, *args, **kwargs)
        except EXPECTED as error:
            response = show_trouble(request, error)
        response["Cache-Control"] = "no-store"
        return response

    return cast("Callable[Concatenate[HttpRequest, P], HttpResponse]", guarded)


def status_of(error: MfadeskError) -> int:
    """Return the HTTP status that says what kind of no this is."""
    if isinstance(error, Invalid):
        return 422
    if isinstance(error, Unavailable):
        return 503
    return {"not_found": 404, "forbidden": 403}.get(error.code, 409)


def show_trouble(request: HttpRequest, error: MfadeskError) -> HttpResponse:
    """Return a page of its own for an error that no form can carry."""
    status = status_of(error)
    heading = {404: "There is no such call", 403: "This is not open to you", 503: "A service did not answer"}.get(
        status, "That cannot be done"
    )
    words = {
        "heading": heading,
        "problem": sentence_of(error),
        "back": "/",
        "back_words": "Back to the calls",
        "staff_name": staff_name(request),
    }
    return render(request, "console/trouble.html", words, status=status)


def problem_json(error: MfadeskError) -> JsonResponse:
    """Return an error as problem details."""
    status = status_of(error)
    body = answers.problem_body(status, error.code, sentence_of(error))
    return JsonResponse(body, status=status, content_type=answers.PROBLEM_TYPE)


def staff_name(request: HttpRequest) -> str:
    """Return how the page's corner names who is signed in."""
    user = getattr(request, "user", None)
    return str(getattr(request, "staff_name", "") or (user.get_username() if user is not None else ""))


def parse_response(request: HttpRequest) -> dict[str, Any]:
    """Return the WebAuthn response that a browser sent, as a form field or as a JSON body. Raises Invalid."""
    raw = request.body if request.content_type == "application/json" else request.POST.get("response", "").encode()
    return answers.parse_webauthn(raw, "The key")


def wants_json(request: HttpRequest) -> bool:
    """Return whether the caller is a script that reads JSON rather than a browser that follows a redirect."""
    return request.content_type == "application/json" or request.headers.get("Accept", "").startswith("application/json")
