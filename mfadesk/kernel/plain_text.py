"""Text from outside, made safe to stand in a line of ours: no control that breaks, hides or turns round what surrounds it."""

from __future__ import annotations

import unicodedata

JOINERS = frozenset("\u200c\u200d")
"""Scripts such as Persian, Hindi and Malayalam need these two to be written right; they turn nothing round."""


def plain_line(text: str) -> str:
    """Return `text` as one line: control and format characters gone, every kind of space one space.

    A right-to-left override in a name would let one name read as another on a screen and in a mail.

    Source: UAX #9 §2 (directional formatting characters); UTR #36 §2.5 (bidirectional text spoofing).

    >>> plain_line("Hazel\\u202e nedniL\\r\\nBcc: x")
    'Hazel nedniL Bcc: x'
    """
    kept = (c if c in JOINERS or unicodedata.category(c) not in _UNSEEN else " " if c.isspace() else "" for c in text)
    return " ".join("".join(kept).split())


_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
