"""Django's cache in a table, as JSON: counters of failed sign-ins and burnt codes, seen by every process of the desk.

Django's own database cache stores pickles. Here a row may be written by the web tier and read by the executor, and reading a pickle
runs what it says; JSON does not.
"""

from __future__ import annotations

import json
import time
from typing import Any

from django.core.cache.backends.base import DEFAULT_TIMEOUT, BaseCache
from django.db import IntegrityError, transaction

MAX_VALUE = 20_000
"""Characters of one value; counters are far shorter."""

BURNT_PREFIX = "allauth.mfa.totp.used"
BURNT_FOR_S = 150
"""A code is taken one step early to one step late, 90 seconds in all, so it stays burnt longer than the 30 that allauth asks for."""

_SWEEP_EVERY = 50


class SharedCache(BaseCache):
    """A small cache of JSON values with an end."""

    def __init__(self, location: str, params: dict[str, Any]) -> None:
        super().__init__(params)
        self._writes = 0

    def get(self, key: str, default: Any = None, version: int | None = None) -> Any:
        from mfadesk.site.models import CacheRow

        row = CacheRow.objects.filter(key=self._key(key, version), ends_at__gt=time.time()).first()
        return default if row is None else json.loads(row.value)

    def set(self, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> None:
        from mfadesk.site.models import CacheRow

        CacheRow.objects.update_or_create(
            key=self._key(key, version), defaults={"value": _dump(value), "ends_at": self._ends_at(key, timeout)}
        )
        self._sweep()

    def add(self, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        from mfadesk.site.models import CacheRow

        made = self._key(key, version)
        try:
            # Whoever inserts first wins, on both databases: that is what makes a code single-use.
            with transaction.atomic():
                CacheRow.objects.filter(key=made, ends_at__lte=time.time()).delete()
                CacheRow.objects.create(key=made, value=_dump(value), ends_at=self._ends_at(key, timeout))
        except IntegrityError:
            return False
        self._sweep()
        return True

    def touch(self, key: str, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        from mfadesk.site.models import CacheRow

        rows = CacheRow.objects.filter(key=self._key(key, version), ends_at__gt=time.time())
        return bool(rows.update(ends_at=self._ends_at(key, timeout)))

    def delete(self, key: str, version: int | None = None) -> bool:
        from mfadesk.site.models import CacheRow

        return bool(CacheRow.objects.filter(key=self._key(key, version)).delete()[0])

    def clear(self) -> None:
        from mfadesk.site.models import CacheRow

        CacheRow.objects.all().delete()

    def _key(self, key: str, version: int | None) -> str:
        return self.make_and_validate_key(key, version=version)

    def _ends_at(self, key: str, timeout: Any) -> float:
        if key.startswith(BURNT_PREFIX):
            return time.time() + BURNT_FOR_S
        ends_at = self.get_backend_timeout(timeout)
        return time.time() + 86_400 if ends_at is None else ends_at

    def _sweep(self) -> None:
        from mfadesk.site.models import CacheRow

        self._writes += 1
        if self._writes % _SWEEP_EVERY == 0:
            CacheRow.objects.filter(ends_at__lte=time.time()).delete()


def _dump(value: Any) -> str:
    text = json.dumps(value)
    if len(text) > MAX_VALUE:
        raise ValueError(f"a cached value may have {MAX_VALUE} characters, not {len(text)}")
    return text
