"""What pages say to whom: hints only where they help, the way to each page, and the reason of an ending."""

from __future__ import annotations

import pytest
from django.test import RequestFactory

from mfadesk.cli.drills.approvers import answer_approval, hire_approver
from mfadesk.cli.throwaway import enlist
from mfadesk.console import views_calls, views_case, views_key
from mfadesk.operations.desk import serve_desk
from mfadesk.portal.door import COOKIE
from mfadesk.ports.people import Actor
from mfadesk.store.models import Snapshot, StaffKey
from tests.road.play import Play
from tests.road.test_approvals import proved

FIRST = "Set up your desk key first"


@pytest.fixture
def play(throwaway):
    serve_desk(throwaway.desk)
    yield Play(throwaway)
    serve_desk(None)


def read(view, actor, path="/", **kwargs):
    request = RequestFactory().get(path)
    request.staff_actor = actor
    return " ".join(view(request, **kwargs).content.decode().split())


def test_the_hint_about_a_desk_key_is_for_whoever_has_none(play):
    willow = hire_approver(play.throwaway, "willow")
    _elm, _old, case, _browser = proved(play)
    assert FIRST not in read(views_case.case, willow.actor, case_id=case)
    assert "You have a desk key." in read(views_key.desk_key, willow.actor)
    StaffKey.objects.all().delete()
    assert FIRST in read(views_case.case, willow.actor, case_id=case)
    page = read(views_key.desk_key, willow.actor)
    assert "Set up your desk key" in page and "You have a desk key." not in page


def test_the_ticket_of_a_refused_approval_says_that_somebody_said_no(play):
    willow = hire_approver(play.throwaway, "willow")
    _elm, _old, case, _browser = proved(play)
    answer_approval(play.throwaway, willow, case, "no")
    page = read(views_case.case, play.operator, case_id=case)
    assert page.count("Stopped: whoever had to agree said no. Nothing was changed.") == 2
    assert "Not enough was proved" not in page


def test_only_administrators_are_led_to_the_staff_list_and_only_operators_start_a_call(play):
    yew, _key = enlist(play.throwaway, "yew", ["administrator"])
    assert 'href="/staff/"' in read(views_calls.calls, yew)
    assert 'href="/staff/"' not in read(views_calls.calls, play.operator)
    assert "Operators take calls." in read(views_calls.start, yew, "/cases/new")
    assert 'role="search"' in read(views_calls.start, play.operator, "/cases/new")


def test_before_the_provider_answered_the_board_looks_it_up_and_closes_no_way(play):
    case = play.open(play.person("hazel"))
    assert "Looking up what they still have" not in read(views_case.case, play.operator, case_id=case)
    Snapshot.objects.all().delete()
    page = read(views_case.case, play.operator, case_id=case)
    assert "Looking up what they still have" in page
    assert "No way on from here" not in page and "look again before deciding" not in page


def test_a_caller_whom_the_directory_does_not_know_stands_in_the_list_under_the_name_they_gave(play):
    from mfadesk.operations import open_case

    open_case.open_case(play.desk, play.operator, None, said_name="ياسمين <b>", goal="replace_device")
    page = read(views_calls.calls, play.operator)
    assert "<bdi>ياسمين &lt;b&gt;</bdi>" in page


def test_whoever_looks_up_too_little_reads_that_there_are_more(play):
    for number in range(9):
        play.person(f"ash{number}")
    full = "More people fit."
    assert full in read(views_calls.start, play.operator, "/cases/new?q=ash")
    assert full not in read(views_calls.start, play.operator, "/cases/new?q=ash3")


def test_a_wrong_code_from_a_list_is_not_told_to_wait_for_the_next_one(play, client):
    hazel = play.person("hazel")
    play.scene.add_authenticator(hazel.login, "totp", "Phone", last_used_at=play.days_ago(40))
    case = play.open(hazel)
    play.answer(case, authenticator="gone", new_device="at_hand", restored="name_only")
    browser = play.redeem(case)
    browser.confirm()
    client.cookies[COOKIE] = browser.cookie
    for method, says in (("saved_recovery_code", "Compare it with your list"), ("totp_existing", "Wait for the next code")):
        page = client.post("/me/case/proofs", {"method": method, "code": "abcd-0000-ffff-1234"}).content.decode()
        assert page.count(says) == 2, method


def test_an_auditor_has_no_key_to_set_up(play):
    assert "Your desk key" not in read(views_calls.calls, Actor("staff", "9", frozenset({"auditor"})))
