"""The WSGI entry point that granian serves."""

from __future__ import annotations

import gc
import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mfadesk.site.settings")

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

application = get_wsgi_application()

# What a process loads once stays for its life. Looked through again at every collection, it cost a tenth of all pages.
_ADDRESSES = get_resolver().url_patterns
gc.freeze()
