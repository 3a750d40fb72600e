"""What a browser or a stranger can do with HTTP alone: fixed sessions, frames, hosts, redirects, large and deep bodies."""

from __future__ import annotations

import io

import pytest
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.auth import get_user_model

from mfadesk.operations import codes
from mfadesk.operations.desk import serve_desk
from mfadesk.portal.door import COOKIE
from tests.road.play import Play
from tests.site.test_staff_sign_in import code_now, member, sign_in, with_app  # noqa: F401 - fixtures

PAGES = ("/", "/sign-in/", "/sign-in/second-step/", "/me/", "/me/case", "/me/link/0000000000", "/vouch/0000000000", "/me/not-me/0000000000",
         "/invite/0000000000/", "/no-such-page", "/healthz", "/readyz", "/api/v1/", "/api/v1/cases", "/favicon.ico")  # fmt: skip


@pytest.fixture
def play(throwaway):
    serve_desk(throwaway.desk)
    yield Play(throwaway)
    serve_desk(None)


def at_code(play):
    hazel = play.person("hazel")
    play.scene.add_authenticator(hazel.login, "totp", "Phone", last_used_at=play.days_ago(40))
    case = play.open(hazel)
    play.answer(case, authenticator="gone", new_device="at_hand", restored="name_only")
    return case, codes.read_code(play.desk, case)


@pytest.mark.django_db
def test_a_staff_session_that_somebody_planted_is_not_the_one_that_is_signed_in(client, with_app):  # noqa: F811
    planted = "k" * 32
    client.cookies[settings.SESSION_COOKIE_NAME] = planted
    sign_in(client)
    assert client.cookies[settings.SESSION_COOKIE_NAME].value != planted
    before = client.session.session_key
    client.post("/sign-in/second-step/", {"code": code_now()})
    assert client.session.get("_auth_user_id") and client.session.session_key not in (planted, before)


def test_a_claimants_cookie_that_somebody_planted_is_not_the_one_that_opens_the_case(play, client):
    _case, code = at_code(play)
    planted = "a" * 43
    client.cookies[COOKIE] = planted
    assert client.post("/me/code", {"code": code}).url == "/me/case"
    given = client.cookies[COOKIE]
    assert given.value != planted and len(given.value) >= 22
    assert given["httponly"] and given["path"] == "/me/" and given["samesite"] == "Lax"
    client.cookies[COOKIE] = planted
    assert client.get("/me/case").url == "/me/"


@pytest.mark.django_db
@pytest.mark.parametrize("path", PAGES)
def test_nothing_of_the_desk_is_shown_in_anybodys_frame_or_guessed_at(client, path):
    client.raise_request_exception = False
    for answer in (client.get(path), client.post(path), client.generic("PUT", path)):
        assert answer["X-Frame-Options"] == "DENY"
        assert "frame-ancestors 'none'" in answer["Content-Security-Policy"]
        assert answer["X-Content-Type-Options"] == "nosniff"


ELSEWHERE = ("https://evil.example/", "//evil.example/", "/\\evil.example", "https:evil.example", "javascript:alert(1)", "\thttps://evil.example",
             "http://localhost@evil.example/", "///evil.example")  # fmt: skip


@pytest.mark.django_db
@pytest.mark.parametrize("where", ELSEWHERE)
def test_no_page_sends_a_browser_somewhere_else(client, with_app, where):  # noqa: F811
    assert client.post("/theme", {"theme": "dark", "next": where}).url == "/"
    answer = client.post(f"/sign-in/?next={where}", {"login": "juniper", "password": "calm paper, one step", "next": where})
    answer = client.post("/sign-in/second-step/", {"code": code_now(), "next": where})
    assert client.session.get("_auth_user_id")
    assert answer.url.startswith("/") and not answer.url.startswith(("//", "/\\")) and "evil" not in answer.url


@pytest.mark.django_db
@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "localhost:8000@evil.example", "evil.example:80", ""]
)
def test_a_host_that_is_not_ours_is_refused_on_every_kind_of_page(client, host):
    client.raise_request_exception = False
    for path in ("/", "/me/", "/sign-in/", "/api/v1/cases", "/invite/0000000000/"):
        answer = client.get(path, HTTP_HOST=host) if host else client.get(path, HTTP_HOST="\\")
        assert answer.status_code == 400
        assert b"evil" not in answer.content


def test_links_in_letters_come_from_the_configuration_and_never_from_a_request(play, client):
    case, _code = at_code(play)
    owner = get_user_model().objects.get(username="ash")
    Authenticator.objects.create(user=owner, type=Authenticator.Type.TOTP, data={})
    client.force_login(owner)
    assert (
        client.post(f"/cases/{case}/link", HTTP_X_FORWARDED_HOST="evil.example", HTTP_ORIGIN="http://evil.example").status_code
        == 302
    )
    play.settle()
    texts = [mail.text for mail in play.scene.list_mail()]
    assert any(f"{settings.CONFIG.public_url}/me/link/" in text for text in texts)
    assert not any("evil" in text for text in texts)


def test_a_body_that_is_too_large_or_has_too_many_fields_is_refused_before_it_is_read(play, client):
    client.raise_request_exception = False
    at_code(play)
    for path in ("/me/code", "/sign-in/", "/theme"):
        assert client.post(path, {"code": "x" * (settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1)}).status_code in (400, 413)
        many = {f"f{n}": "1" for n in range(settings.DATA_UPLOAD_MAX_NUMBER_FIELDS + 1)}
        assert client.post(path, many).status_code == 400
    assert client.post("/csp-report", "x" * 10_000_000, content_type="application/json").status_code in (204, 400, 413)


def test_a_file_that_is_sent_is_kept_nowhere(play, client, tmp_path, settings):
    settings.FILE_UPLOAD_TEMP_DIR = str(tmp_path)
    client.raise_request_exception = False
    at_code(play)
    upload = io.BytesIO(b"x" * 6_000_000)
    upload.name = "../../evil.txt"
    assert client.post("/me/code", {"code": "ABC-DEF", "file": upload}).status_code in (400, 409, 413)
    assert list(tmp_path.iterdir()) == []


HOSTILE_BODIES = ("[" * 20_000, '{"a":' * 5_000, '{"id": "\\ud800", "rawId": "x", "response": {}}', '{"rawId": 1e400}', '{"rawId": ' + "9" * 5_000 + "}",
                  '{"id": {"id": {"id": {}}}, "rawId": []}', "null", '"x"', "{", "NaN")  # fmt: skip


@pytest.mark.parametrize("body", HOSTILE_BODIES, ids=range(len(HOSTILE_BODIES)))
def test_an_answer_of_a_passkey_that_is_none_is_refused_and_never_a_fault(play, client, body):
    case, code = at_code(play)
    client.raise_request_exception = False
    client.post("/me/code", {"code": code})
    client.post("/me/case/answer", {"answer": "yes"})
    before = play.state(case).seq
    for answer in (
        client.post("/me/case/passkey", {"response": body}), client.post("/me/case/passkey", body, content_type="application/json"),
    ):  # fmt: skip
        assert answer.status_code in (400, 409, 422), answer.status_code
    play.settle()
    assert play.state(case).seq - before <= 2 and not play.state(case).pieces
