"""What every edge says about our errors, and how each reads a browser's WebAuthn answer: one place, so that pages and API agree."""

from __future__ import annotations

from typing import Any

from mfadesk.kernel.errors import Invalid, MfadeskError, Refusal, Unavailable
from mfadesk.kernel.json_text import parse_json

EXPECTED = (Refusal, Invalid, Unavailable)
"""Errors that a page answers with a sentence. Anything else is ours and must not look like an answer."""

PROBLEM_TYPE = "application/problem+json"

RESPONSE_LIMIT = 65_536
"""Bytes of a WebAuthn response; real ones stay under 8 kB."""


def sentence_of(error: MfadeskError) -> str:
    """Return the words of an error that are safe to show: of a bad input what is wrong, without where."""
    return error.what if isinstance(error, Invalid) else error.sentence


def problem_body(status: int, code: str, detail: str, title: str = "That was not taken") -> dict[str, Any]:
    """Return one failure as problem details. Source: RFC 9457 §3."""
    return {"type": f"urn:mfadesk:problem:{code}", "title": title, "status": status, "detail": detail}


def parse_webauthn(raw: bytes, whose: str) -> dict[str, Any]:
    """Return the WebAuthn response that a browser sent as JSON, bare or as the ``response`` of an object.

    whose: what sent it, in words that begin a sentence, such as ``The key``. Raises Invalid where it is missing, too long or not a
    JSON object.
    """
    try:
        told = parse_json(raw, RESPONSE_LIMIT)
    except ValueError:
        told = None
    if not isinstance(told, dict):
        raise Invalid("response", f"{whose} sent nothing that can be read. Nothing has changed. Use it again.")
    inner = told.get("response")
    return inner if isinstance(inner, dict) and "rawId" in inner else told
