"""One advisory lock before every write to the embedded database.

SQLite's own busy handler sleeps and polls, so that among eight busy processes one starves past five seconds (measured). An
`flock` on a file beside the database is fair and costs nothing. PostgreSQL needs none of this: rows are locked there.
"""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mfadesk.kernel.errors import Unavailable

_threads = threading.RLock()


@contextmanager
def writer_lock(path: Path | None) -> Iterator[None]:
    """Hold the lock file while the block runs; with None, nothing is held. Threads of one process queue on a lock of their own.

    Raises Unavailable where the file cannot be opened for writing: then neither can the database beside it.
    """
    if path is None:
        yield
        return
    with _threads:
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o640)
        except OSError as error:
            raise Unavailable(
                "database",
                f"The desk's folder cannot be written ({error.strerror}). Nothing changed. Tell your administrator.",
            ) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)
