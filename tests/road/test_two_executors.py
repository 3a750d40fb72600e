"""Two executors with the same keys, as on two hosts by mistake: every act is done once, and security hears of it."""

from __future__ import annotations

import os
from threading import Barrier, Thread

import pytest
from django.db import connection

from mfadesk.executor import enrolling
from mfadesk.executor.compose import open_executor
from mfadesk.operations import enrol
from mfadesk.store.models import Alert, EffectRow, Heartbeat
from tests.road.people import with_laptop
from tests.road.play import Play


@pytest.fixture
def play(throwaway):
    return Play(throwaway)


def another(play):
    first = play.throwaway.executor
    return open_executor(play.desk, provider=first.provider, courier=first.courier, services=first.services)


def beat(executor):
    executor._last_beat = float("-inf")
    executor._beat()


def heard():
    return Alert.objects.filter(kind="two_executors").count()


def test_each_of_two_that_stay_hears_of_the_other_once_in_a_while(play):
    first, second = play.throwaway.executor, another(play)
    for _ in range(6):
        play.clock.advance(5)
        beat(first)
        beat(second)
    assert heard() == 2
    play.clock.advance(601)
    beat(first)
    beat(second)
    assert heard() == 3
    beat(first)
    assert heard() == 4


def test_a_restart_alarms_nobody_and_old_names_are_forgotten(play):
    for _ in range(4):
        one = another(play)
        for _ in range(6):
            play.clock.advance(5)
            beat(one)
        play.clock.advance(1)
    assert heard() == 0
    play.clock.advance(301)
    beat(one)
    assert Heartbeat.objects.filter(name__startswith="executor-").count() == 1


@pytest.mark.skipif(
    not os.environ.get("MFADESK_DATABASE_URL"),
    reason="threads share SQLite's database in memory; tests/crash has processes on a file",
)
def test_two_at_one_moment_do_every_act_and_answer_every_question_once(play):
    hazel = play.person("hazel")
    old = play.scene.add_authenticator(hazel.login, "totp", "Phone", last_used_at=play.days_ago(2))
    _, passkey = play.scene.add_passkey(hazel.login, "Laptop", last_used_at=play.days_ago(1))
    play.throwaway.seal_directory()
    both = (play.throwaway.executor, another(play))

    def settle():
        gate, trouble = Barrier(2), []

        def work(executor):
            try:
                gate.wait(10)
                executor.run_until_idle()
            except BaseException as error:
                trouble.append(error)
            finally:
                connection.close()

        threads = [Thread(target=work, args=(each,)) for each in both]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert trouble == []

    play.settle = settle
    object.__setattr__(play.desk, "wait", lambda _seconds: settle())
    case = play.open(hazel)
    play.answer(case, authenticator="gone", new_device="at_hand", restored="name_only")
    browser = play.redeem(case)
    browser.confirm()
    browser.prove_with_passkey(passkey)
    browser.set_up_totp_and_test()
    assert (play.state(case).status, play.state(case).outcome) == ("closed", "changed")
    acts = [(line.act, line.authenticator_id) for line in play.scene.list_audit(hazel.login)]
    assert acts.count(("suspend", old)) == acts.count(("remove", old)) == acts.count(("end_sessions", None)) == 1
    assert set(EffectRow.objects.values_list("state", flat=True)) == {"done"}
    assert not Alert.objects.filter(kind__in=["broken", "effect_parked", "replayed"]).exists()


def test_what_two_began_at_one_moment_leaves_one_that_works_and_no_other(play, monkeypatch):
    _hazel, old, case, passkey = with_laptop(play)
    browser = play.redeem(case)
    browser.confirm()
    browser.prove_with_passkey(passkey)
    enrol.begin_enrolment(play.desk, browser.session)
    # The second looked for orphans before the first had begun.
    with monkeypatch.context() as patch:
        patch.setattr(enrolling, "_remove_orphans", lambda *_: None)
        browser.set_up_totp_and_test()
    assert play.state(case).outcome == "changed"
    held = play.scene.holdings("hazel").authenticators
    assert sorted((a.kind, a.state) for a in held) == [("passkey", "active"), ("totp", "active")] and old not in {
        a.id for a in held
    }
