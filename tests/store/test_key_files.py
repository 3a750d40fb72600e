"""Key files: read again when they change, wrapped under a key from elsewhere, and refused with a sentence where anything is wrong."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mfadesk.kernel.errors import Invalid
from mfadesk.kernel.ids import SeededRandomness
from mfadesk.kernel.sealing import all_of
from mfadesk.store.home import Config, create_home, load_home
from mfadesk.store.key_files import MAX_OLDER, add_key, drop_keys, to_text, write_store
from mfadesk.store.wrapping import find_key

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
FRESH = bytes(range(32))


@pytest.fixture
def home(tmp_path):
    return create_home(tmp_path / "desk", Config(organisation="Keys", public_url="http://localhost"), SeededRandomness(3))


def settle(home, **wrapping):
    """Write a [wrapping] table."""
    lines = ["", "[wrapping]", *(f"{name} = {json.dumps(source)}" for name, source in wrapping.items())]
    text = (home.folder / "desk.toml").read_text().split("\n[wrapping]")[0]
    (home.folder / "desk.toml").write_text(text + "\n".join(lines) + "\n")


def wrapping_file(tmp_path, name, key):
    path = tmp_path / name
    path.write_text(base64.b64encode(key).decode())
    path.chmod(0o600)
    return f"file:{path}"


def rewrap(home, holder="web"):
    write_store(home.key_file(holder), home.key_store(holder), home.key_sources(holder))


def test_a_key_that_was_added_is_in_use_at_once_and_the_one_before_still_opens(home):
    before = home.web_keys().at_rest
    write_store(home.key_file("web"), add_key(home.key_store("web"), "at_rest", FRESH, NOW), ())
    assert all_of(home.web_keys().at_rest) == (FRESH, bytes(before))
    write_store(home.key_file("web"), drop_keys(home.key_store("web"), "at_rest", [before]), ())
    assert all_of(home.web_keys().at_rest) == (FRESH,)
    assert "older" not in home.key_store("web") or not home.key_store("web")["older"]


def test_a_file_that_is_replaced_keeps_its_mode_and_nothing_is_left_beside_it(home):
    home.key_file("web").chmod(0o640)
    rewrap(home)
    assert home.key_file("web").stat().st_mode & 0o777 == 0o640
    assert sorted(path.name for path in (home.folder / "keys").iterdir()) == ["executor.json", "public.json", "web.json"]


def test_a_ring_has_a_greatest_length(home):
    stored = home.key_store("web")
    for _ in range(MAX_OLDER):
        stored = add_key(stored, "at_rest", FRESH, NOW)
    with pytest.raises(Invalid, match="--retire"):
        add_key(stored, "at_rest", FRESH, NOW)


def test_a_wrapped_file_holds_no_key_in_clear_and_opens_with_its_wrapping_key_alone(home, tmp_path):
    keys = home.web_keys()
    settle(home, web=wrapping_file(tmp_path, "wrap", FRESH))
    rewrap(home)
    assert to_text(keys.at_rest) not in home.key_file("web").read_text()
    assert home.web_keys() == keys
    settle(home, web=wrapping_file(tmp_path, "other", bytes(32)))
    with pytest.raises(Invalid, match="wrapped under another key"):
        load_home(home.folder).key_store("web")
    settle(home)
    with pytest.raises(Invalid, match="names no key for it"):
        home.key_store("web")


def test_the_wrapping_key_is_exchanged_while_both_are_named(home, tmp_path):
    keys = home.web_keys()
    old, new = wrapping_file(tmp_path, "old", FRESH), wrapping_file(tmp_path, "new", bytes(32))
    settle(home, web=old)
    rewrap(home)
    settle(home, web=new, web_before=old)
    assert home.key_store("web")["at_rest"] == to_text(keys.at_rest)
    rewrap(home)
    settle(home, web=new)
    assert home.web_keys() == keys


def test_a_wrapping_key_comes_from_the_environment_or_a_command_as_well(tmp_path, monkeypatch):
    monkeypatch.setenv("DESK_WRAP", base64.b64encode(FRESH).decode())
    assert find_key("env:DESK_WRAP") == FRESH
    program = tmp_path / "key"
    program.write_text(f'#!/bin/sh\n[ "$1" = web ] && echo {base64.b64encode(FRESH).decode()} || exit 3\n')
    program.chmod(0o700)
    assert find_key(f"command:{program} web") == FRESH
    with pytest.raises(Invalid, match="ended with 3"):
        find_key(f"command:{program} other")


@pytest.mark.parametrize(
    ("source", "said"),
    [("env:NOT_THERE", "Set it for this process"), ("file:/not/there", "cannot be read"), ("vault:x", "file:PATH"),
     ("command:/not/there", "did not run"), ("command:", "did not run"), ("command:echo short", "openssl rand"),
     ("command:'", "did not run")],
)  # fmt: skip
def test_a_wrapping_key_that_is_not_there_is_named_with_what_to_do(source, said):
    with pytest.raises(Invalid, match=said):
        find_key(source)


def test_a_wrapping_key_that_others_may_read_is_refused(tmp_path):
    source = wrapping_file(tmp_path, "wrap", FRESH)
    Path(source.removeprefix("file:")).chmod(0o644)
    with pytest.raises(Invalid, match="chmod o-rwx"):
        find_key(source)


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"session": 5}', '{"wrapped": "x"}', '{"session": "AAAA", "older": []}', "\xff"]
)
def test_a_damaged_file_is_refused_and_never_crashes(home, content):
    home.key_file("web").write_text(content, encoding="latin-1")
    with pytest.raises(Invalid):
        home.web_keys()


def test_an_entry_that_wrapping_does_not_know_is_named(home):
    settle(home, wbe="env:X")
    with pytest.raises(Invalid, match="Known: executor"):
        home.key_store("web")
