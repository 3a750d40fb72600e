"""One address becomes Django's database settings, with the pragmas and modes that the one commit relies on."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from mfadesk.kernel.errors import Invalid

SQLITE_WAIT_S = 5
POSTGRES_KEEP_S = 60


def database_settings(url: str, sqlite_file: Path) -> dict[str, Any]:
    """Return the settings of the database at `url` (``postgresql://user:word@host:port/name?sslmode=…``), or of the embedded file.

    Raises Invalid for another scheme or an address without a name.

    >>> database_settings("postgresql://desk@db.example/desk?sslmode=require", Path("x"))["OPTIONS"]["sslmode"]
    'require'
    """
    if not url:
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": sqlite_file,
            "ATOMIC_REQUESTS": False,
            # Opening the file and setting its pragmas costs more than a whole page.
            "CONN_MAX_AGE": None,
            "OPTIONS": {
                # Deferred transactions that read first and write later fail at once with "database is locked".
                "transaction_mode": "IMMEDIATE",
                "timeout": SQLITE_WAIT_S,
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
            },
        }
    parts = urlsplit(url)
    if parts.scheme not in ("postgresql", "postgres"):
        raise Invalid("database_url", "Only postgresql:// addresses are known; leave it empty for the embedded database.")
    name = unquote(parts.path.lstrip("/"))
    if not name:
        raise Invalid("database_url", "The name of the database is missing after the host.")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": name,
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": str(parts.port or ""),
        "ATOMIC_REQUESTS": False,
        "CONN_MAX_AGE": POSTGRES_KEEP_S,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {"connect_timeout": 5, **dict(parse_qsl(parts.query))},
    }
