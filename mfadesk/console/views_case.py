"""Screens 3 to 8: one call, one page. Each act is a form that posts a noun and comes back to the page by redirect."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import cast

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from mfadesk.console import verbs
from mfadesk.console.choices import ENDINGS, OUT_OF_REACH
from mfadesk.console.guard import (
    EXPECTED,
    parse_response,
    problem_json,
    sentence_of,
    staff_name,
    staff_page,
    status_of,
    wants_json,
)
from mfadesk.kernel.errors import Invalid
from mfadesk.operations.call_back import SHOWN_FOR_S
from mfadesk.operations.views import CaseView
from mfadesk.ports.people import Actor

VALUE_LIMIT = 200


@require_safe
@staff_page
def case(request: HttpRequest, actor: Actor, case_id: str) -> HttpResponse:
    """Show the case as it stands."""
    return _show(request, verbs.case(actor, case_id))


@require_safe
@staff_page
def case_version(request: HttpRequest, actor: Actor, case_id: str) -> HttpResponse:
    """Answer the number of the case's last event as JSON; pages ask each second and fetch again when it moved."""
    return JsonResponse(verbs.case_version(case_id), safe=False)


@require_POST
@staff_page
def answers(request: HttpRequest, actor: Actor, case_id: str) -> HttpResponse:
    """Record the answer to the step that was shown."""

    def act() -> None:
        value = request.POST.get("answer", "")
        if not value:
            raise Invalid("answer", "Choose what they said.")
        verbs.answer(actor, case_id, request.POST.get("step_id", ""), value, _version(request))

    return _act(request, actor, case_id, act, "answer")


@require_POST
@staff_page
def ownership(request: HttpRequest, actor: Actor, case_id: str) -> HttpResponse:
    """Take the case over."""
    return _act(request, actor, case_id, lambda: verbs.take_over(actor, case_id))


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page
def ending(request: HttpRequest, actor: Actor, case_id: str) -> HttpResponse:
    """Ask once why the call ends without a change, then end it."""
    problem, at, status = "", "", 200
    if request.method == "POST":
        try:
            chosen = request.POST.get("ending", "")
            if chosen not in ("no_change_needed", "caller_hung_up", "cannot_be_proved"):
                raise Invalid("ending", "Choose why it ends.")
            verbs.end_case(actor, case_id, cast(verbs.Ending, chosen), _version(request))
            return _back(case_id)
        except EXPECTED as error:
            problem, status = sentence_of(error), status_of(error)
            at = error.where if isinstance(error, Invalid) else ""
    words = {
        "view": verbs.case(actor, case_id),
        "endings": ENDINGS,
        "problem": problem,
        "problem_at": at,
        "staff_name": staff_name(request),
    }
    return render(request, "console/ending.html", words, status=status)


@require_POST
@staff_page
def link(request: HttpRequest, actor: Actor, case_id: str) -> HttpResponse:
    """Send the check-in link to the addresses that are held."""
    return _act(request, actor, case_id, lambda: verbs.send_link(actor, case_id))


@require_POST
@staff_page
def code(request: HttpRequest, actor: Actor, case_id: str) -> HttpResponse:
    """Make a new case code."""
    return _act(request, actor, case_id, lambda: verbs.new_code(actor, case_id))


@require_POST
@staff_page
def vouch_requests(request: HttpRequest, actor: Actor, case_id: str) -> HttpResponse:
    """Ask a voucher."""
    return _act(request, actor, case_id, lambda: verbs.ask_voucher(actor, case_id, request.POST.get("which", "")))


@require_POST
@staff_page
def out_of_reach(request: HttpRequest, actor: Actor, case_id: str) -> HttpResponse:
    """Note that something which still works cannot be used now; only what the page offered can be named."""
    chosen, why = request.POST.get("authenticator", ""), request.POST.get("reason", "")
    words = request.POST.get("words", "")[:VALUE_LIMIT]
    act = partial(verbs.note_out_of_reach, actor, case_id, chosen, why, words)
    return _act(request, actor, case_id, act, "reason", open_="out-of-reach")


@require_POST
@staff_page
def thaw(request: HttpRequest, actor: Actor, case_id: str) -> HttpResponse:
    """Resolve a frozen case."""
    return _act(request, actor, case_id, lambda: verbs.thaw(actor, case_id))


@require_POST
@staff_page
def review(request: HttpRequest, actor: Actor, case_id: str) -> HttpResponse:
    """Take the signed word of security that they looked at what a bypass was used for."""
    return _act(request, actor, case_id, lambda: verbs.finish_review(actor, case_id, parse_response(request)))


@require_POST
@staff_page
def review_options(request: HttpRequest, actor: Actor, case_id: str) -> HttpResponse:
    """Answer WebAuthn request options as JSON, for a review that security is about to sign."""
    try:
        return JsonResponse(verbs.begin_review(actor, case_id))
    except EXPECTED as error:
        return problem_json(error)


@require_POST
@staff_page
def browser(request: HttpRequest, actor: Actor, case_id: str) -> HttpResponse:
    """Take the case from its browser."""
    return _act(request, actor, case_id, lambda: verbs.drop_browser(actor, case_id))


