"""Whoever types a command is named in the record, also where the machine has no name for them."""

import getpass
import os

from mfadesk.cli.shell_user import shell_user


def test_a_user_is_named_and_one_without_an_entry_by_number(monkeypatch):
    monkeypatch.setattr(getpass, "getuser", lambda: "rowan")
    assert shell_user() == "shell:rowan"

    def nobody():
        raise KeyError("getpwuid(): uid not found: 61001")

    monkeypatch.setattr(getpass, "getuser", nobody)
    assert shell_user() == f"shell:{os.getuid()}"


def test_a_name_without_end_is_cut(monkeypatch):
    monkeypatch.setattr(getpass, "getuser", lambda: "x" * 500)
    assert len(shell_user()) == 80
