"""Logs without secrets: every record passes a scrubber that drops what must not be written down, wherever it came from.

The scrubber looks at names (a field called ``password``) and at shapes (an ``otpauth:`` address, a bare code, a long token), since
a traceback or a library does not ask how our fields are called.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, MutableMapping
from typing import Any

import structlog

from mfadesk.kernel.secret import Secret

GONE = "[left out]"

_NAMES = re.compile(
    r"pass(word|wd|phrase)?$|secret|seed|token|cookie|authori[sz]ation|csrf|otp|credential|assertion|signature"
    r"|^(code|codes|case_code|key|keys|words|link|session|sessionid|pin)$",
    re.IGNORECASE,
)
_SHAPES = (
    re.compile(r"otpauth(-migration)?://\S+", re.IGNORECASE),
    re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]+"),
    re.compile(r"(?i)(?<=[?&;\s])(code|token|key|secret|password)=[^&\s;]+"),
    re.compile(r"(?i)(/(?:invite|check-in|vouch|not-me|me/c|me/l|v|n)/)[A-Za-z0-9_-]{16,}"),
    re.compile(r"\bmfadesk_[0-9a-z]{8}_[0-9a-z]+"),
    re.compile(r"\b[A-Z2-7]{16,}\b"),
    re.compile(r"\b[23679CDFGHJKMNPQRTVWXY4]{3}-[23679CDFGHJKMNPQRTVWXY4]{3}\b"),
    re.compile(r"(?<![\d.:T-])\d{6,8}(?![\d:-]|\.\d)"),
)


def scrub_text(text: str) -> str:
    """Return `text` without anything that looks like a secret.

    >>> scrub_text("GET /invite/4mz8q0c2v7n5x1bd?x=1 code=123456")
    'GET [left out]?x=1 [left out]'
    """
    for shape in _SHAPES:
        text = shape.sub(GONE, text)
    return text


def scrub(logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Structlog processor: the same record without secrets."""
    for name in list(event):
        event[name] = GONE if _NAMES.search(name) else _scrub_value(event[name])
    return event


def _scrub_value(value: Any) -> Any:
    if isinstance(value, Secret | bytes | bytearray):
        return GONE
    if isinstance(value, str):
        return scrub_text(value)
    if isinstance(value, Mapping):
        return {name: GONE if _NAMES.search(str(name)) else _scrub_value(item) for name, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_scrub_value(item) for item in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    return scrub_text(str(value))


class ScrubbedFormatter(structlog.stdlib.ProcessorFormatter):
    """Formats every record of every library as one JSON line, scrubbed after the traceback was added."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                scrub,
                structlog.processors.JSONRenderer(),
            ],
            foreign_pre_chain=_before(),
        )


def _before() -> list[Any]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]


def log_settings() -> dict[str, Any]:
    """Set structlog up and return Django's LOGGING: one JSON line a record on standard error."""
    structlog.configure(
        processors=[*_before(), structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"scrubbed": {"()": "mfadesk.site.logs.ScrubbedFormatter"}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "scrubbed"}},
        "root": {"handlers": ["stderr"], "level": logging.WARNING},
        "loggers": {
            "mfadesk": {"level": logging.INFO},
            "django": {"handlers": ["stderr"], "level": logging.WARNING, "propagate": False},
        },
    }
