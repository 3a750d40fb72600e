"""A member of staff sets up a desk key through the pages; the executor's register then holds it, and it attests."""

from __future__ import annotations

import html
import json
import re
from dataclasses import replace

import pytest
from django.test import RequestFactory

from mfadesk.cli.throwaway import PUBLIC_URL, enlist
from mfadesk.connectors.lab.soft_passkey import SoftPasskey
from mfadesk.console import views_key
from mfadesk.executor.staff_register import ROOT
from mfadesk.operations import calls_view
from mfadesk.operations.desk import serve_desk
from mfadesk.operations.staff import new_token
from mfadesk.store.models import Alert
from tests.road.play import Play


@pytest.fixture
def play(throwaway):
    serve_desk(throwaway.desk)
    yield Play(throwaway)
    serve_desk(None)


def post(view, play, path, **fields):
    request = RequestFactory().post(path, fields)
    request.staff_actor = play.operator
    return view(request)


def invited(play):
    """An invitation of the installer's for the operator."""
    token = new_token(play.desk.randomness)
    play.throwaway.executor.staff.invite(
        token, login="ash", desk="Desk 1", roles=["operator"], person_id=None, staff_id="", by=ROOT
    )
    return token


def keys(play):
    return play.throwaway.executor.staff.credentials(play.operator.id)


def test_whoever_signs_by_role_is_led_to_a_desk_key_until_they_have_one(play):
    assert calls_view.calls(play.desk, play.operator).needs_key
    assert not calls_view.calls(play.desk, replace(play.operator, roles=frozenset({"auditor"}))).needs_key
    link = f"{PUBLIC_URL}/invite/{invited(play)}/"
    options = json.loads(post(views_key.desk_key_options, play, "/desk-key/options", invitation=link).content)
    _, response = SoftPasskey.register(options, PUBLIC_URL, play.desk.randomness)
    post(views_key.desk_key, play, "/desk-key", response=json.dumps(response))
    assert not calls_view.calls(play.desk, play.operator).needs_key
    assert Alert.objects.filter(kind="desk_key").count() == 1


def test_a_desk_key_set_up_on_the_page_stands_in_the_executors_register(play):
    link = f"{PUBLIC_URL}/invite/{invited(play)}/"
    options = json.loads(post(views_key.desk_key_options, play, "/desk-key/options", invitation=link).content)
    _, response = SoftPasskey.register(options, PUBLIC_URL, play.desk.randomness)
    answer = post(views_key.desk_key, play, "/desk-key", response=json.dumps(response))
    assert answer.status_code == 302
    assert len(keys(play)) == 1


@pytest.mark.parametrize("invitation", ["", "WRONG", "0" * 32])
def test_without_an_invitation_no_desk_key_is_begun(play, invitation):
    invited(play)
    answer = post(views_key.desk_key_options, play, "/desk-key/options", invitation=invitation)
    assert answer.status_code in (409, 422)
    assert b"challenge" not in answer.content


def test_a_second_key_takes_the_first_one(play):
    play.operator, first = enlist(play.throwaway, "ash", ["operator"])
    options = json.loads(post(views_key.desk_key_options, play, "/desk-key/options", own="1").content)
    _, agreed = first.sign(options, PUBLIC_URL)
    page = post(views_key.desk_key, play, "/desk-key", own="1", response=json.dumps(agreed)).content.decode()
    ready = json.loads(html.unescape(re.search(r'data-ready="([^"]+)"', page)[1]))
    _, response = SoftPasskey.register(ready, PUBLIC_URL, play.desk.randomness)
    assert post(views_key.desk_key, play, "/desk-key", response=json.dumps(response)).status_code == 302
    assert len(keys(play)) == 2


def test_an_answer_to_no_challenge_is_refused_and_registers_nothing(play):
    answer = post(views_key.desk_key, play, "/desk-key", response=json.dumps({"id": "x", "rawId": "x", "response": {}}))
    assert answer.status_code == 409
    assert keys(play) == []


def test_the_page_says_what_a_desk_key_is_for(play):
    request = RequestFactory().get("/desk-key")
    request.staff_actor = play.operator
    page = views_key.desk_key(request).content.decode()
    assert "Set up your desk key" in page
    assert 'data-webauthn="create"' in page
