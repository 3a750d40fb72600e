"""What the lab keeps beyond the common laws: recovery codes, seeds at rest, threads, clones, faults across processes."""

from __future__ import annotations

import base64
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mfadesk.connectors.lab.faults import Fault
from mfadesk.connectors.lab.provider import LabProvider, open_lab
from mfadesk.connectors.lab.soft_passkey import SoftPasskey
from mfadesk.kernel.clock import FakeClock
from mfadesk.kernel.errors import Invalid, Refusal, Unavailable
from mfadesk.kernel.ids import SeededRandomness
from mfadesk.kernel.secret import Secret
from mfadesk.ports.provider import Accepted, Rejected

NOW = datetime(2026, 11, 24, 14, 0, tzinfo=UTC)
ORIGIN = "http://localhost:8000"
KEY = b"0123456789abcdef0123456789abcdef"


def new_lab(path: str | Path = ":memory:", seed: int = 5) -> LabProvider:
    lab = open_lab(path, seed_key=KEY, clock=FakeClock(NOW), randomness=SeededRandomness(seed))
    lab.scene.add_account("ada")
    return lab


def test_a_recovery_code_works_once_however_it_is_typed() -> None:
    lab = new_lab()
    authenticator_id, codes = lab.scene.add_recovery_codes("ada")
    assert len(set(codes)) == 8
    assert lab.check_code("ada", Secret(f" {codes[0].upper().replace('-', ' ')} ")) == Accepted(
        authenticator_id, "recovery_code"
    )
    assert lab.check_code("ada", Secret(codes[0])) == Rejected("replayed")
    assert isinstance(lab.check_code("ada", Secret(codes[1])), Accepted)


def test_a_wrong_recovery_code_does_not_count_against_the_app_nor_the_other_way_round() -> None:
    lab = new_lab()
    app = lab.scene.add_authenticator("ada", "totp", "Phone")
    codes_id, _ = lab.scene.add_recovery_codes("ada")
    lab.check_code("ada", Secret("2222-2222-2222-2222"))
    lab.check_code("ada", Secret("000000"))
    assert {a.id: a.fail_count for a in lab.look("ada").authenticators} == {app: 1, codes_id: 1}


def test_no_seed_and_no_recovery_code_stands_in_the_file(tmp_path: Path) -> None:
    lab = new_lab(tmp_path / "lab.sqlite")
    lab.scene.add_authenticator("ada", "totp", "Phone", secret=b"twenty secret bytes!")
    _, codes = lab.scene.add_recovery_codes("ada")
    lab.close()
    content = b"".join(each.read_bytes() for each in tmp_path.iterdir())
    assert b"twenty secret bytes!" not in content
    assert not any(code.encode() in content or code.replace("-", "").encode() in content for code in codes)


def test_a_seed_moved_to_another_authenticator_does_not_open(tmp_path: Path) -> None:
    lab = new_lab(tmp_path / "lab.sqlite")
    lab.scene.add_authenticator("ada", "totp", "Hers", secret=b"a" * 20)
    lab.scene.add_account("eve")
    theirs = lab.scene.add_authenticator("eve", "totp", "Theirs", secret=b"b" * 20)
    with sqlite3.connect(tmp_path / "lab.sqlite") as other:
        other.execute(
            "UPDATE authenticators SET secret = (SELECT secret FROM authenticators WHERE login = 'eve') WHERE login = 'ada'"
        )
    code = Secret(lab.scene.current_code(theirs))
    with pytest.raises(Refusal):
        lab.check_code("ada", code)


def test_a_file_without_a_key_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="32-byte key"):
        open_lab(tmp_path / "lab.sqlite")


def test_of_many_threads_with_one_code_one_is_accepted(tmp_path: Path) -> None:
    labs = [new_lab(tmp_path / "lab.sqlite", seed) for seed in (1, 2)]
    app = labs[0].scene.add_authenticator("ada", "totp", "Phone")
    code = Secret(labs[0].scene.current_code(app))
    with ThreadPoolExecutor(8) as pool:
        verdicts = list(pool.map(lambda n: labs[n % 2].check_code("ada", code), range(8)))
    assert sum(isinstance(each, Accepted) for each in verdicts) == 1


def test_a_disabled_account_signs_in_with_nothing() -> None:
    lab = new_lab()
    app = lab.scene.add_authenticator("ada", "totp", "Phone")
    _, passkey = lab.scene.add_passkey("ada", "Laptop")
    lab.scene.add_account("ada", disabled=True)
    assert lab.look("ada").disabled
    assert isinstance(lab.check_code("ada", Secret(lab.scene.current_code(app))), Rejected)
    options = lab.begin_assertion("ada", b"c" * 32)
    assert isinstance(lab.finish_assertion("ada", options, passkey.sign(options, ORIGIN)[1]), Rejected)


