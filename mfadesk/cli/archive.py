"""The one file that a backup is: a tar archive with fixed names, a manifest with digests, and nothing else taken out of it."""

from __future__ import annotations

import hashlib
import io
import json
import os
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mfadesk import __version__
from mfadesk.kernel.errors import Invalid

FORM = 1
DATABASE, CONFIG, MANIFEST = "desk.sqlite3", "desk.toml", "manifest.json"
KEYS = ("keys/public.json", "keys/web.json", "keys/executor.json")
KNOWN = frozenset({DATABASE, CONFIG, MANIFEST, *KEYS})
MAX_SMALL = 1 << 20
A_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup says of itself. `root` is the ledger's, as 64 hex digits; `digests` are SHA-256 by name."""

    version: str
    made_at: str
    entries: int
    root: str
    digests: Mapping[str, str]


def write_archive(out: Path, files: Mapping[str, Path], *, made_at: str, entries: int, root: str) -> None:
    """Write the archive for its owner alone, on the disk before this returns. Raises Invalid where `out` exists or fails."""
    manifest = {
        "form": FORM, "version": __version__, "made_at": made_at, "entries": entries, "root": root,
        "digests": {name: _digest(path) for name, path in files.items()},
    }  # fmt: skip
    text = json.dumps(manifest, indent=1).encode()
    begun = False
    try:
        descriptor = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        begun = True
        with os.fdopen(descriptor, "wb") as stream:
            with tarfile.open(fileobj=stream, mode="w") as archive:
                head = tarfile.TarInfo(MANIFEST)
                head.size = len(text)
                archive.addfile(head, io.BytesIO(text))
                for name, path in files.items():
                    archive.add(path, name, recursive=False, filter=_anonymous)
            stream.flush()
            os.fsync(stream.fileno())
    except OSError as error:
        if begun:
            out.unlink(missing_ok=True)
        raise Invalid(str(out), f"The backup cannot be written: {error.strerror or error}. Nothing was left there.") from error


def read_archive(file: Path, into: Path) -> Manifest:
    """Unpack the known names into `into`, each checked against the manifest, and return the manifest.

    Raises Invalid for anything that `write_archive` would not have written: another name, a link, a changed byte, a short file.
    """
    try:
        with tarfile.open(file, mode="r:") as archive:
            manifest = _read_manifest(archive, file)
            for member in archive:
                if member.name not in KNOWN or not member.isreg():
                    raise Invalid(str(file), f"`{member.name[:60]}` has no place in a backup of a desk.")
                if member.name != MANIFEST:
                    _unpack(archive, member, into, manifest, file)
    except (tarfile.TarError, EOFError) as error:
        raise Invalid(str(file), f"This is no backup of a desk, or it was cut short: {error}.") from error
    except OSError as error:
        raise Invalid(str(file), f"The backup cannot be read: {error.strerror or error}.") from error
    missing = [name for name in manifest.digests if not (into / name).exists()]
    if missing or DATABASE not in manifest.digests or CONFIG not in manifest.digests:
        raise Invalid(str(file), f"The backup lacks {', '.join(missing) or 'its database or its configuration'}.")
    return manifest


def _read_manifest(archive: tarfile.TarFile, file: Path) -> Manifest:
    first = archive.next()
    stream = archive.extractfile(first) if first and first.name == MANIFEST and first.size <= MAX_SMALL else None
    if stream is None:
        raise Invalid(str(file), "This is no backup of a desk: it does not begin with a manifest.")
    try:
        found = json.loads(stream.read())
        if found["form"] != FORM:
            raise Invalid(
                str(file), f"This backup has form {found['form']}; this version reads {FORM}. Use the version that made it."
            )
        return Manifest(
            str(found["version"]), str(found["made_at"]), int(found["entries"]), str(found["root"]), dict(found["digests"])
        )
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise Invalid(str(file), "The manifest of this backup cannot be read.") from error


def _unpack(archive: tarfile.TarFile, member: tarfile.TarInfo, into: Path, manifest: Manifest, file: Path) -> None:
    stream, seen = archive.extractfile(member), hashlib.sha256()
    assert stream is not None  # a regular file has one
    path = into / member.name
    path.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as target:
        while chunk := stream.read(A_CHUNK):
            seen.update(chunk)
            target.write(chunk)
    if manifest.digests.get(member.name) != seen.hexdigest():
        raise Invalid(str(file), f"`{member.name}` is not what the manifest says: the backup was damaged or changed.")


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _anonymous(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    member.mode = 0o600
    return member
