"""Exhaustive authorization: every address, every method, every role, every state of a case; what the table does not allow is refused."""

from __future__ import annotations

import re

import pytest
from django.db import connection

from mfadesk.operations.desk import serve_desk
from mfadesk.operations.sayings import NOTICED
from tests.authorization.stage import STAFF, STATES, Stage, every_address, written
from tests.authorization.table import ADDRESSES, PERSONS_ACTS, READERS, SILENT, STAFF_ACTS
from tests.road.play import Play

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
REFUSALS = {400, 401, 403, 404, 405, 409, 410, 422, 429}

AT_DOORS = ("anonymous", "half signed in", "operator", "administrator", "author")
"""Doors tell these apart; which role does what behind them is the matrix's."""

PERSON_SAYS = {
    "answer": {"answer": "yes"}, "call-words": {"words": "not these"}, "proofs": {"method": "totp_existing", "code": "123456"},
    "passkey": {"response": "{}"}, "kind": {"kind": "totp"}, "resync": {"first": "123456", "second": "654321"},
    "test": {"code": "000000"},
}  # fmt: skip


@pytest.fixture
def stage(throwaway):
    if connection.vendor != "sqlite":
        pytest.skip("each cell begins from one moment of the database, which is taken on SQLite")
    serve_desk(throwaway.desk)
    yield Stage(Play(throwaway)).build()
    serve_desk(None)


def says(stage, verb, state):
    """Return what a form of the page would send for this act, so that nothing but the matrix refuses it."""
    play, case = stage.play, stage.play.state(stage.cases[state])
    signal = next(name for name in NOTICED if name in play.desk.policy.signals)
    return {
        "answers": {"step_id": case.step, "answer": "gone", "expected_version": case.seq},
        "ending": {"ending": "caller_hung_up", "expected_version": case.seq}, "vouch-requests": {"which": "manager"},
        "out-of-reach": {"authenticator": stage.survivors[state], "reason": "elsewhere"}, "signals": {"signal": signal},
        "attestations/options": {"statement": "passed", "method": "in_person_badge", "value": "seen"},
        "review": {"response": "{}"}, "attestations": {"response": "{}"}, "approvals": {"response": "{}", "reason": "fine"},
        "approvals/options": {"answer": "yes", "reason": "fine", "over": "x"},
    }.get(verb, {})  # fmt: skip


def is_refused(answer) -> bool:
    return answer.status_code in REFUSALS or (answer.status_code == 302 and answer.url.startswith(("/sign-in/", "/account/")))


def test_every_address_has_a_row_and_every_row_an_address():
    routes = {route for route, callback in every_address() if not (route == "api/v1/" and "default_home" in repr(callback))}
    assert routes == set(ADDRESSES)
    case_acts = {
        route.removeprefix("cases/<str:case_id>/")
        for route, row in ADDRESSES.items()
        if row == ("staff", ("POST",)) and "<" in route
    }
    assert case_acts | {"ending"} == set(STAFF_ACTS)
    persons = {
        route.removeprefix("me/case/")
        for route, (door, methods) in ADDRESSES.items()
        if door == "browser" and "POST" in methods
    }
    assert persons == set(PERSONS_ACTS)


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("verb", STAFF_ACTS)
def test_staff_do_what_the_table_allows_and_nothing_else(stage, verb):
    moment, wrong = stage.play.throwaway.mark(), []
    for state in STATES:
        for column in STAFF:
            client, data, before = stage.client(column, state), says(stage, verb, state), written()
            answer = client.post(f"/cases/{stage.cases[state]}/{verb}", data)
            stage.play.settle()
            changed, allowed = written() != before, state in STAFF_ACTS[verb].get(column, ())
            said_yes = answer.status_code == 302 and not is_refused(answer)
            if allowed:
                fits = changed and said_yes
            elif state in SILENT.get((verb, column), ()):
                fits = said_yes and not changed
            else:
                fits = is_refused(answer) and not changed
            if not fits:
                wrong.append((state, column, answer.status_code, "wrote" if changed else "wrote nothing"))
            stage.play.throwaway.return_to(moment)
    assert wrong == []


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_persons_acts_come_from_the_one_browser_of_the_case_in_the_right_state(stage):
    moment, wrong = stage.play.throwaway.mark(), []
    for verb, states in PERSONS_ACTS.items():
        for state in stage.cookies:
            for kind in ("none", "made up", "own"):
                client, before = stage.person(state, kind), written()
                answer = client.post(f"/me/case/{verb}", PERSON_SAYS.get(verb, {}))
                stage.play.settle()
                changed = written() != before
                if kind != "own":
                    fits = not changed and (answer.status_code, answer.url) == (302, "/me/")
                else:
                    fits = changed == (state in states) and answer.status_code < 500
                if not fits:
                    wrong.append((verb, state, kind, answer.status_code, "wrote" if changed else "wrote nothing"))
                stage.play.throwaway.return_to(moment)
    assert wrong == []


