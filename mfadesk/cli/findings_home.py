"""Checks that need no database: the folder, the keys, the clock, the mode."""

from __future__ import annotations

import json
import os
import shutil
import stat
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime

from mfadesk.cli.filesystems import find_network
from mfadesk.cli.findings import Finding, failed, passed, warned
from mfadesk.kernel.errors import Invalid
from mfadesk.kernel.sealing import public_key_of, verify_key_of
from mfadesk.store.home import CONFIG_NAME, Home
from mfadesk.store.wrapping import HOLDERS, is_wrapped

LEAST_FREE_BYTES = 200 << 20
"""A busy year writes less; SQLite's log and a backup beside it want as much again."""

EARLIEST = datetime(2026, 1, 1, tzinfo=UTC)
"""No desk was ever made before this; a clock that says so is wrong."""


def folder(home: Home) -> Iterable[Finding]:
    """Nobody but the desk's users looks into the folder, and none of them can exchange what is another's."""
    for path in (home.folder, home.folder / "keys"):
        told = path.stat()
        mode = stat.S_IMODE(told.st_mode)
        if mode & 0o007:
            yield failed("home_mode", f"Others on this machine may look into {path} ({mode:04o}).", f"chmod o-rwx {path}")
        elif mode & stat.S_IWGRP and not mode & stat.S_ISVTX:
            yield failed(
                "home_mode",
                f"Its whole group may exchange files in {path} ({mode:04o}).",
                f"chmod g-w {path}, or chmod +t {path}",
            )
        else:
            yield passed("home_mode", f"Nobody else on this machine may look into {path.name or path}.")


def file_system(home: Home) -> Iterable[Finding]:
    """The embedded database is on a local disk."""
    if home.config.database_url or os.environ.get("MFADESK_DATABASE_URL"):
        return
    kind = find_network(home.folder)
    if kind:
        yield failed(
            "local_disk",
            f"The embedded database is on {kind}, where its locks do not hold.",
            "Move it to a local disk, or use PostgreSQL.",
        )
    else:
        yield passed("local_disk", "The embedded database is on a local disk.")


def keys(home: Home) -> Iterable[Finding]:
    """The key files are there, whole, and nobody else's."""
    readers = (("web", home.web_keys), ("executor", home.executor_keys), ("public", home.public_keys))
    for name, read in readers:
        path = home.folder / "keys" / f"{name}.json"
        try:
            read()
        except PermissionError:
            if name == "public":
                yield failed(
                    "key_public", "keys/public.json cannot be read by this user, and both need it.", f"chmod 640 {path}"
                )
            else:
                yield passed(f"key_{name}", f"keys/{name}.json belongs to another user: this process cannot read it.")
            continue
        except Invalid as error:
            yield failed(f"key_{name}", error.what, "Restore keys/ from the backup; do not make new keys.")
            continue
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode & (0o077 if name == "executor" else 0o027):
            yield failed(
                f"key_{name}",
                f"keys/{name}.json may be read by others ({mode:04o}).",
                f"chmod {'640' if name == 'public' else '600'} {path}",
            )
        else:
            yield passed(f"key_{name}", f"keys/{name}.json is there and closed to others.")


def keys_fit(home: Home) -> Iterable[Finding]:
    """The key files belong together: those of another desk, or of another time, open nothing here."""
    try:
        executor, public = home.executor_keys(), home.public_keys()
        fit = public_key_of(executor.box_private) == public.box_public and verify_key_of(executor.checkpoint_sign) == (
            public.checkpoint_verify
        )
        fit = fit and home.web_keys().locator == executor.locator
    except (PermissionError, Invalid):
        # Said by `keys`; who may read one file only cannot compare.
        return
    if fit:
        yield passed("keys_fit", "The key files belong together.")
    else:
        yield failed(
            "keys_fit",
            "The key files do not belong together: web.json, executor.json and public.json are of different desks or times.",
            "Put back all three from one backup. Until then nothing that one of them sealed is opened by another.",
        )


def disk(home: Home) -> Iterable[Finding]:
    """There is room for what will be written."""
    free = shutil.disk_usage(home.folder).free
    if free < LEAST_FREE_BYTES:
        yield failed(
            "disk",
            f"{free >> 20} MiB are free where the desk writes; a full disk stops every case.",
            f"Make room: at least {LEAST_FREE_BYTES >> 20} MiB.",
        )
    else:
        yield passed("disk", f"{free >> 20} MiB are free where the desk writes.")


