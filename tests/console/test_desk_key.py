"""A member of staff sets up a desk key through the pages; the executor's register then holds it, and it attests."""

from __future__ import annotations

import json

import pytest
from django.test import RequestFactory

from mfadesk.cli.throwaway import PUBLIC_URL
from mfadesk.connectors.lab.soft_passkey import SoftPasskey
from mfadesk.console import views_key
from mfadesk.executor.staff_keys import load_credentials
from mfadesk.operations.desk import serve_desk
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


def test_a_desk_key_set_up_on_the_page_stands_in_the_executors_register(play):
    options = json.loads(post(views_key.desk_key_options, play, "/desk-key/options").content)
    _, response = SoftPasskey.register(options, PUBLIC_URL, play.desk.randomness)
    answer = post(views_key.desk_key, play, "/desk-key", response=json.dumps(response))
    assert answer.status_code == 302
    assert len(load_credentials(play.throwaway.executor.keys, play.operator.id)) == 1


def test_whoever_has_a_desk_key_is_given_no_other_on_the_web_tiers_word(play):
    for expected in (302, 409):
        options = json.loads(post(views_key.desk_key_options, play, "/desk-key/options").content)
        _, response = SoftPasskey.register(options, PUBLIC_URL, play.desk.randomness)
        assert post(views_key.desk_key, play, "/desk-key", response=json.dumps(response)).status_code == expected
    assert len(load_credentials(play.throwaway.executor.keys, play.operator.id)) == 1


def test_an_answer_to_no_challenge_is_refused_and_registers_nothing(play):
    answer = post(views_key.desk_key, play, "/desk-key", response=json.dumps({"id": "x", "rawId": "x", "response": {}}))
    assert answer.status_code == 409
    assert load_credentials(play.throwaway.executor.keys, play.operator.id) == []


def test_the_page_says_what_a_desk_key_is_for(play):
    request = RequestFactory().get("/desk-key")
    request.staff_actor = play.operator
    page = views_key.desk_key(request).content.decode()
    assert "Set up your desk key" in page
    assert 'data-webauthn="create"' in page
