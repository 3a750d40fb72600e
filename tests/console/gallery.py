"""A small server that draws every page from the samples, with the real templates, views, styles and a strict content policy.

Run it to look at pages: ``python tests/console/gallery.py 8123``. It keeps its state in memory and knows no store, so what it shows is
what the pages make of a view and nothing else. ``/gallery`` lists everything; the tests drive the same addresses with Chromium.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from socketserver import ThreadingMixIn
from types import SimpleNamespace
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(ROOT), str(HERE)]

from django.conf import settings  # noqa: E402

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)


def strict_policy(get_response: Any) -> Any:
    """Middleware: the policy that the product sends, and a member of staff who is signed in."""
    from mfadesk.ports.people import Actor

    def middleware(request: Any) -> Any:
        request.staff_actor = (
            None if "signed-out" in request.COOKIES else Actor("staff", "rowan", frozenset({"operator"}), "p-rowan")
        )
        if request.staff_actor and request.path.startswith("/runbooks"):
            request.staff_actor = Actor("staff", "rowan", frozenset({"author"}), "p-rowan")
        request.staff_name = "Rowan Ash"
        response = get_response(request)
        response["Content-Security-Policy"] = POLICY
        return response

    return middleware


def configure() -> None:
    """Set Django up for the gallery alone."""
    settings.configure(
        DEBUG=False,
        SECRET_KEY="for pictures only",
        ALLOWED_HOSTS=["*"],
        ROOT_URLCONF="gallery",
        USE_TZ=True,
        TIME_ZONE="UTC",
        CONFIG=SimpleNamespace(organisation="Fernhollow"),
        LOGIN_URL="/sign-in",
        INSTALLED_APPS=[
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "django.contrib.staticfiles",
            "django_htmx",
            "mfadesk.store.apps.StoreConfig",
            "mfadesk.console",
            "mfadesk.api",
        ],
        STATIC_URL="/static/",
        LOGGING={
            "version": 1,
            "disable_existing_loggers": False,
            "handlers": {"errors": {"class": "logging.StreamHandler", "level": "ERROR"}},
            "loggers": {"django.request": {"handlers": ["errors"], "propagate": False}},
        },
        WHITENOISE_USE_FINDERS=True,
        WHITENOISE_AUTOREFRESH=True,
        MIDDLEWARE=[
            "whitenoise.middleware.WhiteNoiseMiddleware",
            "django.middleware.csrf.CsrfViewMiddleware",
            "gallery.strict_policy",
        ],
        TEMPLATES=[
            {
                "BACKEND": "django.template.backends.jinja2.Jinja2",
                "DIRS": [ROOT / f"mfadesk/{room}/jinja" for room in ("console", "portal", "api")],
                "OPTIONS": {"environment": "mfadesk.console.jinja_env.environment"},
            }
        ],
    )


# Django looks this module up by name for its addresses and its middleware; it must find the one that runs, not a second copy.
sys.modules["gallery"] = sys.modules[__name__]
configure()

import django  # noqa: E402

django.setup()

import samples  # noqa: E402
from django.core.exceptions import PermissionDenied  # noqa: E402
from django.http import HttpRequest, HttpResponse  # noqa: E402
from django.shortcuts import redirect  # noqa: E402
from django.urls import include, path  # noqa: E402
from django.utils import timezone  # noqa: E402
from django.views.decorators.csrf import csrf_exempt  # noqa: E402

from mfadesk.console import verbs as console_verbs  # noqa: E402
from mfadesk.kernel.case_code import parse_case_code  # noqa: E402
from mfadesk.kernel.errors import Invalid, Refusal, Unavailable  # noqa: E402
from mfadesk.portal import verbs as portal_verbs  # noqa: E402

ROAD = ("confirm", "prove", "choose", "enrol", "test", "done")
CALL = ("ask", "verify", "waiting", "instruct", "changed")


class Desk:
    """What the made-up desk remembers while it runs."""

    def __init__(self) -> None:
        self.cases: dict[str, str] = {}
        """Live cases by id, each at one of the samples; a sample's own id always shows that sample."""
        self.versions: dict[str, int] = {}
        self.sessions: dict[str, str] = {}
        self.calls = samples.CALLS
        self.acts: list[tuple[str, ...]] = []

    def case(self, case_id: str) -> Any:
        name = self.cases.get(case_id, case_id)
        if name not in samples.CASES:
            raise Refusal("not_found", "It was never opened, or its address is not whole.")
        return replace(samples.CASES[name], id=case_id, version=self.versions.get(case_id, samples.CASES[name].version))

    def move(self, case_id: str, to: str = "") -> None:
        name = self.cases.get(case_id, case_id)
        self.cases[case_id] = to or CALL[min(CALL.index(name) + 1, len(CALL) - 1)]
        self.versions[case_id] = self.case(case_id).version + 100

    def note(self, *act: str) -> None:
        self.acts.append(act)


