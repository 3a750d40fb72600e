"""Pages of this room that are not allauth's: an invitation, who works here, and the browser's reports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import structlog
from allauth.account.internal.flows.login import perform_login
from allauth.account.internal.flows.reauthentication import reauthenticate_by_password
from allauth.account.models import Login
from django.core.cache import cache
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from mfadesk.kernel.errors import Invalid, MfadeskError, Refusal, Unavailable
from mfadesk.kernel.json_text import parse_json
from mfadesk.operations import enlist, staff
from mfadesk.operations.desk import current_desk
from mfadesk.ports.people import ROLES, Role
from mfadesk.site.health import csp_reports
from mfadesk.store.models import StaffKey, StaffMember

log = structlog.get_logger("mfadesk.site")

REPORT_BYTES = 16_384
RESPONSE_LIMIT = 65_536
INVITE_TRIES = 20
INVITE_WINDOW_S = 600


DOES: Mapping[Role, str] = {
    "operator": "takes calls",
    "approver": "says yes or no where a second person must",
    "security": "hears alerts and looks afterwards",
    "author": "writes runbooks and policy",
    "auditor": "reads records and proves them whole",
    "administrator": "invites staff and takes them off",
}
"""What each role does at the desk, for whoever hands them out."""


@dataclass(frozen=True, slots=True)
class Member:
    """One line of the staff list. `signs`: their roles need a desk key; `has_key`: there is one."""

    id: str
    desk: str
    login: str
    roles: tuple[str, ...]
    active: bool
    has_key: bool
    signs: bool


ICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 22 22"><rect width="22" height="22" rx="5" fill="#185295"/>'
    '<path d="M6 11.4 9.6 15 16.4 7.6" fill="none" stroke="#fff" stroke-width="2.4" stroke-linecap="round" stroke-linejoin="round"/></svg>'
)
"""Solid and ticked: what the desk calls proved."""


@require_safe
def icon(request: HttpRequest) -> HttpResponse:
    """Return the icon that browsers ask for without being told to."""
    return HttpResponse(ICON, content_type="image/svg+xml", headers={"Cache-Control": "public, max-age=86400"})


@require_http_methods(["GET", "POST"])
def invitation(request: HttpRequest, token: str) -> HttpResponseBase:
    """Show an invitation (GET), or set the password and go on to the second step (POST)."""
    now = datetime.now(UTC)
    if _too_many(request):
        return render(request, "site/invite_over.html", {"busy": True}, status=429)
    found = staff.find_invitation(token, now)
    if found is None:
        return render(request, "site/invite_over.html", {}, status=410)
    problem = ""
    if request.method == "POST" and not found.waits_for_second:
        password, again = request.POST.get("password", ""), request.POST.get("again", "")
        try:
            if password != again:
                raise Invalid("password", "The two passwords differ.")
            user = staff.redeem_invitation(token, password, now)
        except Invalid as error:
            problem = error.what
        except Refusal:
            return render(request, "site/invite_over.html", {}, status=410)
        else:
            log.info("staff.joined", staff=staff.staff_id(user.staff_member))
            response: HttpResponseBase = perform_login(request, Login(user=user, redirect_url=reverse("mfa_index")))
            # The password was typed this minute: the next page need not ask for it again.
            reauthenticate_by_password(request)
            return response
    return render(request, "site/invite.html", {"found": found, "problem": problem}, status=422 if problem else 200)


def _too_many(request: HttpRequest) -> bool:
    from allauth.core.internal.ratelimit import get_ip

    key = f"invite:{get_ip(request)}"
    count = int(cache.get(key, 0)) + 1
    cache.set(key, count, INVITE_WINDOW_S)
    return count > INVITE_TRIES


@require_http_methods(["GET", "POST"])
def staff_list(request: HttpRequest) -> HttpResponseBase:
    """Who works here, and invitations: for administrators."""
    actor = request.staff_actor  # type: ignore[attr-defined]
    if actor is None:
        return redirect(f"{reverse('account_login')}?next={request.path}")
    if "administrator" not in actor.roles:
        raise Http404
    context: dict[str, Any] = {"roles": [(role, DOES[role]) for role in ROLES], "problem": "", "link": "", "lost": None}
    now = datetime.now(UTC)
    if request.method == "POST":
        try:
            done = enlist.finish_staff_act(current_desk(), actor, parse_response(request.POST.get("response", "")))
            if done.token:
                context |= {"link": request.build_absolute_uri(reverse("invitation", args=[done.token])), "lost": done.member}
        except MfadeskError as error:
            context["problem"] = error.sentence if isinstance(error, Refusal | Unavailable) else str(error)
    context |= {"members": _members(), "invitations": staff.open_invitations(now), "me": actor.id}
    context |= {"staff_name": getattr(request, "staff_name", "")}
    return render(request, "site/staff_list.html", context, status=422 if context["problem"] else 200)


def _members() -> list[Member]:
    """Return everybody of the staff list, those who left last."""
    with_key = set(StaffKey.objects.values_list("staff_id", flat=True))
    rows = StaffMember.objects.select_related("user").order_by("-active", "desk")
    return [
        Member(
            str(row.pk), row.desk, row.user.username, tuple(row.roles), row.active,
            has_key=str(row.pk) in with_key, signs=bool(enlist.SIGNING & set(row.roles)),
        )
        for row in rows
    ]  # fmt: skip


@require_POST
def staff_act_options(request: HttpRequest) -> HttpResponseBase:
    """Answer WebAuthn options for an administrator's desk key, whose challenge commits to what the form asks for."""
    actor = request.staff_actor  # type: ignore[attr-defined]
    if actor is None or "administrator" not in actor.roles:
        raise Http404
    told, act = request.POST, request.POST.get("act", "")
    try:
        fields: dict[str, Any] = {}
        if act == "invite":
            fields = {name: told.get(name, "").strip() for name in ("login", "desk")}
            fields |= {"roles": told.getlist("roles"), "person": told.get("person", "").strip() or None}
        elif act == "confirm":
            fields = {"invitation": _number(told.get("invitation", ""))}
        elif act in ("rekey", "dismiss"):
            fields = {"member": str(_number(told.get("member", "")))}
        return JsonResponse(dict(enlist.begin_staff_act(current_desk(), actor, act, fields)))
    except MfadeskError as error:
        sentence = error.sentence if isinstance(error, Refusal | Unavailable) else str(error)
        return JsonResponse({"detail": sentence}, status=422)


def parse_response(text: str) -> dict[str, Any]:
    """Return the WebAuthn response in a form field. Raises Invalid where it cannot be read."""
    try:
        told = parse_json(text, RESPONSE_LIMIT)
    except ValueError:
        told = None
    if not isinstance(told, dict):
        raise Invalid("response", "The key sent nothing that can be read. Nothing has changed. Use it again.")
    return told


def _number(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise Invalid("number", "That number is unknown.")
    return int(text)


@csrf_exempt
@require_POST
def csp_report(request: HttpRequest) -> HttpResponse:
    """Count a browser's report that a page broke its policy. What it says is attacker's text: only the directive's name is kept."""
    body = request.read(REPORT_BYTES)
    csp_reports.inc()
    try:
        report = parse_json(body, REPORT_BYTES).get("csp-report", {})
        directive = str(report.get("effective-directive") or report.get("violated-directive") or "")[:40]
    except (ValueError, AttributeError):
        directive = ""
    log.warning("csp.report", directive="".join(c for c in directive if c.isalnum() or c == "-"))
    return HttpResponse(status=204)
