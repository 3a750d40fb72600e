"""A wrapper for what must not be printed. It guards against accidents, not against a debugger: Python cannot wipe memory."""

from __future__ import annotations

import hmac
from typing import Any, NoReturn


class Secret:
    """Text that refuses to appear in a log, a traceback, a format string or a pickle; `reveal` is the one way out.

    >>> f"{Secret('JBSWY3DP')}"
    'Secret(•••)'
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the text. Every call is a place to review."""
        return self._text

    def __repr__(self) -> str:
        return "Secret(•••)"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return repr(self)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and hmac.compare_digest(self._text.encode(), other._text.encode())

    def __hash__(self) -> NoReturn:
        raise TypeError("a Secret is no dictionary key")

    def __reduce__(self) -> Any:
        raise TypeError("a Secret is not pickled")

    def __bool__(self) -> bool:
        return bool(self._text)
