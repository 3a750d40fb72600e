"""How staff get in, and how nobody else does."""

import base64
import json
from datetime import UTC, datetime, timedelta

import pyotp
import pytest
from django.core.cache import cache
from django.db import connection

from mfadesk.kernel.errors import Invalid, Refusal
from mfadesk.kernel.ids import SystemRandomness
from mfadesk.operations import staff
from mfadesk.ports.people import Actor
from mfadesk.store.models import StaffMember

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
PASSWORD = "calm paper, one step"
SEED = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


@pytest.fixture
def member():
    from django.contrib.auth import get_user_model

    user = get_user_model()(username="juniper")
    user.set_password(PASSWORD)
    user.save()
    return StaffMember.objects.create(user=user, person_id="FC-1021", desk="Desk 1", roles=["operator"])


@pytest.fixture
def with_app(member):
    from allauth.mfa.adapter import get_adapter
    from allauth.mfa.models import Authenticator

    Authenticator.objects.create(user=member.user, type="totp", data={"secret": get_adapter().encrypt(SEED)})
    return member


def sign_in(client, password=PASSWORD, login="juniper"):
    return client.post("/sign-in/", {"login": login, "password": password})


def code_now():
    return pyotp.TOTP(SEED).now()


def test_a_password_alone_leads_to_the_second_step_and_signs_nobody_in(client, with_app):
    answer = sign_in(client)
    assert answer.status_code == 302
    assert answer.url == "/sign-in/second-step/"
    assert "_auth_user_id" not in client.session


def test_password_and_code_sign_in_and_the_session_id_changes(client, with_app):
    client.get("/sign-in/")
    sign_in(client)
    before = client.session.session_key
    answer = client.post("/sign-in/second-step/", {"code": code_now()})
    assert answer.status_code == 302
    assert client.session["_auth_user_id"] == str(with_app.user.pk)
    assert client.session.session_key != before


def test_a_code_opens_the_desk_once_even_within_its_tolerance(client, with_app):
    code = code_now()
    sign_in(client)
    assert client.post("/sign-in/second-step/", {"code": code}).status_code == 302
    row = next(r for r in rows("SELECT key, ends_at FROM desk_site_cacherow") if "totp.used" in r[0])
    # 90 seconds is how long a code can be valid with one step of tolerance on both sides.
    assert row[1] > datetime.now(UTC).timestamp() + 90
    client.post("/sign-out/")
    sign_in(client)
    assert client.post("/sign-in/second-step/", {"code": code}).status_code == 200
    assert "_auth_user_id" not in client.session


def test_a_member_without_a_second_step_reaches_the_set_up_page_and_nothing_else(client, member):
    sign_in(client)
    for path in ("/", "/staff/", "/cases/x/"):
        answer = client.get(path)
        assert (answer.status_code, answer["Location"]) == (302, "/account/"), path
    assert client.get("/api/v1/cases").status_code == 401
    assert b"Add your second step" in client.get("/account/").content


def test_somebody_who_left_is_signed_out_at_the_next_page(client, with_app):
    sign_in(client)
    client.post("/sign-in/second-step/", {"code": code_now()})
    StaffMember.objects.update(active=False)
    client.get("/account/")
    assert "_auth_user_id" not in client.session


def test_a_user_who_is_no_member_of_staff_cannot_sign_in(client, member):
    member.delete()
    sign_in(client)
    assert "_auth_user_id" not in client.session


def test_wrong_password_and_unknown_name_get_the_same_page(client, member):
    wrong = sign_in(client, "not this one at all").content
    cache.clear()
    unknown = sign_in(client, "not this one at all", "nobody!").content
    assert strip(wrong, b"juniper") == strip(unknown, b"nobody!")
    assert b"do not belong together" in wrong


def test_after_five_wrong_passwords_even_the_right_one_is_not_looked_at(client, with_app, monkeypatch):
    for _ in range(5):
        sign_in(client, "not this one at all")
    hashed = []
    monkeypatch.setattr("django.contrib.auth.hashers.ScryptPasswordHasher.verify", lambda *a: hashed.append(1))
    answer = sign_in(client)
    assert b"Too many tries" in answer.content
    assert hashed == []


def test_the_seed_of_an_app_lies_encrypted_in_the_database(with_app):
    [(data,)] = rows("SELECT data FROM mfa_authenticator")
    assert SEED not in str(data)
    assert SEED.encode() not in base64.b64decode(json.loads(data)["secret"])


