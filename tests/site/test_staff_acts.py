"""An administrator's page: every act there is signed with a desk key, and the page only carries it."""

from __future__ import annotations

import json

import pytest
from django.contrib.auth import get_user_model
from django.http import Http404
from django.test import RequestFactory

from mfadesk.cli.throwaway import PUBLIC_URL, enlist
from mfadesk.operations.desk import serve_desk
from mfadesk.operations.staff import hash_token
from mfadesk.ports.people import Actor
from mfadesk.site import pages
from mfadesk.store.models import StaffInvitation, StaffMember


@pytest.fixture
def desk(throwaway):
    serve_desk(throwaway.desk)
    yield throwaway
    serve_desk(None)


def ask(view, actor, **fields):
    request = RequestFactory().post("/staff/", fields)
    request.staff_actor, request.user = actor, get_user_model().objects.filter(staff_member__pk=actor.id).first()
    return view(request)


def act(admin, **fields):
    actor, key = admin
    options = json.loads(ask(pages.staff_act_options, actor, **fields).content)
    moved, response = key.sign(options, PUBLIC_URL)
    return (actor, moved), ask(pages.staff_list, actor, response=json.dumps(response))


def test_an_invitation_is_signed_and_its_link_shown_once(desk):
    yew, page = act(enlist(desk, "yew", ["administrator"]), act="invite", login="Juniper", desk="Desk 1", roles=["operator"])
    text = page.content.decode()
    row = StaffInvitation.objects.get(login="juniper")
    token = text.split("/invite/")[1].split("/")[0]
    assert hash_token(token) == row.token_hash
    assert hash_token(token) in desk.executor.staff.read().invitations
    again = RequestFactory().get("/staff/")
    again.staff_actor, again.user = yew[0], get_user_model().objects.get(username="yew")
    assert token not in pages.staff_list(again).content.decode()


def test_another_administrator_confirms_and_somebody_who_left_is_switched_off(desk):
    yew, elm = enlist(desk, "yew", ["administrator"]), enlist(desk, "elm", ["administrator"])
    yew, page = act(yew, act="invite", login="rowan", desk="Desk 2", roles=["approver"])
    assert "Waits for another administrator" in page.content.decode()
    number = StaffInvitation.objects.get(login="rowan").pk
    refused = ask(pages.staff_act_options, yew[0], act="confirm", invitation=number)
    assert (refused.status_code, b"Another administrator" in refused.content) == (422, True)
    elm, _page = act(elm, act="confirm", invitation=number)
    assert StaffInvitation.objects.get(pk=number).confirmed_by == elm[0].id
    act(elm, act="dismiss", member=yew[0].id)
    assert not StaffMember.objects.get(pk=yew[0].id).active
    assert yew[0].id not in desk.executor.staff.read().members


@pytest.mark.parametrize(
    "fields", [{}, {"act": "crown"}, {"act": "invite", "login": "x y"}, {"act": "confirm", "invitation": "x"}, {"act": "rekey", "member": "999999"}]
)  # fmt: skip
def test_an_act_that_cannot_be_is_refused_in_words(desk, fields):
    actor, _key = enlist(desk, "yew", ["administrator"])
    answer = ask(pages.staff_act_options, actor, **fields)
    assert answer.status_code == 422
    assert json.loads(answer.content)["detail"]


def test_a_response_that_is_none_changes_nothing(desk):
    actor, _key = enlist(desk, "yew", ["administrator"])
    for response in ("", "{", "[]", '{"id": "x", "rawId": "x", "response": {}}'):
        assert ask(pages.staff_list, actor, response=response).status_code == 422
    assert not StaffInvitation.objects.exists()


def test_nobody_but_an_administrator_is_offered_an_act(desk):
    with pytest.raises(Http404):
        ask(pages.staff_act_options, Actor("staff", "1", frozenset({"operator"})), act="invite")