@require_POST
@staff_page
def pressure(request: HttpRequest, actor: Actor, case_id: str) -> HttpResponse:
    """Note that the caller pushes."""
    return _act(request, actor, case_id, lambda: verbs.note_pressure(actor, case_id))


@require_POST
@staff_page
def signals(request: HttpRequest, actor: Actor, case_id: str) -> HttpResponse:
    """Write down something that was noticed on the call."""
    return _act(request, actor, case_id, lambda: verbs.note_signal(actor, case_id, request.POST.get("signal", "")), "signal")


@require_POST
@staff_page
def call_backs(request: HttpRequest, actor: Actor, case_id: str) -> HttpResponse:
    """Ring the number on file. Where no exchange hides it, show it on a page of its own that leaves by itself (SETTLED 15)."""
    try:
        number = verbs.ring_back(actor, case_id)
    except EXPECTED as error:
        return _show(request, verbs.case(actor, case_id), sentence_of(error), "", "callback_on_file", status_of(error))
    if not number:
        return _back(case_id)
    words = {"view": verbs.case(actor, case_id), "number": number, "staff_name": staff_name(request)}
    response = render(request, "console/number.html", words)
    response["Cache-Control"] = "no-store"
    response["Refresh"] = f"{SHOWN_FOR_S}; url={reverse('console:case', args=[case_id])}"
    return response


@require_POST
@staff_page
def attestation_options(request: HttpRequest, actor: Actor, case_id: str) -> HttpResponse:
    """Answer WebAuthn request options as JSON, for a statement that the member of staff is about to sign."""
    form = request.POST
    try:
        if not form.get("statement"):
            raise Invalid("statement", "Choose what happened first.")
        value = form.get("value", "")[:VALUE_LIMIT].strip()
        return JsonResponse(verbs.begin_attestation(actor, case_id, form.get("method", ""), form["statement"], value))
    except EXPECTED as error:
        return problem_json(error)


@require_POST
@staff_page
def attestations(request: HttpRequest, actor: Actor, case_id: str) -> HttpResponse:
    """Take the signed statement."""
    return _act(
        request,
        actor,
        case_id,
        lambda: verbs.finish_attestation(actor, case_id, parse_response(request)),
        open_=request.POST.get("method", ""),
    )


@require_POST
@staff_page
def approval_options(request: HttpRequest, actor: Actor, case_id: str) -> HttpResponse:
    """Answer WebAuthn request options as JSON, for the yes or no that an approver is about to sign."""
    form = request.POST
    try:
        reason = form.get("reason", "")[:VALUE_LIMIT].strip()
        return JsonResponse(verbs.begin_approval(actor, case_id, form.get("answer", ""), reason, form.get("over", "")))
    except EXPECTED as error:
        return problem_json(error)


@require_POST
@staff_page
def approvals(request: HttpRequest, actor: Actor, case_id: str) -> HttpResponse:
    """Take the signed yes or no."""
    reason = request.POST.get("reason", "")[:VALUE_LIMIT].strip()
    return _act(request, actor, case_id, lambda: verbs.finish_approval(actor, case_id, reason, parse_response(request)))


@require_safe
@staff_page
def record(request: HttpRequest, actor: Actor, case_id: str) -> HttpResponse:
    """Hand over the case's record as a file."""
    response = HttpResponse(verbs.export_case(actor, case_id), content_type="application/octet-stream")
    response["Content-Disposition"] = f'attachment; filename="{_file_name(case_id)}"'
    return response


def _act(
    request: HttpRequest, actor: Actor, case_id: str, act: Callable[[], None], at: str = "", open_: str = ""
) -> HttpResponse:
    """Do `act`, then go back to the case; where the answer is no, show the case with the sentence on top and the input kept."""
    try:
        act()
    except EXPECTED as error:
        if wants_json(request):
            return problem_json(error)
        where = at if isinstance(error, Invalid) else ""
        return _show(request, verbs.case(actor, case_id), sentence_of(error), where, open_, status_of(error))
    return JsonResponse({"next": reverse("console:case", args=[case_id])}) if wants_json(request) else _back(case_id)


def _show(
    request: HttpRequest, view: CaseView, problem: str = "", problem_at: str = "", open_: str = "", status: int = 200
) -> HttpResponse:
    words = {
        "view": view,
        "problem": problem,
        "problem_at": problem_at,
        "attest_open": open_,
        "out_of_reach": OUT_OF_REACH,
        "staff_name": staff_name(request),
    }
    return render(request, "console/case.html", words, status=status)


def _back(case_id: str) -> HttpResponseRedirect:
    # The fragment lets a keyboard and a screen reader go on at the step instead of at the top of the page.
    return HttpResponseRedirect(reverse("console:case", args=[case_id]) + "#now")


def _version(request: HttpRequest) -> int:
    """Return the version that the form was made for. Raises Invalid for anything but a small whole number."""
    text = request.POST.get("expected_version", "")
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise Invalid("expected_version", "This page is too old. Load it again.")
    return int(text)


def _file_name(case_id: str) -> str:
    """Return a file name that no header can be broken with."""
    return "".join(c for c in case_id if c.isascii() and (c.isalnum() or c in "_-"))[:60] + ".mfadesk"
