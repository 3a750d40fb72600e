"""Reading JSON that has exactly one spelling, so that no byte of a record is idle and none can be changed without notice.

A reader that accepts a second spelling (a space, an escape, a repeated key, ``1.0`` for ``1``) accepts a change. So what
was read is written again in canonical form, and has to be the same bytes.
"""

from __future__ import annotations

import json
from typing import Any, NoReturn

from mfadesk.kernel.canonical import canonical_json
from mfadesk.kernel.errors import Invalid


def read_canonical(data: bytes, where: str) -> Any:
    """Return the JSON value whose canonical bytes are `data`.

    Raises Invalid, naming `where`, for everything else: bad UTF-8, bad JSON, floats, deep nesting, or another spelling.
    """
    try:
        # Decoded first, for json.loads would guess UTF-16 or UTF-32 from the bytes.
        value = json.loads(data.decode(), parse_float=_refuse, parse_constant=_refuse)
        again = canonical_json(value)
    except (ValueError, TypeError, RecursionError) as error:
        raise Invalid(where, "This is not readable as a record.") from error
    if again != data:
        raise Invalid(where, "This is not spelled in the one canonical form.")
    return value


def read_object(data: bytes, keys: frozenset[str], where: str) -> dict[str, Any]:
    """Return the canonical JSON object with exactly these keys. Raises Invalid."""
    return exactly(read_canonical(data, where), keys, where)


def exactly(value: Any, keys: frozenset[str], where: str) -> dict[str, Any]:
    """Return `value` where it is an object with exactly these keys. Raises Invalid."""
    if not isinstance(value, dict) or value.keys() != keys:
        raise Invalid(where, f"There should be an object with the keys {', '.join(sorted(keys))}.")
    return value


def a_count(value: Any, where: str) -> int:
    """Return `value` where it is an integer of 0 or more; True is none. Raises Invalid."""
    if type(value) is int and value >= 0:
        return value
    raise Invalid(where, "There should be a whole number of 0 or more.")


def a_text(value: Any, where: str, limit: int) -> str:
    """Return `value` where it is text of 1 to `limit` characters. Raises Invalid."""
    if isinstance(value, str) and 0 < len(value) <= limit:
        return value
    raise Invalid(where, f"There should be text of 1 to {limit} characters.")


def a_name(value: Any, where: str, limit: int) -> str:
    """Return `value` where it is 1 to `limit` printable characters.

    Names are repeated in sentences on somebody's terminal, where a control character would be a command. Raises Invalid.
    """
    if a_text(value, where, limit).isprintable():
        return str(value)
    raise Invalid(where, "A name holds no control characters.")


def a_list(value: Any, where: str, limit: int) -> list[Any]:
    """Return `value` where it is a list of at most `limit` members. Raises Invalid."""
    if isinstance(value, list) and len(value) <= limit:
        return value
    raise Invalid(where, f"There should be a list of at most {limit}.")


def _refuse(text: str) -> NoReturn:
    raise ValueError(f"{text[:40]} has no canonical form")
