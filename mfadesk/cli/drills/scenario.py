"""Scenarios as the players and the judge may see them. What is expected is read by the judge alone, after the play."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

import yaml

from mfadesk.kernel.errors import Invalid
from mfadesk.ports.people import TIERS, Tier

MAX_BYTES = 1_000_000
MAX_SCENARIOS = 500


@dataclass(frozen=True, slots=True)
class Scenario:
    """One scenario.

    controls: what the attacker holds; empty for an honest caller. available: methods that an honest caller can use.
    target_minutes, then, decision: for the judge.
    """

    id: str
    kind: Literal["attack", "legitimate"]
    tier: Tier
    channel: str
    situation: Mapping[str, str]
    request: tuple[str, ...]
    signals: frozenset[str]
    controls: frozenset[str]
    available: tuple[str, ...]
    target_minutes: float
    then: tuple[str, ...]
    decision: str


def read_scenarios(path: Path) -> tuple[Scenario, ...]:
    """Return the scenarios of a file. Raises Invalid, naming the scenario and the field, for anything that is not their form."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise Invalid(str(path), "This file cannot be read.") from error
    if len(raw) > MAX_BYTES:
        raise Invalid(str(path), f"A file of scenarios has at most {MAX_BYTES} bytes.")
    try:
        document = yaml.safe_load(raw)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise Invalid(str(path), f"This is not YAML: {error}") from error
    if not isinstance(document, dict):
        raise Invalid(str(path), "A file of scenarios holds `attacks` and `legitimate`.")
    attacks, honest = document.get("attacks") or [], document.get("legitimate") or []
    if not isinstance(attacks, list) or not isinstance(honest, list):
        raise Invalid(str(path), "`attacks` and `legitimate` are lists of scenarios.")
    found = [_read(entry, "attack", path) for entry in attacks] + [_read(entry, "legitimate", path) for entry in honest]
    twice = {one.id for one in found if sum(other.id == one.id for other in found) > 1}
    if twice:
        raise Invalid(str(path), f"The id {min(twice)} stands there twice.")
    if not found or len(found) > MAX_SCENARIOS:
        raise Invalid(str(path), f"A file holds 1 to {MAX_SCENARIOS} scenarios under `attacks` and `legitimate`.")
    return tuple(found)


def _read(entry: Any, kind: Literal["attack", "legitimate"], path: Path) -> Scenario:
    if not isinstance(entry, dict) or not isinstance(entry.get("id"), str):
        raise Invalid(str(path), "A scenario is a mapping with an `id`.")
    where = f"{path}: {entry['id']}"
    subject = entry.get("target" if kind == "attack" else "caller")
    if not isinstance(subject, dict) or subject.get("tier") not in TIERS:
        raise Invalid(where, f"`tier` is one of {', '.join(TIERS)}.")
    situation = entry.get("situation") or {}
    if not isinstance(situation, dict):
        raise Invalid(where, "`situation` is a mapping.")
    expected = entry.get("expected") or {}
    if not isinstance(expected, dict) or not isinstance(expected.get("target_minutes", 60), int | float):
        raise Invalid(where, "`expected` is a mapping, and its `target_minutes` a number.")
    return Scenario(
        id=entry["id"],
        kind=kind,
        tier=cast(Tier, subject["tier"]),
        channel=str(entry.get("channel_in", "phone")),
        situation={str(k): str(v) for k, v in situation.items()},
        request=_words(entry.get("request"), where),
        signals=frozenset(_words(entry.get("signals"), where)),
        controls=frozenset(_words(entry.get("controls"), where)),
        available=_words(entry.get("available"), where),
        target_minutes=float(expected.get("target_minutes", 60)),
        then=_words(entry.get("then"), where),
        decision=str(expected.get("decision", "")),
    )


def _words(value: Any, where: str) -> tuple[str, ...]:
    if value is None:
        return ()
    if isinstance(value, str):
        return (value,)
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise Invalid(where, "A list of words is expected.")
    return tuple(value)
