"""The desk key: the passkey by which a member of staff attests. The executor makes the challenge and keeps the register.

The first key takes the invitation; another one beside it takes an assertion by the first, so the page then has two ceremonies.
"""

from __future__ import annotations

import json

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
    problem, status, ready = "", 200, ""
    if request.method == "POST":
        try:
            if "own" in request.POST:
                ready = json.dumps(dict(verbs.finish_own_key(actor, parse_response(request))))
            else:
                verbs.finish_desk_key(actor, parse_response(request))
                return redirect("console:calls")
        except EXPECTED as error:
            problem, status = sentence_of(error), status_of(error)
    keys = verbs.count_desk_keys(actor)
    words = {"problem": problem, "ready": ready, "keys": keys, "needs_key": keys == 0, "staff_name": staff_name(request)}
    return render(request, "console/desk_key.html", words, status=status)


@require_POST
@staff_page
def desk_key_options(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Answer WebAuthn options as JSON: to use the key that one has, or to make one on an invitation."""
    try:
        if "own" in request.POST:
            return JsonResponse(dict(verbs.begin_own_key(actor)))
        return JsonResponse(dict(verbs.begin_desk_key(actor, request.POST.get("invitation", ""))))
    except EXPECTED as error:
        return problem_json(error)
