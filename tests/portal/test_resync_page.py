"""Two codes on the person's page: where they stand, what is said, and that nothing typed comes back."""

from __future__ import annotations

import pytest

from mfadesk.operations.desk import serve_desk
from mfadesk.portal.door import COOKIE
from tests.road.play import Play
from tests.road.test_resync import at_the_codes


@pytest.fixture
def play(throwaway):
    serve_desk(throwaway.desk)
    yield Play(throwaway)
    serve_desk(None)


def test_the_page_takes_two_codes_then_one_and_says_that_it_works(play, client):
    _hazel, fob, case, browser = at_the_codes(play)
    client.cookies[COOKIE] = browser.cookie
    page = client.get("/me/case").content.decode()
    assert 'name="first"' in page and 'name="second"' in page and "Fob" not in page
    wrong = client.post("/me/case/resync", {"first": "111111", "second": "222222"})
    assert wrong.status_code == 409 and "fit together" in wrong.content.decode()
    assert "111111" not in wrong.content.decode()
    assert client.post("/me/case/resync", {"first": fob.show(), "second": fob.show()}).status_code == 302
    page = client.get("/me/case").content.decode()
    assert "back in step" in page and "new phone" not in page
    assert client.post("/me/case/test", {"code": fob.show()}).status_code == 302
    assert "Your codes work again" in client.get("/me/case").content.decode()
    assert play.state(case).outcome == "no_change_needed"


def test_an_operator_sees_who_is_waited_for_and_no_code(play):
    from mfadesk.operations import case_view

    _hazel, fob, case, browser = at_the_codes(play)
    view = case_view.case(play.desk, play.operator, case)
    assert view.now.waiting_for == "The person, on their own page"
    assert view.now.deadline_words == "then: tell the person that it is unfinished"
