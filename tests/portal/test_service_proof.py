"""A check by an outside service on the person's page: begun first, then answered."""

from __future__ import annotations

import pytest

from mfadesk.operations.desk import serve_desk
from mfadesk.portal.door import COOKIE
from tests.road.play import Play


@pytest.fixture
def play(throwaway):
    serve_desk(throwaway.desk)
    yield Play(throwaway)
    serve_desk(None)


def test_a_service_is_asked_to_begin_before_the_page_shows_a_field_for_its_answer(play, client):
    hazel = play.person("hazel")
    play.scene.add_authenticator(hazel.login, "totp", "Phone", last_used_at=play.days_ago(40))
    play.scene.set_factor(hazel.login, "managed_device_signin")
    case = play.open(hazel)
    play.answer(case, authenticator="gone", new_device="at_hand", restored="name_only")
    browser = play.redeem(case)
    browser.confirm()
    client.cookies[COOKIE] = browser.cookie
    field = 'id="service-managed_device_signin"'
    assert field not in client.get("/me/case").content.decode()
    page = client.post("/me/case/proofs", {"method": "managed_device_signin", "begin": "yes"})
    assert page.status_code == 200 and field in page.content.decode()
    (answer,) = [answer for method, answer in play.scene.list_open_checks(hazel.login) if method == "managed_device_signin"]
    client.post("/me/case/proofs", {"method": "managed_device_signin", "response": answer})
    assert [piece.evidence.method for piece in play.state(case).pieces] == ["managed_device_signin"]
