"""The one table of this room: values with an end, shared by all processes. What the desk knows stands in `store`."""

from __future__ import annotations

from django.db import models


class CacheRow(models.Model):
    """A cached value. `ends_at` is in seconds since 1970, so that both databases compare it alike."""

    key = models.CharField(primary_key=True, max_length=250)
    value = models.TextField()
    ends_at = models.FloatField(db_index=True)
