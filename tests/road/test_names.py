"""Names in any script go the whole road, and none of them can turn round, break or hide what stands beside it."""

from __future__ import annotations

import pytest
from django.db import connection

from mfadesk.kernel.plain_text import plain_line
from mfadesk.operations import calls_view, case_view, open_case, record, vouch, work_case
from mfadesk.operations.desk import serve_desk
from mfadesk.operations.import_directory import import_directory
from mfadesk.store.models import PersonRow
from tests.road.play import Play

HEAD = "id,login,name,tier,manager,work_mail\n"
NAMES = ["Þórdís Ævarsdóttir", "李小龍", "محمد علي", "O'Brien <b>&amp;</b>", "नमस्ते शर्मा", "Nguyễn Thị", "ยิ่งลักษณ์", "Ж" * 200]
CONTROLS = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c\u200b\ufeff\u0000\u0007\r\n\u2028\u2029"


@pytest.fixture
def play(throwaway):
    serve_desk(throwaway.desk)
    yield Play(throwaway)
    serve_desk(None)


@pytest.mark.parametrize("name", NAMES)
def test_an_imported_name_is_found_shown_mailed_and_exported(play, name):
    for login in ("hazel", "maple"):
        play.scene.add_account(login)
    cell = name.replace('"', '""')
    import_directory(
        f'{HEAD}p_hazel,hazel,"{cell}",standard,p_maple,h@fernhollow.example\n'
        "p_maple,maple,Maple Grove,standard,,m@fernhollow.example\n",
        play.clock.now(),
        play.throwaway.executor.keys.receipt,
    )
    assert [line.name for line in calls_view.find_people(play.desk, play.operator, name[:30])] == [
        PersonRow.objects.get(pk="p_hazel").name
    ]
    play.scene.add_authenticator("hazel", "totp", "Phone", last_used_at=play.days_ago(40))
    case = open_case.open_case(play.desk, play.operator, "p_hazel", goal="replace_device")
    play.settle()
    play.answer(case, authenticator="gone", new_device="at_hand", restored="name_only")
    vouch.ask_voucher(play.desk, play.operator, case)
    play.settle()
    shown = case_view.case(play.desk, play.operator, case).name
    [letter] = play.scene.list_mail("m@fernhollow.example")
    assert shown[:79] in letter.subject
    assert shown in letter.text
    work_case.end_case(play.desk, play.operator, case, "caller_hung_up")
    play.settle()
    assert record.export_case(play.desk, play.operator, case)
    # The record is about ids; a name stands in it only where somebody is not in the directory.
    assert shown not in case_view.case(play.desk, play.operator, case).ticket


def test_controls_that_turn_or_break_a_line_stand_on_no_screen_and_in_no_mail(play):
    hazel = play.person("hazel", manager_id="p_maple")
    play.person("maple")
    # PostgreSQL keeps no NUL at all.
    stored = CONTROLS if connection.vendor == "sqlite" else CONTROLS.replace("\0", "")
    PersonRow.objects.filter(pk=hazel.id).update(name=f"Hazel{stored}nedniL", job=f"Nurse{stored}")
    play.scene.add_authenticator("hazel", "totp", "Phone", last_used_at=play.days_ago(40))
    case = play.open(hazel)
    play.answer(case, authenticator="gone", new_device="at_hand", restored="name_only")
    vouch.ask_voucher(play.desk, play.operator, case)
    play.settle()
    view, calls = case_view.case(play.desk, play.operator, case), calls_view.calls(play.desk, play.operator)
    [found] = calls_view.find_people(play.desk, play.operator, "hazel")
    [letter] = play.scene.list_mail("maple@fernhollow.example")
    for text in (
        view.name,
        *view.facts,
        calls.mine[0].name,
        found.name,
        found.job,
        letter.subject,
        letter.text.replace("\n", ""),
    ):
        assert not set(text) & set(CONTROLS), ascii(text)
    assert view.name == "Hazel nedniL"


def test_a_name_that_somebody_said_is_neutralised_on_the_page_and_whole_in_the_record(play):
    case = open_case.open_case(play.desk, play.operator, None, goal="replace_device", said_name="Evil\u202egnp.exe")
    assert case_view.case(play.desk, play.operator, case).name == "Evilgnp.exe"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("علی\u200cرضا", "علی\u200cرضا"),
        ("a\tb  c\n", "a b c"),
        ("e\u0301\u0323", "e\u0301\u0323"),
        ("👩\u200d⚕️", "👩\u200d⚕️"),
        (CONTROLS, ""),
        ("\ud800x\ue000\U000e0041", "x"),
    ],
)
def test_what_a_script_needs_stays_and_what_deceives_goes(text, line):
    assert plain_line(text) == line
