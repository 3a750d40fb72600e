"""Headers, health and the small pages."""

from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client import REGISTRY

from mfadesk.site import health  # noqa: F401 - registers the counter
from mfadesk.store.models import Heartbeat

pytestmark = pytest.mark.django_db


def test_every_page_carries_a_policy_that_allows_our_own_files_only(client):
    policy = client.get("/sign-in/")["Content-Security-Policy"]
    parts = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    assert parts["default-src"] == "'none'"
    assert parts["script-src"] == parts["style-src"] == parts["form-action"] == "'self'"
    assert parts["frame-ancestors"] == parts["base-uri"] == "'none'"
    assert "unsafe" not in policy and "data:" not in policy and "*" not in policy


def test_pages_are_not_kept_and_not_framed(client):
    answer = client.get("/sign-in/")
    assert answer["Cache-Control"].find("no-store") >= 0
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Referrer-Policy"] == "same-origin"
    assert "camera=()" in answer["Permissions-Policy"]


def test_pages_hold_no_inline_script_or_style(client):
    import re

    page = client.get("/sign-in/").content.decode()
    assert " style=" not in page
    assert not re.search(r"<script(?![^>]*(src=|application/json))", page)
    assert not re.search(r"\son[a-z]+=", page)


def test_another_host_is_turned_away(client):
    assert client.get("/sign-in/", headers={"host": "evil.example"}).status_code == 400


def test_healthz_needs_no_database(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert client.get("/healthz").content == b"alive\n"


def test_readyz_says_what_is_missing_and_then_that_all_is_there(client):
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["checks"] == {"database": "ok", "migrations": "ok", "keys": "ok", "executor": "was never seen"}
    Heartbeat.objects.create(name="executor", at=datetime.now(UTC))
    assert client.get("/readyz").status_code == 200
    Heartbeat.objects.update(at=datetime.now(UTC) - timedelta(minutes=5))
    assert client.get("/readyz").status_code == 503


def test_metrics_are_for_this_machine_or_the_token(client, monkeypatch):
    monkeypatch.setenv("MFADESK_METRICS_TOKEN", "a-long-token")
    assert client.get("/metrics").status_code == 200
    assert client.get("/metrics", REMOTE_ADDR="192.0.2.7").status_code == 403
    assert client.get("/metrics", headers={"x-forwarded-for": "127.0.0.1"}).status_code == 403
    far = client.get("/metrics", REMOTE_ADDR="192.0.2.7", headers={"authorization": "Bearer a-long-token"})
    assert far.status_code == 200
    assert b"mfadesk_cases" in far.content
    assert client.get("/metrics", REMOTE_ADDR="192.0.2.7", headers={"authorization": "Bearer "}).status_code == 403


def test_metrics_without_a_token_are_never_open_to_an_empty_one(client, monkeypatch):
    monkeypatch.delenv("MFADESK_METRICS_TOKEN", raising=False)
    assert client.get("/metrics", REMOTE_ADDR="192.0.2.7", headers={"authorization": "Bearer "}).status_code == 403


@pytest.mark.parametrize(
    "body",
    [b'{"csp-report": {"effective-directive": "script-src"}}', b"", b"[]", b"\xff\xfe", b'{"csp-report": 3}', b"x" * 99_999],
)
def test_browsers_reports_are_counted_whatever_they_hold(client, body):
    before = REGISTRY.get_sample_value("mfadesk_csp_reports_total")
    answer = client.post("/csp-report", body, content_type="application/csp-report")
    assert answer.status_code == 204
    assert REGISTRY.get_sample_value("mfadesk_csp_reports_total") == before + 1


def test_the_side_room_is_not_there_outside_demo_mode(client):
    for path in ("/demo/", "/demo/people/hazel.linden/", "/demo/softkey/token"):
        assert client.get(path).status_code == 404


def test_the_side_room_refuses_to_be_installed_outside_demo_mode():
    from django.core.exceptions import ImproperlyConfigured

    import mfadesk.demo
    from mfadesk.demo.apps import DemoConfig

    with pytest.raises(ImproperlyConfigured):
        DemoConfig("mfadesk.demo", mfadesk.demo).ready()
