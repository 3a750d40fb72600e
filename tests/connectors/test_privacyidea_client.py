"""What the privacyIDEA connector refuses without a server: addresses, unpromised answers, policies with a way around."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mfadesk.connectors.privacyidea.client import MAX_ANSWER_BYTES, require_address
from mfadesk.connectors.privacyidea.policies import demands_proof, find_excess, find_gaps
from mfadesk.connectors.privacyidea.provider import PrivacyIdeaProvider, open_privacyidea
from mfadesk.connectors.privacyidea.tokens import parse_token, serial_for
from mfadesk.connectors.registry import open_provider
from mfadesk.kernel.clock import FakeClock
from mfadesk.kernel.errors import Invalid, Refusal, Unavailable
from mfadesk.kernel.secret import Secret

NOW = datetime(2026, 11, 24, 14, 0, tzinfo=UTC)
CONFIG = {"kind": "privacyidea", "url": "https://pi.corp.test", "realm": "corp", "token": "t"}
CLOSED = {"name": "pages", "active": True, "scope": "webui", "realm": ["corp"], "action": {"login_mode": "privacyIDEA"}}


def talking_to(answer: Callable[[httpx.Request], httpx.Response]) -> PrivacyIdeaProvider:
    return open_privacyidea(CONFIG, FakeClock(NOW), Secret("t"), httpx.MockTransport(answer))


@pytest.mark.parametrize(
    "url",
    [
        "",
        "pi.corp.test",
        "http://pi.corp.test",
        "http://localhost:5001",
        "ftp://pi.corp.test",
        "https://user:pw@pi.corp.test",
        "https://pi.corp.test/?x=1",
        "https://pi.corp.test/#x",
        "https://169.254.169.254/latest",
        "https://[fe80::1]/",
        "https://0.0.0.0/",
        "file:///etc/passwd",
    ],
)
def test_the_credential_goes_to_no_such_address(url: str) -> None:
    with pytest.raises(Invalid):
        require_address(url, allow_loopback_http=False)


def test_plain_http_is_for_loopback_and_only_when_asked() -> None:
    assert require_address("http://127.0.0.1:5001/", allow_loopback_http=True) == "http://127.0.0.1:5001"
    with pytest.raises(Invalid):
        require_address("http://10.0.0.1", allow_loopback_http=True)


def test_a_redirect_is_not_followed() -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.host)
        return httpx.Response(302, headers={"Location": "https://elsewhere.test/"})

    with pytest.raises(Unavailable):
        talking_to(answer).look("ada")
    assert asked == ["pi.corp.test"]


def test_an_answer_without_end_is_cut() -> None:
    with pytest.raises(Unavailable):
        talking_to(lambda request: httpx.Response(200, content=b" " * (MAX_ANSWER_BYTES + 1))).look("ada")


_words = ["result", "status", "value", "error", "code", "detail", "tokens", "count", "serial", "message", "multi_challenge"]
_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(_words), inner, max_size=5),
    max_leaves=15,
)


@settings(deadline=None)
@given(_json, st.sampled_from([200, 200, 200, 201, 400, 404, 500, 502]))
def test_no_answer_is_taken_for_a_yes_that_was_not_promised(body: Any, status: int) -> None:
    provider = talking_to(lambda request: httpx.Response(status, json=body))
    for call in (
        lambda: provider.check_code("ada", Secret("123456")),
        lambda: provider.enrol("ada", "hotp", "x", "k"),
        lambda: provider.suspend("ada", "X", "k"),
        lambda: provider.begin_assertion("ada", b"c" * 32),
    ):
        with pytest.raises((Unavailable, Refusal)):
            call()
    provider.close()


def test_another_users_token_in_the_list_is_left_out() -> None:
    entry = token(username="eve", user_realm="corp")
    provider = talking_to(lambda request: httpx.Response(200, json=ok({"tokens": [entry], "count": 1})))
    assert provider.look("ada").authenticators == ()


def test_a_list_that_is_not_complete_is_not_taken() -> None:
    entry = token(username="ada", user_realm="corp")
    provider = talking_to(lambda request: httpx.Response(200, json=ok({"tokens": [entry], "count": 2})))
    with pytest.raises(Unavailable):
        provider.look("ada")


def test_an_empty_list_for_a_user_whom_we_may_not_see_is_no_empty_account() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json=ok([] if request.url.path.startswith("/user") else {"tokens": [], "count": 0}))

    with pytest.raises(Refusal) as refusal:
        talking_to(answer).look("ada")
    assert refusal.value.code == "unknown_account"


def test_what_is_not_said_of_a_token_is_read_the_cautious_way() -> None:
    entry = token(tokentype="webauthn", info={})
    parsed = parse_token(entry, NOW)
    assert parsed is not None
    assert (parsed.kind, parsed.created_at, parsed.to_authenticator().on_phone) == ("passkey_synced", NOW, True)


@pytest.mark.parametrize("change", [{"active": "yes"}, {"failcount": None}, {"serial": 3}, {"info": {"creation_date": "soon"}}])
def test_a_token_in_another_shape_is_not_guessed_at(change: dict[str, Any]) -> None:
    with pytest.raises(Unavailable):
        parse_token(token(**change), NOW)


def test_a_serial_is_the_keys_own() -> None:
    assert serial_for("totp", "ada", "k") == serial_for("totp", "ada", "k") != serial_for("totp", "eve", "k")


@pytest.mark.parametrize(
    "policy",
    [
        {"scope": "authentication", "action": {"passOnNoToken": True}},
        {"scope": "authentication", "action": {"passthru": "userstore"}},
        {"scope": "authentication", "action": {"passOnNoToken": True}, "realm": ["corp"], "user": ["ada"]},
        {"scope": "authentication", "action": {"passOnNoUser": True}, "realm": ["c*"]},
        {"scope": "webui", "action": {"login_mode": "userstore"}, "time": "Mon-Fri: 9-17"},
    ],
)
def test_a_way_around_a_suspended_token_is_a_gap(policy: dict[str, Any]) -> None:
    assert find_gaps([CLOSED], "corp") == ()
    assert find_gaps([CLOSED, {"name": "p", "active": True, **policy}], "corp")
    assert find_gaps([CLOSED, {"name": "p", "active": False, **policy}], "corp") == ()


@pytest.mark.parametrize(
    "change", [{"realm": ["other"]}, {"user": ["ada"]}, {"time": "Mon"}, {"active": False}, {"action": {}}]
)
def test_a_self_service_page_that_may_open_with_the_password_is_a_gap(change: dict[str, Any]) -> None:
    assert find_gaps([{**CLOSED, **change}], "corp")


def test_proof_is_demanded_only_by_a_policy_that_applies_to_everybody() -> None:
    policy = {"active": True, "scope": "enrollment", "action": {"verify_enrollment": "hotp totp"}}
    assert demands_proof([policy], "totp", "corp")
    assert not demands_proof([{**policy, "user": ["ada"]}], "totp", "corp")
    assert not demands_proof([{**policy, "action": {"verify_enrollment": "hotp"}}], "totp", "corp")


def test_rights_that_the_desk_never_asks_for_are_named() -> None:
    mine = {
        "name": "desk",
        "active": True,
        "scope": "admin",
        "adminuser": ["mfadesk"],
        "action": {"tokenlist": True, "revoke": True},
    }
    other = {"name": "root", "active": True, "scope": "admin", "adminuser": ["admin"], "action": {"*": True}}
    everybody = {"name": "all", "active": True, "scope": "admin", "adminuser": [], "action": {"auditlog": True, "set": False}}
    assert find_excess([mine, other], "mfadesk") == ("revoke",)
    assert find_excess([mine, other, everybody], "mfadesk") == ("auditlog", "revoke")
    assert find_excess([other], "admin") == ("*",)


def test_the_registry_names_what_is_wrong() -> None:
    with pytest.raises(Invalid, match="https"):
        open_provider({**CONFIG, "url": "http://pi.corp.test"})
    with pytest.raises(Invalid, match="service token"):
        open_provider({**CONFIG, "token": ""})
    with pytest.raises(Invalid, match="no provider"):
        open_provider({"kind": "okta"})
    assert open_provider(CONFIG).capabilities


def ok(value: Any) -> dict[str, Any]:
    return {"result": {"status": True, "value": value}, "detail": {}}


def token(**changes: Any) -> dict[str, Any]:
    return {
        "serial": "TOTP1",
        "tokentype": "totp",
        "description": "Phone",
        "active": True,
        "locked": False,
        "revoked": False,
        "rollout_state": "",
        "failcount": 0,
        "info": {"creation_date": "2026-01-01T00:00:00+00:00"},
        **changes,
    }
