"""Fernhollow Clinics is what it says it is, and its pretend phones count right."""

from datetime import UTC, date, datetime, timedelta
from importlib.resources import files

import pyotp
import pytest

from mfadesk.demo import organisation as org
from mfadesk.demo.calls import CALLS
from mfadesk.demo.codes import read_scan, show
from mfadesk.kernel.errors import Invalid
from mfadesk.kernel.ids import SeededRandomness
from mfadesk.operations.directory_csv import compare, read_directory
from mfadesk.ports.people import TIERS

TODAY = date(2026, 11, 24)
NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


def test_about_sixty_people_over_all_tiers_with_every_kind_of_employment():
    people = read_directory(org.people_csv(TODAY))
    assert 55 <= len(people) <= 65
    assert {person.tier for person in people} == set(TIERS)
    assert {person.employment for person in people} == {"active", "on_leave", "starts", "left", "third_party"}
    assert sum(person.break_glass for person in people) == 1
    assert len({person.site for person in people}) == 4
    assert len({person.language for person in people}) >= 8
    assert sum(not person.name.isascii() for person in people) >= 8
    starts = next(person for person in people if person.employment == "starts")
    assert starts.starts_on == TODAY + timedelta(days=7)


def test_the_shipped_file_has_no_quoted_cell_so_that_its_former_state_can_be_written():
    assert '"' not in files("mfadesk.demo").joinpath("people.csv").read_text(encoding="utf-8")


def test_two_imports_leave_fresh_numbers_a_fresh_manager_and_newcomers():
    held = compare(read_directory(org.people_csv(TODAY, former=True)), (), NOW - timedelta(days=640)).new
    changes = compare(read_directory(org.people_csv(TODAY)), held, NOW)
    assert {changed.after.id for changed in changes.changed} == set(org.FORMER)
    assert {person.id for person in changes.new} == org.NOT_YET
    assert changes.managers_changed == 1 and changes.contacts_changed == 2 and changes.gone == ()


def test_everybody_in_a_call_and_on_the_staff_is_in_the_directory():
    people = read_directory(org.people_csv(TODAY))
    assert {call.login for call in CALLS} <= {person.login for person in people}
    assert {worker.person_id for worker in org.STAFF} <= {person.id for person in people}
    roles = [set(worker.roles) for worker in org.STAFF]
    assert sum("operator" in held for held in roles) >= 2


def test_the_example_holds_authenticators_of_several_kinds_and_ages():
    people = read_directory(org.people_csv(TODAY))
    held = [one for place, person in enumerate(people) for one in org.holds(person.login, person.tier, place)]
    assert {"totp", "hotp", "passkey", "passkey_synced", "security_key", "recovery_code", "sms"} <= {one.kind for one in held}
    assert min(one.made_days for one in held) < 100 and max(one.made_days for one in held) > 1000


@pytest.mark.parametrize(
    "text",
    [
        "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP",
        " jbsw y3dp ehpk 3pxp jbsw y3dp ehpk 3pxp ",
        "otpauth://totp/a:b?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=x",
    ],
)
def test_a_new_phone_scans_an_address_or_a_key_and_shows_the_right_code(text):
    shown = show(read_scan(text, "hazel"), now=1_000_000_015)
    assert shown.code.replace(" ", "") == pyotp.TOTP("JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP").at(1_000_000_015)
    assert shown.left_s == 30 - 1_000_000_015 % 30


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "hello",
        "12345678",
        "JBSW",
        "otpauth://push/x?secret=JBSWY3DPEHPK3PXP",
        "otpauth://totp/x",
        "A" * 700,
        "otpauth://totp/x?secret=é",
        "otpauth://[/x",
        "otpauth://totp/x?secret=JBSWY3DPEHPK3PXP&digits=x",
        "otpauth://hotp/x?secret=JBSWY3DPEHPK3PXP&counter=-1",
    ],
)
def test_what_no_phone_could_scan_is_refused_in_words(text):
    with pytest.raises(Invalid):
        read_scan(text, "hazel")


def test_a_token_with_a_button_counts_its_presses():
    # RFC 4226, appendix D: counters 0 and 1.
    uri = "otpauth://hotp/x?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    assert show(uri).code == ""
    assert [show(uri, n).code.replace(" ", "") for n in (1, 2)] == ["755224", "287082"]


@pytest.mark.django_db(transaction=True)
def test_seeding_puts_people_accounts_and_staff_in_place(tmp_path):
    from allauth.mfa.models import Authenticator
    from django.contrib.auth import authenticate, get_user_model

    from mfadesk.connectors.registry import open_provider
    from mfadesk.demo.config import demo_config
    from mfadesk.demo.seed import seed
    from mfadesk.demo.state import read_state
    from mfadesk.kernel.clock import FakeClock
    from mfadesk.kernel.secret import Secret
    from mfadesk.ports.provider import Accepted
    from mfadesk.store.home import create_home
    from mfadesk.store.models import Alert, PersonRow, StaffMember

    randomness, clock = SeededRandomness(7), FakeClock(NOW)
    home = create_home(tmp_path / "demo", demo_config(tmp_path / "demo", "http://localhost:8123"), randomness)
    seed(home, clock, randomness)
    assert PersonRow.objects.count() == 60 and StaffMember.objects.count() == len(org.STAFF)
    assert get_user_model().objects.count() == len(org.STAFF)
    assert not Alert.objects.exists()
    assert Authenticator.objects.count() == 2 * len(org.STAFF)
    state = read_state(home.folder)
    key = home.executor_keys().provider["lab_seed"]
    lab = open_provider({**home.config.provider, "seed_key": key}, clock, randomness)
    assert len(lab.look(org.HAZEL).authenticators) == 3
    phone = next(phone for phone in state.phones if phone.owner == org.ROSEMARY)
    code = show(phone.uri, now=NOW.timestamp()).code.replace(" ", "")
    assert isinstance(lab.check_code(org.ROSEMARY, Secret(code)), Accepted)
    options = lab.begin_assertion(org.HAZEL, bytes(32))
    soft = next(key for key in state.keys if key.owner == org.HAZEL).soft()
    _, answer = soft.sign(options, "http://localhost:8123")
    assert isinstance(lab.finish_assertion(org.HAZEL, options, answer), Accepted)
    assert (home.folder / "demo.json").stat().st_mode & 0o077 == 0
    assert authenticate(username="juniper", password="juniper-at-the-desk") is not None
