"""What every answer carries, and who is asking: security headers, and `request.staff_actor`."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, tzinfo
from functools import lru_cache
from urllib.parse import unquote
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.auth import logout
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone

from mfadesk.kernel.errors import MfadeskError
from mfadesk.operations.staff import actor_of
from mfadesk.site.session_secrets import session_secrets
from mfadesk.site.sources import find_source
from mfadesk.site.staff_sign_in import find_member

Answer = Callable[[HttpRequest], HttpResponseBase]

FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
PERMISSIONS = ", ".join(
    [
        *(f"{name}=()" for name in ("accelerometer", "camera", "display-capture", "geolocation", "gyroscope", "microphone")),
        *(f"{name}=()" for name in ("midi", "payment", "usb", "serial", "hid", "browsing-topics")),
        "publickey-credentials-get=(self)",
        "publickey-credentials-create=(self)",
        "clipboard-write=(self)",
    ]
)

SETUP_PATHS = ("/account/", "/sign-in/", "/sign-out/", "/static/", "/csp-report", "/healthz", "/readyz", "/invite/")
PEOPLE_PATHS = ("/me/", "/vouch/", "/not-me/", "/demo/")
"""Pages for people know no staff session; a half set-up sign-in in the same browser must not stand in their way."""

ZONE_COOKIE = "mfadesk_zone"
ZONE_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_+-]{1,30}(/[A-Za-z0-9_+-]{1,30}){0,2}")

NO_SESSION_PATHS = ("/static/", "/api/")
"""Where a session is not even looked at: what a cookie opens in a browser, another site's page could ask for."""


def headers(get_response: Answer) -> Answer:
    """Add what Django has no setting for. Pages are never kept by a browser unless they say so themselves."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        response.setdefault("Permissions-Policy", PERMISSIONS)
        response.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        if not request.path.startswith("/static/"):
            response.setdefault("Cache-Control", "no-store")
        return response

    return answer


def keys(get_response: Answer) -> Answer:
    """Take up a key for sessions that was rotated while we run; what the older ones signed stays good while they are in the ring."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        try:
            newest, *older = session_secrets(settings.HOME)
        except (MfadeskError, OSError):
            # `readyz` and `check` say so; a page that needs a key finds out for itself.
            return get_response(request)
        if newest != settings.SECRET_KEY or older != settings.SECRET_KEY_FALLBACKS:
            settings.SECRET_KEY_FALLBACKS = [*older, settings.SECRET_KEY]
            settings.SECRET_KEY = newest
            settings.SECRET_KEY_FALLBACKS = older
        return get_response(request)

    return answer


def no_nul(get_response: Answer) -> Answer:
    """Answer 400 to a request that carries a NUL: no name holds one, and PostgreSQL keeps none.

    The API checks every value against its document, and names the place.
    """

    def answer(request: HttpRequest) -> HttpResponseBase:
        if request.path.startswith("/api/"):
            return get_response(request)
        typed = [request.path, *(value for _name, values in request.GET.lists() for value in values)]
        if request.method == "POST" and request.content_type in FORMS:
            typed += [value for _name, values in request.POST.lists() for value in values]
        if any("\0" in text for text in typed):
            raise BadRequest("That holds a character that cannot be kept.")
        return get_response(request)

    return answer


def source(get_response: Answer) -> Answer:
    """Set `request.source_ip`: where a request came from, by whose address tries are counted (SETTLED 7)."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        request.source_ip = find_source(request.META, settings.PROXIES)  # type: ignore[attr-defined]
        return get_response(request)

    return answer


def zone(get_response: Answer) -> Answer:
    """Show times in the zone that this browser says its clock is in (`zone.js` keeps the name in a cookie), else in UTC.

    It moves no deadline and stands in no record: what is signed, sent or kept says UTC.
    """

    def answer(request: HttpRequest) -> HttpResponseBase:
        with timezone.override(find_zone(request.COOKIES.get(ZONE_COOKIE, ""))):
            return get_response(request)

    return answer


@lru_cache(maxsize=1_024)
def find_zone(cookie: str) -> tzinfo:
    """Return the zone that the cookie names, or UTC for anything else; a browser may say what it likes."""
    name = unquote(cookie[:120])
    if not ZONE_NAME.fullmatch(name):
        return UTC
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, KeyError):
        return UTC


def staff(get_response: Answer) -> Answer:
    """Set `request.staff_actor`: a member of staff who signed in with a second factor, or None.

    Somebody without a second factor is sent to the page that sets one up, whatever they ask for, and is no actor until then.
    """

    def answer(request: HttpRequest) -> HttpResponseBase:
        request.staff_actor = None  # type: ignore[attr-defined]
        # Without a session cookie nobody is signed in: pages for people cost no query here.
        if not request.path.startswith(NO_SESSION_PATHS) and request.user.is_authenticated:
            member, has_second_factor = find_member(request.user)
            if member is None:
                logout(request)
            elif has_second_factor:
                request.staff_actor = actor_of(member)  # type: ignore[attr-defined]
                request.staff_name = member.desk  # type: ignore[attr-defined]
            elif not request.path.startswith((*SETUP_PATHS, *PEOPLE_PATHS)):
                return redirect(reverse("mfa_index"))
        return get_response(request)

    return answer
