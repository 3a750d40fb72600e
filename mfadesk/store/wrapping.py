"""The key that wraps a key file: from a file, the environment, or a command, so that a copy of the desk's folder opens nothing.

A key file holds the data keys; wrapped, it holds them under AES-256-GCM with a key that `[wrapping]` in desk.toml names:

    [wrapping]
    web = "file:/run/credentials/mfadesk-web/wrap"
    executor = "command:/usr/local/bin/desk-key executor"
    web_before = "env:MFADESK_WEB_WRAP"

``_before`` is tried where the first does not fit: that is how the wrapping key itself is exchanged. The key is 32 bytes in base64.
desk.toml belongs to the executor's user or root, so no web tier decides what command somebody else runs.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shlex
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mfadesk.kernel.errors import Invalid, Refusal
from mfadesk.kernel.ids import SystemRandomness
from mfadesk.kernel.sealing import decrypt, encrypt

KEY_BYTES = 32
COMMAND_TIMEOUT_S = 10
MAX_KEY_TEXT = 4096
HOLDERS = ("web", "executor")
_FIT = 8


def sources_for(wrapping: Mapping[str, Any], holder: str) -> tuple[str, ...]:
    """Return where the key may be found that wraps the file of `holder` (``web``, ``executor``), the one in use first.

    Raises Invalid for an entry that `[wrapping]` does not know.
    """
    known = {*HOLDERS, *(f"{name}_before" for name in HOLDERS)}
    for name, value in wrapping.items():
        if name not in known or not isinstance(value, str):
            raise Invalid("wrapping", f"`{name}` is no entry of [wrapping]. Known: {', '.join(sorted(known))}, each a text.")
    return tuple(wrapping[name] for name in (holder, f"{holder}_before") if wrapping.get(name))


def find_key(source: str) -> bytes:
    """Return the 32-byte wrapping key that `source` names: ``file:PATH``, ``env:NAME`` or ``command:PROGRAM ARGUMENTS``.

    Raises Invalid with what to do where it is not there or is no key. The key never stands in an argument.
    """
    kind, _, where = source.partition(":")
    if kind == "file":
        text = _from_file(Path(where))
    elif kind == "env":
        text = os.environ.get(where, "")
        if not text:
            raise Invalid("wrapping", f"The environment has no {where}, which desk.toml names. Set it for this process.")
    elif kind == "command":
        text = _from_command(where)
    else:
        raise Invalid("wrapping", "A wrapping key comes from file:PATH, env:NAME or command:PROGRAM. Change it in desk.toml.")
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise Invalid(
            "wrapping",
            f"What {kind}:{where.split(' ')[0]} gives is no key: 32 bytes in base64 are (`openssl rand -base64 32` makes one).",
        )
    return key


def is_wrapped(stored: Mapping[str, Any]) -> bool:
    """Return whether a key file's content is wrapped."""
    return "wrapped" in stored


def wrap(stored: Mapping[str, Any], source: str) -> dict[str, Any]:
    """Return the content of a key file under the key that `source` names. Raises Invalid where there is none."""
    key = find_key(source)
    box = encrypt(json.dumps(dict(stored)).encode(), key, "key-file", SystemRandomness())
    return {"wrapped": base64.b64encode(box).decode(), "by": fingerprint(key)}


def unwrap(stored: Mapping[str, Any], sources: Sequence[str], path: Path) -> dict[str, Any]:
    """Return what was wrapped. Raises Invalid where no source has the key, with what to do."""
    if not sources:
        raise Invalid(str(path), "This key file is wrapped, and [wrapping] in desk.toml names no key for it. Write it there.")
    trouble: list[Invalid] = []
    for source in sources:
        try:
            box = base64.b64decode(str(stored["wrapped"]), validate=True)
            found = json.loads(decrypt(box, find_key(source), "key-file"))
        except Invalid as error:
            trouble.append(error)
        except (Refusal, ValueError):
            continue
        else:
            return dict(found)
    if trouble:
        raise trouble[0]
    raise Invalid(
        str(path),
        f"This key file is wrapped under another key than the one that [wrapping] names (it wants {str(stored.get('by'))[:16]}). "
        "Give that one, or restore the file.",
    )


def fingerprint(key: bytes) -> str:
    """Return eight hex digits by which a person tells wrapping keys apart; they open nothing."""
    return hashlib.sha256(b"mfadesk/wrapping/" + key).hexdigest()[:_FIT]


def _from_file(path: Path) -> str:
    try:
        if path.stat().st_mode & 0o007:
            raise Invalid("wrapping", f"Others on this machine may read {path}. chmod o-rwx {path}")
        return path.read_text()[:MAX_KEY_TEXT]
    except (OSError, UnicodeDecodeError) as error:
        raise Invalid("wrapping", f"The wrapping key in {path} cannot be read ({type(error).__name__}).") from error


def _from_command(line: str) -> str:
    try:
        done = subprocess.run(
            shlex.split(line), capture_output=True, text=True, timeout=COMMAND_TIMEOUT_S, check=False, stdin=subprocess.DEVNULL
        )
    except (OSError, ValueError, IndexError, subprocess.TimeoutExpired) as error:
        raise Invalid("wrapping", f"The command that gives the wrapping key did not run ({type(error).__name__}).") from error
    if done.returncode != 0:
        # What it printed stays with it: an error of a key store may hold more than a log should.
        raise Invalid("wrapping", f"The command that gives the wrapping key ended with {done.returncode}. Run it by hand.")
    return done.stdout[:MAX_KEY_TEXT]
