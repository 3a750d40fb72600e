"""The Chromium that browser tests drive, and the checker of accessibility that they put into its pages."""

from __future__ import annotations

import os
from pathlib import Path

PLACES = ("/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome")
SWITCHES = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
ABSENT = "no Chromium on this machine; MFADESK_CHROMIUM may name one"


def find_chromium() -> str | None:
    """Return the program to drive: the one that MFADESK_CHROMIUM names, or a usual one; None where there is none."""
    return os.environ.get("MFADESK_CHROMIUM") or next((place for place in PLACES if Path(place).exists()), None)


def read_axe() -> str:
    """Return the source of axe-core."""
    import axe_playwright_python

    return (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
