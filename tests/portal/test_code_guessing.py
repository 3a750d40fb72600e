"""Guessing case codes over HTTP: counted by source, whatever a client says about itself; no case is locked; security hears."""

from __future__ import annotations

import pytest

from mfadesk.kernel.case_code import new_case_code
from mfadesk.kernel.ids import SeededRandomness
from mfadesk.operations import codes
from mfadesk.operations.desk import serve_desk
from mfadesk.site.sources import find_source
from mfadesk.store.models import Alert
from tests.road.play import Play


@pytest.fixture
def play(throwaway):
    serve_desk(throwaway.desk)
    yield Play(throwaway)
    serve_desk(None)


@pytest.fixture
def case(play):
    hazel = play.person("hazel")
    play.scene.add_authenticator(hazel.login, "totp", "Phone", last_used_at=play.days_ago(40))
    case = play.open(hazel)
    play.answer(case, authenticator="gone", new_device="at_hand", restored="name_only")
    return case


def guess(client, n, **how):
    return client.post("/me/code", {"code": new_case_code(SeededRandomness(n))}, **how).content.decode()


def right(play, client, case, **how):
    return client.post("/me/code", {"code": codes.read_code(play.desk, case)}, **how)


def test_a_guesser_is_stopped_whatever_address_they_write_into_the_request(play, client, case):
    for n in range(10):
        assert "That case code is not open" in guess(client, n, HTTP_X_FORWARDED_FOR=f"198.51.100.{n}")
    stopped = guess(client, 10, HTTP_X_FORWARDED_FOR="203.0.113.9")
    assert "Too many tries" in stopped
    assert Alert.objects.filter(kind="code_guessing").count() == 1
    assert play.state(case).status == "open"
    # The case is not locked: its person comes from elsewhere and goes on.
    assert right(play, client, case, REMOTE_ADDR="192.0.2.44").status_code == 302
    assert play.state(case).session is not None


def test_behind_a_proxy_a_guesser_stops_themselves_and_nobody_else(play, client, case, settings):
    settings.PROXIES = 1
    for n in range(11):
        page = guess(client, n, HTTP_X_FORWARDED_FOR=f"192.0.2.{n}, 198.51.100.7")
    assert "Too many tries" in page
    assert right(play, client, case, HTTP_X_FORWARDED_FOR="192.0.2.44").status_code == 302


@pytest.mark.parametrize(
    ("forwarded", "proxies", "source"),
    [
        (None, 0, "10.0.0.1"),
        ("192.0.2.7", 0, "10.0.0.1"),
        ("192.0.2.7", 1, "192.0.2.7"),
        ("1.1.1.1, 192.0.2.7", 1, "192.0.2.7"),
        ("1.1.1.1, 192.0.2.7, 10.0.0.9", 2, "192.0.2.7"),
        ("192.0.2.7", 2, "10.0.0.1"),
        ("", 1, "10.0.0.1"),
        ("' OR 1=1 --", 1, "10.0.0.1"),
        ("x" * 10_000, 1, "10.0.0.1"),
        ("2001:db8:1:2:3:4:5:6", 1, "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", 1, "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", 1, "192.0.2.7"),
    ],
)
def test_the_source_is_what_our_own_proxies_saw(forwarded, proxies, source):
    meta = {"REMOTE_ADDR": "10.0.0.1"} | ({} if forwarded is None else {"HTTP_X_FORWARDED_FOR": forwarded})
    assert find_source(meta, proxies) == source
