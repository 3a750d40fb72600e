"""The policy file, read and checked: what compromises cost, what defeats each method, and what each action demands.

One commented YAML file says all of it, so that a security officer can read, argue about and change it without reading code.
Every mistake is refused with its place and, where a name is nearly right, with the name that was meant. A policy that would let
somebody in for free is a mistake too. `policies/policy.schema.json` tells editors the same shape.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import Any, cast, get_args

from mfadesk.assurance.circumstances import ALWAYS_HELD, DATA_WRITE, LEANINGS
from mfadesk.assurance.located import MAX_BYTES, Place, parse_located
from mfadesk.assurance.model import (
    Compromise,
    CompromiseTerms,
    Leaning,
    Limits,
    Method,
    MethodRole,
    Policy,
    Requirement,
    SignalTerms,
    ThreatLevel,
)
from mfadesk.assurance.pricing import OPERATOR, SECOND_OPERATOR, find_ways
from mfadesk.kernel.canonical import digest
from mfadesk.kernel.errors import Invalid
from mfadesk.ports.people import TIERS, Tier

VERSION = 1
MAX_COMPROMISES = 64
MAX_METHODS = 64
MAX_POINTS = 1_000
MAX_MINUTES = 60 * 24 * 90
THREATS: tuple[ThreatLevel, ...] = get_args(ThreatLevel)
SECTIONS = (
    "version",
    "compromises",
    "methods",
    "always_held",
    "gone",
    "stolen",
    "quarantine_days",
    "signals",
    "resist_lists",
    "requirements",
    "limits",
)


def load_policy(source: str | Path | None = None) -> Policy:
    """Return the policy in `source`: the text of a file, a path to one, or the policy that ships where None.

    Raises Invalid with ``file:line:column`` for the first mistake.
    """
    if source is None:
        name, text = "default.yaml", resources.files("mfadesk.assurance").joinpath("policies/default.yaml").read_text("utf-8")
    elif isinstance(source, Path):
        name, text = source.name, _read(source)
    else:
        name, text = "policy", source
    return _read_policy(text, name)


@lru_cache(maxsize=8)
def _read_policy(text: str, name: str) -> Policy:
    # The text is the key, so a file that changed is read anew; a process that opens its desk again need not read half a second.
    return _Reader(parse_located(text, name)).read()


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            # One byte more than is taken, so that a device or a huge file costs no more than that.
            raw = file.read(MAX_BYTES + 1)
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Invalid(f"{path.name}:1:1", f"not UTF-8 at byte {error.start}") from None
    except OSError as error:
        raise Invalid(path.name, f"cannot be read: {error.strerror}") from None


class _Reader:
    """Reads the sections in the order in which they name each other."""

    def __init__(self, root: Place) -> None:
        self.root = root
        self.sections = root.fields(SECTIONS)
        self.compromises: Mapping[Compromise, CompromiseTerms] = {}

    def read(self) -> Policy:
        """Return the policy. Raises Invalid where a section is missing, unknown or says what cannot be."""
        at = self.sections
        if at["version"].integer(0, 1_000_000) != VERSION:
            at["version"].fail(f"this program reads version {VERSION}")
        self.compromises = self._count(at["compromises"], MAX_COMPROMISES).each(self._read_compromise)
        for name in sorted({*ALWAYS_HELD, OPERATOR, SECOND_OPERATOR, DATA_WRITE} - self.compromises.keys()):
            at["compromises"].fail(f"{name} is missing; the model cannot do without it")
        always = self._names(at["always_held"])
        if ALWAYS_HELD - always:
            at["always_held"].fail(f"{', '.join(sorted(ALWAYS_HELD - always))} must be held always")
        methods = self._count(at["methods"], MAX_METHODS).each(lambda key, place: self._read_method(key, place, always))
        requirements = self._read_requirements()
        values: dict[str, Any] = {
            "version": VERSION,
            "compromises": self.compromises,
            "methods": methods,
            "always_held": always,
            "gone": at["gone"].each(lambda _, place: self._names(place)),
            "stolen": at["stolen"].each(lambda _, place: self._names(place)),
            "quarantine_s": self._read_quarantine(),
            "signals": at["signals"].each(self._read_signal),
            "requirements": requirements,
            "limits": self._read_limits(),
        }
        frozen: dict[str, Any] = {
            name: MappingProxyType(value) if isinstance(value, Mapping) else value for name, value in values.items()
        }
        found = Policy(**frozen, digest="")
        return replace(found, digest=digest_of(found))

    def _count(self, place: Place, most: int) -> Place:
        if not 0 < len(place.mapping()) <= most:
            place.fail(f"expected from 1 to {most} entries")
        return place

    def _names(self, place: Place) -> frozenset[Compromise]:
        return place.set_of(self.compromises, "compromise")

    def _read_compromise(self, key: str, place: Place) -> CompromiseTerms:
        at = place.fields(("points", "words", "why"))
        return CompromiseTerms(key, at["points"].integer(0, MAX_POINTS), at["words"].text(), at["why"].text())

    def _read_method(self, key: str, place: Place, always: frozenset[Compromise]) -> Method:
        required = ("name", "role", "minutes", "lifetime_min", "done_by", "defeated_by", "why")
        optional = ("leans_on", "relayable", "on_phone", "operator_attested", "phishing_resistant", "in_person", "waives_grace")
        at = place.fields(required, optional)

        def flag(name: str) -> bool:
            return name in at and at[name].flag()

        at["why"].text()
        leans_on = at["leans_on"].set_of(LEANINGS, "directory data") if "leans_on" in at else frozenset()
        method = Method(
            id=key,
            name=at["name"].text(),
            role=cast(MethodRole, at["role"].one_of(get_args(MethodRole), "role")),
            minutes=at["minutes"].integer(0, MAX_MINUTES),
            defeated_by=self._read_ways(at["defeated_by"]),
            lifetime_s=60 * at["lifetime_min"].integer(1, MAX_MINUTES),
            relayable=flag("relayable"),
            on_phone=flag("on_phone"),
            leans_on=cast("tuple[Leaning, ...]", tuple(sorted(leans_on))),
            operator_attested=flag("operator_attested"),
            phishing_resistant=flag("phishing_resistant"),
            done_by=cast(Any, at["done_by"].one_of(("claimant", "operator", "voucher", "machine"), "party")),
            in_person=flag("in_person"),
            waives_grace=flag("waives_grace"),
        )
        self._check_method(method, at, always)
        return method

    def _read_ways(self, place: Place) -> tuple[frozenset[Compromise], ...]:
        ways = [self._names(item) for item in place.items()]
        if not ways:
            place.fail("nothing defeats this method, which no policy may claim")
        for i, item in enumerate(place.items()):
            if not ways[i]:
                item.fail("an empty alternative defeats the method for nothing")
            if ways[i] in ways[:i]:
                item.fail("this alternative stands here twice")
        return tuple(sorted(ways, key=sorted))

    def _check_method(self, method: Method, at: Mapping[str, Place], always: frozenset[Compromise]) -> None:
        if method.role != "factor":
            return
        for way in find_ways(method, False):
            if all(name in always or self.compromises[name].points == 0 for name in way):
                at["defeated_by"].fail(f"{' + '.join(sorted(way))} costs nothing, so this is no factor")
        if method.leans_on and not any(DATA_WRITE in way for way in method.defeated_by):
            at["leans_on"].fail(f"what leans on directory data falls to {DATA_WRITE}; add it to defeated_by")
        if method.phishing_resistant and method.relayable:
            at["phishing_resistant"].fail("what can be read out to somebody else is not phishing-resistant")

    def _read_quarantine(self) -> Mapping[Leaning, int]:
        at = self.sections["quarantine_days"].fields(LEANINGS)
        return {leaning: 86_400 * at[leaning].integer(1, 365) for leaning in LEANINGS}

    def _read_signal(self, key: str, place: Place) -> SignalTerms:
        at = place.fields(("why",), ("held", "quarantines", "raises_threat", "refuses"))
        quarantines = at["quarantines"].set_of(LEANINGS, "directory data") if "quarantines" in at else frozenset()
        return SignalTerms(
            id=key,
            held=self._names(at["held"]) if "held" in at else frozenset(),
            quarantines=cast("frozenset[Leaning]", quarantines),
            raises_threat="raises_threat" in at and at["raises_threat"].flag(),
            refuses="refuses" in at and at["refuses"].flag(),
            why=at["why"].text(),
        )

    def _read_requirements(self) -> Mapping[tuple[str, Tier, ThreatLevel], Requirement]:
        lists = self.sections["resist_lists"].each(lambda _, place: tuple(sorted(self._names(place))))
        actions = self.sections["requirements"].each(lambda _, place: place)
        found: dict[tuple[str, Tier, ThreatLevel], Requirement] = {}
        for action, place in actions.items():
            source = place
            entries = place.mapping()
            if "same_as" in entries:
                place.fields(("same_as",))
                source = actions[entries["same_as"].one_of(actions, "action")]
                if "same_as" in source.mapping():
                    entries["same_as"].fail("that action points on to another; name the one that holds the numbers")
            tiers = source.fields(TIERS)
            for tier in TIERS:
                levels = tiers[tier].fields(THREATS)
                for threat in THREATS:
                    found[action, tier, threat] = _read_requirement(action, tier, threat, levels[threat], lists)
                if not _is_stricter(found[action, tier, "raised"], found[action, tier, "normal"]):
                    levels["raised"].fail("the raised level asks for less than the normal one")
        return found

    def _read_limits(self) -> Limits:
        names = Limits.__dataclass_fields__.keys()
        at = self.sections["limits"].fields(names)
        most = {name: 30 * 86_400 if name.endswith("_s") else 1_000 for name in names}
        return Limits(**{name: at[name].integer(1, most[name]) for name in names})


def _read_requirement(
    action: str, tier: Tier, threat: ThreatLevel, place: Place, lists: Mapping[str, tuple[Compromise, ...]]
) -> Requirement:
    required = ("minimum", "resists", "resist_minimum")
    optional = ("approvals", "in_person_only", "passkey_only", "grace_min", "decision_lifetime_min")
    at = place.fields(required, optional)

    def number(name: str, least: int, most: int, default: int) -> int:
        return at[name].integer(least, most) if name in at else default

    requirement = Requirement(
        action=action,
        tier=tier,
        threat=threat,
        minimum=at["minimum"].integer(1, 10 * MAX_POINTS),
        resists=lists[at["resists"].one_of(lists, "list of resists")],
        resist_minimum=at["resist_minimum"].integer(0, 10 * MAX_POINTS),
        approvals=number("approvals", 0, 5, 0),
        in_person_only="in_person_only" in at and at["in_person_only"].flag(),
        passkey_only="passkey_only" in at and at["passkey_only"].flag(),
        grace_s=60 * number("grace_min", 0, 60 * 24 * 14, 0),
        decision_lifetime_s=60 * number("decision_lifetime_min", 1, 24 * 60, 30),
    )
    if requirement.resist_minimum > requirement.minimum:
        at["resist_minimum"].fail("what is left with a compromise for free cannot be more than the minimum")
    return requirement


def _is_stricter(raised: Requirement, normal: Requirement) -> bool:
    """Return whether `raised` asks for at least as much as `normal` in everything that it could ask less of."""
    return (
        raised.minimum >= normal.minimum
        and raised.resist_minimum >= normal.resist_minimum
        and set(raised.resists) >= set(normal.resists)
        and raised.approvals >= normal.approvals
        and raised.in_person_only >= normal.in_person_only
        and raised.passkey_only >= normal.passkey_only
        and raised.grace_s >= normal.grace_s
    )


@lru_cache(maxsize=16)
def digest_of(policy: Policy) -> str:
    """Return the digest of what the policy says, whatever it says its digest is."""
    return digest(_plain({name: getattr(policy, name) for name in policy.__dataclass_fields__ if name != "digest"}))


def _plain(value: Any) -> Any:
    """Return `value` in the types of canonical JSON, sets sorted, so that equal policies have equal digests."""
    if hasattr(value, "__dataclass_fields__"):
        return {name: _plain(getattr(value, name)) for name in value.__dataclass_fields__}
    if isinstance(value, Mapping):
        return {":".join(key) if isinstance(key, tuple) else key: _plain(item) for key, item in value.items()}
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value
