"""A web tier that can write the directory's rows, as it can on the embedded database. The executor serves nobody by them."""

from __future__ import annotations

import pytest

from mfadesk.cli.throwaway import enlist
from mfadesk.executor.directory_watch import DirectoryWatch
from mfadesk.kernel.errors import Broken, MfadeskError, Refusal
from mfadesk.operations import enrol, vouch
from mfadesk.operations.directory_seal import FIELDS, find_sealed, newest_head, require_whole, seal_directory
from mfadesk.operations.import_directory import import_directory
from mfadesk.operations.people import find_person, get_person
from mfadesk.store.models import Alert, ContactRow, DirectoryHead, PersonRow, PersonSeal
from tests.road.play import Play

PEOPLE = ("hazel", "maple", "rowan", "elm", "ash_accomplice", "oak_accomplice", "hera")


@pytest.fixture
def play(throwaway):
    """An organisation that was imported and sealed; from here on nobody seals anything unless a test does."""
    play = Play(throwaway)
    play.operator, play.key = enlist(throwaway, "ash", ["operator"])
    for name in PEOPLE:
        led = name in ("hazel", "rowan", "elm")
        play.person(name, manager_id="p_maple" if led else None, vouches_as="hr" if name == "hera" else "")
    ContactRow.objects.create(person_id="p_hazel", kind="mobile", value="+441632960017")
    throwaway.seal_directory()
    throwaway.seals = False
    return play


@pytest.fixture
def key(play):
    return play.throwaway.executor.keys.receipt


@pytest.fixture
def waiting(play):
    """Hazel's case, at the proof, in her browser, with a passkey that would suffice."""
    old = play.scene.add_authenticator("hazel", "totp", "Phone", last_used_at=play.days_ago(2))
    _, passkey = play.scene.add_passkey("hazel", "Key", "security_key", last_used_at=play.days_ago(30))
    case = play.open(get_person("p_hazel"))
    play.answer(case, authenticator="gone", new_device="at_hand", restored="name_only")
    browser = play.redeem(case)
    browser.confirm()
    return case, browser, passkey, old


def acts(play):
    return [line for line in play.scene.list_audit("hazel") if line.act not in ("check_code", "finish_assertion")]


FORGED = '{"edition": 1, "people": "", "hr": [], "before": "", "at": ""}'
OTHERS = {
    "id": None, "login": "ash_accomplice", "name": "Somebody Else", "tier": "tier0", "job": "Chief", "site": "South",
    "employment": "on_leave", "starts_on": "2026-01-01", "manager_id": "p_ash_accomplice", "manager_since": "now", "photo_since": "now",
    "delegate_id": "p_ash_accomplice", "language": "fr", "break_glass": True, "vouches_as": "hr", "gone": True,
}  # fmt: skip


@pytest.mark.parametrize("field", [name for name in FIELDS if name != "id"])
def test_whatever_is_changed_of_a_person_stops_the_case_and_security_hears(play, waiting, field):
    case, browser, passkey, old = waiting
    before = acts(play)
    value = play.clock.now() if OTHERS[field] == "now" else OTHERS[field]
    if field == "login":
        PersonRow.objects.filter(login=value).update(login="moved")
    PersonRow.objects.filter(pk="p_hazel").update(**{field: value})
    with pytest.raises(Refusal):
        browser.prove_with_passkey(passkey)
    assert acts(play) == before
    assert play.state(case).pieces == ()
    assert {a.id: a.state for a in play.scene.holdings("hazel").authenticators}[old] == "active"
    assert Alert.objects.filter(kind="broken", case_id=case).exists()


@pytest.mark.parametrize(
    "harm",
    [
        lambda: ContactRow.objects.filter(person_id="p_hazel", kind="work_mail").update(value="mine@evil.example"),
        lambda: ContactRow.objects.filter(person_id="p_hazel", kind="mobile").update(value="+15550199"),
        lambda: ContactRow.objects.filter(person_id="p_hazel", kind="personal_mail").delete(),
        lambda: ContactRow.objects.create(person_id="p_hazel", kind="mobile", value="+15550199"),
        lambda: ContactRow.objects.filter(person_id="p_hazel").update(notify=False),
        lambda: PersonRow.objects.filter(pk="p_hazel").update(tier="standard", manager_id="p_ash_accomplice"),
        lambda: PersonRow.objects.filter(pk="p_maple").update(delegate_id="p_ash_accomplice"),
        lambda: PersonRow.objects.filter(pk="p_rowan").update(manager_id=None),
        lambda: PersonRow.objects.filter(pk="p_oak_accomplice").update(manager_id="p_maple"),
        lambda: PersonRow.objects.filter(pk="p_hera").delete(),
        lambda: PersonSeal.objects.filter(pk="p_hazel").delete(),
        lambda: PersonSeal.objects.filter(pk="p_hazel").update(mac="00" * 32),
        lambda: PersonSeal.objects.filter(pk="p_hazel").update(edition=99),
        lambda: DirectoryHead.objects.update(body=FORGED),
        lambda: DirectoryHead.objects.all().delete(),
        lambda: (DirectoryHead.objects.all().delete(), PersonSeal.objects.all().delete()),
    ],
)
def test_nothing_is_proved_asked_sent_or_done_by_rows_that_no_import_wrote(play, waiting, harm, key):
    case, browser, passkey, _old = waiting
    before, letters = acts(play), len(play.scene.list_mail())
    harm()
    with pytest.raises(MfadeskError):
        browser.prove_with_passkey(passkey)
    for which in ("manager", "hr", "peers"):
        with pytest.raises(MfadeskError):
            vouch.ask_voucher(play.desk, play.operator, case, which)
    with pytest.raises(MfadeskError):
        enrol.begin_enrolment(play.desk, browser.session)
    play.settle()
    assert acts(play) == before
    assert not any(verdict.allowed for verdict in play.state(case).verdicts.values())
    assert not any(mail.to.endswith("evil.example") for mail in play.scene.list_mail())
    assert len(play.scene.list_mail()) == letters
    assert Alert.objects.filter(kind="broken").exists()
    with pytest.raises(Broken):
        require_whole(key)


