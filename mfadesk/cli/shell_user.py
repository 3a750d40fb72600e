"""Who types a command, for the record: the machine's name of the user, or their number where the machine has none."""

from __future__ import annotations

import getpass
import os

LONGEST = 80


def shell_user() -> str:
    """Return ``shell:rowan``, or ``shell:61001`` for a user without an entry, as containers have them."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        name = str(os.getuid())
    return f"shell:{name}"[:LONGEST]
