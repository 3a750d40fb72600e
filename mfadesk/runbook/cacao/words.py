"""Others' names and texts in the form that our language takes."""

from __future__ import annotations

import re
import unicodedata

from mfadesk.runbook.fields import MAX_DEADLINE_S, MAX_TEXT_CHARS
from mfadesk.runbook.guards import UNKNOWN
from mfadesk.runbook.parse import RESULTS

RESERVED = frozenset({variable.name for variable in RESULTS.values()} | {"true", "false", "in", UNKNOWN, "holds", "worked"})
"""Names that the desk or a draft gives itself."""


def names_in(found: object) -> list[str]:
    """Return the texts in a list, and nothing where it is none."""
    return [item for item in found if isinstance(item, str)] if isinstance(found, list) else []


def plain_text(found: object, limit: int = MAX_TEXT_CHARS) -> str:
    """Return plain words: no markup, nothing invisible, one paragraph, cut at `limit`."""
    text = unicodedata.normalize(
        "NFC", " ".join(str(found or "").replace("<", "‹").replace(">", "›").replace("&", "＆").split())
    )
    return "".join(character for character in text if unicodedata.category(character)[0] != "C")[:limit].strip()


def slug(found: object, otherwise: str) -> str:
    """Return an id for a step, or one that begins with `otherwise` where nothing usable is left."""
    words = re.findall(r"[a-z0-9]+", unicodedata.normalize("NFKD", str(found or "")).lower())
    joined = "-".join(words)[:36].strip("-")
    return joined if re.match(r"[a-z]", joined) else f"{otherwise}-{joined}".strip("-")


def word(found: str) -> str:
    """Return a name for a variable; one that is taken already gets another."""
    joined = "_".join(re.findall(r"[a-z0-9]+", found.lower()))[:40].strip("_")
    if joined in RESERVED:
        return f"their_{joined}"
    return joined if re.match(r"[a-z]", joined) else f"v_{joined}".strip("_")


def span(milliseconds: int) -> str:
    """Return a duration, at least one second and at most what a deadline takes."""
    return f"{min(max(1, -(-milliseconds // 1000)), 999_999, MAX_DEADLINE_S)} s"
