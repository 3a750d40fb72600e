"""Where a playbook holds a secret in the open. The standard has a place for keys in a key store; many files use neither."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

SECRET_KEYS = frozenset({"password", "token", "client_secret", "private_key", "api_key", "secret"})
SECRET_HEADERS = frozenset({"authorization", "x-api-key", "cookie", "proxy-authorization", "x-auth-token"})


def find_secrets(playbook: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the places of literal secrets; a reference to a variable is none. The values themselves are never returned."""
    found: list[str] = []
    todo: list[tuple[str, object]] = [("", playbook)]
    while todo:
        place, value = todo.pop()
        if isinstance(value, Mapping):
            for key, item in value.items():
                inner = f"{place}/{key}".lstrip("/")
                named = str(key).lower()
                if named in SECRET_KEYS | SECRET_HEADERS and _is_literal(item):
                    found.append(inner)
                else:
                    todo.append((inner, item))
        elif isinstance(value, list):
            todo += [(f"{place}/{at}", item) for at, item in enumerate(value)]
    return tuple(sorted(found))


def _is_literal(value: object) -> bool:
    texts = value if isinstance(value, list) else [value]
    return any(isinstance(text, str) and text and not text.strip().startswith("__") for text in texts)
