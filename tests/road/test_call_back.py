"""A call back: the operator says two words, the person types them on their own page, and only then it can be attested."""

from __future__ import annotations

import pytest

from mfadesk.cli.drills.scenery import hire
from mfadesk.cli.throwaway import PUBLIC_URL
from mfadesk.kernel.errors import Invalid, Refusal
from mfadesk.operations import attest, call_back, case_view, portal_view, work_case
from mfadesk.operations.desk import serve_desk
from mfadesk.portal.door import COOKIE
from mfadesk.store.models import ContactRow
from tests.road.play import Play


@pytest.fixture
def play(throwaway):
    serve_desk(throwaway.desk)
    play = Play(throwaway)
    play.staff = hire(throwaway).operators
    play.operator = play.staff[0].actor
    yield play
    serve_desk(None)


@pytest.fixture
def ringing(play):
    """Somebody with a number on file, their case and their confirmed browser."""
    hazel = play.person("hazel")
    ContactRow.objects.create(person_id=hazel.id, kind="mobile", value="+441632960017")
    play.scene.add_authenticator(hazel.login, "totp", "Phone", last_used_at=play.days_ago(40))
    case = play.open(hazel)
    play.answer(case, authenticator="gone", new_device="at_hand", restored="name_only")
    browser = play.redeem(case)
    browser.confirm()
    return case, browser


def sign(play, case, staff):
    options = attest.begin_attestation(play.desk, staff.actor, case, call_back.METHOD, "passed", "17")
    staff.key, response = staff.key.sign(options, PUBLIC_URL)
    attest.finish_attestation(play.desk, staff.actor, case, response)
    play.settle()


def said(play, case):
    return case_view.case(play.desk, play.operator, case).words


def test_the_words_of_a_call_back_stand_on_no_page_of_the_person(play, ringing, client):
    case, browser = ringing
    words = said(play, case)
    assert len(words.split()) == 2
    assert words != portal_view.portal(play.desk, browser.session).words
    client.cookies[COOKIE] = browser.cookie
    assert words not in client.get("/me/case").content.decode()
    assert case_view.case(play.desk, play.staff[1].actor, case).words == ""


def test_it_is_attested_only_after_the_words_were_typed_in_the_one_browser(play, ringing, client):
    case, browser = ringing
    with pytest.raises(Refusal) as refused:
        sign(play, case, play.staff[0])
    assert refused.value.code == "words_not_typed"
    assert play.state(case).pieces == ()
    client.cookies[COOKIE] = browser.cookie
    assert client.post("/me/case/call-words", {"words": f"  {said(play, case).upper()} "}).status_code == 302
    sign(play, case, play.staff[0])
    assert [piece.evidence.method for piece in play.state(case).pieces] == [call_back.METHOD]


def test_the_words_that_the_person_sees_are_not_those_of_a_call_back(play, ringing):
    case, browser = ringing
    with pytest.raises(Invalid):
        call_back.type_words(play.desk, browser.session, browser.session.words)
    assert not call_back.were_typed(case, browser.session.id)


def test_after_three_wrong_tries_the_right_words_are_refused_too(play, ringing):
    case, browser = ringing
    for wrong in ("", "copper lantern", "x" * 5_000):
        with pytest.raises(Invalid):
            call_back.type_words(play.desk, browser.session, wrong)
    with pytest.raises(Refusal) as refused:
        call_back.type_words(play.desk, browser.session, said(play, case))
    assert refused.value.code == "no_tries_left"
    with pytest.raises(Refusal):
        sign(play, case, play.staff[0])


def test_words_typed_in_one_browser_are_worth_nothing_for_the_next(play, ringing):
    case, browser = ringing
    words = said(play, case)
    call_back.type_words(play.desk, browser.session, words)
    work_case.drop_browser(play.desk, play.operator, case)
    play.settle()
    with pytest.raises(Refusal):
        call_back.type_words(play.desk, browser.session, words)
    again = play.redeem(case)
    again.confirm()
    assert said(play, case) != words
    with pytest.raises(Refusal) as refused:
        sign(play, case, play.staff[0])
    assert refused.value.code == "words_not_typed"
