"""Everything put back as it stood, marks and all, while the executor is stopped: the next one notices by what is kept beside its keys."""

from __future__ import annotations

import shutil
from dataclasses import replace

import pytest

from mfadesk.cli.throwaway import enlist
from mfadesk.executor.compose import open_executor
from mfadesk.executor.rekeying import drop_executor_keys, rotate_executor
from mfadesk.kernel.errors import Broken, Refusal
from mfadesk.operations.directory_seal import newest_head, seal_directory
from mfadesk.operations.erasing import erase_person
from mfadesk.operations.import_directory import import_directory
from mfadesk.operations.people import get_person
from mfadesk.store.models import (
    Alert,
    CaseRow,
    Checkpoint,
    ContactRow,
    DirectoryHead,
    EventRow,
    PersonRow,
    PersonSeal,
    StaffFact,
    TreeHead,
)
from mfadesk.store.seen import DIRECTORY, LEDGER, Place, Seen, open_seen
from tests.road.play import Play

DIRECTORY_TABLES = (PersonRow, ContactRow, PersonSeal, DirectoryHead)
LEDGER_TABLES = (EventRow, TreeHead, Checkpoint, CaseRow)
CSV = "id,login,name,tier,work_mail\np_hazel,hazel,Hazel,standard,hazel@fernhollow.example\n"


@pytest.fixture
def play(throwaway, tmp_path):
    """A desk with a folder of its own, whose executor remembers as a real one does."""
    (tmp_path / "home").mkdir()
    shutil.copytree(throwaway.desk.home.folder / "keys", tmp_path / "home" / "keys")
    shutil.copy(throwaway.desk.home.folder / "desk.toml", tmp_path / "home")
    throwaway.desk = replace(throwaway.desk, home=replace(throwaway.desk.home, folder=tmp_path / "home"))
    play = Play(throwaway)
    play.person("hazel")
    throwaway.seal_directory()
    throwaway.seals = False
    restart(play)
    return play


def restart(play):
    """Put another executor in place of the one that runs."""
    before = play.throwaway.executor
    play.throwaway.executor = open_executor(
        replace(play.desk, as_executor=True), provider=before.provider, courier=before.courier, services=before.services
    )
    return play.throwaway.executor


def kept(*models):
    return {model: list(model.objects.all()) for model in models}


def put_back(rows):
    for model in reversed(rows):
        model.objects.all().delete()
    for model, found in rows.items():
        model.objects.bulk_create(found)


def key(play):
    return play.throwaway.executor.keys.receipt


def test_a_whole_directory_put_back_while_the_executor_was_stopped_proves_nobody_and_security_hears(play):
    _, passkey = play.scene.add_passkey("hazel", "Key", "security_key", last_used_at=play.days_ago(30))
    play.scene.add_authenticator("hazel", "totp", "Phone", last_used_at=play.days_ago(2))
    before = kept(*DIRECTORY_TABLES)
    PersonRow.objects.filter(pk="p_hazel").update(job="Chief")
    seal_directory(key(play), play.clock.now())
    case = play.open(get_person("p_hazel"))
    play.answer(case, authenticator="gone", new_device="at_hand", restored="name_only")
    browser = play.redeem(case)
    browser.confirm()
    put_back(before)
    restart(play)
    with pytest.raises(Refusal):
        browser.prove_with_passkey(passkey)
    assert play.state(case).pieces == ()
    assert "put back" in Alert.objects.filter(kind="broken").latest("pk").sentence


def test_an_import_goes_on_from_nothing_that_was_put_back_and_mending_outdoes_it(play):
    seen = open_seen(play.desk.home)
    before = kept(*DIRECTORY_TABLES)
    import_directory(CSV.replace("standard", "sensitive"), play.clock.now(), key(play), seen=seen)
    newest = seen.recall(DIRECTORY)
    put_back(before)
    for act in (
        lambda: import_directory(CSV, play.clock.now(), key(play), seen=seen),
        lambda: erase_person(play.desk, "hazel", key(play), seen),
    ):
        with pytest.raises(Broken, match="put back"):
            act()
    import_directory(CSV, play.clock.now(), key(play), mend=True, seen=seen)
    assert newest_head(key(play)).edition == newest.size + 1
    assert restart(play).directory.get("p_hazel").login == "hazel"
    # Nobody's values count as settled who came from a directory that somebody put there.
    assert all(contact.since == play.clock.now() for contact in get_person("p_hazel").contacts)


