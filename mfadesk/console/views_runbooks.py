"""The workbench of those who write runbooks: all versions, one version with its map and proof, and the acts that bring it into force."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from mfadesk.console import verbs
from mfadesk.console.guard import EXPECTED, parse_response, problem_json, sentence_of, staff_name, staff_page, status_of
from mfadesk.drawing.flow_map import flow_map_css
from mfadesk.operations.workbench import list_rules, require_author
from mfadesk.ports.people import Actor

ACTS = {
    "offer": ("Offer for review", "Somebody else then reviews it. It serves nobody yet."),
    "review": ("Agree to it", "You say that it may be put in force. Whoever wrote it cannot say so."),
    "publish": ("Put in force", "New calls begin with it. Calls that run already stay with what they began with."),
    "retire": ("Retire", "No new call begins with it. Calls that run already go on."),
}
"""By act, the words on the button and what it does."""


@require_safe
@staff_page
def runbooks(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Show every version of every runbook, by what it waits for."""
    words = {"view": verbs.shelf(actor), "drafts": verbs.list_drafts(actor), "staff_name": staff_name(request)}
    return render(request, "console/runbooks.html", words)


@require_safe
@staff_page
def runbook(request: HttpRequest, actor: Actor, digest: str) -> HttpResponse:
    """Show one version: map, steps, proof, text, and what can be done with it."""
    return _show(request, actor, digest)


@require_safe
@staff_page
def rules(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Show what every runbook is held to."""
    require_author(actor)
    return render(request, "console/rules.html", {"rules": list_rules(), "staff_name": staff_name(request)})


@require_safe
@staff_page
def map_css(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Hand over the style sheet of the flow map, which the drawing room keeps."""
    require_author(actor)
    return HttpResponse(flow_map_css(), content_type="text/css")


@require_POST
@staff_page
def act_options(request: HttpRequest, actor: Actor, digest: str) -> HttpResponse:
    """Answer WebAuthn request options as JSON, for the act that is about to be signed."""
    try:
        require_author(actor)
        return JsonResponse(dict(verbs.begin_runbook_act(actor, request.POST.get("act", ""), digest)))
    except EXPECTED as error:
        return problem_json(error)


@require_POST
@staff_page
def acts(request: HttpRequest, actor: Actor, digest: str) -> HttpResponse:
    """Take the signed act."""
    require_author(actor)
    try:
        return redirect("console:runbook", verbs.finish_runbook_act(actor, parse_response(request)))
    except EXPECTED as error:
        return _show(request, actor, digest, sentence_of(error), status_of(error))


def _show(request: HttpRequest, actor: Actor, digest: str, problem: str = "", status: int = 200) -> HttpResponse:
    view = verbs.sheet(actor, digest, _number(request, "wrong"), _number(request, "at"))
    words = {"view": view, "problem": problem, "words_of": ACTS, "staff_name": staff_name(request)}
    return render(request, "console/runbook.html", words, status=status)


def _number(request: HttpRequest, name: str) -> int:
    """Return a small whole number of the address, or 0."""
    text = request.GET.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0
