"""Screens 9 to 12: the case code, "is it you", the proof, and the new authenticator, all for the one browser that holds the session."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from mfadesk.kernel.errors import Invalid
from mfadesk.operations.views import EnrolmentView, PortalView
from mfadesk.portal import verbs
from mfadesk.portal.door import (
    COOKIE,
    EXPECTED,
    desk_name,
    keep_session,
    open_page,
    parse_response,
    problem_json,
    sentence_of,
    session_page,
    source_ip,
    status_of,
    typed,
)
from mfadesk.portal.qr import draw_qr

CODE_LIMIT = 40


@require_safe
@open_page
def start(request: HttpRequest) -> HttpResponse:
    """Show screen 9: which case?"""
    return _show_code(request)


@require_POST
@open_page
def code(request: HttpRequest) -> HttpResponse:
    """Redeem a case code. Wrong, closed and other people's codes are answered alike."""
    text = typed(request, "code")[:CODE_LIMIT]
    try:
        cookie = verbs.redeem_code(source_ip(request), text, request.COOKIES.get(COOKIE, ""))
    except EXPECTED as error:
        return _show_code(request, sentence_of(error), text, status_of(error))
    return keep_session(request, redirect("portal:case"), cookie)


@require_http_methods(["GET", "HEAD", "POST"])
@open_page
def link(request: HttpRequest, token: str) -> HttpResponse:
    """Show what a check-in link does; only the button redeems it, since mail scanners follow links and press nothing."""
    words = {"token": token, "desk": desk_name(), "problem": "", "over": False}
    if request.method != "POST":
        return render(request, "portal/link.html", words)
    try:
        cookie = verbs.redeem_link(source_ip(request), token, request.COOKIES.get(COOKIE, ""))
    except EXPECTED as error:
        words |= {"problem": sentence_of(error), "over": getattr(error, "code", "") == "code_not_open"}
        return render(request, "portal/link.html", words, status=status_of(error))
    return keep_session(request, redirect("portal:case"), cookie)


@require_safe
@session_page
def case(request: HttpRequest, session: verbs.Session) -> HttpResponse:
    """Show screens 10 to 12, whichever the session stands at."""
    return _show(request, verbs.portal(session))


@require_safe
@session_page
def version(request: HttpRequest, session: verbs.Session) -> HttpResponse:
    """Answer the page's mark as JSON text, for the pages that wait."""
    return JsonResponse(mark_of(verbs.portal(session)), safe=False)


@require_POST
@session_page
def answer(request: HttpRequest, session: verbs.Session) -> HttpResponse:
    """Take "is it you": only a plain yes is a yes."""
    return _act(request, session, lambda: verbs.confirm(session, request.POST.get("answer") == "yes"))


@require_POST
@session_page
def proofs(request: HttpRequest, session: verbs.Session) -> HttpResponse:
    """Take a code, or what another service gave the person."""
    method = typed(request, "method")
    if "begin" in request.POST:
        return _begin_service(request, session, method)

    def act() -> None:
        if "response" in request.POST:
            verbs.prove_with_service(session, method, typed(request, "response"))
        elif given := typed(request, "code"):
            verbs.prove_with_code(session, method, given)
        else:
            raise Invalid(f"code-{method}", "Type the code first. It is on your own device.")

    return _act(request, session, act, f"code-{method}", method)


@require_POST
@session_page
def call_words(request: HttpRequest, session: verbs.Session) -> HttpResponse:
    """Take the two words that the operator said on a call back."""
    return _act(request, session, lambda: verbs.type_words(session, typed(request, "words")), "call-words")


def _begin_service(request: HttpRequest, session: verbs.Session, method: str) -> HttpResponse:
    """Start a check by another service and show what it asks for, on a page of its own; the answer comes back to `proofs`."""
    view = verbs.portal(session)
    way = next((w for w in view.ways if w.method == method and w.form == "service"), None)
    if way is None:
        return redirect("portal:case")
    try:
        begun = verbs.begin_service(session, method).get("begin", {})
    except EXPECTED as error:
        return _show(request, view, sentence_of(error), method=method, status=status_of(error))
    words = {
        "view": view,
        "way": way,
        "desk": view.desk or desk_name(),
        "problem": "",
        "asks_for": begun.get("asks_for", ""),
        "by_code": begun.get("answered_by") == "code",
    }
    return render(request, "portal/service.html", words)


@require_POST
@session_page
def passkey_options(request: HttpRequest, session: verbs.Session) -> HttpResponse:
    """Answer WebAuthn options as JSON: to prove oneself, to make a new passkey, or to test it."""
    purpose = request.POST.get("purpose", "")
    try:
        if purpose == "enrol":
            return HttpResponse(verbs.begin_enrolment(session).options, content_type="application/json")
        return JsonResponse(verbs.begin_test_passkey(session) if purpose == "test" else verbs.begin_passkey(session))
    except EXPECTED as error:
        return problem_json(error)


