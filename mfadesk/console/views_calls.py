"""Screens 1 and 2: what needs me now, and who somebody says they are. Also the colour theme, which belongs to a browser."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import cast

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST, require_safe

from mfadesk.console import verbs
from mfadesk.console.choices import CALLERS, CHANNELS, has_value
from mfadesk.console.guard import EXPECTED, sentence_of, staff_name, staff_page, status_of
from mfadesk.console.jinja_env import THEME_COOKIE, THEMES
from mfadesk.kernel.errors import Invalid, Refusal
from mfadesk.operations.views import CallsView, CaseLine, PersonLine
from mfadesk.ports.people import Actor

QUERY_LIMIT = 200
"""Characters of a search or a name; longer text is cut, never an error."""

YEAR_S = 365 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a start form holds so far. `person_id` is None while nothing is chosen and "" for somebody not in the list."""

    person_id: str | None = None
    said_name: str = ""
    channel: str = "phone"
    caller: str = ""
    goal: str = ""


@require_safe
@staff_page
def calls(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Show screen 1, narrowed to lines that hold `q`: the address is the view."""
    text = request.GET.get("q", "")[:QUERY_LIMIT].strip()
    view = _narrow(verbs.calls(actor), text)
    return render(request, "console/calls.html", {"view": view, "q": text, "staff_name": staff_name(request)})


@require_safe
@staff_page
def calls_version(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Answer the list's version as JSON text."""
    return JsonResponse(verbs.calls(actor).version, safe=False)


@require_safe
@staff_page
def start(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Show screen 2: the search, and once something was looked up, the form that starts a call."""
    if "operator" not in actor.roles:
        raise Refusal("forbidden", "Operators take calls. Your roles do other things here.")
    return _show_start(request, actor, request.GET.get("q", ""), Chosen())


@require_POST
@staff_page
def cases(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Start a call, or show what the form still lacks, with everything kept."""
    form = request.POST
    chosen = Chosen(
        form.get("person_id"),
        form.get("said_name", "")[:QUERY_LIMIT].strip(),
        form.get("channel", ""),
        form.get("caller", ""),
        form.get("goal", ""),
    )
    try:
        case_id = _open(actor, chosen)
    except EXPECTED as error:
        where = error.where if isinstance(error, Invalid) else ""
        return _show_start(request, actor, form.get("q", ""), chosen, sentence_of(error), where, status_of(error))
    return redirect("console:case", case_id)


@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """Keep this browser's theme in a cookie and go back to the page that asked."""
    chosen = request.POST.get("theme", "")
    back = request.POST.get("next", "/")
    if not url_has_allowed_host_and_scheme(back, {request.get_host()}, require_https=request.is_secure()):
        back = "/"
    response = HttpResponseRedirect(back)
    if chosen in THEMES:
        response.set_cookie(THEME_COOKIE, chosen, max_age=YEAR_S, samesite="Lax", secure=request.is_secure(), httponly=True)
    return response


def _open(actor: Actor, chosen: Chosen) -> str:
    if chosen.person_id is None:
        raise Invalid("who", "Choose who they say they are, or “not in this list”.")
    if not chosen.person_id and not chosen.said_name:
        raise Invalid("said_name", "Note the name they gave.")
    if not has_value(verbs.goals(), chosen.goal):
        raise Invalid("goal", "Choose what they want.")
    if chosen.caller not in ("subject", "assistant", "third_party"):
        raise Invalid("caller", "Choose who is speaking.")
    if not has_value(CHANNELS, chosen.channel):
        raise Invalid("channel", "Choose how they reached the desk.")
    said = "" if chosen.person_id else chosen.said_name
    return verbs.open_case(
        actor, chosen.person_id or None, said, chosen.channel, cast(verbs.Caller, chosen.caller), chosen.goal
    )


def _show_start(
    request: HttpRequest, actor: Actor, text: str, chosen: Chosen, problem: str = "", problem_at: str = "", status: int = 200
) -> HttpResponse:
    text = text[:QUERY_LIMIT].strip()
    people: tuple[PersonLine, ...] = ()
    try:
        people = verbs.find_people(actor, text) if text else ()
    except Invalid as error:
        problem, problem_at, status = problem or error.what, problem_at or error.where, 422
    words = {
        "q": text,
        "people": people,
        "full": len(people) >= verbs.MAX_FOUND,
        "goals": verbs.goals(),
        "callers": CALLERS,
        "channels": CHANNELS,
        "chosen": chosen,
        "problem": problem,
        "problem_at": problem_at,
        "staff_name": staff_name(request),
    }
    return render(request, "console/start.html", words, status=status)


def _narrow(view: CallsView, text: str) -> CallsView:
    """Return the view with only the lines that hold every word of `text`."""
    wanted = text.casefold().split()
    if not wanted:
        return view

    def keep(lines: tuple[CaseLine, ...]) -> tuple[CaseLine, ...]:
        held = ((line, f"{line.name} {line.request} {line.state} {line.waiting_for}".casefold()) for line in lines)
        return tuple(line for line, words in held if all(word in words for word in wanted))

    return replace(
        view,
        approvals=keep(view.approvals),
        seconds=keep(view.seconds),
        mine=keep(view.mine),
        waiting=keep(view.waiting),
        others=keep(view.others),
        closed_today=keep(view.closed_today),
        alerts=(),
    )
