"""The official JSON schemas, and what they say of a playbook.

They declare draft-07 and are read so: read as 2019-09, as one of their keywords would ask, no action with a command is valid.
What they cannot see (a command's own fields, dangling pointers) is seen when it is drafted.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any

from jsonschema import Draft7Validator
from referencing import Registry
from referencing.jsonschema import DRAFT7

MAX_COMPLAINTS = 40
_ROOT = "playbook.json"


def find_complaints(playbook: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what the official schemas object to, as ``place: sentence``, at most MAX_COMPLAINTS; empty for a valid playbook."""
    found = []
    for error in _validator().iter_errors(playbook):
        place = "/".join(str(part) for part in error.absolute_path) or "the playbook"
        found.append(f"{place}: {error.message[:200]}")
        if len(found) == MAX_COMPLAINTS:
            break
    return tuple(sorted(found))


@lru_cache(maxsize=1)
def _validator() -> Draft7Validator:
    registry: Registry[Any] = Registry()
    root: dict[str, Any] = {}
    for file in _files(resources.files("mfadesk.runbook.cacao").joinpath("official")):
        schema = json.loads(file.read_text(encoding="utf-8"))
        registry = registry.with_resource(schema["$id"], DRAFT7.create_resource(schema))
        if file.name == _ROOT:
            root = schema
    return Draft7Validator(root, registry=registry)


def _files(folder: Traversable) -> list[Traversable]:
    found: list[Traversable] = []
    for item in folder.iterdir():
        if item.is_dir():
            found += _files(item)
        elif item.name.endswith(".json"):
            found.append(item)
    return found
