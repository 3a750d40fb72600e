"""Key files: rings of data keys as JSON, in clear or wrapped under a key that is kept elsewhere, replaced whole or not at all.

    {"receipt": "<base64>", "older": {"receipt": [{"key": "<base64>", "replaced_at": "2026-11-24T…Z"}]}}

The newest key of a name seals and the older ones still open. A process reads a file again when it has changed, so that a rotation
needs no restart: whoever meets what a new key sealed finds that key in the file, since it stood there before anybody used it.
"""

from __future__ import annotations

import base64
import json
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from mfadesk.kernel.clock import from_stamp, to_stamp
from mfadesk.kernel.errors import Invalid
from mfadesk.kernel.sealing import Ring
from mfadesk.store.wrapping import is_wrapped, unwrap, wrap

KEY_BYTES = 32
MAX_OLDER = 16
MAX_FILE_BYTES = 1 << 18

KeyStore = dict[str, Any]
"""A key file as it is read: keys by name in base64, ``older``, and what else belongs to it."""

_seen: dict[Path, tuple[tuple[int, int, int], Any]] = {}


def when_changed(path: Path, read: Callable[[], Any]) -> Any:
    """Return what `read` returns, called again only when the file at `path` is another than at the last call.

    Raises whatever `read` raises, and nothing is kept then.
    """
    try:
        told = path.stat()
    except OSError:
        # Says itself what is wrong with the file.
        return read()
    stamp = (told.st_ino, told.st_mtime_ns, told.st_size)
    known = _seen.get(path)
    if known is None or known[0] != stamp:
        known = (stamp, read())
        _seen[path] = known
    return known[1]


def read_store(path: Path, sources: Sequence[str]) -> KeyStore:
    """Return what the key file holds.

    sources: where the key that wraps it may be found, as `wrapping.find_key` reads it; the first that fits counts.

    Raises Invalid for a file that is missing, damaged, or wrapped under another key; PermissionError as the system does.
    """
    try:
        text = path.read_bytes()[:MAX_FILE_BYTES]
        stored = json.loads(text)
        if not isinstance(stored, dict):
            raise ValueError("not an object")
    except FileNotFoundError as error:
        raise Invalid(
            str(path), "This key file is missing. Restore it from the backup; without it nothing is granted."
        ) from error
    except (ValueError, RecursionError) as error:
        raise Invalid(str(path), "This key file is damaged. Restore it from the backup.") from error
    return unwrap(stored, sources, path) if is_wrapped(stored) else stored


def rings_of(stored: KeyStore, names: Sequence[str], path: Path) -> dict[str, Ring]:
    """Return the rings of these names. Raises Invalid where one is missing or is no key."""
    try:
        older = {name: [_key(one["key"]) for one in stored.get("older", {}).get(name, [])[:MAX_OLDER]] for name in names}
        rings = {name: Ring(_key(stored[name]), older[name]) for name in names}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Invalid(str(path), "This key file is damaged. Restore it from the backup.") from error
    if any(len(key) != KEY_BYTES for ring in rings.values() for key in (ring, *ring.older)):
        raise Invalid(str(path), "A key in this file is not 32 bytes long. Restore it from the backup.")
    return rings


def older_keys(stored: KeyStore, name: str) -> list[tuple[bytes, datetime]]:
    """Return the older keys of a ring, the newest first, each with the time at which another took its place."""
    return [(_key(one["key"]), from_stamp(one["replaced_at"])) for one in stored.get("older", {}).get(name, [])]


def add_key(stored: KeyStore, name: str, fresh: bytes, now: datetime) -> KeyStore:
    """Return the store with `fresh` in use and the one before it among the older ones. Raises Invalid above `MAX_OLDER`."""
    older = stored.get("older", {}).get(name, [])
    if len(older) >= MAX_OLDER:
        raise Invalid(name, f"There are {MAX_OLDER} older keys of this kind already. `mfadesk rotate-keys --retire` first.")
    replaced = {"key": stored[name], "replaced_at": to_stamp(now)}
    return {**stored, name: to_text(fresh), "older": {**stored.get("older", {}), name: [replaced, *older]}}


def drop_keys(stored: KeyStore, name: str, gone: Sequence[bytes]) -> KeyStore:
    """Return the store without these older keys."""
    kept = [one for one in stored.get("older", {}).get(name, []) if _key(one["key"]) not in gone]
    older = {other: entries for other, entries in stored.get("older", {}).items() if other != name}
    return {**stored, "older": {**older, name: kept} if kept else older}


def write_store(path: Path, stored: KeyStore, sources: Sequence[str]) -> None:
    """Put the file in place of the one that is there, with its owner and mode, on the disk before this returns.

    sources: the first wraps it; without one it stands in clear.
    """
    kept = wrap(stored, sources[0]) if sources else stored
    before = path.stat()
    ours = (before.st_uid, before.st_gid) == (os.geteuid(), os.getegid())
    put_in_place(path, json.dumps(kept, indent=1) + "\n", before.st_mode & 0o777, None if ours else before)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def put_in_place(path: Path, text: str, mode: int, owner: os.stat_result | None) -> None:
    """Write a file whole beside `path`, and put it in place of the one that is there, or leave that one as it is.

    owner: whose the file is to be, or None for the user of this process.
    """
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w") as file:
            os.fchmod(file.fileno(), mode)
            if owner is not None:
                os.fchown(file.fileno(), owner.st_uid, owner.st_gid)
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def begin_store(path: Path, keys: Mapping[str, bytes], mode: int, **more: Any) -> None:
    """Write a new key file in clear. Raises FileExistsError where one is there."""
    text = json.dumps({**{name: to_text(key) for name, key in keys.items()}, **more}, indent=1)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "w") as file:
        file.write(text + "\n")


def to_text(key: bytes) -> str:
    """Return a key as it stands in a file."""
    return base64.b64encode(key).decode()


def _key(text: str) -> bytes:
    return base64.b64decode(text, validate=True)
