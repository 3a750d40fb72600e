"""The editor of runbooks: a text that is kept and checked at each pause, and a page to merge where two people write one draft."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from mfadesk.console import verbs
from mfadesk.console.guard import EXPECTED, sentence_of, staff_name, staff_page, status_of
from mfadesk.kernel.errors import Invalid
from mfadesk.operations.drafts import Clash
from mfadesk.operations.merging import CHOICES
from mfadesk.operations.workbench import require_author
from mfadesk.ports.people import Actor

MAX_DIGITS = 9


@require_POST
@staff_page
def drafts(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Begin a draft, from a version if one is named, and open it."""
    require_author(actor)
    return redirect("console:draft", verbs.begin_draft(actor, request.POST.get("digest", "")))


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page
def draft(request: HttpRequest, actor: Actor, draft_id: str) -> HttpResponse:
    """Show the editor; a POST saves, or shows both texts where somebody else saved meanwhile."""
    require_author(actor)
    if request.method == "POST":
        # The page's script may forget what it kept of the text, now that the desk has it.
        return _save(request, actor, draft_id) or redirect(f"{reverse('console:draft', args=[draft_id])}?kept=1")
    return _show(request, actor, draft_id)


@require_POST
@staff_page
def text(request: HttpRequest, actor: Actor, draft_id: str) -> HttpResponse:
    """Keep what was typed so far, and answer the part of the page that says what is wrong with it."""
    require_author(actor)
    form = request.POST
    typed, told, problem = form.get("text", ""), None, ""
    try:
        told = verbs.save_draft(actor, draft_id, _revision(request), form.get("base", ""), typed)
        checked = verbs.check_draft(typed)
    except EXPECTED as error:
        checked, problem = None, sentence_of(error)
    words = {
        "draft_id": draft_id,
        "checked": checked,
        "clash": told if isinstance(told, Clash) else None,
        "revision": told if isinstance(told, int) else None,
        "base": typed,
        "problem": problem,
    }
    # A script reads this answer, whatever it says; an error status would make it throw the words away.
    return render(request, "console/draft_checked.html", words)


@require_POST
@staff_page
def version(request: HttpRequest, actor: Actor, draft_id: str) -> HttpResponse:
    """Save, make it a version of its own, and show that."""
    require_author(actor)
    clash = _save(request, actor, draft_id)
    if clash is not None:
        return clash
    try:
        return redirect("console:runbook", verbs.keep_version(actor, draft_id))
    except EXPECTED as error:
        if status_of(error) == 404:
            raise
        return _show(request, actor, draft_id, sentence_of(error), status_of(error))


@require_POST
@staff_page
def ending(request: HttpRequest, actor: Actor, draft_id: str) -> HttpResponse:
    """Throw a draft away."""
    require_author(actor)
    verbs.throw_draft_away(actor, draft_id)
    return redirect("console:runbooks")


def _save(request: HttpRequest, actor: Actor, draft_id: str) -> HttpResponse | None:
    """Save what the form holds and return None, or the page that shows both texts where somebody else saved meanwhile."""
    form = request.POST
    told = verbs.save_draft(actor, draft_id, _revision(request), form.get("base", ""), form.get("text", ""), _chosen(request))
    if not isinstance(told, Clash):
        return None
    words = {"clash": told, "draft_id": draft_id, "choices": CHOICES, "staff_name": staff_name(request)}
    return render(request, "console/draft_merge.html", words, status=409)


def _show(request: HttpRequest, actor: Actor, draft_id: str, problem: str = "", status: int = 200) -> HttpResponse:
    view = verbs.draft(actor, draft_id)
    words = {
        "view": view, "draft_id": draft_id, "checked": view.checked, "clash": None, "revision": view.revision, "base": view.text,
        "problem": problem, "staff_name": staff_name(request),
    }  # fmt: skip
    return render(request, "console/draft.html", words, status=status)


def _revision(request: HttpRequest) -> int:
    """Return the revision that the text began with. Raises Invalid for anything but a small whole number."""
    said = request.POST.get("revision", "")
    if not (said.isascii() and said.isdigit() and len(said) <= MAX_DIGITS):
        raise Invalid("revision", "This page is too old. Load it again.")
    return int(said)


def _chosen(request: HttpRequest) -> dict[int, str] | None:
    """Return what was chosen at each place where two texts clash; None where this is no answer to a clash."""
    if "merging" not in request.POST:
        return None
    found = {key.removeprefix("clash-"): value for key, value in request.POST.items() if key.startswith("clash-")}
    return {int(n): v for n, v in found.items() if n.isascii() and n.isdigit() and len(n) <= MAX_DIGITS and v in CHOICES}
