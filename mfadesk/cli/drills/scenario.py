"""Scenarios read from a file, in parts that are kept apart: what the desk sees, what only the attacker knows, what is expected.

The split is the point. A player is handed `Call` (and an attacker's also `Crime`); `Expected` is opened by the judge alone, after
the play. Shape is strict and says line and column. Words are free, since an unknown word only means that the operator is asked
(SETTLED 18); `find_strangers` names each with its place, so that a slip of the pen is seen.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

from mfadesk.assurance.model import Policy
from mfadesk.kernel.errors import Invalid
from mfadesk.ports.people import TIERS, Tier
from mfadesk.runbook.guards import suggest
from mfadesk.runbook.shelf import load_shelf
from mfadesk.runbook.situation import GOAL_WORDS, REQUEST_GOALS, VOCABULARY
from mfadesk.runbook.yaml_tree import MAX_BYTES, Fields, Items, Node, Scalar, read_tree

MAX_SCENARIOS = 5_000
MAX_WORDS = 100
MAX_MINUTES = 100_000
MAX_WORD_CHARS = 200

FIELDS = (
    "id", "title", "based_on", "fidelity", "channel_in", "claim", "request", "situation", "target", "caller", "known_info",
    "controls", "pressure", "attack_ids", "weak_methods", "sound_methods", "signals", "expected", "overrides", "available",
    "unavailable", "path", "then", "note",
)  # fmt: skip
EXPECTED = ("decision", "must", "must_not", "target_minutes", "post")
"""What a scenario and its expectation may hold; much of it is for readers alone."""

CLOSED_WORDS = frozenset({"enable_account", "reactivate_account", "reopen_account", "account_disabled", "account_closed"})
LOCKED_WORDS = frozenset({"unlock_account", "account_unlock", "unlock", "account_locked", "account_locked_out", "locked_out"})
ON_LEAVE = "hr_status_on_leave"
SETS_THE_STAGE = CLOSED_WORDS | LOCKED_WORDS | {ON_LEAVE}
"""Signals that say how the account and HR's feed stand: policy need not know them, since the desk looks for itself."""

Kind = Literal["attack", "legitimate"]
Place = tuple[str, str]
"""A field and a word in it."""

_NOTHING = ("", "~", "null", "Null", "NULL")
_NUMBER = re.compile(r"[0-9]{1,6}(\.[0-9]{1,3})?")


@dataclass(frozen=True, slots=True)
class Call:
    """What the desk may see of a scenario."""

    tier: Tier
    role: str
    channel: str
    request: tuple[str, ...]
    situation: Mapping[str, str]
    signals: frozenset[str]


@dataclass(frozen=True, slots=True)
class Crime:
    """What only the attacker's player may see: what they hold, and what they know beforehand."""

    controls: frozenset[str]
    known_info: frozenset[str]


@dataclass(frozen=True, slots=True)
class Expected:
    """What the judge compares with, after the play: never played by."""

    decision: str
    target_minutes: float | None
    then: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Scenario:
    """One scenario. `available`: methods that an honest caller can use. `places`: where each word stands, ``line:column``."""

    id: str
    kind: Kind
    call: Call
    crime: Crime
    available: tuple[str, ...]
    expected: Expected
    places: Mapping[Place, str]
    foreign: tuple[str, ...] = ()
    """A sentence for every field that a scenario does not have, with its place: it is not read."""


def read_scenarios(path: Path) -> tuple[Scenario, ...]:
    """Return the scenarios of a file. Raises Invalid as `parse_scenarios`, and for a file that cannot be read."""
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise Invalid(str(path), "This file cannot be read.") from error
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Invalid(f"{path}:1:1", f"this is not UTF-8: byte {error.start + 1} cannot be read") from error
    return parse_scenarios(text, str(path))


