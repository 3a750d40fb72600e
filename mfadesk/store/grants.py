"""Who may write which table on PostgreSQL: the second half of the wall between web and executor, after the key files (SETTLED 1).

The tables belong to a third role, which installs and upgrades. Web and worker share one, the executor has its own. What is not
granted here is refused by the server, whatever the process believes: neither can change or delete what is in the record, and the
web tier can write no staff key, no checkpoint, no snapshot, and no effect once it is intended.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Literal

from mfadesk.kernel.errors import Invalid

Tier = Literal["web", "executor"]

READ, ADD = "SELECT", "SELECT, INSERT"
CHANGE, ALL = "SELECT, INSERT, UPDATE", "SELECT, INSERT, UPDATE, DELETE"
CASE = (
    "SELECT, INSERT, UPDATE (seq, status, ending, step, owner, waiting_for, deadline_at, changed_at)"  # never whom it is about
)
HEAD = "SELECT, UPDATE (size, frontier)"

GRANTS: Mapping[str, Mapping[Tier, str]] = {
    # what happened: inserted only, by both, since both command the cases
    "store_eventrow": {"web": ADD, "executor": ADD},
    "store_treehead": {"web": HEAD, "executor": HEAD},
    "store_caserow": {"web": CASE, "executor": CASE},
    "store_alert": {"web": ADD, "executor": ADD},
    "store_report": {"web": ADD, "executor": ADD},
    # what only the executor says
    "store_checkpoint": {"web": READ, "executor": ADD},
    "store_stafffact": {"executor": ADD},
    "store_staffkey": {"web": READ, "executor": ALL},
    "store_snapshot": {"web": READ, "executor": ALL},
    # what one asks and the other does
    "store_effectrow": {"web": ADD, "executor": CHANGE},
    "store_requestrow": {"web": "SELECT, INSERT, DELETE", "executor": "SELECT, UPDATE (state, box, answer)"},
    "store_challengerow": {"web": "SELECT, DELETE", "executor": ALL},
    "store_sealedsecret": {"web": "SELECT, DELETE", "executor": ALL},
    # browsers, codes and links
    "store_claimantsession": {"web": "SELECT, INSERT, UPDATE (ended_at)", "executor": "SELECT, UPDATE (ended_at)"},
    "store_locator": {"web": ALL, "executor": ALL},
    "store_casecode": {"web": ALL, "executor": "SELECT, DELETE"},
    "store_throttle": {"web": ALL, "executor": CHANGE},
    "store_heartbeat": {"web": CHANGE, "executor": ALL},
    # people: the directory is imported by whoever installs, never by a page
    "store_personrow": {"web": READ, "executor": READ},
    "store_contactrow": {"web": READ, "executor": READ},
    "store_personseal": {"web": READ, "executor": READ},
    "store_directoryhead": {"web": READ, "executor": READ},
    # runbooks by digest: what is in force the executor says, and a text that is another's is not believed
    "store_runbooktext": {"web": CHANGE, "executor": CHANGE},
    "store_runbookdraft": {"web": ALL},
    # staff and their sign-in
    "store_staffmember": {"web": CHANGE, "executor": READ},
    "store_staffinvitation": {"web": CHANGE, "executor": READ},
    # tokens are made at a shell: a web tier that wrote one could keep a key for later
    "store_apitoken": {"web": "SELECT, UPDATE (last_used_at)"},
    "auth_user": {"web": CHANGE, "executor": READ},
    "mfa_authenticator": {"web": ALL},
    "account_emailaddress": {"web": ALL},
    "account_emailconfirmation": {"web": ALL},
    "django_session": {"web": ALL},
    "desk_site_cacherow": {"web": ALL},
    # Django's own
    "django_migrations": {"web": READ, "executor": READ},
    "django_content_type": {"web": READ},
    "auth_permission": {"web": READ},
    "auth_group": {"web": READ},
    "auth_group_permissions": {"web": READ},
    "auth_user_groups": {"web": READ},
    "auth_user_user_permissions": {"web": READ},
}
"""By table and tier. A table that is not named is closed to both."""

_NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}")


def statements(roles: Mapping[Tier, str]) -> Iterator[str]:
    """Yield the SQL that gives each tier's role what it needs and takes away all else; run by the owner of the tables, repeatable.

    roles: by tier; the roles must be there. Raises Invalid for a name that is not plain lower case.

    >>> next(statements({"web": "desk_web", "executor": "desk_executor"}))
    'REVOKE CREATE ON SCHEMA public FROM PUBLIC'
    """
    for tier, role in roles.items():
        if not _NAME.fullmatch(role):
            raise Invalid(f"--{tier}", f"{role!r}: a role is named with a-z, 0-9 and _ here.")
    if len(set(roles.values())) != len(roles):
        raise Invalid("--executor", "Web and executor need a role each: one role for both is no wall.")
    yield "REVOKE CREATE ON SCHEMA public FROM PUBLIC"
    for tier, role in roles.items():
        yield f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {role}"
        yield f"GRANT USAGE ON SCHEMA public TO {role}"
        for table, rights in GRANTS.items():
            if tier in rights:
                yield f"GRANT {rights[tier]} ON {table} TO {role}"
