"""Refuses network file systems for the embedded database: its locks do not hold there, and two writers would tear the ledger."""

from __future__ import annotations

from pathlib import Path

from mfadesk.kernel.errors import Refusal

NETWORK = frozenset(
    {
        "nfs",
        "nfs4",
        "cifs",
        "smb3",
        "smbfs",
        "9p",
        "fuse.sshfs",
        "afs",
        "ceph",
        "glusterfs",
        "fuse.glusterfs",
        "lustre",
        "ncpfs",
    }
)
MOUNTS = Path("/proc/self/mounts")


def kind_of(folder: Path, mounts: str) -> str:
    """Return the file system that `folder` is on, by the table in `mounts`; empty where that cannot be told.

    >>> kind_of(Path("/srv/desk"), "/dev/sda / ext4 rw 0 0\\nnas:/x /srv nfs4 rw 0 0\\n")
    'nfs4'
    """
    best, kind = -1, ""
    for line in mounts.splitlines():
        cells = line.split(" ")
        if len(cells) < 3:
            continue
        point = cells[1].encode().decode("unicode_escape")
        if (folder == Path(point) or Path(point) in folder.parents) and len(point) > best:
            best, kind = len(point), cells[2]
    return kind


def find_network(folder: Path) -> str:
    """Return the name of the network file system that `folder` is on, or an empty text."""
    if not MOUNTS.exists():
        return ""
    kind = kind_of(folder.resolve(), MOUNTS.read_text(errors="replace"))
    return kind if kind in NETWORK else ""


def require_local(folder: Path) -> None:
    """Raise Refusal where the embedded database would lie on a network file system."""
    kind = find_network(folder)
    if kind:
        raise Refusal(
            "network_file_system",
            f"{folder} is on {kind}, where the embedded database's locks do not hold. Take a local disk, or PostgreSQL.",
        )
