"""Staff's sessions in the database under a hash of the cookie's value: whoever reads the table can borrow nobody's sign-in.

A session id is drawn from 165 bits, so a plain hash cannot be searched. Its first 160 bits fill the column that Django has for the id.
"""

from __future__ import annotations

import hashlib
from typing import Any, cast

from django.contrib.sessions.backends import db
from django.contrib.sessions.models import Session
from django.utils import timezone


def hash_session(key: str) -> str:
    """Return the name under which the session with this cookie value stands: 40 hex digits."""
    return hashlib.sha256(b"mfadesk/session/" + key.encode("utf-8", "surrogatepass")).hexdigest()[:40]


class SessionStore(db.SessionStore):
    """Django's own store, whose rows do not carry the id."""

    def _get_session_from_db(self) -> Session | None:
        """Return the row of the session, or None, which also forgets the id: one that we did not give is never taken up."""
        key = self.session_key
        found = (
            None
            if key is None
            else Session.objects.filter(session_key=hash_session(key), expire_date__gt=timezone.now()).first()
        )
        if found is None:
            self._session_key = None
        return found

    def exists(self, session_key: str) -> bool:
        return super().exists(hash_session(session_key))

    def create_model_instance(self, data: dict[str, Any]) -> Session:
        made = cast(Session, super().create_model_instance(data))
        made.session_key = hash_session(made.session_key)
        return made

    def delete(self, session_key: str | None = None) -> None:
        key = session_key or self.session_key
        if key is not None:
            super().delete(hash_session(key))
