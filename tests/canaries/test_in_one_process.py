"""Canaries: every secret is planted, everything that is kept or shown to others is read, and no secret stands where it must not.

Each secret names the places where its owner is meant to find it; there it must be found, so that the search itself is tested.
"""

from __future__ import annotations

import io
import json
import logging
import re

import pytest
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import connection

from mfadesk.cli.drills.scenery import hire
from mfadesk.cli.throwaway import enlist
from mfadesk.kernel.errors import MfadeskError
from mfadesk.operations import call_back, codes, prove, record, work_case
from mfadesk.operations.api_tokens import SCOPES, make_token
from mfadesk.operations.desk import serve_desk
from mfadesk.portal.door import COOKIE
from mfadesk.ports.people import ROLES, Actor
from mfadesk.site.logs import ScrubbedFormatter
from mfadesk.site.session_store import hash_session
from mfadesk.site.staff_sign_in import StaffMFAAdapter
from mfadesk.store.models import ContactRow, StaffMember
from tests.canaries.spellings import stands_in
from tests.road.play import Play
from tests.road.test_bypass import at_the_way_in
from tests.site.test_staff_acts import act

STAFF_PASSWORD = "plum-harbour-ninety-lanterns"
STAFF_SEED = "KRSXG5CTMVRXEZLUKRSXG5CT"
SMTP_PASSWORD = "copper-gull-at-the-weir"
PROVIDER_CREDENTIAL = "eyJhbGciOi-provider-credential"

OWN = {
    "new seed": {"the person's page"},
    "bypass code": {"the person's page"},
    "case code": {"its operator's page"},
    "check-in link": {"the person's mail"},
    "voucher's link": {"the voucher's mail"},
    "not-me link": {"the person's mail"},
    "invitation": {"the administrator's page"},
    # They bind a browser and prove nothing, so they are kept: whoever reads the table has read the cases too (SETTLED 5).
    "session words": {"the person's page", "tables"},
    "call-back words": set(),
    "recovery code": set(),
    "typed code": set(),
    "claimant's cookie": set(),
    "staff's session": {"its owner's cookie"},
    "API token": set(),
    "staff's password": set(),
    "staff's seed": set(),
    "SMTP password": set(),
    "provider's credential": set(),
    "web key at rest": set(),
    "web key for sessions": set(),
    "executor's receipt key": set(),
    "executor's signing key": set(),
    "executor's box key": set(),
    "key of links": set(),
}
"""Every secret, and where whoever it belongs to reads it."""


@pytest.fixture
def play(throwaway):
    serve_desk(throwaway.desk)
    yield Play(throwaway)
    serve_desk(None)


