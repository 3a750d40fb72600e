"""A desk with one case gone through and one open, and tokens for whoever needs one."""

from __future__ import annotations

import pytest
from django.test import Client

from mfadesk.api.door import pace
from mfadesk.operations.api_tokens import SCOPES, make_token
from mfadesk.operations.desk import serve_desk
from tests.road.people import with_laptop
from tests.road.play import Play

BASE = "/api/v1"


@pytest.fixture
def play(throwaway):
    serve_desk(throwaway.desk)
    pace._counts.clear()
    yield Play(throwaway)
    serve_desk(None)


@pytest.fixture
def replaced(play):
    """The id of a case in which a phone was replaced, and its person."""
    hazel, _old, case, passkey = with_laptop(play)
    browser = play.redeem(case)
    browser.confirm()
    browser.prove_with_passkey(passkey)
    browser.set_up_totp_and_test()
    assert play.state(case).outcome == "changed"
    return case, hazel


@pytest.fixture
def token_for(play):
    """Make a token with these scopes; all of them without any."""

    def make(*scopes, days=90):
        return make_token(play.desk, "tests", scopes or tuple(SCOPES), days, "tests")

    return make


@pytest.fixture
def ask(play, token_for):
    """Ask for a resource, with a token of every scope unless another is given; ours to see even when the server breaks."""
    client = Client(raise_request_exception=False)
    everything = token_for()

    def get(path, token=everything, method="get", **headers):
        if token is not None:
            headers = {"authorization": f"Bearer {token}", **headers}
        return getattr(client, method)(BASE + path, headers=headers)

    get.client = client
    return get
