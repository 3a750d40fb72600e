"""Static files whose names carry a digest, so that browsers keep them for a year and a new release is seen at once."""

from __future__ import annotations

from whitenoise.storage import CompressedManifestStaticFilesStorage


class DigestStorage(CompressedManifestStaticFilesStorage):
    """Also rewrites imports between our ES modules; a name that was never collected keeps its plain form instead of failing a page."""

    support_js_module_import_aggregation = True
    manifest_strict = False
