"""Sessions of staff stand in the table under a hash; the cookie alone opens one."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.sessions.models import Session

from mfadesk.site.session_store import SessionStore, hash_session

pytestmark = pytest.mark.django_db


@pytest.fixture
def signed_in(client):
    client.force_login(get_user_model().objects.create(username="ash"))
    return client


def test_what_stands_in_the_table_opens_nobodys_session(signed_in, client):
    cookie = signed_in.cookies[settings.SESSION_COOKIE_NAME].value
    [row] = Session.objects.all()
    assert row.session_key == hash_session(cookie) and cookie not in row.session_data
    assert SessionStore(cookie).get("_auth_user_id")
    for shown in (row.session_key, hash_session(row.session_key), row.session_data):
        store = SessionStore(shown)
        assert store.get("_auth_user_id") is None
        # It is not taken up either: what somebody made up would else become the name of a session.
        assert store.session_key is None


def test_a_session_is_found_changed_renamed_and_ended_by_its_cookie(db):
    store = SessionStore()
    store["said"] = "once"
    store.save()
    again = SessionStore(store.session_key)
    again["said"] = again["said"] + " more"
    again.save()
    assert SessionStore(store.session_key)["said"] == "once more"
    before = again.session_key
    again.cycle_key()
    assert again.session_key != before and SessionStore(before).get("said") is None
    assert SessionStore(again.session_key)["said"] == "once more"
    assert again.exists(again.session_key) and not again.exists(before)
    again.flush()
    assert Session.objects.count() == 0


@pytest.mark.parametrize("shown", ["", "short", "x" * 5_000, "\udcff\udcff\udcff\udcff\udcff", "' OR 1=1 --", "ключ-сессии"])
def test_an_odd_cookie_opens_nothing_and_breaks_nothing(client, shown):
    assert SessionStore(shown).get("anything") is None


def test_a_session_over_its_time_opens_nothing_and_is_cleared(db):
    store = SessionStore()
    store["said"] = "once"
    store.set_expiry(-1)
    store.save()
    assert SessionStore(store.session_key).get("said") is None
    SessionStore.clear_expired()
    assert Session.objects.count() == 0
