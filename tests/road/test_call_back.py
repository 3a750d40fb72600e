"""A call back: the desk rings the number on file, the operator says two words, the person types them, and only then it is attested."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from django.test import RequestFactory

from mfadesk.cli.drills.scenery import hire
from mfadesk.cli.throwaway import PUBLIC_URL
from mfadesk.console import views_case
from mfadesk.kernel.errors import Invalid, Refusal
from mfadesk.operations import attest, call_back, case_view, portal_view, work_case
from mfadesk.operations.desk import serve_desk
from mfadesk.operations.judgement import available_methods, newest_sight
from mfadesk.operations.people import get_person
from mfadesk.portal.door import COOKIE
from mfadesk.store.models import ContactRow, EventRow, Snapshot
from tests.road.play import Play

NUMBER = "+441632960017"


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
    ContactRow.objects.create(person_id=hazel.id, kind="mobile", value=NUMBER)
    play.scene.set_factor("hazel", call_back.METHOD)
    play.scene.add_authenticator(hazel.login, "totp", "Phone", last_used_at=play.days_ago(40))
    case = play.open(hazel)
    play.answer(case, authenticator="gone", new_device="at_hand", restored="name_only")
    browser = play.redeem(case)
    browser.confirm()
    return case, browser


@pytest.fixture
def without_exchange(play, monkeypatch):
    """The desk has no telephone service of its own; `reveal_to_dial` decides."""
    monkeypatch.setattr(play.throwaway.executor, "services", {})

    def allow(yes: bool) -> None:
        home = play.desk.home
        monkeypatch.setattr(
            play.throwaway.executor, "desk",
            replace(play.desk, home=replace(home, config=replace(home.config, reveal_to_dial=yes))),
        )  # fmt: skip

    return allow


def sign(play, case, staff, value="17"):
    options = attest.begin_attestation(play.desk, staff.actor, case, call_back.METHOD, "passed", value)
    staff.key, response = staff.key.sign(options, PUBLIC_URL)
    attest.finish_attestation(play.desk, staff.actor, case, response)
    play.settle()


def ring(play, case, staff=None):
    """Ring, and return the number where it was shown."""
    rung = call_back.call(play.desk, (staff or play.staff[0]).actor, case)
    play.settle()
    return rung.number


def said(play, case, staff=None):
    return case_view.case(play.desk, (staff or play.staff[0]).actor, case).words


def prove(play, case, browser, staff):
    ring(play, case, staff)
    call_back.type_words(play.desk, browser.session, said(play, case, staff))
    sign(play, case, staff)


def test_the_exchange_rings_the_number_on_file_and_no_page_shows_it(play, ringing, client):
    case, _browser = ringing
    assert said(play, case) == ""
    assert ring(play, case) == ""
    assert play.scene.list_calls("hazel") == [(NUMBER, "drill-one")]
    assert len(said(play, case).split()) == 2
    assert NUMBER not in "".join(row.body + row.fields for row in EventRow.objects.all())
    assert all(NUMBER not in row.data for row in Snapshot.objects.all())


def test_the_words_of_a_call_back_stand_on_no_page_of_the_person(play, ringing, client):
    case, browser = ringing
    ring(play, case)
    words = said(play, case)
    assert words != portal_view.portal(play.desk, browser.session).words
    client.cookies[COOKIE] = browser.cookie
    assert words not in client.get("/me/case").content.decode()
    assert said(play, case, play.staff[1]) == ""


def test_it_is_attested_only_after_the_words_were_typed_in_the_one_browser(play, ringing, client):
    case, browser = ringing
    ring(play, case)
    with pytest.raises(Refusal) as refused:
        sign(play, case, play.staff[0])
    assert refused.value.code == "words_not_typed"
    assert play.state(case).pieces == ()
    client.cookies[COOKIE] = browser.cookie
    assert client.post("/me/case/call-words", {"words": f"  {said(play, case).upper()} "}).status_code == 302
    sign(play, case, play.staff[0])
    assert [piece.evidence.method for piece in play.state(case).pieces] == [call_back.METHOD]


def test_nobody_attests_a_call_that_the_desk_did_not_place(play, ringing):
    case, browser = ringing
    with pytest.raises(Refusal) as refused:
        sign(play, case, play.staff[0])
    assert refused.value.code == "not_rung"
    with pytest.raises(Invalid):
        call_back.type_words(play.desk, browser.session, "copper lantern")
    assert play.state(case).pieces == ()


def test_each_call_has_words_of_its_own_and_those_of_the_last_one_count(play, ringing):
    case, browser = ringing
    ring(play, case)
    first = said(play, case)
    call_back.type_words(play.desk, browser.session, first)
    ring(play, case)
    assert said(play, case) != first
    with pytest.raises(Invalid):
        call_back.type_words(play.desk, browser.session, first)
    with pytest.raises(Refusal) as refused:
        sign(play, case, play.staff[0])
    assert refused.value.code == "words_not_typed"


def test_a_second_look_is_a_second_call(play, ringing):
    case, browser = ringing
    prove(play, case, browser, play.staff[0])
    second = next(staff for staff in play.staff if staff.actor.id == play.state(case).second_asked[call_back.METHOD])
    with pytest.raises(Refusal) as refused:
        sign(play, case, second)
    assert refused.value.code == "not_rung"
    prove(play, case, browser, second)
    assert play.state(case).pieces[0].evidence.second_attested
    assert [staff for _number, staff in play.scene.list_calls("hazel")] == ["drill-two", "drill-one"]


def test_nobody_but_the_operators_of_the_case_rings(play, ringing):
    case, _browser = ringing
    with pytest.raises(Refusal) as refused:
        ring(play, case, play.staff[1])
    assert refused.value.code == "not_now"
    assert play.scene.list_calls("hazel") == []


def test_nobody_is_rung_more_often_than_six_times_a_case(play, ringing):
    case, _browser = ringing
    for _ in range(call_back.CALLS_A_CASE):
        ring(play, case)
    with pytest.raises(Refusal) as refused:
        ring(play, case)
    assert refused.value.code == "rung_often"
    assert len(play.scene.list_calls("hazel")) == call_back.CALLS_A_CASE


def test_a_number_that_was_changed_lately_is_not_rung(play, ringing):
    case, _browser = ringing
    quarantine = timedelta(seconds=play.desk.policy.quarantine_s["mobile"])
    ContactRow.objects.filter(value=NUMBER).update(since=play.clock.now() - quarantine + timedelta(minutes=1))
    with pytest.raises(Refusal) as refused:
        ring(play, case)
    assert refused.value.code == "no_number"
    ContactRow.objects.filter(value=NUMBER).update(since=play.clock.now() - quarantine)
    ring(play, case)
    assert len(play.scene.list_calls("hazel")) == 1


def test_a_call_back_is_offered_only_where_the_desk_can_ring(play, ringing, without_exchange):
    case, _browser = ringing
    hazel = get_person("p_hazel")

    def offered() -> bool:
        play.throwaway.executor.look(hazel)
        sight, _at = newest_sight(hazel.id)
        return call_back.METHOD in available_methods(play.state(case), hazel, sight, play.desk.policy)

    without_exchange(False)
    assert not offered()
    with pytest.raises(Refusal) as refused:
        ring(play, case)
    assert refused.value.code == "no_telephone"
    without_exchange(True)
    assert offered()
    ContactRow.objects.filter(value=NUMBER).delete()
    assert call_back.METHOD not in available_methods(
        play.state(case), get_person("p_hazel"), newest_sight("p_hazel")[0], play.desk.policy
    )


def test_a_number_to_dial_is_shown_once_to_one_operator_for_a_minute_and_that_is_recorded(play, ringing, without_exchange):
    case, browser = ringing
    without_exchange(True)
    assert ring(play, case) == NUMBER
    told = EventRow.objects.get(case_id=case, kind="called_back")
    assert json.loads(told.body)["how"] == "shown"
    assert NUMBER not in told.body + told.fields
    assert "17" in told.fields
    call_back.type_words(play.desk, browser.session, said(play, case))
    with pytest.raises(Refusal) as refused:
        sign(play, case, play.staff[0], "18")
    assert refused.value.code == "wrong_value"
    sign(play, case, play.staff[0], "it ends in 17")
    assert play.state(case).pieces


def test_the_words_that_the_person_sees_are_not_those_of_a_call_back(play, ringing):
    case, browser = ringing
    ring(play, case)
    with pytest.raises(Invalid):
        call_back.type_words(play.desk, browser.session, browser.session.words)
    assert not call_back.were_typed(case, browser.session.id, f"staff:{play.operator.id}")


def test_after_three_wrong_tries_the_right_words_are_refused_too(play, ringing):
    case, browser = ringing
    ring(play, case)
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
    ring(play, case)
    words = said(play, case)
    call_back.type_words(play.desk, browser.session, words)
    work_case.drop_browser(play.desk, play.operator, case)
    play.settle()
    with pytest.raises(Refusal):
        call_back.type_words(play.desk, browser.session, words)
    again = play.redeem(case)
    again.confirm()
    assert said(play, case) == ""
    with pytest.raises(Refusal) as refused:
        sign(play, case, play.staff[0])
    assert refused.value.code == "not_rung"


def test_the_number_to_dial_stands_on_a_page_of_its_own_that_leaves_by_itself(play, ringing, without_exchange):
    case, _browser = ringing
    without_exchange(True)
    play.throwaway.executor.look(get_person("p_hazel"))

    def press():
        request = RequestFactory().post(f"/cases/{case}/call-backs")
        request.staff_actor = play.operator
        return views_case.call_backs(request, case_id=case)

    shown = press()
    assert shown["Refresh"] == f"60; url=/cases/{case}"
    assert shown["Cache-Control"] == "no-store"
    assert NUMBER in shown.content.decode()
    assert said(play, case) in shown.content.decode()
    request = RequestFactory().get(f"/cases/{case}")
    request.staff_actor = play.operator
    page = views_case.case(request, case_id=case).content.decode()
    assert NUMBER not in page
    assert "The number on file was shown for a minute, to ring it back" in page
    assert "Ring again" in page
