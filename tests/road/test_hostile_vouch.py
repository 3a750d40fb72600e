"""A web tier in an attacker's hands cannot vouch, choose who vouches or looks again, or have one yes count twice (SETTLED 1, 5, 14)."""

from __future__ import annotations

import json

import pytest

from mfadesk.cli.throwaway import PUBLIC_URL, enlist
from mfadesk.kernel.clock import to_stamp
from mfadesk.kernel.errors import Invalid, Refusal
from mfadesk.operations import asking, attest, vouch
from mfadesk.operations.asking import ask_executor
from mfadesk.store.models import Alert, ClaimantSession, EventRow, RequestRow
from tests.road.play import Play
from tests.road.test_hostile_web import broken, read_answer, sealed, write


@pytest.fixture
def play(throwaway):
    return Play(throwaway)


@pytest.fixture
def stage(play):
    """A person with a manager and two colleagues, each with a passkey, and a case that waits for proof."""
    keys = {}
    for name in ("maple", "pine", "oak"):
        row = play.person(name, **({} if name == "maple" else {"manager_id": "p_maple"}))
        _, keys[row.id] = play.scene.add_passkey(name, "Laptop", "passkey", last_used_at=play.days_ago(1))
    hazel = play.person("hazel", manager_id="p_maple")
    play.scene.add_authenticator(hazel.login, "totp", "Phone", last_used_at=play.days_ago(2), created_at=play.days_ago(400))
    case = play.open(hazel)
    play.answer(case, authenticator="gone", new_device="at_hand", restored="name_only")
    browser = play.redeem(case)
    browser.confirm()
    return play, case, keys, browser


def words(case):
    return ClaimantSession.objects.get(case_id=case, ended_at=None).words


def begin(play, case, voucher, statement="in_person", heard=None):
    payload = {"voucher": voucher, "statement": statement, "words": words(case) if heard is None else heard}
    return ask_executor(play.desk, "begin_vouch", case, payload)["options"]


def finish(play, case, voucher, key, options):
    moved, response = key.sign(options, PUBLIC_URL)
    ask_executor(play.desk, "finish_vouch", case, {"voucher": voucher, "response": {"json": response}})
    play.settle()
    return moved


def say_yes(play, case, keys, voucher):
    keys[voucher] = finish(play, case, voucher, keys[voucher], begin(play, case, voucher))


def methods(play, case):
    return [piece.evidence.method for piece in play.state(case).pieces]


def test_two_colleagues_vouch_and_one_alone_does_not(stage):
    play, case, keys, _browser = stage
    vouch.ask_voucher(play.desk, play.operator, case, "peers")
    say_yes(play, case, keys, "p_pine")
    assert methods(play, case) == []
    say_yes(play, case, keys, "p_oak")
    assert methods(play, case) == ["peer_vouch"]


def test_the_yes_of_one_colleague_written_in_for_the_other_counts_for_nothing(stage):
    play, case, keys, _browser = stage
    vouch.ask_voucher(play.desk, play.operator, case, "peers")
    say_yes(play, case, keys, "p_pine")
    real = json.loads(EventRow.objects.get(case_id=case, kind="voucher_answered").body)
    write(play, case, "voucher_answered", **{**real, "voucher": "p_oak"})
    with pytest.raises(Refusal):
        begin(play, case, "p_oak")
    assert methods(play, case) == []


@pytest.mark.parametrize("receipt", ["", "00" * 32])
def test_an_answer_that_the_executor_did_not_take_is_noticed_when_the_other_comes(stage, receipt):
    play, case, keys, _browser = stage
    vouch.ask_voucher(play.desk, play.operator, case, "peers")
    session = play.state(case).session
    write(play, case, "voucher_answered", voucher="p_oak", statement="in_person", session=session, nonce="", receipt=receipt)
    with pytest.raises(Refusal, match="stopped this"):
        say_yes(play, case, keys, "p_pine")
    assert broken(play)
    assert methods(play, case) == []


def test_whom_the_web_tier_says_was_asked_cannot_answer(stage):
    play, case, _keys, _browser = stage
    until = to_stamp(play.clock.now().replace(year=2030))
    for which in ("manager", "peers"):
        write(play, case, "voucher_asked", voucher="p_maple", which=which, until=until, nonce="", receipt="00" * 32)
        with pytest.raises(Refusal, match="stopped this"):
            begin(play, case, "p_maple")
    assert broken(play)


def test_being_asked_once_does_not_let_the_web_tier_ask_again_for_something_else(stage):
    play, case, keys, _browser = stage
    vouch.ask_voucher(play.desk, play.operator, case, "manager")
    real = json.loads(EventRow.objects.get(case_id=case, kind="voucher_asked").body)
    say_yes(play, case, keys, "p_maple")
    write(play, case, "voucher_asked", **real)
    with pytest.raises(Refusal):
        begin(play, case, "p_maple")
    write(play, case, "voucher_asked", **{**real, "which": "hr"})
    with pytest.raises(Refusal):
        begin(play, case, "p_maple")
    assert methods(play, case) == ["manager_portal"]


def test_a_voucher_cannot_answer_after_their_time(stage):
    play, case, _keys, _browser = stage
    vouch.ask_voucher(play.desk, play.operator, case)
    play.clock.advance(vouch.VOUCH_LIFE_S)
    with pytest.raises(Refusal) as refused:
        begin(play, case, "p_maple")
    assert refused.value.code == "link_not_open"


