"""Who may read what: every operation against every scope, every verb, and everything that is no token."""

from __future__ import annotations

import pytest
from django.contrib.auth import get_user_model

from mfadesk.api.document import document, scopes_by_operation
from mfadesk.operations.answers import PROBLEM_TYPE as PROBLEM
from mfadesk.operations.api_tokens import SCOPES
from tests.api.conftest import BASE

SAMPLES = {"case_id": "case_00000000000000000000", "runbook_id": "device-replacement", "index": "0"}
OPERATIONS = [(told["get"]["operationId"], path) for path, told in document()["paths"].items()]


def address(path):
    return path.removeprefix(BASE).format(**SAMPLES) + ("?first=1" if path.endswith("consistency") else "")


def is_problem(answer, status):
    body = answer.json()
    assert answer.status_code == status == body["status"], answer.content
    assert answer["Content-Type"] == PROBLEM
    assert set(body) - {"errors"} == {"type", "title", "status", "detail", "what_to_do"}
    assert body["type"].startswith("urn:mfadesk:problem:") and body["detail"] and body["what_to_do"]
    return body


def test_every_operation_reads_and_asks_for_one_known_scope():
    assert all(set(told) == {"get"} for told in document()["paths"].values())
    assert set(scopes_by_operation().values()) == set(SCOPES)
    assert len(OPERATIONS) == 12


def test_a_scope_opens_its_own_operations_and_no_other(ask, token_for):
    tokens = {scope: token_for(scope) for scope in SCOPES}
    all_but = {scope: token_for(*(other for other in SCOPES if other != scope)) for scope in SCOPES}
    for operation, path in OPERATIONS:
        needed = scopes_by_operation()[operation]
        for scope, token in tokens.items():
            answer = ask(address(path), token)
            if scope == needed:
                assert answer.status_code in (200, 404, 503), (operation, answer.content)
            else:
                assert is_problem(answer, 403)["type"] == "urn:mfadesk:problem:scope_missing", (operation, scope)
        is_problem(ask(address(path), all_but[needed]), 403)


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete", "options", "trace", "head"])
def test_no_verb_but_get_does_anything(ask, method):
    for operation, path in OPERATIONS:
        answer = ask(address(path), method=method)
        assert answer.status_code == 405 and answer["Allow"] == "GET", operation
        if method != "head":
            assert is_problem(answer, 405)["detail"] == "This API reads and never writes."


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer ", "Basic YTpi", "Token x", "Bearer mfadesk_x", "Bearer null", "bearer\tx"]
)
def test_without_a_good_token_nothing_is_told(ask, header):
    for operation, path in OPERATIONS:
        answer = ask(address(path), token=None, **({"authorization": header} if header else {}))
        is_problem(answer, 401)
        assert answer["WWW-Authenticate"].startswith("Bearer"), operation


def test_a_token_in_the_address_or_a_cookie_is_not_looked_at(ask, token_for):
    token = token_for()
    for name in ("token", "access_token", "authorization"):
        is_problem(ask(f"/cases?{name}={token}", token=None), 401)
        ask.client.cookies[name] = token
    is_problem(ask("/cases", token=None), 401)


def test_a_signed_in_member_of_staff_is_nobody_here(ask, play, db):
    ask.client.force_login(get_user_model().objects.get(username="ash"))
    for path in ("/cases", "/alerts", "/ledger/checkpoint"):
        is_problem(ask(path, token=None), 401)
    # And a token needs no session, nor is it turned away where a browser has one.
    assert ask("/cases").status_code == 200


def test_answers_set_no_cookie_are_not_kept_and_open_to_no_other_origin(ask):
    answer = ask("/cases", origin="https://evil.example")
    assert answer.status_code == 200 and not answer.cookies
    assert "no-store" in answer["Cache-Control"] and answer["X-Content-Type-Options"] == "nosniff"
    assert "Access-Control-Allow-Origin" not in answer and "default-src 'none'" in answer["Content-Security-Policy"]


def test_another_host_is_turned_away(ask):
    is_problem(ask("/cases", host="evil.example"), 400)


def test_an_unknown_address_is_a_problem_too(ask):
    for path in ["/nothing", "/cases/", "/../cases", "/v2/cases", "/cases/case_1/evidence/more"]:
        is_problem(ask.client.get(BASE + path, follow=True), 404)


def test_too_many_wrong_tokens_are_told_to_wait(ask):
    for _ in range(30):
        is_problem(ask("/cases", token="mfadesk_x"), 401)
    answer = ask("/cases")
    is_problem(answer, 429)
    assert answer["Retry-After"] == "900"


def test_behind_a_proxy_each_address_is_a_source_of_its_own(ask, settings):
    settings.PROXIES = 1
    for _ in range(31):
        answer = ask("/cases", token="mfadesk_x", **{"x-forwarded-for": "203.0.113.5, 198.51.100.7"})
    is_problem(answer, 429)
    # What a client writes in front of the proxy's own entry is not believed.
    is_problem(ask("/cases", **{"x-forwarded-for": "203.0.113.6, 198.51.100.7"}), 429)
    assert ask("/cases", **{"x-forwarded-for": "198.51.100.8"}).status_code == 200


def test_a_fault_of_ours_is_a_problem_without_detail(ask, monkeypatch, capsys):
    from mfadesk.operations import outside_view

    def fall_over(*_):
        raise RuntimeError("the inside: hazel@fernhollow.example")

    monkeypatch.setattr(outside_view, "list_cases", fall_over)
    answer = ask("/cases")
    is_problem(answer, 500)
    assert b"inside" not in answer.content and b"hazel" not in answer.content


def test_a_database_that_is_away_is_a_503_and_no_fault(ask, monkeypatch):
    from django.db import OperationalError

    from mfadesk.operations import outside_view

    def is_away(*_):
        raise OperationalError("could not connect to server at db.internal")

    monkeypatch.setattr(outside_view, "list_cases", is_away)
    answer = ask("/cases")
    is_problem(answer, 503)
    assert b"db.internal" not in answer.content