@require_POST
@session_page
def passkey(request: HttpRequest, session: verbs.Session) -> HttpResponse:
    """Take what the browser's WebAuthn dialogue answered."""
    finish: dict[str, Callable[[verbs.Session, dict[str, Any]], None]] = {
        "enrol": verbs.finish_new_passkey,
        "test": verbs.finish_test_passkey,
    }
    purpose = request.POST.get("purpose", "") or request.GET.get("purpose", "")
    chosen = finish.get(purpose, verbs.finish_passkey)
    return _act(request, session, lambda: chosen(session, parse_response(request)), method=typed(request, "method"))


@require_POST
@session_page
def kind(request: HttpRequest, session: verbs.Session) -> HttpResponse:
    """Take the choice of the new authenticator."""
    return _act(request, session, lambda: verbs.choose_kind(session, typed(request, "kind")))


@require_http_methods(["GET", "HEAD", "POST"])
@session_page
def enrolment(request: HttpRequest, session: verbs.Session) -> HttpResponse:
    """Explain by GET; by POST make a secret and show it in this one answer. A reload asks the browser to post again: a new secret."""
    if request.method != "POST":
        return redirect("portal:case")
    try:
        shown = verbs.begin_enrolment(session)
    except EXPECTED as error:
        return _show(request, verbs.portal(session), sentence_of(error), status=status_of(error))
    if shown.kind == "passkey":
        return redirect("portal:case")
    return _show_secret(request, verbs.portal(session), shown)


@require_POST
@session_page
def bypass(request: HttpRequest, session: verbs.Session) -> HttpResponse:
    """Show a way in for a time, in this one answer and never again."""
    try:
        shown = verbs.take_bypass(session)
    except EXPECTED as error:
        return _show(request, verbs.portal(session), sentence_of(error), status=status_of(error))
    view = verbs.portal(session)
    return render(
        request, "portal/bypass.html", {"view": view, "desk": view.desk or desk_name(), "problem": "", "shown": shown}
    )


@require_POST
@session_page
def resync(request: HttpRequest, session: verbs.Session) -> HttpResponse:
    """Take two codes, one after the other, that bring a token back in step."""
    return _act(request, session, lambda: verbs.resync(session, typed(request, "first"), typed(request, "second")), "first")


@require_POST
@session_page
def test(request: HttpRequest, session: verbs.Session) -> HttpResponse:
    """Take a code of the new authenticator, for its first sign-in."""

    def act() -> None:
        given = "".join(typed(request, "code").split())
        if not given:
            raise Invalid("test-code", "Type the code that the new phone shows.")
        verbs.test_code(session, given)

    return _act(request, session, act, "test-code")


@require_POST
@session_page
def report(request: HttpRequest, session: verbs.Session) -> HttpResponse:
    """Stop the case: "I did not ask for this"."""
    return _act(request, session, lambda: verbs.report(session))


def _act(request: HttpRequest, session: verbs.Session, act: Callable[[], None], at: str = "", method: str = "") -> HttpResponse:
    """Do `act` and go on; where the answer is no, show the page that now holds, with the sentence on top."""
    try:
        act()
    except EXPECTED as error:
        if request.content_type == "application/json":
            return problem_json(error)
        return _show(request, verbs.portal(session), sentence_of(error), at, method, status_of(error))
    return JsonResponse({"next": "/me/case"}) if request.content_type == "application/json" else redirect("portal:case")


def mark_of(view: PortalView) -> str:
    """Return a text that changes when the page would: its stage, what is proved, its end. An operator's note changes nothing here."""
    return f"{view.stage}.{len(view.proved)}.{view.until:%H%M%S}" if view.until else f"{view.stage}.{len(view.proved)}"


def _show(
    request: HttpRequest,
    view: PortalView,
    problem: str = "",
    at: str = "",
    method: str = "",
    status: int = 200,
) -> HttpResponse:
    words = {
        "view": view,
        "desk": view.desk or desk_name(),
        "problem": problem or view.problem,
        "problem_at": at,
        "tried": method,
        "mark_of": mark_of(view),
    }
    return render(request, "portal/case.html", words, status=status)


def _show_code(request: HttpRequest, problem: str = "", text: str = "", status: int = 200) -> HttpResponse:
    words = {"desk": desk_name(), "problem": problem, "typed": text}
    return render(request, "portal/code.html", words, status=status)


def _show_secret(request: HttpRequest, view: PortalView, shown: EnrolmentView) -> HttpResponse:
    words = {"view": view, "desk": view.desk or desk_name(), "problem": "", "enrolment": shown, "qr": draw_qr(shown.uri)}
    return render(request, "portal/enrolment.html", words)