@pytest.mark.parametrize("heard", ["", "wrong words"])
def test_the_executor_checks_the_words_itself(stage, heard):
    play, case, _keys, _browser = stage
    vouch.ask_voucher(play.desk, play.operator, case)
    with pytest.raises(Refusal) as refused:
        begin(play, case, "p_maple", heard=heard)
    assert refused.value.code == "wrong_words"
    begin(play, case, "p_maple", "not_spoken", heard=heard)


def test_a_yes_for_one_browser_is_none_for_another_that_came_since(stage):
    play, case, keys, _browser = stage
    vouch.ask_voucher(play.desk, play.operator, case)
    options = begin(play, case, "p_maple")
    write(play, case, "session_bound", session="ses_of_the_attacker")
    with pytest.raises(Refusal) as refused:
        finish(play, case, "p_maple", keys["p_maple"], options)
    assert refused.value.code == "changed_since"
    assert methods(play, case) == []


def test_a_vouch_counts_only_with_the_browser_whose_words_were_heard(stage):
    play, case, keys, _browser = stage
    vouch.ask_voucher(play.desk, play.operator, case, "manager")
    say_yes(play, case, keys, "p_maple")
    assert play.state(case).pieces[0].session == play.state(case).session


def test_the_owner_vouches_for_nobody_whatever_the_web_tier_says_of_them(stage):
    play, _case, _keys, _browser = stage
    actor, _ = enlist(play.throwaway, "maple-at-the-desk", ["operator"], "p_maple")
    play.operator = actor
    case = play.open(play.person("rowan", manager_id="p_maple"))
    with pytest.raises(Refusal) as refused:
        ask_executor(play.desk, "ask_voucher", case, {"which": "manager"})
    assert refused.value.code == "own_report"
    with pytest.raises(Refusal):
        vouch.ask_voucher(play.desk, actor, case)


def test_a_second_look_by_whom_the_web_tier_chose_counts_for_nothing(stage):
    play, case, _keys, _browser = stage
    play.operator, first = enlist(play.throwaway, "ash", ["operator"])
    chosen, second = enlist(play.throwaway, "elder", ["operator"])
    enlist(play.throwaway, "birch", ["operator"])
    sign(play, play.operator, first, case)
    drawn = play.state(case).second_asked["callback_on_file"]
    real = json.loads(EventRow.objects.get(case_id=case, kind="second_asked").body)
    write(play, case, "second_asked", **{**real, "staff": chosen.id, "nonce": "00" * 12})
    with pytest.raises(Refusal, match="stopped this"):
        sign(play, chosen, second, case)
    assert broken(play)
    assert drawn in {chosen.id, play.second.id}
    assert not any(piece.evidence.second_attested for piece in play.state(case).pieces)


def sign(play, actor, key, case):
    options = attest.begin_attestation(play.desk, actor, case, "callback_on_file", "passed", "green")
    _, response = key.sign(options, PUBLIC_URL)
    attest.finish_attestation(play.desk, actor, case, response)


# ------------------------------------------------------------------------------------------------------------ requests put back


def test_a_question_that_is_put_back_is_refused_and_security_hears(stage):
    play, case, _keys, _browser = stage
    row = sealed(play, "ask_voucher", case, {"which": "manager"})
    box = row.box
    row.save(force_insert=True)
    play.settle()
    assert read_answer(row) == {"ok": True}
    for gone in (False, True):
        if gone:
            RequestRow.objects.all().delete()
        row.box, row.state, row.answer = box, "new", None
        row.save(force_insert=gone)
        play.settle()
        assert read_answer(row)["refused"] == "request_replayed"
    assert Alert.objects.filter(kind="replayed", case_id=case).count() == 2
    assert EventRow.objects.filter(case_id=case, kind="voucher_asked").count() == 1


def test_a_row_cannot_lengthen_the_life_of_its_question(stage):
    play, case, _keys, _browser = stage
    row = sealed(play, "ask_voucher", case, {"which": "manager"})
    play.clock.advance(asking.REQUEST_LIFE_S)
    row.created_at, row.expires_at = play.clock.now(), play.clock.now().replace(year=2030)
    row.save(force_insert=True)
    play.settle()
    assert read_answer(row)["refused"] == "request_expired"


def test_a_question_from_before_a_restart_or_from_the_future_is_not_answered(stage):
    play, case, _keys, _browser = stage
    early = sealed(play, "ask_voucher", case, {"which": "manager"})
    play.clock.advance(1)
    executor = play.throwaway.executor
    executor._since = play.clock.now()
    late = sealed(play, "ask_voucher", case, {"which": "manager"})
    play.clock.advance(-30)
    executor._since = play.clock.now()
    late.save(force_insert=True)
    play.settle()
    assert read_answer(late)["refused"] == "request_expired"
    play.clock.advance(31)
    executor._since = play.clock.now()
    early.save(force_insert=True)
    play.settle()
    assert read_answer(early)["refused"] == "request_expired"


def test_two_questions_whose_boxes_were_exchanged_are_both_refused(stage):
    play, case, _keys, _browser = stage
    rows = [sealed(play, "ask_voucher", case, {"which": which}) for which in ("manager", "peers")]
    rows[0].box, rows[1].box = rows[1].box, rows[0].box
    for row in rows:
        row.save(force_insert=True)
    play.settle()
    assert {json.loads(row.answer)["refused"] for row in RequestRow.objects.all()} == {"box_not_ours"}


def test_a_voucher_is_asked_in_a_capacity_that_there_is(stage):
    play, case, _keys, _browser = stage
    with pytest.raises(Refusal):
        ask_executor(play.desk, "ask_voucher", case, {"which": "p_oak"})
    with pytest.raises(Invalid):
        vouch.ask_voucher(play.desk, play.operator, case, "p_oak")
