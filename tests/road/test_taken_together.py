"""Effects that change nothing outside are taken, and their results written, together: none of them holds up or harms another."""

from __future__ import annotations

import pytest

from bench.effects import ask_for_nothing, open_case_about_nobody
from mfadesk.executor.effects import SHARED
from mfadesk.executor.taking import TOGETHER, take_due
from mfadesk.operations import desk as desk_module
from mfadesk.store.commit import load_case, load_events
from mfadesk.store.models import Alert, EffectRow, EventRow
from tests.road.play import Play


@pytest.fixture
def cases(throwaway):
    found = [open_case_about_nobody(throwaway.desk) for _ in range(6)]
    ask_for_nothing(throwaway.desk, found.pop())
    throwaway.settle()
    assert "look" in throwaway.executor.quick_verbs
    return found


@pytest.fixture
def executor(throwaway):
    return throwaway.executor


def results_of(case):
    return [e for e in load_events(case) if e.kind == "effect_done"]


def ask_all(executor, cases):
    for case in cases:
        ask_for_nothing(executor.desk, case)


def test_several_are_done_in_two_transactions(executor, cases, monkeypatch):
    ask_all(executor, cases)
    opened = []
    original = desk_module.unit_of_work
    monkeypatch.setattr(desk_module, "unit_of_work", lambda *args: opened.append(args) or original(*args))
    assert executor.run_effect(executor)
    assert len(opened) == 2
    assert [len(results_of(case)) for case in cases] == [1] * 5
    assert set(EffectRow.objects.values_list("state", flat=True)) == {"done"}
    executor.watch.require_whole()
    assert not executor.run_effect(executor)


def test_no_more_are_taken_than_the_limit(executor, cases):
    for _ in range(TOGETHER // len(cases) + 1):
        ask_all(executor, cases)
    assert len(take_due(executor, executor.quick_verbs)) == TOGETHER


def test_one_that_another_executor_holds_by_now_takes_no_other_with_it(executor, cases, monkeypatch):
    ask_all(executor, cases)
    stolen = EffectRow.objects.get(case_id=cases[2], state="due").id
    see = executor.see

    def stealing(state):
        if state.id == cases[4]:
            EffectRow.objects.filter(pk=stolen).update(fence=99)
        return see(state)

    monkeypatch.setattr(type(executor), "see", lambda self, state: stealing(state))
    executor.run_effect(executor)
    assert [len(results_of(case)) for case in cases] == [1, 1, 0, 1, 1]
    row = EffectRow.objects.get(pk=stolen)
    assert (row.state, row.fence) == ("taken", 99)


def test_a_case_that_cannot_be_read_takes_no_other_with_it(executor, cases):
    ask_all(executor, cases)
    EventRow.objects.filter(case_id=cases[1], kind="effect_intended").update(body="{")
    executor.run_until_idle()
    assert set(EffectRow.objects.filter(case_id=cases[1]).values_list("state", flat=True)) == {"parked"}
    assert [len(results_of(case)) for case in (cases[0], *cases[2:])] == [1] * 4
    assert [alert.case_id for alert in Alert.objects.filter(kind="broken")] == [cases[1]]


def test_what_a_slow_one_kept_waiting_is_written_and_the_rest_given_back(throwaway, executor, cases, monkeypatch):
    ask_all(executor, cases)
    see = type(executor).see

    def slow(self, state):
        if state.id == cases[1]:
            throwaway.clock.advance(2 * SHARED.total_seconds())
        return see(self, state)

    monkeypatch.setattr(type(executor), "see", slow)
    executor.run_effect(executor)
    rest = EffectRow.objects.filter(case_id__in=cases[2:]).exclude(state="done")
    assert [len(results_of(case)) for case in cases] == [1, 1, 0, 0, 0]
    assert list(rest.values_list("state", "attempts")) == [("due", 0)] * 3
    assert "look" not in executor.quick_verbs
    assert len(take_due(executor, executor.quick_verbs)) == 1


def test_acts_at_a_provider_are_taken_one_at_a_time(executor, cases):
    for verb in ("suspend_old", "end_sessions", "notify"):
        with executor.desk.unit() as unit:
            draft = executor.desk.draft(unit.load(cases[0]), "executor")
            draft.intend(verb, "x")
            unit.commit(draft)
    ask_all(executor, cases)
    assert [taken.verb for taken in take_due(executor, executor.quick_verbs)] == ["suspend_old"]


def test_two_cases_of_one_person_are_decided_one_after_the_other(throwaway, monkeypatch):
    play = Play(throwaway)
    hazel = play.person("hazel")
    first, second = play.open(hazel), play.open(hazel)
    play.settle()
    executor = throwaway.executor
    executor.quick_verbs.add("look")
    ask_all(executor, [first, second])
    together = []
    settle = type(executor).settle_seen
    monkeypatch.setattr(
        type(executor),
        "settle_seen",
        lambda self, changes, *more: together.append(set(changes)) or settle(self, changes, *more),
    )
    executor.run_until_idle()
    assert [len(results_of(case)) for case in (first, second)] == [1, 1]
    assert together == [{first}, {second}]


def test_an_alert_is_told_once_where_its_result_could_not_be_written(executor, cases, monkeypatch):
    with executor.desk.unit() as unit:
        draft = executor.desk.draft(unit.load(cases[0]), "executor")
        draft.intend("alert", "left_frozen")
        unit.commit(draft)
    commit = desk_module.Unit.commit
    monkeypatch.setattr(desk_module.Unit, "commit", lambda *args: (_ for _ in ()).throw(ConnectionError("gone")))
    with pytest.raises(ConnectionError):
        executor.run_effect(executor)
    assert not Alert.objects.filter(kind="left_frozen").exists()
    monkeypatch.setattr(desk_module.Unit, "commit", commit)
    EffectRow.objects.filter(verb="alert").update(state="due")
    executor.run_until_idle()
    assert Alert.objects.filter(kind="left_frozen").count() == 1
    assert load_case(cases[0]).status == "open"