def test_a_rotation_seals_nothing_anew_that_was_put_back(play):
    before = kept(*DIRECTORY_TABLES)
    seal_directory(key(play), play.clock.now())
    play.throwaway.executor.directory.require_whole()
    put_back(before)
    old = bytes(key(play))
    rotate_executor(play.desk.home, play.clock.now(), play.desk.randomness)
    drop_executor_keys(play.desk, "receipt", [old])
    with pytest.raises(Broken):
        restart(play).directory.get("p_hazel")


def test_a_rotation_is_remembered_as_the_newest_edition(play):
    play.throwaway.executor.directory.require_whole()
    old = bytes(key(play))
    rotate_executor(play.desk.home, play.clock.now(), play.desk.randomness)
    drop_executor_keys(play.desk, "receipt", [old])
    head = newest_head(key(play))
    assert open_seen(play.desk.home).recall(DIRECTORY) == Place(head.edition, head.mac)
    assert restart(play).directory.get("p_hazel").login == "hazel"


def test_a_ledger_put_back_with_its_checkpoints_stops_the_next_executor(play):
    play.open(get_person("p_hazel"))
    play.throwaway.executor.watch.sign_checkpoint()
    before = kept(*LEDGER_TABLES)
    case = CaseRow.objects.get().id
    play.answer(case, authenticator="gone", new_device="at_hand", restored="name_only")
    play.throwaway.executor.watch.sign_checkpoint()
    restart(play).watch.require_whole(case)
    put_back(before)
    executor = restart(play)
    with pytest.raises(Broken, match="put back"):
        executor.watch.require_whole(case)
    # Also where as many other entries were added, so that it is as long as it was.
    play.answer(case, authenticator="stolen", new_device="at_hand", restored="name_only")
    while TreeHead.objects.get().size < open_seen(play.desk.home).recall(LEDGER).size:
        with play.desk.unit() as unit:
            unit.record_of_desk("key_rotated", {"old": "", "new": "", "handover": ""}, play.clock.now(), "executor")
    with pytest.raises(Broken, match="put back"):
        restart(play).watch.require_whole()
    # Whoever put a backup back and says so, by taking the file away, goes on.
    open_seen(play.desk.home).path.unlink()
    restart(play).watch.require_whole()


def test_somebody_who_was_dismissed_does_not_come_back_with_an_older_register(play):
    actor, _ = enlist(play.throwaway, "wren", ["operator"])
    register = play.throwaway.executor.staff
    before = kept(StaffFact)
    register.dismiss(actor.id, "init")
    put_back(before)
    with pytest.raises(Broken, match="shrank"):
        restart(play).staff.require_member(actor.id, "operator")


def test_more_that_was_seen_is_never_forgotten_for_less(tmp_path):
    (tmp_path / "executor.json").write_text("{}")
    seen = Seen(tmp_path / "seen.json")
    seen.keep(LEDGER, Place(5, "b"))
    seen.keep(LEDGER, Place(4, "a"))
    seen.keep(DIRECTORY, Place(1, "d"))
    assert seen.recall(LEDGER) == Place(5, "b") and seen.recall(DIRECTORY) == Place(1, "d")
    assert (tmp_path / "seen.json").stat().st_mode & 0o777 == 0o600
    assert {path.name for path in tmp_path.iterdir()} == {"executor.json", "seen.json"}


@pytest.mark.parametrize("text", ["", "{", "[]", '{"ledger": 3}', '{"ledger": ["x", "y"]}', '{"ledger": [1]}', "\xff"])
def test_a_damaged_file_stops_with_what_to_do(tmp_path, text):
    (tmp_path / "seen.json").write_text(text, "latin-1")
    with pytest.raises(Broken, match="delete keys"):
        Seen(tmp_path / "seen.json").recall(LEDGER)


def test_a_folder_that_cannot_be_written_costs_no_call(tmp_path):
    seen = Seen(tmp_path / "gone" / "seen.json")
    seen.keep(LEDGER, Place(1, "a"))
    assert seen.recall(LEDGER) is None
