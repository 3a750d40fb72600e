"""A web tier in an attacker's hands cannot make itself a member of staff: keys, roles and invitations are the executor's (SETTLED 1, 9)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from mfadesk.cli.throwaway import PUBLIC_URL, enlist
from mfadesk.connectors.lab.soft_passkey import SoftPasskey
from mfadesk.executor.staff_register import StaffRegister
from mfadesk.kernel.errors import Broken, Refusal
from mfadesk.operations import attest
from mfadesk.operations import enlist as enlisting
from mfadesk.operations.asking import ask_executor
from mfadesk.operations.staff import hash_token, new_token
from mfadesk.ports.people import Actor
from mfadesk.store.models import Alert, StaffFact, StaffInvitation, StaffKey, StaffMember
from tests.road.play import Play, add_staff


@pytest.fixture
def play(throwaway):
    return Play(throwaway)


@pytest.fixture
def yew(play):
    return Admin(play, "yew")


class Admin:
    """An administrator with a desk key."""

    def __init__(self, play, login):
        self.play = play
        self.actor, self.key = enlist(play.throwaway, login, ["administrator"])

    def act(self, act, **fields):
        options = enlisting.begin_staff_act(self.play.desk, self.actor, act, fields)
        self.key, response = self.key.sign(options, PUBLIC_URL)
        return enlisting.finish_staff_act(self.play.desk, self.actor, response)

    def invite(self, login, *roles):
        return self.act("invite", login=login, desk=login.title(), roles=list(roles), person=None).token

    def confirm(self, token):
        return self.act("confirm", invitation=StaffInvitation.objects.get(token_hash=hash_token(token)).pk)


def register_key(play, actor, token):
    options = enlisting.begin_desk_key(play.desk, actor, token)
    key, response = SoftPasskey.register(options, PUBLIC_URL, play.desk.randomness)
    enlisting.finish_desk_key(play.desk, actor, response)
    return key


def standing(play):
    return play.throwaway.executor.staff.read()


def test_a_web_tier_registers_no_desk_key_for_an_operator_without_a_token(play):
    for token in ("", "x", new_token(play.desk.randomness)):
        with pytest.raises(Refusal) as refused:
            ask_executor(play.desk, "begin_staff_key", "", {"staff": play.operator.id, "name": "ash", "token": token})
        assert refused.value.code == "invitation_over"
    assert standing(play).members == {}


def test_an_invitation_that_the_web_tier_wrote_gives_no_desk_key(play):
    token = new_token(play.desk.randomness)
    StaffInvitation.objects.create(
        token_hash=hash_token(token), login="eve", desk="Eve", roles=["operator"], invited_by="init",
        expires_at=play.clock.now() + timedelta(days=1),
    )  # fmt: skip
    with pytest.raises(Refusal, match="does not stand"):
        enlisting.begin_desk_key(play.desk, add_staff("eve", ["operator"]), token)


@pytest.mark.parametrize("mac", ["", "00" * 32])
def test_a_row_written_into_the_register_stops_it_and_grants_nothing(play, yew, mac):
    StaffFact.objects.create(
        seq=standing(play).size + 1, kind="invited", at="2026-11-24T09:00:00.000000Z", mac=mac,
        body='{"by":"init","desk":"Eve","login":"eve","person":null,"roles":["administrator"],"staff":"","token":"00","until":"2027-01-01T00:00:00.000000Z"}',
    )  # fmt: skip
    with pytest.raises(Broken):
        standing(play)
    with pytest.raises(Refusal, match="stopped this"):
        yew.invite("juniper", "operator")
    assert Alert.objects.filter(kind="broken").exists()


def test_a_register_whose_rows_were_changed_swapped_or_cut_stops(play, yew):
    yew.invite("juniper", "operator")
    rows = list(StaffFact.objects.order_by("seq"))
    one, two = rows[0], rows[-1]

    def put_back():
        StaffFact.objects.all().delete()
        StaffFact.objects.bulk_create(rows)

    for harm in (
        lambda: StaffFact.objects.filter(pk=one.pk).update(body=one.body.replace("administrator", "approver")),
        lambda: StaffFact.objects.filter(pk=one.pk).delete(),
        lambda: StaffFact.objects.filter(pk=two.pk).delete(),
        lambda: StaffFact.objects.all().delete(),
        lambda: StaffFact.objects.filter(pk=one.pk).update(body=two.body, kind=two.kind, mac=two.mac),
    ):
        harm()
        with pytest.raises(Broken):
            standing(play)
        put_back()
        standing(play)


def test_roles_in_the_web_tiers_own_row_attest_nothing(play):
    alder, _ = enlist(play.throwaway, "alder", ["security"])
    StaffMember.objects.filter(pk=alder.id).update(roles=["operator", "administrator"])
    promoted = Actor("staff", alder.id, frozenset({"operator", "administrator"}))
    case = play.open(play.person("hazel"))
    with pytest.raises(Refusal) as refused:
        ask_executor(
            play.desk, "begin_attestation", case,
            {"staff": alder.id, "role": "first", "method": "callback_on_file", "statement": "passed", "value": "x"},
        )  # fmt: skip
    assert refused.value.code == "not_your_role"
    with pytest.raises(Refusal) as refused:
        enlisting.begin_staff_act(play.desk, promoted, "dismiss", {"member": alder.id})
    assert refused.value.code == "not_your_role"


def test_an_invited_operator_registers_once_and_the_roles_are_those_of_the_register(play, yew):
    token = yew.invite("juniper", "operator")
    juniper = add_staff("juniper", ["operator", "approver"])
    register_key(play, juniper, token)
    assert standing(play).members[juniper.id].roles == {"operator"}
    for again in (juniper, add_staff("eve", ["operator"])):
        with pytest.raises(Refusal) as refused:
            enlisting.begin_desk_key(play.desk, again, token)
        assert refused.value.code == "invitation_over"
    assert Alert.objects.filter(kind="desk_key", sentence__startswith="Juniper").count() == 1


def test_two_registrations_begun_on_one_token_end_in_one_key(play, yew):
    token = yew.invite("juniper", "operator")
    juniper, eve = add_staff("juniper", ["operator"]), add_staff("eve", ["operator"])
    begun = [enlisting.begin_desk_key(play.desk, who, token) for who in (juniper, eve)]
    made = [SoftPasskey.register(options, PUBLIC_URL, play.desk.randomness)[1] for options in begun]
    enlisting.finish_desk_key(play.desk, juniper, made[0])
    with pytest.raises(Refusal):
        enlisting.finish_desk_key(play.desk, eve, made[1])
    assert eve.id not in standing(play).members


def test_an_invitation_ends_after_a_day(play, yew):
    token = yew.invite("juniper", "operator")
    play.clock.advance(86_400)
    with pytest.raises(Refusal, match="does not stand"):
        enlisting.begin_desk_key(play.desk, add_staff("juniper", ["operator"]), token)


def test_roles_that_approve_or_configure_wait_for_another_administrators_key(play, yew):
    token = yew.invite("rowan", "approver")
    rowan = add_staff("rowan", ["approver"])
    StaffInvitation.objects.update(confirmed_by="2", needs_second=False)
    with pytest.raises(Refusal) as refused:
        enlisting.begin_desk_key(play.desk, rowan, token)
    assert refused.value.code == "waits_for_second"
    with pytest.raises(Refusal) as refused:
        yew.confirm(token)
    assert refused.value.code == "same_administrator"
    StaffInvitation.objects.update(confirmed_by="", needs_second=True)
    Admin(play, "elm").confirm(token)
    register_key(play, rowan, token)
    assert standing(play).members[rowan.id].roles == {"approver"}


def test_an_assertion_for_one_act_is_taken_for_no_other(play, yew):
    options = enlisting.begin_staff_act(
        play.desk, yew.actor, "invite", {"login": "juniper", "desk": "D", "roles": ["operator"], "person": None}
    )
    _, response = yew.key.sign(options, PUBLIC_URL)
    for kind in ("finish_own_key", "finish_attestation"):
        with pytest.raises(Refusal):
            ask_executor(play.desk, kind, "", {"staff": yew.actor.id, "response": {"json": response}})
    with pytest.raises(Refusal):
        # The attempts above spent the challenge: a signature that went astray once is worth nothing afterwards.
        enlisting.finish_staff_act(play.desk, yew.actor, response)


def test_an_assertion_by_one_member_is_not_another_members(play, yew):
    elm = Admin(play, "elm")
    options = enlisting.begin_staff_act(play.desk, yew.actor, "dismiss", {"member": elm.actor.id})
    _, response = yew.key.sign(options, PUBLIC_URL)
    with pytest.raises(Refusal):
        enlisting.finish_staff_act(play.desk, elm.actor, response)
    assert elm.actor.id in standing(play).members


def test_another_key_takes_an_assertion_by_the_first(play):
    ash, key = enlist(play.throwaway, "ash", ["operator"])
    stranger, _ = SoftPasskey.register(_creation_like(play, ash), PUBLIC_URL, play.desk.randomness)
    _, response = key.sign(enlisting.begin_own_key(play.desk, ash), PUBLIC_URL)
    options = enlisting.finish_own_key(play.desk, ash, response)
    _, made = SoftPasskey.register(options, PUBLIC_URL, play.desk.randomness)
    enlisting.finish_desk_key(play.desk, ash, made)
    assert len(play.throwaway.executor.staff.credentials(ash.id)) == 2
    forged = enlisting.begin_own_key(play.desk, ash)
    _, response = stranger.sign({**forged, "allowCredentials": []}, PUBLIC_URL)
    with pytest.raises(Refusal):
        enlisting.finish_own_key(play.desk, ash, response)


def _creation_like(play, actor):
    """Creation options as the web tier would make them up: of the right relying party, and never registered."""
    return {
        "rp": {"id": "localhost", "name": "x"}, "user": {"id": "c3RhZmYvMQ", "name": "x", "displayName": "x"}, "challenge": "AAAA",
        "pubKeyCredParams": [{"type": "public-key", "alg": -7}],
    }  # fmt: skip


def test_a_lost_key_is_replaced_on_an_administrators_word_and_counts_no_more(play, yew):
    ash, lost = enlist(play.throwaway, "ash", ["operator"])
    token = yew.act("rekey", member=ash.id).token
    with pytest.raises(Refusal):
        enlisting.begin_desk_key(play.desk, add_staff("eve", ["operator"]), token)
    register_key(play, ash, token)
    held = play.throwaway.executor.staff.credentials(ash.id)
    assert len(held) == 1
    with pytest.raises(Refusal):
        _, response = lost.sign({**enlisting.begin_own_key(play.desk, ash), "allowCredentials": []}, PUBLIC_URL)
        enlisting.finish_own_key(play.desk, ash, response)


def test_a_new_key_for_an_administrator_waits_for_a_third(play, yew):
    elm = Admin(play, "elm")
    token = yew.act("rekey", member=elm.actor.id).token
    with pytest.raises(Refusal) as refused:
        enlisting.begin_desk_key(play.desk, elm.actor, token)
    assert refused.value.code == "waits_for_second"
    for nobody in (yew, elm):
        with pytest.raises(Refusal) as refused:
            nobody.confirm(token)
        assert refused.value.code == "same_administrator"


def test_whoever_was_dismissed_attests_nothing_whatever_the_web_tier_writes(play, yew):
    ash, _ = enlist(play.throwaway, "ash", ["operator"])
    kept = list(StaffKey.objects.all())
    yew.act("dismiss", member=ash.id)
    StaffMember.objects.update(active=True)
    StaffKey.objects.all().delete()
    StaffKey.objects.bulk_create(kept)
    case = play.open(play.person("hazel"))
    with pytest.raises(Refusal) as refused:
        attest.begin_attestation(play.desk, play.operator, case, "callback_on_file", "passed", "green")
    assert refused.value.code == "no_desk_key"


def test_a_sign_counter_set_back_is_noticed(play, yew):
    yew.invite("juniper", "operator")
    assert StaffKey.objects.get().sign_count > 0
    StaffKey.objects.update(sign_count=0)
    with pytest.raises(Refusal, match="stopped this"):
        yew.act("rekey", member=yew.actor.id)


def test_the_register_reads_the_same_after_a_restart(play, yew):
    yew.invite("juniper", "operator")
    executor = play.throwaway.executor
    assert StaffRegister(executor.desk).read() == standing(play)