@pytest.fixture
def logs():
    """Everything that any library says, as our formatter writes it."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(ScrubbedFormatter())
    root, before = logging.getLogger(), logging.getLogger().level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield stream
    root.removeHandler(handler)
    root.setLevel(before)


def sign_in(client, role):
    """Sign a member of staff of one role in after a right and a wrong password."""
    user = get_user_model()(username=f"canary-{role}")
    user.set_password(STAFF_PASSWORD)
    user.save()
    StaffMember.objects.create(user=user, desk=f"Desk of {role}", roles=[role])
    Authenticator.objects.create(
        user=user, type=Authenticator.Type.TOTP, data={"secret": StaffMFAAdapter().encrypt(STAFF_SEED)}
    )
    client.post("/sign-in/", {"login": user.username, "password": STAFF_PASSWORD})
    client.post("/sign-in/", {"login": user.username, "password": STAFF_PASSWORD + "!"})
    client.force_login(user)


def tables():
    """Every byte of every row, as whoever has the database reads it."""
    found = []
    for name in connection.introspection.table_names():
        with connection.cursor() as cursor:
            cursor.execute(f'SELECT * FROM "{name}"')
            for row in cursor.fetchall():
                found += [bytes(cell) if isinstance(cell, bytes | memoryview) else str(cell).encode() for cell in row]
    return b"\n".join(found)


def plant(play, client, logs):
    """Walk the roads on which secrets come to be; return them by name, and what their owners were shown."""
    own = {}
    keys, web = settings.HOME.executor_keys(), settings.HOME.web_keys()
    secrets = {
        "staff's password": STAFF_PASSWORD, "staff's seed": STAFF_SEED, "SMTP password": SMTP_PASSWORD,
        "provider's credential": PROVIDER_CREDENTIAL, "web key at rest": bytes(web.at_rest), "web key for sessions": bytes(web.session),
        "executor's receipt key": bytes(keys.receipt), "executor's signing key": bytes(keys.checkpoint_sign),
        "executor's box key": bytes(keys.box_private), "key of links": bytes(keys.locator),
        "API token": make_token(play.desk, "tests", tuple(SCOPES), 90, "tests"),
    }  # fmt: skip
    # A way in for a time, and after it the new phone.
    hazel, _old, case, browser = at_the_way_in(play)
    client.cookies[COOKIE] = secrets["claimant's cookie"] = browser.cookie
    own["the person's page"] = client.get("/me/case").content + client.post("/me/case/bypass").content
    secrets["bypass code"] = re.search(rb'aria-label="The code">([^<]+)<', own["the person's page"])[1].decode()
    play.settle()
    own["the person's page"] += client.get("/me/case").content + client.post("/me/case/kind", {"kind": "totp"}).content
    page = client.post("/me/case/enrolment").content
    secrets["new seed"] = re.search(rb"secret=([A-Z2-7]+)", page)[1].decode()
    own["the person's page"] += page
    # A person with codes on paper, who types a wrong one and a right one; and one whose executor falls over in the middle.
    fern = play.person("fern")
    ContactRow.objects.create(person_id=fern.id, kind="mobile", value="+441632960017")
    play.scene.set_factor("fern", call_back.METHOD)
    play.scene.add_authenticator("fern", "totp", "Phone", last_used_at=play.days_ago(2), created_at=play.days_ago(400))
    secrets["recovery code"] = play.scene.add_recovery_codes("fern", "Paper")[1][0]
    paper = play.open(fern)
    play.answer(paper, authenticator="gone", new_device="at_hand", restored="name_only")
    other = play.redeem(paper)
    other.confirm()
    caller = hire(play.throwaway).operators[0].actor
    work_case.take_over(play.desk, caller, paper)
    call_back.call(play.desk, caller, paper)
    play.settle()
    secrets["call-back words"] = call_back.find_words(play.desk, caller, play.state(paper))
    client.cookies[COOKIE] = other.cookie
    own["the person's page"] += client.get("/me/case").content
    secrets["session words"] = other.session.words
    secrets["typed code"] = "83920174"
    for method, code in (("totp_existing", secrets["typed code"]), ("saved_recovery_code", secrets["recovery code"])):
        with pytest.MonkeyPatch.context() as patch:
            patch.setitem(play.throwaway.executor.handlers, "prove_code", lambda *_: {}["a fault of ours"])
            with pytest.raises(MfadeskError):
                prove.prove_with_code(play.desk, other.session, method, code)
        try:
            other.prove_with_code(code) if method == "totp_existing" else prove.prove_with_code(
                play.desk, other.session, method, code
            )
        except MfadeskError as error:
            logging.getLogger("mfadesk.tests").warning("refused: %s", error)
    # A case whose code nobody has used, and a link to check in.
    rowan = play.person("rowan")
    waiting = play.open(rowan)
    codes.send_link(play.desk, play.operator, waiting)
    play.settle()
    secrets["case code"] = codes.read_code(play.desk, waiting)
    yew, page = act(
        enlist(play.throwaway, "yew", ["administrator"]), act="invite", login="juniper", desk="Desk 9", roles=["operator"]
    )
    own["the administrator's page"] = page.content
    secrets["invitation"] = page.content.decode().split("/invite/")[1].split("/")[0]
    mails = play.scene.list_mail()
    for name, pattern, address in (
        ("voucher's link", r"/vouch/(\S+)", "maplehazel@"), ("check-in link", r"/me/link/(\S+)", "rowan@"), ("not-me link", r"/me/not-me/(\S+)", "hazel@")
    ):  # fmt: skip
        secrets[name] = next(
            found[1] for mail in mails if mail.to.startswith(address) and (found := re.search(pattern, mail.text))
        )
    return secrets, own, {"rowan": waiting, "fern": paper, "hazel": case}


OWNERS_MAIL = {"check-in link": "rowan@", "voucher's link": "maplehazel@", "not-me link": "hazel@"}


def places_of(play, client, cases, secrets, own):
    """Read everything that is kept, and everything that staff, other people and programs are shown."""
    places = {"tables": b""}
    pages = {}
    for role in sorted(ROLES):
        sign_in(client, role)
        seen = [
            client.get(path)
            for path in ("/", "/staff/", "/account/", "/desk-key", *(f"/cases/{case}" for case in cases.values()))
        ]
        seen += [client.get(f"/cases/{case}/record") for case in cases.values()]
        pages[f"pages of the role {role}"] = b"".join(page.getvalue() for page in seen)
    owner = get_user_model().objects.get(username="ash")
    Authenticator.objects.create(user=owner, type=Authenticator.Type.TOTP, data={})
    client.force_login(owner)
    # As the browser shows it; the row that it opens is there, so the search of the tables means something.
    cookie = client.cookies[settings.SESSION_COOKIE_NAME]
    secrets["staff's session"] = cookie.value
    own["its owner's cookie"] = str(cookie).encode()
    assert client.get("/").status_code == 200 and hash_session(cookie.value).encode() in tables()
    pages["its operator's page"] = client.get(f"/cases/{cases['rowan']}").content
    places |= pages
    auditor = Actor("system", "canary", frozenset({"auditor"}))
    places["full exports"] = b"".join(record.export_case(play.desk, auditor, case, full=True) for case in cases.values())
    bearer = {"Authorization": f"Bearer {secrets['API token']}"}
    listed = client.get("/api/v1/openapi.json").json()["paths"]
    filled = [
        path.replace("{case_id}", case)
        for path in listed
        if "{" not in path.replace("{case_id}", "")
        for case in cases.values()
    ]
    places["answers of the API"] = b"".join(client.get(path, headers=bearer).content for path in sorted(set(filled)))
    for name, address in OWNERS_MAIL.items():
        places[f"mails to others than the owner of the {name}"] = b"".join(
            f"{mail.subject}\n{mail.text}".encode() for mail in play.scene.list_mail() if not mail.to.startswith(address)
            and not (name == "not-me link" and mail.to.startswith("hazel"))
        )  # fmt: skip
    places["mails"] = b"".join(f"{mail.subject}\n{mail.text}".encode() for mail in play.scene.list_mail())
    places["metrics"] = client.get("/metrics").content
    places["another person's page"] = client.get("/me/").content
    places["tables"] = tables()
    return places


def test_no_secret_stands_anywhere_but_before_its_owner(play, client, logs):
    # Configured as an installer would: credentials in the executor's file, which no page or table ever copies.
    path = settings.HOME.key_file("executor")
    before = path.read_text()
    path.write_text(json.dumps({**json.loads(before), "provider": {"smtp": SMTP_PASSWORD, "api": PROVIDER_CREDENTIAL}}))
    try:
        secrets, own, cases = plant(play, client, logs)
        places = places_of(play, client, cases, secrets, own)
    finally:
        path.write_text(before)
    places["logs"] = logs.getvalue().encode()
    assert set(secrets) == set(OWN), "every secret says where it may stand"
    leaks = []
    for name, secret in secrets.items():
        for place, content in places.items():
            allowed = place in OWN[name] or (name in OWNERS_MAIL and place == "mails")
            # A case's code stands on the page of whoever holds the case, and on no other.
            if place.startswith("mails to others than") and not place.endswith(name):
                allowed = allowed or name in OWNERS_MAIL
            if stands_in(secret, content) and not allowed:
                leaks.append((name, place))
    assert leaks == []
    shown = {**places, **own, "the person's mail": places["mails"], "the voucher's mail": places["mails"]}
    unseen = [(name, place) for name, wanted in OWN.items() for place in wanted if not stands_in(secrets[name], shown[place])]
    assert unseen == [], f"the search finds what its owner is shown: {unseen}"