def test_a_cloned_security_key_is_told_by_its_counter() -> None:
    lab = new_lab()
    _, key = lab.scene.add_passkey("ada", "Key ring", "security_key")
    clone = key
    for challenge in (b"1" * 32, b"2" * 32):
        options = lab.begin_assertion("ada", challenge)
        key, response = key.sign(options, ORIGIN)
        assert isinstance(lab.finish_assertion("ada", options, response), Accepted)
    options = lab.begin_assertion("ada", b"3" * 32)
    assert lab.finish_assertion("ada", options, clone.sign(options, ORIGIN)[1]) == Rejected("replayed")


def test_a_passkey_of_another_account_is_unknown_here() -> None:
    lab = new_lab()
    lab.scene.add_account("eve")
    lab.scene.add_passkey("ada", "Laptop")
    _, hers = lab.scene.add_passkey("eve", "Laptop")
    options = {**lab.begin_assertion("ada", b"c" * 32), "allowCredentials": []}
    assert lab.finish_assertion("ada", options, hers.sign(options, ORIGIN)[1]) == Rejected("unknown")


def test_a_signature_by_another_key_is_wrong() -> None:
    lab = new_lab()
    _, passkey = lab.scene.add_passkey("ada", "Laptop")
    forged = replace(
        SoftPasskey.make("localhost", b"x", SeededRandomness(9)), credential_id=passkey.credential_id, user_handle=b""
    )
    options = lab.begin_assertion("ada", b"c" * 32)
    assert lab.finish_assertion("ada", options, forged.sign(options, ORIGIN)[1]) == Rejected("wrong")


@pytest.mark.parametrize(
    ("synced", "roaming", "kind"), [(True, False, "passkey_synced"), (False, True, "security_key"), (False, False, "passkey")]
)
def test_what_registered_is_told_from_its_flags_and_not_from_what_was_asked(synced: bool, roaming: bool, kind: str) -> None:
    lab = new_lab()
    enrolment = lab.enrol("ada", "passkey", "New", "k-1")
    assert enrolment.creation_options is not None
    _, response = SoftPasskey.register(enrolment.creation_options, ORIGIN, SeededRandomness(2), synced=synced, roaming=roaming)
    verdict = lab.confirm_passkey("ada", enrolment.authenticator_id, response)
    assert isinstance(verdict, Accepted) and verdict.kind == kind


def test_one_credential_registers_once() -> None:
    lab = new_lab()
    lab.scene.add_account("eve")
    first, second = lab.enrol("ada", "passkey", "New", "k-1"), lab.enrol("eve", "passkey", "New", "k-2")
    assert first.creation_options and second.creation_options
    for account, enrolment, expected in (("ada", first, Accepted), ("eve", second, Rejected)):
        _, response = SoftPasskey.register(enrolment.creation_options, ORIGIN, SeededRandomness(2))
        assert isinstance(lab.confirm_passkey(account, enrolment.authenticator_id, response), expected)


def test_a_soft_passkey_refuses_another_site() -> None:
    lab = new_lab()
    _, passkey = lab.scene.add_passkey("ada", "Laptop")
    options = lab.begin_assertion("ada", b"c" * 32)
    for origin in ("https://localhost.evil.test", "https://evil-localhost", "https://desk.test"):
        with pytest.raises(Refusal) as refusal:
            passkey.sign(options, origin)
        assert refusal.value.code == "wrong_site"


def test_a_soft_passkey_survives_being_written_down() -> None:
    passkey = SoftPasskey.make("localhost", b"handle", SeededRandomness(4), synced=True)
    assert SoftPasskey.from_json(passkey.to_json()) == passkey
    with pytest.raises(Invalid):
        SoftPasskey.from_json('{"rp_id": 3}')


def test_ending_sessions_twice_spares_those_that_began_in_between() -> None:
    lab = new_lab()
    for _ in range(3):
        lab.scene.add_session("ada")
    assert lab.look("ada").sessions == 3
    lab.end_sessions("ada", "k-end")
    lab.scene.add_session("ada")
    lab.end_sessions("ada", "k-end")
    assert lab.look("ada").sessions == 1


def test_a_key_stands_for_one_act() -> None:
    lab = new_lab()
    app = lab.scene.add_authenticator("ada", "totp", "Phone")
    lab.suspend("ada", app, "k-1")
    with pytest.raises(Invalid, match="idempotency"):
        lab.remove("ada", app, "k-1")
    assert lab.look("ada").authenticators[0].state == "suspended"