def test_a_person_put_back_as_they_stood_before_an_import_is_refused(play, waiting, key):
    case, browser, passkey, _old = waiting
    old_row = PersonRow.objects.filter(pk="p_hazel").values().get()
    old_seal = PersonSeal.objects.filter(pk="p_hazel").values().get()
    PersonRow.objects.filter(pk="p_hazel").update(manager_id="p_elm", manager_since=play.clock.now())
    seal_directory(key, play.clock.now())
    PersonRow.objects.filter(pk="p_hazel").update(**old_row)
    PersonSeal.objects.filter(pk="p_hazel").update(**old_seal)
    with pytest.raises(Refusal):
        browser.prove_with_passkey(passkey)
    assert "put back" in Alert.objects.filter(kind="broken").latest("pk").sentence
    # The edition that it carries is covered too: it cannot be made to look like the newest.
    PersonSeal.objects.filter(pk="p_hazel").update(edition=newest_head(key).edition)
    with pytest.raises(Broken):
        find_sealed(key, newest_head(key), ["p_hazel"])
    assert play.state(case).pieces == ()


def test_a_whole_directory_put_back_is_refused_by_an_executor_that_saw_the_newer_one(play, key):
    kept = {model: list(model.objects.all()) for model in (PersonRow, ContactRow, PersonSeal, DirectoryHead)}
    watch = DirectoryWatch(play.desk)
    PersonRow.objects.filter(pk="p_hazel").update(tier="tier0")
    seal_directory(key, play.clock.now())
    assert watch.get("p_hazel").tier == "tier0"
    for model in (ContactRow, PersonRow, PersonSeal, DirectoryHead):
        model.objects.all().delete()
    for rows in kept.values():
        type(rows[0]).objects.bulk_create(rows)
    with pytest.raises(Broken):
        watch.find("p_hazel")


def test_a_letter_goes_to_no_address_that_no_import_wrote(play, waiting):
    case, browser, passkey, _old = waiting
    with play.desk.unit() as unit:
        draft = play.desk.draft(unit.load(case), "executor")
        draft.intend("notify", target="attempt")
        unit.commit(draft)
    ContactRow.objects.filter(person_id="p_hazel").update(value="mine@evil.example")
    play.settle()
    assert play.scene.list_mail("mine@evil.example") == []
    assert Alert.objects.filter(kind="broken", case_id=case).exists()


def test_the_manager_alone_is_asked_and_a_row_of_the_newest_edition_serves(play, waiting):
    case, _browser, _passkey, _old = waiting
    _, laptop = play.scene.add_passkey("maple", "Laptop")
    play.vouch(case, "maple", laptop)
    assert list(play.state(case).vouchers) == ["p_maple"]
    assert not Alert.objects.filter(kind="broken").exists()


CSV = "id,login,name,tier,manager,work_mail\n"


def test_an_import_takes_nothing_over_that_no_import_wrote_unless_told_to_mend(play, key):
    PersonRow.objects.filter(pk="p_hazel").update(break_glass=True)
    lines = "".join(f"p_{name},{name},{name},standard,,{name}@fernhollow.example\n" for name in PEOPLE)
    with pytest.raises(Broken):
        import_directory(CSV + lines, play.clock.now(), key)
    assert find_person("p_hazel").break_glass
    import_directory(CSV + lines, play.clock.now(), key, mend=True)
    require_whole(key)
    hazel = find_person("p_hazel")
    assert not hazel.break_glass
    # What somebody had their hands on counts as changed today, all of it.
    assert all(contact.since == play.clock.now() for contact in hazel.contacts)
    assert hazel.manager_since == hazel.photo_since == play.clock.now()
    assert all(contact.since is None for contact in find_person("p_elm").contacts if contact.kind == "work_mail")


def test_an_approver_counts_only_as_the_directory_was_imported(play, waiting):
    case, browser, passkey, _old = waiting
    enlist(play.throwaway, "willow", ["approver"], "p_rowan")
    PersonRow.objects.filter(pk="p_rowan").update(employment="left")
    with pytest.raises(Refusal):
        browser.prove_with_passkey(passkey)
    assert acts(play) == []
    assert Alert.objects.filter(kind="broken", case_id=case).exists()
