"""Tokens: shown once, narrow, with an end, and counted before they are looked at."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from mfadesk.api.door import PER_MINUTE, Pace
from mfadesk.cli import api as cli_api
from mfadesk.kernel.errors import Invalid, Refusal
from mfadesk.operations import api_tokens
from mfadesk.operations.api_tokens import MAX_LIVING, WRONG_TRIES, admit_token, list_tokens, make_token, revoke_token
from mfadesk.site.logs import scrub_text
from mfadesk.store.models import Alert, ApiToken, Throttle

SOURCE = "192.0.2.9"


def test_a_token_admits_until_it_is_revoked_and_security_hears_of_both(play, token_for):
    token = token_for("cases:read")
    assert admit_token(play.desk, token, SOURCE).scopes == ("cases:read",)
    (line,) = list_tokens()
    revoke_token(play.desk, line.id)
    revoke_token(play.desk, line.id)
    with pytest.raises(Refusal) as refused:
        admit_token(play.desk, token, SOURCE)
    assert refused.value.code == "bad_token"
    assert [a.kind for a in Alert.objects.order_by("pk")] == ["api_token_made", "api_token_revoked"]


def test_a_token_ends_by_itself(play, token_for):
    token = token_for(days=1)
    play.clock.advance(86_399)
    admit_token(play.desk, token, SOURCE)
    play.clock.advance(1)
    with pytest.raises(Refusal, match="opens nothing"):
        admit_token(play.desk, token, SOURCE)


def test_the_database_the_log_and_the_alerts_hold_no_secret(play, token_for):
    token = token_for()
    secret = token.rsplit("_", 1)[1]
    row = ApiToken.objects.get()
    assert secret not in json.dumps({field.name: str(getattr(row, field.name)) for field in ApiToken._meta.fields})
    assert secret not in "".join(alert.sentence for alert in Alert.objects.all())
    assert secret not in scrub_text(f"GET / {token} failed") and secret not in scrub_text(f"Authorization: Bearer {token}")


def test_wrong_tokens_are_refused_alike_whatever_is_wrong_with_them(play, token_for):
    token = token_for()
    known, other = token[:17], token_for()[17:]
    sentences = set()
    for wrong in ["", "x", known, known + other, token + "0", token.upper(), f"mfadesk_{'0' * 8}_{'0' * 32}", "\x00", "é" * 49]:
        with pytest.raises(Refusal) as refused:
            admit_token(play.desk, wrong, SOURCE)
        sentences.add((refused.value.code, refused.value.sentence))
    assert len(sentences) == 1


def test_a_source_of_wrong_tokens_waits_before_anything_is_hashed_and_no_other_source_does(play, token_for, monkeypatch):
    token = token_for()
    for _ in range(WRONG_TRIES):
        with pytest.raises(Refusal, match="opens nothing"):
            admit_token(play.desk, "mfadesk_wrong", SOURCE)
    hashed = []
    real = api_tokens._hash
    monkeypatch.setattr(api_tokens, "_hash", lambda secret: hashed.append(secret) or real(secret))
    with pytest.raises(Refusal) as refused:
        admit_token(play.desk, token, SOURCE)
    assert refused.value.code == "too_many_tries" and hashed == []
    assert Throttle.objects.get(pk=f"api:{SOURCE}").count == WRONG_TRIES
    assert admit_token(play.desk, token, "192.0.2.10").name == "tests"
    play.clock.advance(901)
    assert admit_token(play.desk, token, SOURCE).name == "tests"


def test_use_is_noted_once_a_minute_and_not_at_every_request(play, token_for):
    token = token_for()
    first = play.clock.now()
    for seconds in (0, 30, 29):
        play.clock.advance(seconds)
        admit_token(play.desk, token, SOURCE)
        assert ApiToken.objects.get().last_used_at == first
    play.clock.advance(1)
    admit_token(play.desk, token, SOURCE)
    assert ApiToken.objects.get().last_used_at == play.clock.now()


def test_a_token_without_a_name_a_known_scope_or_an_end_is_not_made(play):
    one = ["cases:read"]
    for name, scopes, days, where in [
        ("x", [], 90, "--scope"), ("x", ["cases:write"], 90, "--scope"), ("x", ["cases:read", "*"], 90, "--scope"),
        ("", one, 90, "--name"), (" ", one, 90, "--name"), ("x" * 81, one, 90, "--name"), ("a\x1b[2J", one, 90, "--name"),
        ("x", one, 0, "--days"), ("x", one, 366, "--days"),
    ]:  # fmt: skip
        with pytest.raises(Invalid) as refused:
            make_token(play.desk, name, scopes, days, "tests")
        assert refused.value.where == where
    assert not ApiToken.objects.exists() and not Alert.objects.exists()


def test_there_is_an_end_to_how_many_tokens_live(play, token_for):
    token_for()
    row = ApiToken.objects.get()
    for n in range(MAX_LIVING - 1):
        row.pk = f"{n:08}"
        row.save(force_insert=True)
    with pytest.raises(Refusal, match="Revoke one"):
        token_for()
    revoke_token(play.desk, "00000001")
    assert token_for()


def test_a_token_that_runs_wild_is_slowed_alone_and_for_a_minute():
    pace = Pace(PER_MINUTE)
    for _ in range(PER_MINUTE):
        pace.count("wild", 600)
    with pytest.raises(Refusal) as refused:
        pace.count("wild", 659.9)
    assert refused.value.code == "too_fast"
    pace.count("calm", 659.9)
    pace.count("wild", 660)


def test_the_command_prints_the_token_alone_on_standard_output_and_lists_it_without(play, monkeypatch):
    monkeypatch.setattr(cli_api, "_open", lambda home: play.desk)
    run = CliRunner().invoke
    made = run(cli_api.app, ["token", "--name", "ticket system", "--scope", "cases:read", "--yes"])
    assert made.exit_code == 0
    token = made.stdout.strip()
    assert admit_token(play.desk, token, SOURCE).made_by.startswith("shell:")
    told = run(cli_api.app, ["list", "--json"])
    (line,) = json.loads(told.stdout)["tokens"]
    assert line["name"] == "ticket system" and line["scopes"] == ["cases:read"] and "secret" not in told.stdout
    assert token.rsplit("_", 1)[1] not in told.stdout + run(cli_api.app, ["list"]).stdout
    assert run(cli_api.app, ["revoke", line["id"], "--yes"]).exit_code == 0
    with pytest.raises(Refusal):
        admit_token(play.desk, token, SOURCE)


def test_without_a_scope_the_command_names_them_all(play, monkeypatch):
    monkeypatch.setattr(cli_api, "_open", lambda home: play.desk)
    said = CliRunner().invoke(cli_api.app, ["token", "--name", "x", "--yes"])
    assert isinstance(said.exception, Invalid)
    assert all(scope in str(said.exception) for scope in api_tokens.SCOPES)
