"""A person is forgotten: nothing names them any more, and every proof over the record still holds."""

from __future__ import annotations

import pytest
from django.db import connection

from mfadesk.cli.explain import explain_lines
from mfadesk.kernel.errors import Refusal
from mfadesk.ledger.note import VerifierKey
from mfadesk.ledger.verify import verify_pack
from mfadesk.operations import case_view, codes, erasing, open_case, record, work_case
from mfadesk.ports.people import Actor
from mfadesk.store.copying import count_ledger
from mfadesk.store.models import PersonRow
from tests.road.people import ready
from tests.road.play import Play

AUDITOR = Actor("staff", "", frozenset({"auditor"}), None)


@pytest.fixture
def play(throwaway):
    return Play(throwaway)


def everything_stored() -> str:
    """Return every text of every table, as somebody who stole the database would read it."""
    found = []
    for table in connection.introspection.table_names():
        with connection.cursor() as cursor:
            cursor.execute(f'SELECT * FROM "{table}"')
            found += [bytes(cell).decode("latin-1") if isinstance(cell, bytes | memoryview) else str(cell)
                      for row in cursor.fetchall() for cell in row]  # fmt: skip
    return "\n".join(found)


def a_closed_case(play):
    hazel = play.person("zephyrine", manager_id=None)
    play.scene.add_authenticator(hazel.login, "totp", "Phone", last_used_at=play.days_ago(2))
    case = open_case.open_case(play.desk, play.operator, hazel.id, said_name="Zephyrine the Caller", goal="replace_device")
    play.settle()
    work_case.end_case(play.desk, play.operator, case, "caller_hung_up")
    play.settle()
    return hazel, case


def test_nothing_stored_names_an_erased_person_and_the_record_verifies(play):
    hazel, case = a_closed_case(play)
    assert "ephyrine" in everything_stored()
    before = count_ledger()
    done = erasing.erase_person(play.desk, hazel.login, play.throwaway.executor.keys.receipt)
    assert (done.cases, done.contacts) == (1, 2)
    assert done.fields >= 1
    left = [line for line in everything_stored().replace(hazel.id, "").splitlines() if "ephyrine" in line]
    assert left == []
    assert count_ledger() == before
    key = VerifierKey(play.desk.public.origin, play.desk.public.checkpoint_verify).text()
    verdict = verify_pack(record.export_case(play.desk, AUDITOR, case), key)
    assert verdict.ok, verdict.sentence
    play.throwaway.executor.watch.require_whole(case)
    assert case_view.case(play.desk, play.operator, case).name == "Somebody the directory does not know"


def test_a_person_with_an_open_case_or_at_the_desk_is_not_erased(play):
    hazel, _old, _case = ready(play)
    with pytest.raises(Refusal, match="open"):
        erasing.erase_person(play.desk, hazel.login, play.throwaway.executor.keys.receipt)
    assert PersonRow.objects.get(pk=hazel.id).name == "Hazel"
    with pytest.raises(Refusal, match="nobody called"):
        erasing.erase_person(play.desk, "stranger", play.throwaway.executor.keys.receipt)


def test_erasing_twice_finds_nobody(play):
    hazel, _case = a_closed_case(play)
    erasing.erase_person(play.desk, hazel.login, play.throwaway.executor.keys.receipt)
    with pytest.raises(Refusal, match="nobody called"):
        erasing.erase_person(play.desk, hazel.id, play.throwaway.executor.keys.receipt)


def test_explain_says_what_is_missing_and_gives_no_code_away(play):
    _hazel, _old, case = ready(play)
    code = codes.read_code(play.desk, case)
    text = "\n".join(explain_lines(case_view.case(play.desk, play.operator, case)))
    assert "0 points of" in text
    assert "Would be enough" in text or "In person" in text
    assert code not in text
    assert code.replace("-", "") not in text.replace("-", "").replace(" ", "")