def wrapping(home: Home) -> Iterable[Finding]:
    """Whether a copy of the folder alone would open anything."""
    for holder in HOLDERS:
        try:
            wrapped = is_wrapped(json.loads(home.key_file(holder).read_text()))
            named = home.key_sources(holder)
        except (PermissionError, FileNotFoundError, ValueError, Invalid):
            # Said by `keys`.
            continue
        if named and not wrapped:
            yield failed(
                f"wrapping_{holder}",
                f"[wrapping] names a key, and keys/{holder}.json stands in clear.",
                "mfadesk rotate-keys --wrap",
            )
        elif not wrapped:
            yield warned(
                f"wrapping_{holder}",
                f"keys/{holder}.json stands in clear: whoever copies it has the keys.",
                "Name a key from elsewhere under [wrapping] in desk.toml, then `mfadesk rotate-keys --wrap`.",
            )
        elif len(named) > 1:
            yield warned(
                f"wrapping_{holder}",
                f"[wrapping] names two keys for keys/{holder}.json.",
                f"`mfadesk rotate-keys --wrap`, then take {holder}_before out of desk.toml.",
            )
        else:
            yield passed(f"wrapping_{holder}", f"keys/{holder}.json is wrapped under a key from elsewhere.")


def wall(home: Home) -> Iterable[Finding]:
    """Whether web and executor are really apart."""
    keys_folder = home.folder / "keys"
    owners = {
        name: (keys_folder / f"{name}.json").stat().st_uid
        for name in ("web", "executor")
        if (keys_folder / f"{name}.json").exists()
    }
    one_user = len(set(owners.values())) == 1
    if not one_user:
        for path in (home.folder, keys_folder, home.folder / CONFIG_NAME, keys_folder / "public.json"):
            if path.stat().st_uid == owners.get("web"):
                yield failed(
                    "wall_owner",
                    f"The web tier's user owns {path}, and whoever owns it can put something else in its place.",
                    f"chown it to the executor's user: chown {owners.get('executor')} {path}",
                )
    embedded = not (home.config.database_url or os.environ.get("MFADESK_DATABASE_URL"))
    if one_user or embedded:
        why = "one user owns both key files" if one_user else "both write one database file"
        yield warned(
            "wall",
            f"The wall between web pages and executor is nominal: {why}.",
            "For real calls use PostgreSQL and two users: `mfadesk divide` gives each its files.",
        )
    else:
        yield passed("wall", "Web pages and executor run under users of their own.")


def clock(home: Home) -> Iterable[Finding]:
    """The clock is not absurd and does not jump. Whether it is exact, only a time server can tell."""
    now, before = datetime.now(UTC), time.monotonic()
    if now < EARLIEST:
        yield failed(
            "clock", f"This machine believes that it is {now:%d %B %Y}.", "Set the clock; codes and deadlines depend on it."
        )
        return
    newest = max((path.stat().st_mtime for path in home.folder.iterdir()), default=0.0)
    if newest > now.timestamp() + 120:
        yield failed(
            "clock", "Files here were written in the future: the clock was set back.", "Set the clock, and look why it moved."
        )
    elif time.monotonic() - before > 5:
        yield warned("clock", "Reading the clock took seconds.", "Look at the load of this machine.")
    else:
        yield passed("clock", f"The clock says {now:%d %B %Y, %H:%M:%S} UTC; compare it with a time server.")


def mode(home: Home) -> Iterable[Finding]:
    """Demo or not, and whether it could be mistaken."""
    if home.config.demo:
        yield warned(
            "demo",
            "This is the example desk. Its side room shows every secret of invented people.",
            "Make a desk of your own with `mfadesk init`.",
        )
    else:
        yield passed("demo", "Demo mode is off. The side room is not installed and cannot be switched on here.")
        if (home.folder / "demo.json").exists():
            yield failed(
                "demo_rest",
                "demo.json lies in this desk: it was made from a demo.",
                "Start from `mfadesk init`; do not convert a demo.",
            )
    if home.config.threat != "normal":
        yield warned("threat", f"The threat level is {home.config.threat}.", "Lower it in desk.toml when the reason is gone.")
    if home.config.reveal_to_dial:
        yield warned(
            "reveal_to_dial",
            "Operators may see a number for 60 seconds to call it back.",
            "A telephony connector that hides it is better.",
        )


CHECKS: tuple[Callable[[Home], Iterable[Finding]], ...] = (
    folder,
    file_system,
    disk,
    keys,
    keys_fit,
    wrapping,
    wall,
    clock,
    mode,
)
