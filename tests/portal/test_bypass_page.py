"""A way in for a time on the person's page, and its review on the console's."""

from __future__ import annotations

import json

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth import get_user_model

from mfadesk.cli.throwaway import PUBLIC_URL
from mfadesk.operations.desk import serve_desk
from mfadesk.portal.door import COOKIE
from tests.road.play import Play
from tests.road.test_bypass import at_the_way_in, reviewer


@pytest.fixture
def play(throwaway):
    serve_desk(throwaway.desk)
    yield Play(throwaway)
    serve_desk(None)


def test_the_code_stands_in_one_answer_alone_and_nowhere_before_or_after(play, client):
    hazel, _old, case, browser = at_the_way_in(play, authenticator="works")
    client.cookies[COOKIE] = browser.cookie
    assert "Show it" in client.get("/me/case").content.decode()
    page = client.post("/me/case/bypass")
    code = page.content.decode().split('aria-label="The code">')[1].split("<")[0]
    assert page.status_code == 200 and "no-store" in page["Cache-Control"]
    assert play.scene.sign_in_with_bypass(hazel.login, code)
    again = client.post("/me/case/bypass").content.decode()
    assert code not in again
    assert "It is not shown again. If you did not note it, ring the help desk" in again
    page = client.get("/me/case").content.decode()
    assert code not in page
    assert "The code was shown once. If you did not note it, ring us" in page


def test_security_says_on_the_case_page_that_it_looked(play, client):
    from mfadesk.operations import bypass

    _hazel, _old, case, browser = at_the_way_in(play, authenticator="works")
    bypass.take_bypass(play.desk, browser.session)
    play.settle()
    _actor, key = reviewer(play)
    user = get_user_model().objects.get(username="rue")
    Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data={})
    client.force_login(user)
    assert "I have looked at it" in client.get(f"/cases/{case}").content.decode()
    assert client.post(f"/cases/{case}/review").status_code == 422
    assert not play.state(case).bypass_reviewed
    options = json.loads(client.post(f"/cases/{case}/review/options").content)
    client.post(f"/cases/{case}/review", {"response": json.dumps(key.sign(options, PUBLIC_URL)[1])})
    assert play.state(case).bypass_reviewed
    assert "I have looked at it" not in client.get(f"/cases/{case}").content.decode()
