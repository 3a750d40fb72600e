"""Static files whose names carry a digest, so that browsers keep them for a year and a new release is seen at once."""

from __future__ import annotations

from whitenoise.storage import CompressedManifestStaticFilesStorage


class DigestStorage(CompressedManifestStaticFilesStorage):
    """A name that was never collected keeps its plain form instead of failing a page.

    Imports inside modules are left as they are: a library's own would not be found, and ours import nothing from each other.
    """

    manifest_strict = False
