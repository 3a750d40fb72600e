"""An approver answers through the pages, and whatever else is sent to those addresses approves nothing."""

from __future__ import annotations

import json

import pytest
from django.test import RequestFactory

from mfadesk.cli.drills.approvers import hire_approver
from mfadesk.cli.drills.scenery import hire
from mfadesk.cli.throwaway import PUBLIC_URL
from mfadesk.console import views_calls, views_case
from mfadesk.operations import attest, calls_view
from mfadesk.operations.desk import serve_desk
from tests.road.play import Play
from tests.road.test_approvals import at_the_proof, proved


@pytest.fixture
def play(throwaway):
    serve_desk(throwaway.desk)
    yield Play(throwaway)
    serve_desk(None)


def ask(view, actor, path, fields=None, **kwargs):
    request = RequestFactory().get(path) if fields is None else RequestFactory().post(path, fields)
    request.staff_actor = actor
    return view(request, **kwargs)


def options(play, actor, case, **fields):
    told = {"answer": "yes", "reason": "Looked at both proofs", "over": play.state(case).ask.over, **fields}
    return ask(views_case.approval_options, actor, f"/cases/{case}/approvals/options", told, case_id=case)


def answer(actor, case, key, answered, reason="Looked at both proofs"):
    _, response = key.sign(json.loads(answered.content), PUBLIC_URL)
    told = {"reason": reason, "response": json.dumps(response)}
    return ask(views_case.approvals, actor, f"/cases/{case}/approvals", told, case_id=case)


def test_an_approver_finds_the_case_sees_what_was_proved_and_signs_a_yes(play):
    willow = hire_approver(play.throwaway, "willow")
    elm, old, case, _browser = proved(play)
    list_page = ask(views_calls.calls, willow.actor, "/").content.decode()
    assert list_page.index("Waiting for your approval") < list_page.index(f"/cases/{case}")
    page = ask(views_case.case, willow.actor, f"/cases/{case}", case_id=case).content.decode()
    for words in ("Do you approve this?", "Security key or device-bound passkey", "Fresh sign-in on the managed laptop",
                  "the security key and its PIN", "Stops working: Phone", "of 140 points"):  # fmt: skip
        assert words in page
    assert answer(willow.actor, case, willow.key, options(play, willow.actor, case)).status_code == 302
    assert play.authenticator(elm, old).state == "suspended"
    page = ask(views_case.case, play.operator, f"/cases/{case}", case_id=case).content.decode()
    assert "<b>willow</b> Approved: Looked at both proofs" in " ".join(page.split())
    assert "Waiting for your approval" not in ask(views_calls.calls, willow.actor, "/").content.decode()


def test_the_operator_sees_whom_the_case_waits_for_and_has_no_form(play):
    hire_approver(play.throwaway, "willow")
    _elm, _old, case, _browser = proved(play)
    page = ask(views_case.case, play.operator, f"/cases/{case}", case_id=case).content.decode()
    assert "Waiting for approval" in page
    assert "there is nothing for you to do" in page
    assert "approvals/options" not in page


def test_an_approver_who_worked_on_the_case_reads_why_it_is_somebody_elses(play):
    willow = hire_approver(play.throwaway, "willow")
    play.operator = type(play.operator)("staff", willow.actor.id, frozenset({"operator", "approver"}), "p_willow")
    _elm, _old, case, _browser = proved(play)
    page = ask(views_case.case, play.operator, f"/cases/{case}", case_id=case).content.decode()
    assert "You worked on this case, so somebody else approves it." in page
    assert "approvals/options" not in page


@pytest.mark.parametrize(
    ("fields", "status"),
    [({"answer": ""}, 422), ({"answer": "maybe"}, 422), ({"reason": ""}, 422), ({"reason": " " * 300}, 422), ({"over": ""}, 409),
     ({"over": "00" * 32}, 409), ({"over": "x" * 100_000}, 409), ({"over": "<script>"}, 409)],
)  # fmt: skip
def test_what_cannot_be_answered_is_refused_in_a_sentence(play, fields, status):
    willow = hire_approver(play.throwaway, "willow")
    _elm, _old, case, _browser = proved(play)
    got = options(play, willow.actor, case, **fields)
    assert got.status_code == status
    assert json.loads(got.content)["detail"].endswith(".")
    assert play.state(case).approvals == ()


@pytest.mark.parametrize("role", ["operator", "security", "auditor", "author"])
def test_other_roles_are_given_nothing_to_sign(play, role):
    hire_approver(play.throwaway, "willow")
    _elm, _old, case, _browser = proved(play)
    stranger = type(play.second)("staff", play.second.id, frozenset({role}))
    assert options(play, stranger, case).status_code == 409
    assert calls_view.calls(play.desk, stranger).approvals == ()


def test_a_role_that_the_web_tier_claims_is_not_believed_by_the_executor(play):
    hire_approver(play.throwaway, "willow")
    _elm, _old, case, _browser = proved(play)
    liar = type(play.second)("staff", play.second.id, frozenset({"approver"}))
    got = options(play, liar, case)
    assert (got.status_code, json.loads(got.content)["type"]) == (409, "urn:mfadesk:problem:not_your_role")


def test_a_signed_answer_works_once_and_only_with_the_reason_that_was_signed(play):
    willow = hire_approver(play.throwaway, "willow")
    _elm, _old, case, _browser = proved(play)
    asked = options(play, willow.actor, case)
    assert answer(willow.actor, case, willow.key, asked, reason="Another reason").status_code == 409
    assert answer(willow.actor, case, willow.key, asked).status_code == 409
    assert play.state(case).approvals == ()


def test_looking_at_the_addresses_does_nothing(play):
    willow = hire_approver(play.throwaway, "willow")
    _elm, _old, case, _browser = proved(play)
    for view in (views_case.approvals, views_case.approval_options):
        assert ask(view, willow.actor, "/", case_id=case).status_code == 405
    assert play.state(case).approvals == ()


def test_an_operator_who_was_drawn_finds_the_case_under_their_second_look(play):
    first, second = hire(play.throwaway).operators
    play.operator = first.actor
    _elm, _old, _key, case, _browser = at_the_proof(play)
    told = attest.begin_attestation(play.desk, play.operator, case, "in_person_badge", "passed", "FH-2041")
    _, response = first.key.sign(told, PUBLIC_URL)
    attest.finish_attestation(play.desk, play.operator, case, response)
    view = calls_view.calls(play.desk, second.actor)
    assert [line.id for line in view.seconds] == [case]
    assert case not in {line.id for line in (*view.waiting, *view.others)}


def test_a_colleagues_case_stands_under_whoever_it_waits_for(play):
    _elm, _old, _key, case, _browser = at_the_proof(play)
    view = calls_view.calls(play.desk, play.second)
    assert [line.id for line in view.waiting] == [case]
    other = play.open(play.person("fern"))
    assert [line.id for line in calls_view.calls(play.desk, play.second).others] == [other]