DESK = Desk()


def _answer(actor: Any, case_id: str, step_id: str, value: str, expected_version: int) -> None:
    if expected_version != DESK.case(case_id).version:
        raise Refusal("stale", "The case has moved on since this page was loaded. Look again before you answer.")
    DESK.note("answer", case_id, step_id, value)
    DESK.move(case_id)


def _open(actor: Any, person_id: str | None, said_name: str, channel: str, caller: str, goal: str) -> str:
    DESK.note("open", person_id or "", said_name, channel, caller, goal)
    case_id = f"live{len(DESK.cases)}"
    DESK.cases[case_id] = "ask"
    return case_id


def _end(actor: Any, case_id: str, ending: str, expected_version: int) -> None:
    DESK.note("end", case_id, ending)
    DESK.move(case_id, "nochange")


def _redeem(source_ip: str, code: str, cookie: str = "") -> str:
    if parse_case_code(code) != samples.GOOD_CODE:
        raise Invalid("code", "That case code is not open. Check it with the person on the phone.")
    key = f"session{len(DESK.sessions)}"
    DESK.sessions[key] = "confirm"
    return key


def _forward(session: str) -> None:
    DESK.sessions[session] = ROAD[min(ROAD.index(DESK.sessions[session]) + 1, len(ROAD) - 1)]


def _prove(session: str, method: str, code: str) -> None:
    if code != "123456":
        raise Invalid("code", "That code did not fit. Your account has not changed. Type the next one.")
    _forward(session)


def _unavailable(*_: Any) -> None:
    raise Unavailable("provider", "The sign-in service did not answer. Nothing changed. We try again at 14:35.")


def _stop(session: str) -> None:
    DESK.sessions[session] = "stopped"


def _sheet(actor: Any, digest: str, wrong: int, at: int) -> Any:
    """Return a version of the shelf by its id, or a broken one beside the one that it would replace."""
    from datetime import UTC, datetime

    from mfadesk.assurance.policy import load_policy
    from mfadesk.drawing.flow_map import draw_change
    from mfadesk.operations.publishing import Comparison
    from mfadesk.operations.workbench import Happened, lay_sheet
    from mfadesk.prover.change import find_effect
    from mfadesk.prover.prove import prove
    from mfadesk.runbook.compare import compare
    from mfadesk.runbook.parse import parse_runbook
    from mfadesk.runbook.shelf import load_shelf
    from mfadesk.runbook.write import write_runbook

    policy, old = load_policy(None), load_shelf()["time-boxed-bypass" if digest == "broken" else digest]
    if digest != "broken":
        happened = (Happened("Put in force", datetime(2026, 11, 20, 9, 30, tzinfo=UTC), "Desk 1"),)
        return lay_sheet(old, prove(old, policy), "In force, proved", "done", happened, ("retire",), None, "", wrong, at)
    bad = parse_runbook(write_runbook(old).replace('when: decision == "allowed"', 'when: decision != "allowed"'), "broken.yaml")
    proof = prove(bad, policy)
    change = Comparison(
        old, bad, proof, compare(old, bad), find_effect(old, bad, policy), *draw_change(old, bad, standalone=False)
    )
    state = "Not proved under today's policy"
    return lay_sheet(bad, proof, state, "refused", (), ("offer",), change, old.digest, wrong, at)


def _shelf(actor: Any) -> Any:
    from datetime import UTC, datetime

    from mfadesk.operations.workbench import Happened, Shelf, Version
    from mfadesk.runbook.shelf import load_shelf

    books = load_shelf().values()
    force = tuple(Version(book.id, book.title, book.version, "In force, proved", "done", None) for book in books)
    last = Happened("Offered for review", datetime(2026, 11, 24, 9, 30, tzinfo=UTC), "Desk 1")
    waits = Version("broken", "A time-boxed bypass", 4, "Waits for a review by somebody else", "waiting", last)
    return Shelf((waits,), (), force, (), waits, "A time-boxed bypass waits for a review, and you may give it.")


