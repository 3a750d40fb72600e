"""Fernhollow Clinics: who works there, what they sign in with, and what went wrong lately. Data, no action; `seed` puts it in place.

Dates are relative to today, so that the example never grows old. The people stand in `people.csv`, in the form that every installation
imports; what changed since they were first imported stands here, so that the second import finds it as any import would.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from importlib.resources import files
from typing import Literal

NAME = "Fernhollow Clinics"
DESK_PHONE = "+44 1632 960 555"

HAZEL, ROSEMARY, BASIL, MAPLE = "hazel.linden", "rosemary.hart", "basil.greenway", "maple.thorne"
ELM = "elm.fairweather"

_TODAY = re.compile(r"\{today([+-]\d+)\}")

Kind = Literal["totp", "hotp", "push", "passkey", "passkey_synced", "security_key", "recovery_code", "sms"]


@dataclass(frozen=True, slots=True)
class Held:
    """One authenticator: how many days ago it was made, and used last (None: never). `broken` is on a phone that is gone."""

    kind: Kind
    label: str
    made_days: int
    used_days: float | None
    broken: bool = False
    drift_steps: int = 0


@dataclass(frozen=True, slots=True)
class Worker:
    """Somebody who signs in to the desk itself."""

    login: str
    person_id: str
    desk: str
    roles: tuple[str, ...]
    does: str


STAFF: tuple[Worker, ...] = (
    Worker("juniper", "FC-1021", "Desk 1", ("operator",), "takes calls"),
    Worker("rowan", "FC-1020", "Desk 2", ("operator", "approver"), "takes calls, approves, gives second looks"),
    Worker("alder", "FC-1022", "Security", ("security", "auditor"), "hears alerts, reads the record"),
    Worker("yew", "FC-1010", "Administration", ("administrator", "author"), "invites staff, writes runbooks"),
)

FORMER: Mapping[str, Mapping[str, str]] = {
    # Changed two days ago: too fresh to trust for a call back or a text.
    "FC-1070": {"mobile": "+447700900901"},
    "FC-1035": {"mobile": "+447700900902", "personal_mail": "saffron@old.example"},
    # A manager who changed last week: a vouch by the new one waits.
    "FC-1076": {"manager": "FC-1077"},
}
"""What the directory said at the first import, where it says something else now."""

NOT_YET: frozenset[str] = frozenset({"FC-1078", "FC-1080"})
"""Who came after the first import: the new hire and the contractor."""

FIRST_IMPORT_DAYS = 640
SECOND_IMPORT_DAYS = 2

SPECIAL: Mapping[str, tuple[Held, ...]] = {
    HAZEL: (
        Held("totp", "Authenticator app on the old phone", 780, 9, broken=True),
        Held("passkey", "Passkey on the work laptop", 410, 1),
        Held("recovery_code", "Saved recovery codes", 780, None),
    ),
    ROSEMARY: (
        Held("totp", "Authenticator app", 300, 0.2),
        Held("sms", "Text message to the mobile", 1200, 40),
        Held("security_key", "Black key", 520, 3),
    ),
    BASIL: (Held("totp", "Authenticator app on the old phone", 500, 0.1), Held("push", "Push on the old phone", 500, 0.4)),
    ELM: (
        Held("totp", "Authenticator app on the old phone", 610, 3, broken=True),
        Held("security_key", "Black key", 610, 0.3),
        Held("passkey", "Passkey on the work laptop", 280, 0.2),
    ),
    MAPLE: (Held("passkey", "Passkey on the work laptop", 300, 0.2), Held("totp", "Authenticator app", 650, 4)),
    "thyme.becker": (Held("totp", "Authenticator app", 420, 12, drift_steps=3),),
    "burdock.hale": (Held("hotp", "Grey token", 1500, 2),),
    "bay.whitcombe": (Held("hotp", "Grey token", 1400, 30), Held("sms", "Text message to the mobile", 1400, 200)),
    "clover.finch": (Held("sms", "Text message to the mobile", 1600, 6),),
    "peony.hall": (),
    "spruce.dalton": (Held("totp", "Authenticator app", 900, 95),),
    "break.glass.a": (Held("security_key", "Sealed key, safe of the main site", 300, 33),),
}


def holds(login: str, tier: str, place: int) -> tuple[Held, ...]:
    """Return what the person holds: as written in `SPECIAL`, or what their tier usually brings, varied by their `place` in the file."""
    if login in SPECIAL:
        return SPECIAL[login]
    age = 90 + (place * 53) % 900
    used = (place * 7 % 40) / 4
    app = Held("totp", "Authenticator app", age, used)
    if tier == "tier0":
        return (Held("security_key", "Black key", age, used), Held("security_key", "Spare key", age, None))
    if tier == "privileged":
        return (
            Held("security_key", "Blue key", age, used),
            Held("passkey", "Passkey on the work laptop", age // 2, used + 0.2),
        )
    if tier in ("exec", "sensitive") or place % 4 == 0:
        synced = place % 5 == 0
        label = "Passkey in the phone's cloud" if synced else "Passkey on the work laptop"
        return (app, Held("passkey_synced" if synced else "passkey", label, age // 3 + 1, used + 0.5))
    return (app, Held("recovery_code", "Saved recovery codes", age, None)) if place % 3 == 0 else (app,)


def people_csv(today: date, *, former: bool = False) -> str:
    """Return the directory as CSV, dates filled in; `former` gives it as it was at the first import."""
    text = files("mfadesk.demo").joinpath("people.csv").read_text(encoding="utf-8")
    text = _TODAY.sub(lambda match: (today + timedelta(days=int(match[1]))).isoformat(), text)
    if not former:
        return text
    head, *rows = text.splitlines()
    columns = head.split(",")
    return "\n".join([head, *(_as_before(columns, row) for row in rows if row.split(",")[0] not in NOT_YET)]) + "\n"


def _as_before(columns: list[str], row: str) -> str:
    # The shipped file has no quoted cell; a test holds it to that.
    cells = row.split(",")
    for column, value in FORMER.get(cells[0], {}).items():
        cells[columns.index(column)] = value
    return ",".join(cells)