def test_the_last_second_step_cannot_be_removed(client, with_app):
    sign_in(client)
    client.post("/sign-in/second-step/", {"code": code_now()})
    client.post("/account/confirm/", {"password": PASSWORD})
    answer = client.post("/account/app/remove/")
    assert b"only second step" in answer.content
    assert rows("SELECT COUNT(*) FROM mfa_authenticator") == [(1,)]


@pytest.mark.parametrize(
    "path", ["/sign-up/", "/forgotten/", "/accounts/signup/", "/account/email/", "/account/recovery-codes/"]
)
def test_allauth_s_other_pages_do_not_exist(client, path):
    answer = client.get(path)
    assert answer.status_code == 404 or answer["Location"].startswith("/sign-in/")


def test_an_invitation_sets_a_password_once_and_leads_to_the_second_step(client):
    token = staff.invite_staff("willow", ["operator"], "Desk 3", None, "staff_1", datetime.now(UTC), SystemRandomness())
    assert token not in str(rows("SELECT token_hash FROM store_staffinvitation"))
    answer = client.post(f"/invite/{token}/", {"password": PASSWORD, "again": PASSWORD})
    assert (answer.status_code, answer["Location"]) == (302, "/account/")
    assert client.get("/account/app/").status_code == 200
    assert client.get(f"/invite/{token}/").status_code == 410


@pytest.mark.parametrize(
    ("password", "again"),
    [("", ""), ("short", "short"), ("passwordpassword", "different password"), ("123456789012", "123456789012")],
)
def test_a_weak_or_mistyped_password_keeps_the_invitation_open(client, password, again):
    token = staff.invite_staff("willow", ["operator"], "Desk 3", None, "staff_1", datetime.now(UTC), SystemRandomness())
    assert client.post(f"/invite/{token}/", {"password": password, "again": again}).status_code == 422
    assert client.get(f"/invite/{token}/").status_code == 200


def test_guessing_invitations_is_slowed_down(client):
    answers = [client.get(f"/invite/{'0' * 31}{n % 10}/").status_code for n in range(22)]
    assert answers[0] == 410
    assert answers[-1] == 429


def test_roles_that_approve_or_configure_wait_for_another_administrator():
    yew = Actor("staff", "staff_1", frozenset({"administrator"}))
    elm = Actor("staff", "staff_2", frozenset({"administrator"}))
    token = staff.invite_staff("rowan", ["approver"], "Desk 2", None, yew.id, NOW, SystemRandomness())
    [line] = staff.open_invitations(NOW)
    assert line.waits_for_second
    with pytest.raises(Refusal, match="second administrator"):
        staff.redeem_invitation(token, PASSWORD, NOW)
    with pytest.raises(Refusal, match="Another administrator"):
        staff.confirm_invitation(line.id, yew, NOW)
    with pytest.raises(Refusal, match="Only an administrator"):
        staff.confirm_invitation(line.id, Actor("staff", "staff_3", frozenset({"operator"})), NOW)
    staff.confirm_invitation(line.id, elm, NOW)
    assert staff.redeem_invitation(token, PASSWORD, NOW).username == "rowan"


def test_the_first_administrator_needs_no_second_and_there_is_only_one_first(member):
    with pytest.raises(Refusal, match="no first administrator"):
        staff.invite_staff("eve", ["administrator"], "", None, staff.FIRST, NOW, SystemRandomness())
    member.delete()
    token = staff.invite_staff("yew", ["administrator"], "", None, staff.FIRST, NOW, SystemRandomness())
    assert staff.redeem_invitation(token, PASSWORD, NOW).username == "yew"


def test_an_invitation_ends_after_a_day():
    token = staff.invite_staff("willow", ["operator"], "", None, "staff_1", NOW, SystemRandomness())
    with pytest.raises(Refusal, match="does not work any more"):
        staff.redeem_invitation(token, PASSWORD, NOW + timedelta(hours=24))


@pytest.mark.parametrize(
    ("login", "roles", "person"),
    [
        ("", ["operator"], None),
        ("a b", ["operator"], None),
        ("x" * 41, ["operator"], None),
        ("ok", ["king"], None),
        ("ok", [], None),
        ("ok", ["operator"], "nobody"),
    ],
)
def test_an_invitation_for_nobody_in_particular_is_refused(login, roles, person):
    with pytest.raises(Invalid):
        staff.invite_staff(login, roles, "", person, "staff_1", NOW, SystemRandomness())


def rows(sql):
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall()


def strip(page, name):
    import re

    page = re.sub(rb'name="csrfmiddlewaretoken" value="[^"]*"', b"", page)
    return page.replace(name, b"NAME")
