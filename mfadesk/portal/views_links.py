"""Pages behind a link that one person got: to vouch, and to say "this was not me". Opening shows; only a button acts."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from mfadesk.kernel.errors import Invalid
from mfadesk.portal import verbs
from mfadesk.portal.door import EXPECTED, desk_name, open_page, parse_response, problem_json, sentence_of, status_of, typed

WORDS_LIMIT = 200


@require_safe
@open_page
def vouch(request: HttpRequest, token: str) -> HttpResponse:
    """Show screen 14: did you speak to them?"""
    return _show_vouch(request, token)


@require_POST
@open_page
def vouch_options(request: HttpRequest, token: str) -> HttpResponse:
    """Answer WebAuthn request options as JSON, for the statement that the voucher is about to sign."""
    try:
        if not typed(request, "statement"):
            raise Invalid("statement", "Choose your answer first.")
        return JsonResponse(verbs.begin_vouch(token, typed(request, "statement"), typed(request, "value")[:WORDS_LIMIT]))
    except EXPECTED as error:
        return problem_json(error)


@require_POST
@open_page
def vouch_answer(request: HttpRequest, token: str) -> HttpResponse:
    """Take the signed statement."""
    as_json = request.content_type == "application/json"
    try:
        verbs.finish_vouch(token, parse_response(request))
    except EXPECTED as error:
        return problem_json(error) if as_json else _show_vouch(request, token, sentence_of(error), status_of(error))
    return JsonResponse({"next": request.path.removesuffix("/answer")}) if as_json else redirect("portal:vouch", token)


@require_http_methods(["GET", "HEAD", "POST"])
@open_page
def not_me(request: HttpRequest, token: str) -> HttpResponse:
    """Show what would stop; by POST, stop it."""
    problem, status = "", 200
    if request.method == "POST":
        try:
            verbs.not_me_act(token)
            return redirect("portal:not_me", token)
        except EXPECTED as error:
            problem, status = sentence_of(error), status_of(error)
    words = {"view": verbs.not_me(token), "token": token, "desk": desk_name(), "problem": problem}
    return render(request, "portal/not_me.html", words, status=status)


def _show_vouch(request: HttpRequest, token: str, problem: str = "", status: int = 200) -> HttpResponse:
    view = verbs.vouch(token)
    words = {"view": view, "token": token, "desk": desk_name(), "problem": problem or view.problem, "problem_at": ""}
    return render(request, "portal/vouch.html", words, status=status)
