"""The live case page with two hundred events beside an empty view: same process, same middleware, same sign-in, rounds in turn.

Both are called through the WSGI handler without a socket, so that the client's own work is no part of either side. The empty view has
the operator's session, which costs it the same look at who is asking. Beside that, without a target: the page by a process that has
never seen the case, and an empty view without any cookie.
"""

from __future__ import annotations

import gzip
import sys
import time
from collections.abc import Callable
from http.cookies import SimpleCookie
from io import BytesIO
from pathlib import Path
from statistics import median
from typing import Any

from bench.rows import Row, print_rows

EVENTS = 200
ROUNDS, ROUND_S = 7, 0.6
TARGET = 0.25


def measure(home: Path) -> list[Row]:
    """Return three rows, and check that the page answers 200 and that the events are all there."""
    from django.conf import settings

    from mfadesk.cli.throwaway import open_throwaway
    from mfadesk.operations.desk import serve_desk

    settings.ROOT_URLCONF = "bench.empty_urls"
    throwaway = open_throwaway(home, seed=0)
    serve_desk(throwaway.desk)
    cookie, case_id = _sign_in(), _long_case(throwaway)
    from mfadesk.site.wsgi import application

    page = _call(application, f"/cases/{case_id}", cookie)
    if page[0] != "200 OK":
        raise AssertionError(f"the case page answered {page[0]}")
    sides: dict[str, list[float]] = {"page": [], "unseen": [], "signed_in": [], "bare": []}
    for _ in range(ROUNDS):
        sides["page"].append(_rate(lambda: _call(application, f"/cases/{case_id}", cookie)))
        sides["unseen"].append(_rate(lambda: (_forget(), _call(application, f"/cases/{case_id}", cookie))))
        sides["signed_in"].append(_rate(lambda: _call(application, "/empty", cookie)))
        sides["bare"].append(_rate(lambda: _call(application, "/empty", "")))
    size = len(gzip.compress(page[1], 9))
    queries = _count_queries(application, f"/cases/{case_id}", cookie)
    what = f"the case page with {EVENTS} events ({size:,} bytes gzipped, {queries} queries) beside an empty view"
    return [
        _row("case_page", what, sides["page"], sides["signed_in"], TARGET,
             "composing six queries, reading the events, and some sixty small pieces of template; the timeline's lines are kept"),
        _row("case_page_unseen", f"{what}, by a process that never saw the case", sides["unseen"], sides["signed_in"], 0,
             "parsing, folding and drawing each event for the first time"),
        _row("case_page_no_session", f"{what} that asks for no session", sides["page"], sides["bare"], 0,
             "who is asking, session and member of staff, costs four times an empty view and is part of every page of staff"),
    ]  # fmt: skip


def _row(id: str, what: str, ours: list[float], peer: list[float], target: float, bound: str) -> Row:
    ratio = median(a / b for a, b in zip(ours, peer, strict=True))
    return Row(id, what, median(ours), median(peer), "pages/s", ratio, target, bound)


def _forget() -> None:
    """Drop what a process keeps of cases that it has seen."""
    from mfadesk.console import jinja_env
    from mfadesk.store import kept

    kept.forget()
    jinja_env.forget_lines()


def _sign_in() -> str:
    """Return the cookie header of an operator who signed in with a second factor."""
    from allauth.mfa.models import Authenticator
    from django.conf import settings
    from django.contrib.auth import get_user_model
    from django.test import Client

    from mfadesk.store.models import StaffMember

    user = get_user_model().objects.create_user("bench")
    StaffMember.objects.create(user=user, desk="bench", roles=["operator"])
    Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data={"secret": ""})
    client = Client()
    client.force_login(user)
    found: SimpleCookie = client.cookies
    return f"{settings.SESSION_COOKIE_NAME}={found[settings.SESSION_COOKIE_NAME].value}"


def _long_case(throwaway: Any) -> str:
    """Return a case of `EVENTS` events: opened for real, then refused proofs until it is long."""
    from mfadesk.operations import open_case
    from mfadesk.ports.people import Actor
    from mfadesk.store.models import ContactRow, PersonRow, StaffMember

    for person_id, login, manager_id in (
        ("p_boss", "rowan", None),
        ("p_bench", "hazel", "p_boss"),
        ("p_peer", "aspen", "p_boss"),
    ):
        PersonRow.objects.create(
            id=person_id, login=login, name=login.capitalize(), search=login, tier="standard", job="Nurse", site="North",
            employment="active", manager_id=manager_id,
        )  # fmt: skip
        for kind, value in (("mail", f"{login}@example.org"), ("mobile", "+49 30 901820"), ("desk_phone", "+49 30 901821")):
            ContactRow.objects.create(person_id=person_id, kind=kind, value=value)
    throwaway.scene.add_account("hazel")
    member = StaffMember.objects.get(desk="bench")
    actor = Actor("staff", str(member.pk), frozenset({"operator"}), None)
    case_id: str = open_case.open_case(throwaway.desk, actor, "p_bench", goal="replace_device")
    throwaway.settle()
    desk = throwaway.desk
    with desk.unit() as unit:
        draft = desk.draft(unit.load(case_id), "executor")
        while draft.state.seq < EVENTS:
            draft.emit("proof_failed", method="totp_existing", reason="wrong", session="")
        unit.commit(draft)
    return case_id


def _call(application: Callable[..., Any], path: str, cookie: str) -> tuple[str, bytes]:
    environ = {
        "REQUEST_METHOD": "GET", "PATH_INFO": path, "QUERY_STRING": "", "SERVER_NAME": "localhost", "SERVER_PORT": "8000",
        "HTTP_HOST": "localhost:8000", "SERVER_PROTOCOL": "HTTP/1.1", "REMOTE_ADDR": "127.0.0.1", "wsgi.url_scheme": "http",
        "wsgi.input": BytesIO(), "wsgi.errors": sys.stderr, "wsgi.version": (1, 0), "wsgi.multithread": False,
        "wsgi.multiprocess": False, "wsgi.run_once": False, **({"HTTP_COOKIE": cookie} if cookie else {}),
    }  # fmt: skip
    status: list[str] = []
    answer = application(environ, lambda line, _headers, _error=None: status.append(line))
    body = b"".join(answer)
    answer.close()
    return status[0], body


def _count_queries(application: Callable[..., Any], path: str, cookie: str) -> int:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as captured:
        _call(application, path, cookie)
    return len(captured)


def _rate(work: Callable[[], object]) -> float:
    began, done = time.perf_counter(), 0
    while (spent := time.perf_counter() - began) < ROUND_S:
        work()
        done += 1
    return done / spent


if __name__ == "__main__":
    from mfadesk.cli.throwaway import set_up_django

    print_rows(measure(set_up_django()))