def parse_scenarios(text: str, name: str) -> tuple[Scenario, ...]:
    """Return the scenarios in `text`, attacks first, each kind in its order.

    Raises Invalid ``name:line:column`` for anything whose shape is not that of scenarios, and for two with one id.
    """
    root = _fields(read_tree(text, name))
    found: list[Scenario] = []
    wheres: dict[str, str] = {}
    for section, kind in (("attacks", "attack"), ("legitimate", "legitimate")):
        for node in _items(root, section):
            scenario = _scenario(_fields(node), cast(Kind, kind))
            if scenario.id in wheres:
                raise Invalid(node.where, f'"{scenario.id}" stands twice; first at {wheres[scenario.id]}')
            wheres[scenario.id] = node.where
            found.append(scenario)
            if len(found) > MAX_SCENARIOS:
                raise Invalid(node.where, f"more than {MAX_SCENARIOS} scenarios; split the file")
    if not found:
        strange = (key for key in root.fields if key not in ("attacks", "legitimate"))
        near = next((meant for key in strange if (meant := suggest(key, ("attacks", "legitimate")))), "")
        raise Invalid(root.where, f'there is nothing to play: write "attacks" or "legitimate" with a list of scenarios.{near}')
    return tuple(found)


def find_strangers(scenario: Scenario, policy: Policy) -> tuple[str, ...]:
    """Return a sentence for every word that neither runbooks nor policy know, with its place: the play goes on without it."""
    compromises = policy.compromises.keys()
    factors = [name for name, method in policy.methods.items() if method.role == "factor"]
    said = scenario.call.situation
    asked = {*VOCABULARY, "goal", *(name for book in load_shelf().values() for name in book.variables)}
    found = [
        *(_strange(scenario, "situation", k, asked, "not asked about") for k in said),
        *(
            _strange(scenario, k, v, VOCABULARY.get(k, tuple(GOAL_WORDS)), "the operator asks")
            for k, v in said.items()
            if k in VOCABULARY or k == "goal"
        ),
        *(_strange(scenario, "request", word, REQUEST_GOALS, "the operator asks") for word in scenario.call.request),
        *(
            _strange(scenario, "signals", word, {*policy.signals, *SETS_THE_STAGE}, "recorded only")
            for word in sorted(scenario.call.signals)
        ),
        *(_strange(scenario, "controls", w, compromises, "defeats nothing here") for w in sorted(scenario.crime.controls)),
        *(_strange(scenario, "known_info", w, compromises, "defeats nothing here") for w in sorted(scenario.crime.known_info)),
        *(_strange(scenario, "available", word, factors, "proves nothing here") for word in scenario.available),
    ]
    return (*scenario.foreign, *(sentence for sentence in found if sentence))


def _strange(scenario: Scenario, field: str, word: str, known: Collection[str], so: str) -> str:
    if word in known or word == "unknown":
        return ""
    return f'{scenario.places.get((field, word), "")} {field}: "{word}" is not known, so {so}.{suggest(word, known)}'.strip()


def _scenario(node: Fields, kind: Kind) -> Scenario:
    name = _word(node, "id")
    if not name:
        raise Invalid(node.where, f'"id" is missing{_near(node, "id")}')
    section = "target" if kind == "attack" else "caller"
    who = _sub(node, section)
    if who is None:
        raise Invalid(node.where, f'"{section}" with a tier is missing from {name}{_near(node, section)}')
    tier = _word(who, "tier")
    if tier not in TIERS:
        where = who.fields["tier"][1].where if "tier" in who.fields else who.where
        raise Invalid(where, f"the tier is one of {', '.join(TIERS)}.{suggest(tier, TIERS)}")
    situation, expected = _sub(node, "situation"), _sub(node, "expected")
    foreign = (*_foreign(node, FIELDS), *_foreign(who, ("role", "tier")), *(_foreign(expected, EXPECTED) if expected else ()))
    words = {field: _words(node, field) for field in ("request", "signals", "controls", "known_info", "available", "then")}
    said = {key: _text(value) for key, (_name, value) in situation.fields.items()} if situation else {}
    return Scenario(
        id=name,
        kind=kind,
        call=Call(
            tier=tier,
            role=_word(who, "role"),
            channel=_word(node, "channel_in"),
            request=words["request"],
            situation={key: value for key, value in said.items() if value not in _NOTHING},
            signals=frozenset(words["signals"]),
        ),
        crime=Crime(frozenset(words["controls"]), frozenset(words["known_info"])) if kind == "attack" else Crime(*_NO_CRIME),
        available=words["available"] if kind == "legitimate" else (),
        expected=Expected(
            decision=_word(expected, "decision") if expected else "",
            target_minutes=_minutes(expected) if expected else None,
            then=words["then"],
        ),
        places=dict(_places(node, situation)),
        foreign=foreign,
    )