@pytest.mark.slow
def test_a_case_is_read_and_its_record_exported_by_these_roles_alone(stage):
    wrong = []
    for state in STATES:
        for column in STAFF:
            client = stage.client(column, state)
            for what, path in (("case", ""), ("record", "/record")):
                answer = client.get(f"/cases/{stage.cases[state]}{path}")
                if (answer.status_code == 200) != (column in READERS[what]) or not (
                    answer.status_code == 200 or is_refused(answer)
                ):
                    wrong.append((what, state, column, answer.status_code))
    assert wrong == []


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_every_method_of_every_address_stops_at_its_door(stage):
    case, wrong = stage.cases["proving"], []
    clients = {column: stage.client(column, "proving") for column in AT_DOORS}
    for route, (door, methods) in ADDRESSES.items():
        path = "/" + route.replace("<str:case_id>", case).replace("<case_id>", case).replace("<index>", "0")
        path = path.replace("<str:digest>", "0" * 64).replace("<str:draft_id>", "draft_0")
        path = re.sub(r"<runbook_id>", "replaced-phone", re.sub(r"<str:token>", "0" * 26, path.replace("<int:pk>", "1")))
        for method in METHODS:
            for column, client in clients.items():
                if door == "sign-in" and column != "anonymous":
                    continue
                before = written()
                # Each from a place of its own: wrong tokens from one place are counted, and security hears.
                answer = client.generic(method, path, REMOTE_ADDR=f"198.51.{METHODS.index(method)}.{STAFF.index(column)}")
                broke = answer.status_code >= 500 and path != "/readyz"
                # What a signed-in member of staff posts to a case is played act by act above.
                played = door == "staff" and method == "POST" and column not in ("anonymous", "half signed in")
                fits = not broke and (played or written() == before) and _stops(door, column, method, methods, answer)
                if not fits:
                    wrong.append((method, path, column, answer.status_code, getattr(answer, "url", "")))
    assert wrong == []


def _stops(door, column, method, methods, answer) -> bool:
    """Return whether an empty request got no further than its door."""
    status, where = answer.status_code, getattr(answer, "url", "")
    if methods is not None and method not in methods:
        # The wrong method, or whatever the door said before it looked at the method.
        return status in {401, 403, 404, 405} or (status == 302 and where.startswith(("/sign-in/", "/account/", "/me/")))
    if door == "token":
        return status == 401
    if door == "browser":
        return (status, where) == (302, "/me/") or (status == 302 and where == "/account/")
    if door in ("staff", "administrator", "author") and column == "anonymous":
        return (status == 302 and where.startswith("/sign-in/")) or (door == "administrator" and status == 404)
    if door in ("staff", "administrator", "author") and column == "half signed in":
        return (status, where) == (302, "/account/")
    if door == "administrator" and column != "administrator":
        return status == 404
    if door == "author" and column != "author":
        return status in (403, 409)
    return True