class Drafts:
    """Drafts in memory, saved and merged by the same rules as the real ones."""

    def __init__(self) -> None:
        self.kept: dict[str, tuple[int, str]] = {}

    def read(self, actor: Any, draft_id: str) -> Any:
        from datetime import UTC, datetime

        from mfadesk.operations.drafts import BLANK, Draft

        revision, text = self.kept.setdefault(draft_id, (1, BLANK))
        at = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
        return Draft(draft_id, "A new runbook", text, revision, "Desk 1", at, self.check(text))

    def check(self, text: str) -> Any:
        from mfadesk.assurance.policy import load_policy
        from mfadesk.operations import drafts

        return drafts.check(SimpleNamespace(policy=load_policy(None)), drafts.tidy(text))

    def save(self, actor: Any, draft_id: str, revision: int, base: str, text: str, chosen: Any = None) -> Any:
        from mfadesk.operations.drafts import Clash, tidy
        from mfadesk.operations.merging import count_clashes, join, merge

        base, text = tidy(base), tidy(text)
        now, kept = self.kept[draft_id]
        parts = merge(base, kept, text)
        joined = text if chosen is None else join(parts, chosen)
        if now != revision or joined is None:
            return Clash(now, "Desk 2", base, text, parts, count_clashes(parts))
        self.kept[draft_id] = (now + 1, joined)
        return now + 1


DRAFTS = Drafts()
PLAYED = {
    "list_drafts": lambda actor: (),
    "draft": DRAFTS.read,
    "save_draft": DRAFTS.save,
    "check_draft": DRAFTS.check,
    "shelf": _shelf,
    "sheet": _sheet,
    "calls": lambda actor: DESK.calls,
    "find_people": lambda actor, text: tuple(p for p in samples.PEOPLE if text.casefold() in p.name.casefold()),
    "goals": lambda: samples.GOALS,
    "case": lambda actor, case_id: DESK.case(case_id),
    "case_version": lambda case_id: DESK.case(case_id).version,
    "open_case": _open,
    "answer": _answer,
    "take_over": lambda actor, case_id: DESK.move(case_id, "verify"),
    "end_case": _end,
    "send_link": _unavailable,
    "new_code": lambda actor, case_id: DESK.note("code", case_id),
    "ask_voucher": lambda actor, case_id, which: (DESK.note("vouch", case_id, which), DESK.move(case_id, "waiting")),
    "thaw": lambda actor, case_id: DESK.move(case_id, "verify"),
    "note_signal": lambda actor, case_id, signal: DESK.note("signal", case_id, signal),
    "drop_browser": lambda actor, case_id: DESK.note("browser", case_id),
    "note_pressure": lambda actor, case_id: DESK.note("pressure", case_id),
    "begin_attestation": lambda actor, case_id, method, statement, value: {
        "challenge": "AAAA",
        "rpId": "localhost",
        "timeout": 1000,
    },
    "finish_attestation": lambda actor, case_id, response: (
        DESK.note("attest", case_id, str(response["type"])),
        DESK.move(case_id),
    ),
    "begin_approval": lambda actor, case_id, answer, reason, over: {"challenge": "AAAA", "rpId": "localhost", "timeout": 1000},
    "finish_approval": lambda actor, case_id, reason, response: (
        DESK.note("approve", case_id, reason, str(response["type"])),
        DESK.move(case_id, "instruct"),
    ),
    "note_out_of_reach": lambda actor, case_id, which, why, words: DESK.note("out-of-reach", case_id, which, why),
    "begin_own_key": lambda actor: {"challenge": "AAAA"},
    "finish_own_key": lambda actor, response: {"challenge": "AAAA"},
    "begin_desk_key": lambda actor, invitation: {
        "challenge": "AAAA",
        "rp": {"name": "desk"},
        "user": {"id": "AAAA", "name": "r", "displayName": "r"},
    },
    "finish_desk_key": lambda actor, response: DESK.note("desk-key"),
    "export_case": lambda actor, case_id: b"record",
}
PLAYED_PORTAL = {
    "find_session": lambda cookie, source="": cookie if cookie in DESK.sessions else None,
    "portal": lambda session: samples.PORTALS[DESK.sessions[session]],
    "vouch": lambda token: samples.VOUCHES.get(token, samples.VOUCHES["nothing"]),
    "not_me": lambda token: samples.NOT_MES.get(token, samples.NOT_MES["ended"]),
    "redeem_code": _redeem,
    "redeem_link": lambda ip, token, cookie="": _redeem(ip, samples.GOOD_CODE),
    "type_words": lambda session, typed: DESK.note("words", typed),
    "confirm": lambda session, yes: _forward(session) if yes else _stop(session),
    "prove_with_code": _prove,
    "prove_with_service": lambda session, method, response: _forward(session),
    "begin_service": lambda session, method: {"begin": {"asks_for": "Sign in on your work laptop.", "answered_by": "device"}},
    "begin_passkey": lambda session: {"challenge": "AAAA", "rpId": "localhost", "timeout": 1000},
    "finish_passkey": lambda session, response: _forward(session),
    "choose_kind": lambda session, kind: _forward(session),
    "begin_enrolment": lambda session: (DESK.sessions.update({session: "test"}), samples.ENROLMENT)[1],
    "test_code": lambda session, code: _prove(session, "totp", code),
    "report": _stop,
    "begin_vouch": lambda token, statement, value: {"challenge": "AAAA", "rpId": "localhost", "timeout": 1000},
    "finish_vouch": lambda token, response: DESK.note("vouched", token),
    "not_me_act": lambda token: DESK.note("not-me", token),
}


