"""Static files whose names carry a digest, so that browsers keep them for a year and a new release is seen at once."""

from __future__ import annotations

from whitenoise.storage import CompressedManifestStaticFilesStorage


class DigestStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """A name that was never collected keeps its plain form instead of failing a page.

    Imports inside modules are left as they are: a library's own would not be found, and ours import nothing from each other.
    """

    manifest_strict = False

    def stored_name(self, name: str) -> str:
        """Return the name with its digest, or the plain one where no such file was collected: a page without a picture is a page."""
        try:
            return str(super().stored_name(name))
        except ValueError:
            return name
