"""From a file to a playbook, and from a playbook to a draft of a runbook, with a list of what was not taken over.

A playbook that one of our desks wrote carries its runbook whole. It is believed only where everything that others see says
the same: each visible field is compared with what an export would write. Where they differ somebody edited what is visible, so
the hidden copy is put aside and the visible part read like anybody's.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mfadesk.kernel.errors import Invalid
from mfadesk.runbook.cacao.export import Edition, export_playbook
from mfadesk.runbook.cacao.foreign import Loss, draft_from
from mfadesk.runbook.cacao.names import EXTENSION, read_time
from mfadesk.runbook.cacao.schema import find_complaints
from mfadesk.runbook.cacao.signing import Judged, judge_signatures
from mfadesk.runbook.model import Runbook
from mfadesk.runbook.parse import parse_runbook

MAX_BYTES = 2_000_000
MAX_DEPTH = 24


@dataclass(frozen=True, slots=True)
class Imported:
    """What came of a playbook.

    text: the draft, as YAML; runbook: the same, read. A draft is never in force before it is proved and published.
    whole: True where it is one of our own exports, taken over without any loss.
    """

    text: str
    runbook: Runbook
    whole: bool
    losses: tuple[Loss, ...]
    complaints: tuple[str, ...]
    signatures: tuple[Judged, ...]


def read_playbook(text: str, name: str) -> dict[str, Any]:
    """Return the JSON object in `text`.

    Raises Invalid for what is too large or too deep, is no JSON, repeats a key, holds a number that is none, or is no object.
    """
    if len(text.encode("utf-8", "replace")) > MAX_BYTES:
        raise Invalid(name, f"the file is larger than {MAX_BYTES} bytes")
    try:
        value = json.loads(text, object_pairs_hook=_no_repeats, parse_constant=_no_number)
    except json.JSONDecodeError as error:
        raise Invalid(f"{name}:{error.lineno}:{error.colno}", f"this is no JSON: {error.msg}") from error
    except RecursionError as error:
        raise Invalid(name, f"it is nested deeper than {MAX_DEPTH}") from error
    except ValueError as error:
        raise Invalid(name, str(error)) from error
    if not isinstance(value, dict) or value.get("type") != "playbook":
        raise Invalid(name, 'this is no playbook: an object whose "type" is "playbook" belongs here')
    _check_depth(value, name)
    return value


def import_playbook(playbook: Mapping[str, Any], name: str, *, trusted: Sequence[bytes] = (), now: datetime) -> Imported:
    """Return a draft of what the playbook says, and what was not taken over.

    Raises Invalid for a playbook of another version of the standard, one without a workflow, and one whose signature does not
    fit it.
    """
    version = playbook.get("spec_version")
    if isinstance(version, str) and version.removeprefix("cacao-").startswith("1"):
        raise Invalid(
            f"{name}: spec_version", f'"{version}" is an older form with other steps; have its author save it as cacao-2.0'
        )
    signatures = judge_signatures(playbook, trusted, now)
    for at, judged in enumerate(signatures):
        if judged.state == "wrong":
            raise Invalid(f"{name}: signatures/{at}", f"the signature of {judged.signee} is wrong: {judged.sentence}")
    complaints = find_complaints(playbook)
    own, why_not = _own(playbook)
    if own is not None:
        text, runbook = own
        return Imported(text, runbook, whole=True, losses=(), complaints=complaints, signatures=signatures)
    draft, losses = draft_from(playbook, name)
    runbook = parse_runbook(draft, name)
    return Imported(draft, runbook, whole=False, losses=(*why_not, *losses), complaints=complaints, signatures=signatures)


def _own(playbook: Mapping[str, Any]) -> tuple[tuple[str, Runbook] | None, tuple[Loss, ...]]:
    """Return the runbook that one of our exports carries, or why what it carries is not believed."""
    extensions = playbook.get("playbook_extensions")
    carried = extensions.get(EXTENSION) if isinstance(extensions, dict) else None
    if not isinstance(carried, dict):
        return None, ()
    try:
        text = base64.b64decode(carried["runbook_b64"], validate=True).decode("utf-8")
        runbook = parse_runbook(text, "runbook_b64")
        edition = Edition(
            author=str(carried["author"]),
            created=read_time(playbook["created"], "created"),
            modified=read_time(playbook["modified"], "modified"),
        )
    except (KeyError, TypeError, ValueError, Invalid) as error:
        return None, (Loss("playbook_extensions", "the runbook that it carries", f"it cannot be read ({error})"),)
    shown = {key: value for key, value in playbook.items() if key != "signatures"}
    changed = _differences(shown, export_playbook(runbook, edition))
    if not changed:
        return (text, runbook), ()
    return None, tuple(
        Loss(place, "the runbook that it carries", "what everybody sees was changed since, so the hidden copy is put aside")
        for place in changed
    )


def _differences(found: Mapping[str, Any], expected: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the places where the two differ: a key of the playbook, or a step."""
    places = []
    for key in sorted(found.keys() | expected.keys()):
        left, right = found.get(key), expected.get(key)
        if left == right:
            continue
        if key == "workflow" and isinstance(left, dict) and isinstance(right, dict):
            places += [f"workflow/{step}" for step in sorted(left.keys() | right.keys()) if left.get(step) != right.get(step)]
        else:
            places.append(key)
    return tuple(places)


def _no_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f'the key "{key[:80]}" stands twice in one object')
        found[key] = value
    return found


def _no_number(text: str) -> float:
    raise ValueError(f"{text} is no number that JSON has")


def _check_depth(value: object, name: str) -> None:
    level: list[object] = [value]
    for _ in range(MAX_DEPTH):
        inner: list[object] = []
        for item in level:
            inner += item.values() if isinstance(item, dict) else item if isinstance(item, list) else ()
        if not inner:
            return
        level = inner
    raise Invalid(name, f"it is nested deeper than {MAX_DEPTH}")
