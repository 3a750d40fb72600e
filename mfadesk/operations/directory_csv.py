"""Reads a directory as CSV and says what differs from what is held. Pure: no table, no clock; `import_directory` applies it.

Every row is checked before any is taken, and every complaint carries its line, so that one wrong row changes nothing. Names and
sites stand in any script; they are put in NFC, since two spellings of one name must not be two people to a search.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import get_args

from mfadesk.kernel.errors import Invalid
from mfadesk.ports.people import TIERS, Contact, ContactKind, Employment, Person

COLUMNS = (
    "id", "login", "name", "tier", "job", "site", "employment", "starts_on", "manager", "delegate", "language", "break_glass",
    "work_mail", "personal_mail", "mobile", "desk_phone", "notify",
)  # fmt: skip
REQUIRED = ("id", "login", "name", "tier")
CONTACTS: tuple[ContactKind, ...] = get_args(ContactKind)
MAX_ROWS = 200_000
MAX_PROBLEMS = 20
MAX_TEXT = 200
MAX_CHAIN = 60
"""Managers above managers; a longer chain is a fault in the data."""

_MAIL = re.compile(r"[^@\s\"<>,;]{1,64}@[^@\s\"<>,;]{1,255}\.[^@\s\"<>,;.]{2,63}")
_NUMBER = re.compile(r"\+[1-9][0-9]{6,14}")
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")


@dataclass(frozen=True, slots=True)
class Changed:
    """One person whose entry differs. `what` names the fields, for the summary."""

    before: Person
    after: Person
    what: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DirectoryChanges:
    """What an import would do: nothing is done by looking at it."""

    new: tuple[Person, ...]
    changed: tuple[Changed, ...]
    gone: tuple[Person, ...]
    same: int
    contacts_changed: int
    managers_changed: int


def read_directory(text: str) -> tuple[Person, ...]:
    """Return the people in `text`, every `since` empty.

    The first line names the columns (`COLUMNS`; id, login, name and tier must be there). `manager` and `delegate` hold ids. Raises
    Invalid with up to 20 complaints, each with its line.
    """
    rows = _rows(text)
    problems: list[str] = []
    people: list[tuple[int, Person]] = []
    for line, row in rows:
        try:
            people.append((line, _parse_row(row)))
        except Invalid as error:
            problems.append(f"line {line}: {error}")
    problems += _check_together(people)
    if problems:
        more = len(problems) - MAX_PROBLEMS
        shown = [*problems[:MAX_PROBLEMS], *([f"and {more} more"] if more > 0 else [])]
        raise Invalid("", "Nothing was taken from this file:\n  " + "\n  ".join(shown))
    return tuple(person for _, person in people)


def compare(incoming: Sequence[Person], held: Iterable[Person], now: datetime) -> DirectoryChanges:
    """Return what `incoming` changes about `held`, with `since` set to `now` for every contact and manager that was not there before.

    The values that somebody's first import brings are no change: they get no `since` and wait in no quarantine. A person who is
    missing from the file is gone, never deleted: their cases still name them.
    """
    before = {person.id: person for person in held}
    new, changed, same = [], [], 0
    contacts_changed = managers_changed = 0
    for person in incoming:
        old = before.pop(person.id, None)
        if old is None:
            new.append(person)
            continue
        merged = _merge(old, person, now)
        what = _differences(old, merged)
        if not what:
            same += 1
            continue
        changed.append(Changed(old, merged, what))
        contacts_changed += any(name in CONTACTS for name in what)
        managers_changed += "manager_id" in what
    gone = tuple(person for person in before.values() if person.employment != "left")
    return DirectoryChanges(tuple(new), tuple(changed), gone, same, contacts_changed, managers_changed)


def fold(text: str) -> str:
    """Return `text` as searches compare it: compatibility form, no accents, no case, single spaces.

    >>> fold("  Ğül   Çınar ")
    'gul cınar'
    """
    spread = unicodedata.normalize("NFKD", text)
    return " ".join("".join(c for c in spread if not unicodedata.combining(c)).casefold().split())


def search_text(person: Person) -> str:
    """Return what a search may find this person by: name, id, login, addresses, and the digits of numbers."""
    values = [contact.value for contact in person.contacts]
    digits = ["".join(c for c in value if c.isdigit()) for value in values if value.startswith("+")]
    return " ".join(fold(part) for part in (person.name, person.id, person.login, *values, *digits))


def _rows(text: str) -> list[tuple[int, dict[str, str]]]:
    if "\x00" in text:
        raise Invalid("line 1", "This is no text file.")
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    found: list[tuple[int, dict[str, str]]] = []
    try:
        header = [name.strip() for name in next(reader, [])]
        unknown = [name for name in header if name not in COLUMNS]
        missing = [name for name in REQUIRED if name not in header]
        if unknown or missing or len(set(header)) != len(header):
            wrong = (
                f"`{unknown[0]}` is no column"
                if unknown
                else f"`{missing[0]}` is missing"
                if missing
                else "a column is named twice"
            )
            raise Invalid("line 1", f"{wrong}. Columns are: {', '.join(COLUMNS)}.")
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) != len(header):
                raise Invalid(f"line {reader.line_num}", f"{len(cells)} cells where the first line names {len(header)}.")
            if len(found) >= MAX_ROWS:
                raise Invalid(f"line {reader.line_num}", f"More than {MAX_ROWS} people; split the file.")
            found.append((reader.line_num, dict(zip(header, (cell.strip() for cell in cells), strict=True))))
    except csv.Error as error:
        raise Invalid(f"line {reader.line_num}", f"This is not CSV: {error}.") from error
    if not found:
        raise Invalid("line 1", "Nobody is in this file. An empty file would make everybody gone, so it is not taken.")
    return found


def _parse_row(row: Mapping[str, str]) -> Person:
    text = {name: _clean(name, row.get(name, "")) for name in COLUMNS}
    for name in REQUIRED:
        if not text[name]:
            raise Invalid(name, "is empty.")
    for name in ("id", "manager", "delegate"):
        if text[name] and not _ID.fullmatch(text[name]):
            raise Invalid(name, f"{text[name]!r}: letters, digits, dot, dash and underscore, 40 at most.")
    tier = next((tier for tier in TIERS if tier == text["tier"]), None)
    if tier is None:
        raise Invalid("tier", f"{text['tier']!r} is unknown. Tiers are: {', '.join(TIERS)}.")
    states: tuple[Employment, ...] = get_args(Employment)
    employment = next((state for state in states if state == (text["employment"] or "active")), None)
    if employment is None:
        raise Invalid("employment", f"{text['employment']!r} is unknown. It is one of: {', '.join(states)}.")
    language = text["language"] or "en"
    if not _LANGUAGE.fullmatch(language):
        raise Invalid("language", f"{language!r} is no language tag such as en or pt-BR.")
    return Person(
        id=text["id"], login=text["login"].casefold(), name=text["name"], tier=tier, job=text["job"], site=text["site"],
        employment=employment, starts_on=_date(text["starts_on"]), manager_id=text["manager"] or None, manager_since=None,
        photo_since=None, language=language, break_glass=_yes(text["break_glass"]), contacts=_contacts(text),
        delegate_id=text["delegate"] or None,
    )  # fmt: skip


def _clean(name: str, value: str) -> str:
    value = unicodedata.normalize("NFC", value)
    if len(value) > MAX_TEXT:
        raise Invalid(name, f"is longer than {MAX_TEXT} characters.")
    # Control and direction-override characters could make a name read as another on the operator's screen.
    if any(
        unicodedata.category(c) in ("Cc", "Cs", "Co") or c in "\u202a\u202b\u202d\u202e\u2066\u2067\u2068\u2069" for c in value
    ):
        raise Invalid(name, "holds a control character.")
    return value


def _contacts(text: Mapping[str, str]) -> tuple[Contact, ...]:
    wanted = text["notify"].split() or ["work_mail", "personal_mail"]
    for kind in wanted:
        if kind not in CONTACTS:
            raise Invalid("notify", f"{kind!r} is no contact. It is one of: {', '.join(CONTACTS)}.")
    found = []
    for kind in CONTACTS:
        value = text[kind]
        if not value:
            continue
        if kind in ("work_mail", "personal_mail"):
            if not _MAIL.fullmatch(value) or not value.isprintable():
                raise Invalid(kind, f"{value!r} is no mail address.")
        else:
            value = re.sub(r"[\s().-]", "", value)
            if not _NUMBER.fullmatch(value):
                raise Invalid(kind, f"{text[kind]!r} is no number in the form +441632960017.")
        found.append(Contact(kind, value, None, kind in wanted))
    return tuple(found)


def _date(value: str) -> date | None:
    if not value:
        return None
    try:
        return date.fromisoformat(value)
    except ValueError as error:
        raise Invalid("starts_on", f"{value!r} is no date in the form 2026-11-24.") from error


def _yes(value: str) -> bool:
    if value.casefold() not in ("", "yes", "no", "true", "false", "1", "0"):
        raise Invalid("break_glass", f"{value!r} is neither yes nor no.")
    return value.casefold() in ("yes", "true", "1")


def _check_together(people: Sequence[tuple[int, Person]]) -> list[str]:
    problems: list[str] = []
    ids: dict[str, int] = {}
    logins: dict[str, int] = {}
    for line, person in people:
        for what, seen, value in (("id", ids, person.id), ("login", logins, person.login)):
            if value in seen:
                problems.append(f"line {line}: {what}: {value!r} stands on line {seen[value]} already.")
            seen.setdefault(value, line)
    above = {person.id: person.manager_id for _, person in people}
    for line, person in people:
        for what, other in (("manager", person.manager_id), ("delegate", person.delegate_id)):
            if other is not None and other not in ids:
                problems.append(f"line {line}: {what}: nobody in this file has the id {other!r}.")
            elif other == person.id:
                problems.append(f"line {line}: {what}: {person.id!r} names itself.")
        if _in_circle(person.id, above):
            problems.append(f"line {line}: manager: the chain of managers above {person.id!r} comes back to it.")
    return problems


def _in_circle(start: str, above: Mapping[str, str | None]) -> bool:
    at = above.get(start)
    for _ in range(MAX_CHAIN):
        if at is None or at == start:
            return at == start and above.get(start) != start
        at = above.get(at)
    return False


def _merge(old: Person, new: Person, now: datetime) -> Person:
    held = {contact.kind: contact for contact in old.contacts}
    contacts = []
    for contact in new.contacts:
        was = held.get(contact.kind)
        same = was is not None and was.value == contact.value
        # A value that appears later is dated too: else whoever can write the HR data would empty a field today and fill it tomorrow.
        contacts.append(replace(contact, since=was.since if was and same else now))
    manager_since = old.manager_since if new.manager_id == old.manager_id else now
    return replace(new, contacts=tuple(contacts), manager_since=manager_since, photo_since=old.photo_since)


def _differences(old: Person, new: Person) -> tuple[str, ...]:
    fields = (
        "login",
        "name",
        "tier",
        "job",
        "site",
        "employment",
        "starts_on",
        "manager_id",
        "delegate_id",
        "language",
        "break_glass",
    )
    what = [name for name in fields if getattr(old, name) != getattr(new, name)]
    was = {contact.kind: contact for contact in old.contacts}
    now = {contact.kind: contact for contact in new.contacts}
    return (*what, *(kind for kind in CONTACTS if was.get(kind) != now.get(kind)))
