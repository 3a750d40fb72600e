"""The desk key: the passkey by which a member of staff attests. The executor makes the challenge and keeps the register."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from mfadesk.console import verbs
from mfadesk.console.guard import EXPECTED, parse_response, problem_json, sentence_of, staff_name, staff_page, status_of
from mfadesk.ports.people import Actor


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page
def desk_key(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Show what a desk key is for; a POST hands the new one on to the executor."""
    problem, status = "", 200
    if request.method == "POST":
        try:
            verbs.finish_desk_key(actor, parse_response(request))
            return redirect("console:calls")
        except EXPECTED as error:
            problem, status = sentence_of(error), status_of(error)
    return render(request, "console/desk_key.html", {"problem": problem, "staff_name": staff_name(request)}, status=status)


@require_POST
@staff_page
def desk_key_options(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Answer WebAuthn creation options as JSON."""
    try:
        return JsonResponse(dict(verbs.begin_desk_key(actor)))
    except EXPECTED as error:
        return problem_json(error)
