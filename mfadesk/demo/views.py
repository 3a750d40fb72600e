"""The side room: calls to try, everybody's phone and mailbox, and what the lab holds. Only demo mode has these pages."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.http import require_POST, require_safe

from mfadesk.connectors.lab.scene import LabScene
from mfadesk.connectors.lab.store import LabStore
from mfadesk.connectors.webauthn import RelyingParty
from mfadesk.demo.calls import CALLS, find_call
from mfadesk.demo.codes import Shown, read_scan, show
from mfadesk.demo.state import Phone, SignIn, changing_state, read_state
from mfadesk.kernel.clock import SystemClock
from mfadesk.kernel.errors import Invalid, Refusal
from mfadesk.kernel.ids import SystemRandomness
from mfadesk.operations.clock_words import clock_words
from mfadesk.operations.portal_view import WAYS
from mfadesk.store.models import ContactRow, PersonRow

MAX_PHONES = 20
MAILS_SHOWN = 200
_LINK = re.compile(r"https?://[^\s<>\"]+")


@dataclass(frozen=True, slots=True)
class Screen:
    """A phone and what it shows now."""

    phone: Phone
    shown: Shown


@dataclass(frozen=True, slots=True)
class Desk:
    """A staff sign-in and the code of now."""

    sign_in: SignIn
    shown: Shown


@lru_cache(maxsize=1)
def _lab() -> LabScene:
    # A key of zeros: this side only lists. Seeds stay closed to the web process, the phones' own copies are in the demo's file.
    store = LabStore(settings.CONFIG.provider["path"])
    party = RelyingParty("localhost", settings.CONFIG.organisation, settings.CONFIG.provider["origins"])
    return LabScene(store, bytes(32), party, SystemClock(), SystemRandomness())


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """The calls to try, who signs in where, and the way to everybody's things."""
    return render(request, "demo/home.html", {"calls": CALLS, "desks": _desks(), "people": _main_people()})


@require_safe
def call(request: HttpRequest, key: str) -> HttpResponse:
    """One script card."""
    card = find_call(key)
    if card is None:
        raise Http404
    return render(request, "demo/call.html", {"call": card, "person": PersonRow.objects.get(login=card.login)})


@require_safe
def people(request: HttpRequest) -> HttpResponse:
    """Everybody, to find whose things to look at."""
    asked = request.GET.get("q", "")[:80].strip()
    rows = PersonRow.objects.order_by("name")
    if asked:
        from mfadesk.operations.directory_csv import fold

        rows = rows.filter(search__contains=fold(asked))
    return render(request, "demo/people.html", {"rows": rows, "asked": asked})


@require_safe
def person(request: HttpRequest, login: str, problem: str = "") -> HttpResponse:
    """One person's phones, passkeys, paper, mail, and what the lab holds of them."""
    row = PersonRow.objects.filter(login=login).first()
    if row is None:
        raise Http404
    state = read_state(settings.HOME.folder)
    scene = _lab()
    try:
        holdings = scene.holdings(login)
    except Refusal:
        holdings = None
    contacts = list(ContactRow.objects.filter(person=row))
    mails = [mail for contact in contacts if "@" in contact.value for mail in scene.list_mail(contact.value)]
    context: dict[str, Any] = {
        "person": row,
        "contacts": contacts,
        "screens": [Screen(phone, show(phone.uri, phone.counter)) for phone in state.phones if phone.owner == login],
        "keys": [key for key in state.keys if key.owner == login],
        "paper": state.paper.get(login, []),
        "holdings": holdings,
        "calls": scene.list_calls(login),
        "in_hand": [(_called(method), answer) for method, answer in scene.list_open_checks(login)],
        "mails": [{"mail": mail, "html": linked(mail.text)} for mail in sorted(mails, key=lambda mail: -mail.n)[:MAILS_SHOWN]],
        "audit": list(reversed(scene.list_audit(login, limit=30))),
        "problem": problem,
    }
    return render(request, "demo/person.html", context, status=422 if problem else 200)


