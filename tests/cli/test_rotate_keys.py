"""Keys are rotated while the desk works: what was sealed, signed or hashed before keeps its worth, until it is said to be leaked."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.auth import get_user_model
from typer.testing import CliRunner

from mfadesk.cli import rotate_keys as command
from mfadesk.cli.throwaway import enlist
from mfadesk.executor.rekeying import finish_signing, rotate_executor, rotate_signing
from mfadesk.kernel.errors import Broken, Refusal
from mfadesk.kernel.sealing import all_of
from mfadesk.ledger.note import VerifierKey, parse_note, parse_vkey, verify_note
from mfadesk.ledger.verify import verify_pack
from mfadesk.operations import codes, record
from mfadesk.operations.directory_seal import seal_directory
from mfadesk.ports.people import Actor
from mfadesk.site.staff_sign_in import StaffMFAAdapter
from mfadesk.store.models import Alert, DirectoryHead, EventRow, PersonRow, StaffFact
from tests.road.people import with_laptop
from tests.road.play import Play

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def play(throwaway):
    """A desk whose key files are put back after the test, since all tests share the folder."""
    files = {path: path.read_text() for path in (settings.HOME.folder / "keys").iterdir()}
    yield Play(throwaway)
    for path, text in files.items():
        path.write_text(text)


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch):
    monkeypatch.setattr(command, "SETTLE_S", 0)


def run(*arguments):
    result = CliRunner().invoke(command.app, [*arguments, "--home", str(settings.HOME.folder), "--yes"])
    assert result.exit_code == 0, (result.output, result.exception)
    return result.output


def half_way(play):
    """A case with proof in it, that goes on after whatever the test does."""
    hazel, old, case, passkey = with_laptop(play)
    browser = play.redeem(case)
    browser.confirm()
    browser.prove_with_passkey(passkey)
    return case, browser, hazel, old


def held(play, person):
    return [each.id for each in play.scene.holdings(person.login).authenticators]


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_the_road_is_whole_while_every_key_is_rotated_under_running_processes():
    done = subprocess.run(
        [sys.executable, "-m", "tests.cli.rotating_walk"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert (told["problem"], told["log_errors"]) == ("", [])
    assert told["steps"][-1] == "a record with one byte flipped is refused"
    assert len(told["keys"]) == 5 and told["keys"][-1] == told["begun"]
    # It was exported before the last rotation, and after the first.
    assert (told["by_all"], told["by_newest"], told["by_begun_alone"]) == (True, False, False)
    assert told["in_clear"] is False
    levels = {one["id"]: one["level"] for one in told["findings"]}
    assert levels["older_keys"] == "warn" and levels["wrapping_web"] == levels["wrapping_executor"] == "ok"
    assert "fail" not in levels.values()


def test_proof_and_decisions_of_before_count_after_a_rotation(play):
    case, browser, hazel, old = half_way(play)
    run()
    browser.set_up_totp_and_test()
    assert play.state(case).outcome == "changed"
    assert old not in held(play, hazel)


def test_what_is_said_to_be_leaked_counts_for_nothing_at_once(play):
    actor, _key = enlist(play.throwaway, "wren", ["operator"])
    register = play.throwaway.executor.staff.read()
    case, browser, hazel, old = half_way(play)
    run("--leaked")
    # Whoever has the old keys makes no receipt or decision that counts, and neither do those from before.
    with pytest.raises(Refusal, match="stopped"):
        browser.set_up_totp_and_test()
    assert play.state(case).outcome != "changed"
    assert old in held(play, hazel)
    assert Alert.objects.filter(kind="broken").exists()
    assert all_of(settings.HOME.executor_keys().receipt) == (bytes(settings.HOME.executor_keys().receipt),)
    # People keep their desk keys: the register was pinned as it stood.
    assert play.throwaway.executor.staff.read() == register
    assert play.throwaway.executor.staff.credentials(actor.id)


def test_a_pinned_register_is_not_changed_with_the_key_that_leaked(play):
    from mfadesk.executor import staff_register
    from mfadesk.kernel.sealing import authenticate

    enlist(play.throwaway, "wren", ["operator"])
    leaked = bytes(settings.HOME.executor_keys().receipt)
    run("executor", "--leaked")
    rows = list(StaffFact.objects.order_by("seq"))
    last, before = rows[-1], rows[-2]
    changed = last.body.replace('"key":"', '"key":"synced:')
    assert changed != last.body
    standing = staff_register.Standing({}, {}, before.seq, before.mac)
    mac = authenticate(staff_register._message(standing, last.seq, last.kind, last.at, changed), leaked)
    StaffFact.objects.filter(pk=last.pk).update(body=changed, mac=mac)
    with pytest.raises(Broken, match="register of staff"):
        staff_register.StaffRegister(play.throwaway.executor.desk).read()


def test_the_directory_is_sealed_anew_and_a_key_that_leaked_seals_nobody_after_that(play):
    play.person("hazel")
    play.throwaway.seal_directory()
    play.throwaway.seals = False
    watch = play.throwaway.executor.directory
    assert watch.get("p_hazel").tier == "standard"
    leaked = bytes(settings.HOME.executor_keys().receipt)
    assert "Import the directory once more" in run("executor", "--leaked")
    assert watch.get("p_hazel").tier == "standard"
    PersonRow.objects.filter(pk="p_hazel").update(tier="tier0")
    DirectoryHead.objects.all().delete()
    for _ in range(3):
        seal_directory(leaked, play.clock.now())
    with pytest.raises(Broken, match="head"):
        watch.find("p_hazel")


def test_an_older_key_stays_while_a_case_needs_it_and_goes_when_none_does(play, monkeypatch):
    case, browser, *_ = half_way(play)
    run()
    monkeypatch.setattr(command, "AN_HOUR", command.AN_HOUR * 0)
    monkeypatch.setattr(command, "KEEP_FOR", {})
    assert "1 open case began under it" in run("--retire")
    assert settings.HOME.executor_keys().receipt.older and not settings.HOME.web_keys().at_rest.older
    browser.set_up_totp_and_test()
    assert play.state(case).outcome == "changed"
    run("--retire")
    keys = settings.HOME.executor_keys()
    assert [ring.older for ring in (keys.receipt, keys.checkpoint_sign, keys.box_private, keys.locator)] == [()] * 4
    assert "no older key" in run("--retire")
    play.throwaway.executor.watch = type(play.throwaway.executor.watch)(play.throwaway.executor.desk)
    play.throwaway.executor.watch.require_whole(case)


def test_stored_codes_and_seeds_are_put_under_the_new_key(play):
    case = play.open(play.person("hazel"))
    code = codes.read_code(play.desk, case)
    user = get_user_model().objects.create(username="seed-holder")
    row = Authenticator.objects.create(
        user=user, type=Authenticator.Type.TOTP, data={"secret": StaffMFAAdapter().encrypt("JBSWY3DPEHPK3PXP")}
    )
    assert "2 stored secrets" in run("web", "--leaked")
    assert codes.read_code(play.desk, case) == code
    row.refresh_from_db()
    assert StaffMFAAdapter().decrypt(row.data["secret"]) == "JBSWY3DPEHPK3PXP"
    assert not settings.HOME.web_keys().at_rest.older


def test_a_code_and_a_link_of_before_find_their_case_until_the_key_is_leaked(play):
    hazel, rowan = play.person("hazel"), play.person("rowan")
    first, second = play.open(hazel), play.open(rowan)
    by_code = codes.read_code(play.desk, second)
    run("links")
    assert settings.HOME.web_keys().locator == settings.HOME.executor_keys().locator
    play.redeem(first)
    run("links", "--leaked")
    assert codes.find_locator(play.desk, "code", by_code.replace(" ", "").replace("-", "")) is None


def test_records_verify_under_the_key_of_their_time_and_the_ledger_says_who_handed_over(play):
    case, browser, *_ = half_way(play)
    auditor = Actor("system", "auditor", frozenset({"auditor"}))
    public = settings.HOME.public_keys()
    first = VerifierKey(public.origin, bytes(public.checkpoint_verify))
    before = record.export_case(play.desk, auditor, case)
    rotate_signing(play.desk, play.clock.now())
    browser.set_up_totp_and_test()
    after = record.export_case(play.desk, auditor, case)
    second = VerifierKey(public.origin, bytes(settings.HOME.public_keys().checkpoint_verify))
    assert verify_pack(before, first.text()).ok and not verify_pack(before, second.text()).ok
    assert verify_pack(after, second.text()).ok and not verify_pack(after, first.text()).ok
    [row] = EventRow.objects.filter(case_id="desk", kind="key_rotated")
    told = json.loads(row.body)
    assert (told["old"], told["new"]) == (first.text(), second.text())
    note = parse_note(told["handover"])
    assert verify_note(note, [parse_vkey(told["old"])]) and second.text() in note.text
    # A crash before it was written down is made good, and nothing is written twice.
    finish_signing(play.desk, play.clock.now())
    assert EventRow.objects.filter(case_id="desk", kind="key_rotated").count() == 1


def test_what_a_crash_between_key_and_record_left_undone_is_made_good(play, monkeypatch):
    from mfadesk.executor import rekeying

    with monkeypatch.context() as patch:
        patch.setattr(rekeying, "finish_signing", lambda desk, now: None)
        rotate_signing(play.desk, play.clock.now())
    assert not EventRow.objects.filter(kind="key_rotated").exists()
    finish_signing(play.desk, play.clock.now())
    assert EventRow.objects.filter(kind="key_rotated").count() == 1
    assert len(all_of(settings.HOME.public_keys().checkpoint_verify)) == 2


def test_decoys_stay_the_same_when_receipts_get_a_new_key(play):
    before = settings.HOME.executor_keys().decoy
    rotate_executor(settings.HOME, play.clock.now(), play.desk.randomness)
    assert settings.HOME.executor_keys().decoy == before != bytes(settings.HOME.executor_keys().receipt)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(("cheese",), "nothing that is rotated"), (("--retire", "--leaked"), "Use one of"), (("--wrap",), "no [wrapping] table")],
)
def test_wrong_use_is_named_and_changes_nothing(play, arguments, said):
    before = {path: path.read_bytes() for path in (settings.HOME.folder / "keys").iterdir()}
    result = CliRunner().invoke(command.app, [*arguments, "--home", str(settings.HOME.folder), "--yes"])
    assert result.exit_code != 0 and said in str(result.exception)
    assert {path: path.read_bytes() for path in (settings.HOME.folder / "keys").iterdir()} == before