def _foreign(node: Fields, known: Collection[str]) -> tuple[str, ...]:
    """Return a sentence for each field that is not known.

    Raises Invalid for one that looks like a slip of the pen: an attack whose "contrlos" nobody reads would look stopped.
    """
    found = []
    for key, (name, _value) in node.fields.items():
        if key in known:
            continue
        where = f"{name.line}:{name.column}"
        if meant := suggest(key, known):
            raise Invalid(name.where, f'"{key}" is no field here, so it would not be read.{meant}')
        found.append(f'{where} "{key}" is no field of a scenario, so it is not read.')
    return tuple(found)


_NO_CRIME: tuple[frozenset[str], frozenset[str]] = (frozenset(), frozenset())


def _places(node: Fields, situation: Fields | None) -> Iterator[tuple[Place, str]]:
    for field in ("request", "signals", "controls", "known_info", "available", "then"):
        if field in node.fields:
            value = node.fields[field][1]
            for item in value.items if isinstance(value, Items) else (value,):
                if isinstance(item, Scalar):
                    yield (field, item.text), f"{item.line}:{item.column}"
    for key, (name, value) in (situation.fields if situation else {}).items():
        yield ("situation", key), f"{name.line}:{name.column}"
        if isinstance(value, Scalar):
            yield (key, value.text), f"{value.line}:{value.column}"


def _minutes(node: Fields) -> float | None:
    text = _word(node, "target_minutes")
    if not text:
        return None
    if not _NUMBER.fullmatch(text) or float(text) > MAX_MINUTES:
        raise Invalid(node.fields["target_minutes"][1].where, f'minutes are a number from 0 to {MAX_MINUTES}, not "{text}"')
    return float(text)


def _near(node: Fields, wanted: str) -> str:
    found = next((key for key in node.fields if suggest(wanted, (key,))), None)
    return f'; is "{found}" meant for it?' if found else ""


def _fields(node: Node) -> Fields:
    if not isinstance(node, Fields):
        raise Invalid(node.where, "names with values belong here (name: value)")
    return node


def _is_nothing(node: Node) -> bool:
    return isinstance(node, Scalar) and node.text in _NOTHING


def _sub(node: Fields, name: str) -> Fields | None:
    if name not in node.fields or _is_nothing(node.fields[name][1]):
        return None
    return _fields(node.fields[name][1])


def _items(node: Fields, name: str) -> tuple[Node, ...]:
    if name not in node.fields or _is_nothing(node.fields[name][1]):
        return ()
    value = node.fields[name][1]
    if not isinstance(value, Items):
        raise Invalid(value.where, f'"{name}" is a list')
    return value.items


def _text(node: Node) -> str:
    if not isinstance(node, Scalar):
        raise Invalid(node.where, "one word belongs here, not a list or a mapping")
    if len(node.text) > MAX_WORD_CHARS:
        raise Invalid(node.where, f"this word has {len(node.text)} characters; {MAX_WORD_CHARS} is the limit")
    return node.text


def _word(node: Fields, name: str) -> str:
    text = _text(node.fields[name][1]) if name in node.fields else ""
    return "" if text in _NOTHING else text


def _words(node: Fields, name: str) -> tuple[str, ...]:
    if name in node.fields and isinstance(node.fields[name][1], Scalar):
        word = _word(node, name)
        return (word,) if word else ()
    items = _items(node, name)
    if len(items) > MAX_WORDS:
        raise Invalid(node.fields[name][1].where, f"more than {MAX_WORDS} words")
    return tuple(dict.fromkeys(_text(item) for item in items))
