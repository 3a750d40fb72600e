"""Importing people: what is taken, what is dated, and what is complained about with its line."""

import contextlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mfadesk.kernel.errors import Invalid
from mfadesk.operations.directory_csv import compare, fold, read_directory, search_text

HEAD = "id,login,name,tier,manager,work_mail,personal_mail,mobile"
BOSS = "1,oak,Oak Harrow,exec,,oak@example.com,,"
NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
KEY = bytes(32)


def csv(*rows):
    return "\n".join([HEAD, *rows]) + "\n"


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        ("2,hazel,Hazel Linden,standard,9,h@example.com,,", "line 3: manager: nobody in this file has the id '9'"),
        ("2,hazel,Hazel Linden,standard,2,h@example.com,,", "line 3: manager: '2' names itself"),
        ("2,hazel,Hazel Linden,king,1,h@example.com,,", "line 3: tier: 'king' is unknown"),
        ("2,hazel,Hazel Linden,standard,1,not a mail,,", "line 3: work_mail: 'not a mail' is no mail address"),
        ("2,hazel,Hazel Linden,standard,1,h@example.com,,12345", "line 3: mobile: '12345' is no number"),
        ("2,hazel,,standard,1,h@example.com,,", "line 3: name: is empty"),
        ("1,hazel,Hazel Linden,standard,,h@example.com,,", "line 3: id: '1' stands on line 2 already"),
        ("2,OAK,Hazel Linden,standard,,h@example.com,,", "line 3: login: 'oak' stands on line 2 already"),
        ("2,hazel,Hazel\u202eLinden,standard,1,h@example.com,,", "line 3: name: holds a control character"),
        ("2,hazel,Hazel Linden,standard,1,h@example.com", "line 3: 6 cells where the first line names 8"),
        ("2,hazel," + "x" * 201 + ",standard,1,,,", "line 3: name: is longer than 200"),
        ('2,"hazel,Hazel Linden,standard,1,,,', "line 3: This is not CSV"),
    ],
)
def test_a_wrong_row_stops_the_file_with_its_line(row, complaint):
    with pytest.raises(Invalid) as refused:
        read_directory(csv(BOSS, row))
    assert complaint in str(refused.value)


@pytest.mark.parametrize(
    "text", ["", HEAD, HEAD + "\n\n", "id,name\n1,x", "id,login,name,tier,shoe\n", "\x00", "id,id,login,name,tier\n"]
)
def test_a_file_without_people_or_with_unknown_columns_is_not_taken(text):
    with pytest.raises(Invalid):
        read_directory(text)


def test_a_circle_of_managers_is_found():
    with pytest.raises(Invalid, match="comes back to it"):
        read_directory(csv("1,a,A,exec,3,,,", "2,b,B,exec,1,,,", "3,c,C,exec,2,,,"))


def test_names_of_every_script_are_put_in_one_form_and_found_without_accents():
    [person] = read_directory(csv("1,yn,Nguye\u0302\u0303n 楠木 ياسمين,standard,,,,"))
    assert person.name == "Nguyễn 楠木 ياسمين"
    assert fold("nguyen") in search_text(person) and "楠木" in search_text(person)


def test_first_values_are_no_change_and_later_ones_are_dated():
    first = read_directory(csv(BOSS, "2,hazel,Hazel,standard,1,h@example.com,,+447700900117"))
    held = compare(first, (), NOW).new
    assert all(contact.since is None for person in held for contact in person.contacts)
    later = NOW + timedelta(days=30)
    second = read_directory(
        csv(BOSS, "3,ivy,Ivy,exec,,,,", "2,hazel,Hazel,standard,3,h@example.com,new@example.org,+447700900118")
    )
    changes = compare(second, held, later)
    [changed] = changes.changed
    since = {contact.kind: contact.since for contact in changed.after.contacts}
    assert since == {"work_mail": None, "personal_mail": later, "mobile": later}
    assert changed.after.manager_since == later
    assert (len(changes.new), changes.same, changes.contacts_changed, changes.managers_changed) == (1, 1, 1, 1)


def test_emptying_a_number_today_and_filling_it_tomorrow_does_not_make_it_old():
    with_number = compare(read_directory(csv(BOSS.rstrip(",") + ",,+447700900117")), (), NOW).new
    [emptied] = compare(read_directory(csv(BOSS)), with_number, NOW).changed
    [refilled] = compare(read_directory(csv(BOSS.rstrip(",") + ",,+447700900666")), [emptied.after], NOW).changed
    assert next(c for c in refilled.after.contacts if c.kind == "mobile").since == NOW


def test_who_is_missing_is_gone_once_and_never_deleted():
    held = compare(read_directory(csv(BOSS, "2,b,B,standard,1,,,")), (), NOW).new
    changes = compare(read_directory(csv(BOSS)), held, NOW)
    assert [person.id for person in changes.gone] == ["2"]
    left = [replace(person, employment="left") if person.id == "2" else person for person in held]
    assert compare(read_directory(csv(BOSS)), left, NOW).gone == ()


@given(st.text(max_size=300))
def test_any_text_is_people_or_a_complaint_never_a_crash(text):
    with contextlib.suppress(Invalid):
        assert read_directory(text)


@pytest.mark.django_db
def test_the_same_file_twice_changes_nothing_and_a_bad_one_changes_nothing():
    from mfadesk.operations.import_directory import import_directory, people_held, plan_import

    good = csv(BOSS, "2,hazel,Hazel,standard,1,h@example.com,,+447700900117")
    assert len(plan_import(good, NOW).new) == 2
    assert people_held() == ()
    import_directory(good, NOW, KEY)
    before = people_held()
    again = import_directory(good, NOW + timedelta(days=1), KEY)
    assert (again.same, again.new, again.changed, again.gone) == (2, (), (), ())
    with pytest.raises(Invalid):
        import_directory(csv(BOSS, "2,hazel,Hazel,king,1,,,"), NOW, KEY)
    assert people_held() == before
