"""What the live case page costs: queries and bytes with two hundred events, and what is kept between two looks at it."""

from __future__ import annotations

import gzip
from dataclasses import replace

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from markupsafe import Markup

from mfadesk.cases.state import CaseState, apply
from mfadesk.cli.drills.approvers import hire_approver
from mfadesk.console.jinja_env import lay_out
from mfadesk.operations.desk import serve_desk
from mfadesk.store.commit import load_events
from mfadesk.store.kept import fold_again
from mfadesk.store.models import EventRow, StaffMember
from tests.road.play import Play
from tests.road.test_approvals import at_the_proof, proved

EVENTS = 200
MOST_QUERIES = 10
MOST_BYTES = 14 * 1024


@pytest.fixture
def play(throwaway):
    serve_desk(throwaway.desk)
    yield Play(throwaway)
    serve_desk(None)


def make_long(play: Play, case: str) -> None:
    with play.desk.unit() as unit:
        draft = play.desk.draft(unit.load(case), "executor")
        while draft.state.seq < EVENTS:
            draft.emit("proof_failed", method="totp_existing", reason="wrong", session="")
        unit.commit(draft)


def sign_in(staff_id: str) -> Client:
    user = get_user_model().objects.get(staff_member__pk=staff_id)
    Authenticator.objects.get_or_create(user=user, type=Authenticator.Type.TOTP, defaults={"data": {"secret": ""}})
    client = Client()
    client.force_login(user)
    return client


def look(client: Client, case: str):
    """Return the page and how many queries it took."""
    with CaptureQueriesContext(connection) as captured:
        answer = client.get(f"/cases/{case}")
    assert answer.status_code == 200
    return answer, len(captured)


def test_a_case_at_its_proof_costs_its_operator_ten_queries_and_one_flight(play):
    _elm, _old, _key, case, _browser = at_the_proof(play, manager_id=play.person("maple").id)
    make_long(play, case)
    owner = play.state(case).owner.removeprefix("staff:")
    answer, queries = look(sign_in(owner), case)
    assert queries <= MOST_QUERIES
    assert len(gzip.compress(answer.content, 9)) <= MOST_BYTES
    assert answer.content.decode().count("The desk</b> Not proved") > EVENTS - 50


def test_a_case_that_waits_for_approval_costs_its_approver_no_more(play):
    willow = hire_approver(play.throwaway, "willow")
    _elm, _old, case, _browser = proved(play)
    make_long(play, case)
    answer, queries = look(sign_in(willow.actor.id), case)
    assert "Do you approve this?" in answer.content.decode()
    assert queries <= MOST_QUERIES


def test_a_fresh_case_whose_code_is_read_out_costs_no_more(play):
    person = play.person("elm")
    case = play.open(person)
    make_long(play, case)
    owner = play.state(case).owner.removeprefix("staff:")
    assert look(sign_in(owner), case)[1] <= MOST_QUERIES


def test_what_is_kept_of_a_page_goes_with_what_the_page_says(play):
    case = play.open(play.person("elm"))
    make_long(play, case)
    owner = play.state(case).owner.removeprefix("staff:")
    client = sign_in(owner)
    before = look(client, case)[0].content.decode()
    StaffMember.objects.filter(pk=owner).update(desk="Another name")
    EventRow.objects.filter(case_id=case, seq=EVENTS).update(
        body='{"method":"saved_recovery_code","reason":"used","session":""}'
    )
    after = look(client, case)[0].content.decode()
    assert "Another name" in after and "Another name" not in before
    assert "Saved recovery code, used" in after and "Saved recovery code, used" not in before


def test_events_that_changed_are_folded_anew_and_never_from_what_was_kept(play):
    case = play.open(play.person("elm"))
    make_long(play, case)
    events = list(load_events(case))

    def plainly(told):
        state = CaseState(case)
        for event in told:
            state = apply(state, event)
        return state

    other = replace(events[120], body={**events[120].body, "method": "manager_portal"})
    for told in (events, events[:150], [*events[:120], other, *events[121:]], events[:1], events):
        assert fold_again(case, told) == plainly(told)


def test_a_line_is_drawn_once_and_another_line_never_takes_its_place():
    drawn = []

    def macro(line):
        drawn.append(line)
        return Markup("<li>{}</li>").format(line)

    assert lay_out(["a", "<b>"], macro) == "<li>a</li><li>&lt;b&gt;</li>"
    assert lay_out(["<b>", "a", "c"], macro) == "<li>&lt;b&gt;</li><li>a</li><li>c</li>"
    assert drawn == ["a", "<b>", "c"]