@require_safe
def codes(request: HttpRequest, login: str) -> JsonResponse:
    """The codes of now, for the module that keeps an open page fresh. `staff` gives those of the example staff."""
    if login == "staff":
        shown = {desk.sign_in.login: desk.shown for desk in _desks()}
    else:
        state = read_state(settings.HOME.folder)
        shown = {phone.id: show(phone.uri, phone.counter) for phone in state.phones if phone.owner == login}
    return JsonResponse({"codes": {key: {"code": one.code, "left": one.left_s} for key, one in shown.items()}})


@require_POST
def scan(request: HttpRequest, login: str) -> HttpResponseBase:
    """A new phone scans: it takes the address behind a QR code, or the key under it."""
    if not PersonRow.objects.filter(login=login).exists():
        raise Http404
    try:
        uri = read_scan(request.POST.get("scan", ""), login)
    except Invalid as error:
        return person(_as_get(request), login, error.what)
    with changing_state(settings.HOME.folder) as state:
        mine = [phone for phone in state.phones if phone.owner == login]
        if len(mine) >= MAX_PHONES:
            state.phones.remove(mine[0])
        label = f"New phone, added {clock_words(datetime.now(UTC))}"
        state.phones.append(Phone(uuid.uuid4().hex, login, label, uri))
    return redirect(reverse("demo:person", args=[login]) + "#phones")


@require_POST
def press(request: HttpRequest, login: str) -> HttpResponseBase:
    """Press the button of a token that counts."""
    with changing_state(settings.HOME.folder) as state:
        for phone in state.phones:
            if phone.owner == login and phone.id == request.POST.get("phone"):
                phone.counter += 1
    return redirect(reverse("demo:person", args=[login]) + "#phones")


@require_safe
def mailboxes(request: HttpRequest) -> HttpResponse:
    """All mail of the example organisation, newest first."""
    scene = _lab()
    page = Paginator(scene.list_mail(), 30).get_page(request.GET.get("page"))
    owners = {row.value: row.person for row in ContactRow.objects.select_related("person")}
    lines = [{"mail": mail, "owner": owners.get(mail.to), "html": linked(mail.text)} for mail in page]
    return render(request, "demo/mail.html", {"lines": lines, "page": page})


@require_safe
def provider(request: HttpRequest) -> HttpResponse:
    """What the lab provider holds of everybody, and its own log."""
    scene = _lab()
    names = dict(PersonRow.objects.values_list("login", "name"))
    held: dict[str, list[Any]] = {login: [] for login in scene.list_accounts()}
    for login, authenticator in scene.list_authenticators():
        held[login].append(authenticator)
    accounts = [{"login": login, "name": names.get(login, login), "authenticators": found} for login, found in held.items()]
    return render(request, "demo/provider.html", {"accounts": accounts, "audit": list(reversed(scene.list_audit(limit=100)))})


def linked(text: str) -> SafeString:
    """Return `text` escaped, its web addresses made into links."""
    parts, at = [], 0
    for match in _LINK.finditer(text):
        url = match[0].rstrip(".,;)")
        parts += [
            conditional_escape(text[at : match.start()]),
            f'<a href="{conditional_escape(url)}">{conditional_escape(url)}</a>',
        ]
        at = match.start() + len(url)
    parts.append(conditional_escape(text[at:]))
    return mark_safe("".join(parts))  # noqa: S308 - every part was escaped above


def _called(method: str) -> str:
    """Return what the check-in page calls a way to prove oneself."""
    return WAYS[method][0] if method in WAYS else method.replace("_", " ").capitalize()


def _desks() -> list[Desk]:
    state = read_state(settings.HOME.folder)
    return [Desk(one, show(f"otpauth://totp/{one.login}?secret={one.seed}")) for one in state.sign_ins]


def _main_people() -> list[PersonRow]:
    logins = [call.login for call in CALLS] + ["maple.thorne"]
    return sorted(PersonRow.objects.filter(login__in=logins), key=lambda row: logins.index(row.login))


def _as_get(request: HttpRequest) -> HttpRequest:
    request.method = "GET"
    return request