def play() -> None:
    """Put the made-up desk behind the pages, and stop its clock."""
    for module, played in ((console_verbs, PLAYED), (portal_verbs, PLAYED_PORTAL)):
        for name, act in played.items():
            setattr(module, name, act)
    timezone.now = lambda: samples.NOW


def index(request: HttpRequest) -> HttpResponse:
    """List what there is to look at."""
    links = ["/", "/gallery/empty", "/cases/new", "/cases/new?q=hazel", "/desk-key", "/me/"]
    links += [f"/cases/{name}" for name in samples.CASES] + ["/cases/verify/ending"]
    links += [f"/gallery/portal/{name}" for name in [*samples.PORTALS, "enrolment"]]
    links += [f"/vouch/{name}" for name in samples.VOUCHES] + [f"/me/not-me/{name}" for name in samples.NOT_MES]
    return HttpResponse("".join(f'<p><a href="{link}">{link}</a></p>' for link in links))


def portal(request: HttpRequest, name: str) -> HttpResponse:
    """Give this browser a session at one of the samples."""
    DESK.sessions[f"at-{name}"] = name
    response = redirect("/me/case")
    response.set_cookie("mfadesk_claimant", f"at-{name}", path="/me/", httponly=True)
    return response


@csrf_exempt
def move(request: HttpRequest, case_id: str, to: str) -> HttpResponse:
    """Let something happen in a case that no browser did."""
    DESK.move(case_id, to)
    return HttpResponse("moved")


def turn(request: HttpRequest, name: str, to: str) -> HttpResponse:
    """Let a person's session go on without their browser."""
    DESK.sessions[f"at-{name}"] = to
    return HttpResponse("turned")


@csrf_exempt
def acts(request: HttpRequest) -> HttpResponse:
    """Tell what was done so far."""
    return HttpResponse("\n".join(" ".join(act) for act in DESK.acts), content_type="text/plain")


def empty(request: HttpRequest) -> HttpResponse:
    """Show screen 1 on a quiet day."""
    from mfadesk.console import views_calls

    full, DESK.calls = DESK.calls, samples.EMPTY_CALLS
    try:
        return views_calls.calls(request)
    finally:
        DESK.calls = full


def forbidden(request: HttpRequest) -> HttpResponse:
    raise PermissionDenied


def broken(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("on purpose")


urlpatterns = [
    path("gallery", index),
    path("gallery/portal/<str:name>", portal),
    path("gallery/move/<str:case_id>/<str:to>", move),
    path("gallery/turn/<str:name>/<str:to>", turn),
    path("gallery/acts", acts),
    path("gallery/empty", empty),
    path("gallery/forbidden", forbidden),
    path("gallery/broken", broken),
    path("api/v1/", include("mfadesk.api.urls")),
    path("", include("mfadesk.console.urls")),
    path("", include("mfadesk.portal.urls")),
]


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_: Any) -> None:
        """Say nothing: the tests read standard output."""


def serve(port: int) -> None:
    """Serve the gallery on loopback until the process ends; the first line of output is its address."""
    from django.core.wsgi import get_wsgi_application

    play()
    server = make_server("127.0.0.1", port, get_wsgi_application(), server_class=_Server, handler_class=_Quiet)
    sys.stdout.write(f"http://localhost:{server.server_port}\n")
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    serve(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
