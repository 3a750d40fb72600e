"""People as the directory describes them, and the staff who work at the desk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

Tier = Literal["standard", "sensitive", "exec", "privileged", "tier0"]
TIERS: tuple[Tier, ...] = ("standard", "sensitive", "exec", "privileged", "tier0")
"""From ordinary staff to those who could take the whole house: what an impostor would gain decides what proof costs."""

TIER_WORDS: Mapping[Tier, str] = {
    "standard": "standard", "sensitive": "sensitive", "exec": "executive", "privileged": "privileged", "tier0": "highest",
}  # fmt: skip
"""How a tier is said on a page, before the word tier."""

Employment = Literal["active", "on_leave", "starts", "left", "third_party"]
Role = Literal["operator", "approver", "security", "author", "auditor", "administrator"]
ROLES: tuple[Role, ...] = ("operator", "approver", "security", "author", "auditor", "administrator")

ContactKind = Literal["work_mail", "personal_mail", "mobile", "desk_phone"]


@dataclass(frozen=True, slots=True)
class Contact:
    """One address or number. `since` is when this value was first seen, or None where it has been there from the first import.

    A first value is no change (it waits in no quarantine); a changed one is, for as long as policy says.
    """

    kind: ContactKind
    value: str
    since: datetime | None
    notify: bool


@dataclass(frozen=True, slots=True)
class Person:
    """A subscriber: somebody whose authenticators the desk may repair."""

    id: str
    login: str
    name: str
    tier: Tier
    job: str
    site: str
    employment: Employment
    starts_on: date | None
    manager_id: str | None
    manager_since: datetime | None
    photo_since: datetime | None
    language: str
    break_glass: bool
    contacts: tuple[Contact, ...]
    delegate_id: str | None = None
    """Who answers for this person while they are away."""
    vouches_as: str = ""
    """``hr`` where the directory names this person as an HR partner, who may attest for anybody."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did something: a member of staff, the person, a voucher, or one of our own processes."""

    kind: Literal["staff", "claimant", "voucher", "subject", "executor", "worker", "system"]
    id: str
    roles: frozenset[Role] = frozenset()
    person_id: str | None = None
    """The directory entry of a member of staff, so that nobody works on their own case."""
