"""A database and two roles for one `mfadesk walk` on PostgreSQL, made on the server that was named and dropped with the walk."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from urllib.parse import urlsplit, urlunsplit

from mfadesk.kernel.errors import Unavailable
from mfadesk.store.grants import statements


@contextmanager
def scratch_database(url: str) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Yield the address of a new and empty database beside the one at `url`, and a role for each process, by its name.

    `url` is of somebody who may create databases and roles. Its own database is neither read nor changed.

    Raises Unavailable where the server does not let us.
    """
    import psycopg

    name = f"mfadesk_walk_{secrets.token_hex(4)}"
    roles = {"serve": f"{name}_web", "worker": f"{name}_web", "executor": f"{name}_executor"}
    parts = urlsplit(url)
    try:
        server = psycopg.connect(url, autocommit=True, connect_timeout=5)
    except psycopg.Error as error:
        raise Unavailable("database", f"PostgreSQL cannot be reached there: {str(error).strip()}") from error
    with server:
        try:
            server.execute(f"CREATE DATABASE {name}".encode())
            for role in sorted(set(roles.values())):
                server.execute(f"CREATE ROLE {role}".encode())
            yield urlunsplit(parts._replace(path=f"/{name}")), roles
        except psycopg.errors.InsufficientPrivilege as error:
            raise Unavailable("database", "A walk needs a role that may create databases and roles.") from error
        finally:
            server.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)".encode())
            for role in sorted(set(roles.values())):
                server.execute(f"DROP ROLE IF EXISTS {role}".encode())


def grant(roles: Mapping[str, str]) -> None:
    """Give the processes' roles what they need, in the scratch database that Django has open."""
    from django.db import connection

    with connection.cursor() as cursor:
        for line in statements({"web": roles["serve"], "executor": roles["executor"]}):
            cursor.execute(line)
    connection.close()
