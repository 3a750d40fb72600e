"""A replaced address hears of what follows, under its old value, and leads nowhere."""

from __future__ import annotations

import pytest

from mfadesk.operations import codes, work_case
from mfadesk.operations.import_directory import import_directory
from mfadesk.operations.people import get_person
from tests.road.play import Play

HEAD = "id,login,name,tier,work_mail\n"


@pytest.fixture
def play(throwaway):
    return Play(throwaway)


@pytest.fixture
def moved(play):
    """Somebody whose only address was replaced by somebody who may write the directory."""
    play.scene.add_account("hazel")
    import_directory(
        f"{HEAD}p_hazel,hazel,Hazel Linden,standard,old@fernhollow.example\n",
        play.days_ago(60),
        play.throwaway.executor.keys.receipt,
    )
    import_directory(
        f"{HEAD}p_hazel,hazel,Hazel Linden,standard,new@elsewhere.example\n",
        play.clock.now(),
        play.throwaway.executor.keys.receipt,
    )
    return get_person("p_hazel")


def told(play):
    return {mail.to for mail in play.scene.list_mail() if "It was not done" in mail.text}


def refuse(play, person):
    case = play.open(person)
    work_case.end_case(play.desk, play.operator, case, "cannot_be_proved")
    play.settle()


def test_the_old_address_is_told_and_gets_no_link(play, moved):
    assert [contact.value for contact in moved.contacts] == ["new@elsewhere.example"]
    case = play.open(moved)
    codes.send_link(play.desk, play.operator, case)
    play.settle()
    assert not any("/me/link/" in mail.text for mail in play.scene.list_mail())
    refuse(play, moved)
    assert told(play) == {"old@fernhollow.example", "new@elsewhere.example"}


def test_a_second_change_does_not_make_the_first_address_forgotten(play, moved):
    import_directory(
        f"{HEAD}p_hazel,hazel,Hazel Linden,standard,third@elsewhere.example\n",
        play.clock.now(),
        play.throwaway.executor.keys.receipt,
    )
    refuse(play, moved)
    assert told(play) == {"old@fernhollow.example", "new@elsewhere.example", "third@elsewhere.example"}


def test_after_a_month_an_old_address_is_somebody_elses_business(play, moved):
    play.pass_time(30 * 86_400)
    refuse(play, moved)
    assert told(play) == {"new@elsewhere.example"}


def test_put_back_it_is_told_once(play, moved):
    import_directory(
        f"{HEAD}p_hazel,hazel,Hazel Linden,standard,old@fernhollow.example\n",
        play.clock.now(),
        play.throwaway.executor.keys.receipt,
    )
    refuse(play, moved)
    assert sorted(m.to for m in play.scene.list_mail() if "It was not done" in m.text) == [
        "new@elsewhere.example",
        "old@fernhollow.example",
    ]