def test_a_repeated_act_does_not_undo_what_came_after_it() -> None:
    lab = new_lab()
    app = lab.scene.add_authenticator("ada", "totp", "Phone")
    lab.suspend("ada", app, "k-1")
    lab.resume("ada", app, "k-2")
    lab.suspend("ada", app, "k-1")
    assert lab.look("ada").authenticators[0].state == "active"


def test_a_fault_set_through_one_connection_strikes_another(tmp_path: Path) -> None:
    one, other = new_lab(tmp_path / "lab.sqlite"), new_lab(tmp_path / "lab.sqlite", 6)
    one.scene.inject(Fault("error", method="look", times=2))
    other.health()
    for _ in range(2):
        with pytest.raises(Unavailable):
            other.look("ada")
    other.look("ada")


def test_latency_waits_and_then_works() -> None:
    waited: list[float] = []
    lab = open_lab(clock=FakeClock(NOW), randomness=SeededRandomness(1), sleep=waited.append)
    lab.scene.add_account("ada")
    lab.scene.inject(Fault("latency", latency_s=2.5))
    assert lab.look("ada").authenticators == ()
    assert waited == [2.5]


def test_every_check_and_act_is_one_line_in_the_log_without_its_code() -> None:
    lab = new_lab()
    app = lab.scene.add_authenticator("ada", "totp", "Phone")
    code = lab.scene.current_code(app)
    lab.check_code("ada", Secret(code))
    lab.suspend("ada", app, "k-1")
    lines = lab.scene.list_audit("ada")
    assert [(line.act, line.outcome, line.authenticator_id) for line in lines] == [
        ("check_code", "accepted", app),
        ("suspend", "done", app),
    ]
    assert code not in repr(lines)


def test_a_lost_counter_window_resynchronises_within_its_limit_even_when_locked() -> None:
    lab = new_lab()
    token = lab.scene.add_authenticator("ada", "hotp", "Ring", secret=b"s" * 20)
    for _ in range(12):
        lab.check_code("ada", Secret("000000"))
    assert lab.check_code("ada", Secret(lab.scene.current_code(token))) == Rejected("locked")
    first, second = (Secret(lab.scene.current_code(token, later=n)) for n in (900, 901))
    assert isinstance(lab.resync("ada", token, first, second), Accepted)
    assert isinstance(lab.check_code("ada", Secret(lab.scene.current_code(token))), Accepted)


def test_resynchronising_cannot_be_guessed_at_for_ever() -> None:
    lab = new_lab()
    token = lab.scene.add_authenticator("ada", "hotp", "Ring", secret=b"s" * 20)
    for _ in range(20):
        assert lab.resync("ada", token, Secret("000000"), Secret("000000")) == Rejected("wrong")
    first, second = (Secret(lab.scene.current_code(token, later=n)) for n in (0, 1))
    assert lab.resync("ada", token, first, second) == Rejected("locked")


def test_the_scene_can_make_a_past() -> None:
    lab = new_lab()
    old = NOW - timedelta(days=700)
    lab.scene.add_authenticator("ada", "push", "Old phone", created_at=old, last_used_at=NOW - timedelta(days=1))
    found = lab.look("ada").authenticators[0]
    assert (found.created_at, found.last_used_at, found.on_phone) == (old, NOW - timedelta(days=1), True)


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=80))
def test_no_text_but_the_code_is_accepted(text: str) -> None:
    lab = new_lab()
    app = lab.scene.add_authenticator("ada", "totp", "Phone")
    lab.scene.add_recovery_codes("ada", count=1)
    right = {lab.scene.current_code(app, later=n) for n in (-1, 0, 1)}
    verdict = lab.check_code("ada", Secret(text))
    assert isinstance(verdict, Rejected) or "".join(c for c in text if c.isascii() and c.isdigit()) in right
    lab.close()


_encoded = st.binary(max_size=60).map(lambda b: base64.b64encode(b).decode())
_fields = ["id", "rawId", "response", "clientDataJSON", "authenticatorData", "signature", "attestationObject", "type"]
_junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20) | _encoded,
    lambda inner: st.dictionaries(st.sampled_from(_fields), inner, max_size=6),
    max_leaves=12,
)


@settings(max_examples=100, deadline=None)
@given(_junk)
def test_no_junk_in_place_of_a_response_gets_past_or_raises(junk: object) -> None:
    lab = new_lab()
    lab.scene.add_passkey("ada", "Laptop")
    options = lab.begin_assertion("ada", b"c" * 32)
    response = junk if isinstance(junk, dict) else {"response": junk}
    assert isinstance(lab.finish_assertion("ada", options, response), Rejected)
    enrolment = lab.enrol("ada", "passkey", "New", "k-1")
    assert isinstance(lab.confirm_passkey("ada", enrolment.authenticator_id, response), Rejected)
    lab.close()
