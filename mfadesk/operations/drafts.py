"""Texts of runbooks while they are written: kept at each pause, checked at each save, and merged where two people write one.

A draft serves nobody. It becomes a version, named by its digest, through `publishing.keep_draft`; from there on two people and a proof
decide.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from mfadesk.kernel.errors import Invalid, Refusal
from mfadesk.kernel.ids import new_id
from mfadesk.operations import publishing
from mfadesk.operations.desk import Desk, staff_name
from mfadesk.operations.merging import Part, count_clashes, join, merge
from mfadesk.operations.publications import find_text
from mfadesk.operations.workbench import require_author
from mfadesk.ports.people import Actor
from mfadesk.prover.model import Finding, Proof
from mfadesk.prover.prove import prove
from mfadesk.runbook.model import Runbook
from mfadesk.runbook.parse import parse_runbook
from mfadesk.runbook.shelf import find_source
from mfadesk.runbook.write import write_runbook
from mfadesk.store.models import RunbookDraft, StaffMember

MAX_DRAFTS = 200
MAX_CHARS = 200_000
MAX_LINES = 4_000
NAME = "draft.yaml"
UNTITLED = "A new runbook"
BLANK = """\
runbook: our-own
version: 1
title: A new runbook
summary: What it is for, in a sentence.
goals: []
start: first
steps:
  first:
    kind: end
    title: Not written yet
    outcome: stopped
"""

_AT = re.compile(re.escape(NAME) + r":(\d{1,7}):(\d{1,7})")
_TITLE = re.compile(r"^title:[ \t]*(\S.*)$", re.MULTILINE)
_VERSION = re.compile(r"^version:[ \t]*(\d{1,6})", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class DraftLine:
    """A draft in the list: who saved it last, and when."""

    id: str
    title: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Wrong:
    """Something to mend, at a line and column of the draft, from 1; 0 where it has no place in it. `rule` is "" for what cannot be read."""

    line: int
    column: int
    sentence: str
    rule: str
    severity: str


@dataclass(frozen=True, slots=True)
class Checked:
    """What is wrong with a text. Without a runbook it could not be read, so nothing was proved."""

    runbook: Runbook | None
    proof: Proof | None
    wrong: tuple[Wrong, ...]


@dataclass(frozen=True, slots=True)
class Draft:
    """A draft as it is kept, and what is wrong with it."""

    id: str
    title: str
    text: str
    revision: int
    by: str
    at: datetime
    checked: Checked


@dataclass(frozen=True, slots=True)
class Clash:
    """Somebody else saved meanwhile. `parts` hold both texts; `revision` and `theirs` are what is kept now."""

    revision: int
    by: str
    base: str
    yours: str
    parts: tuple[Part, ...]
    clashes: int


def list_drafts(actor: Actor) -> tuple[DraftLine, ...]:
    """Return all drafts, newest first. Raises Refusal ``forbidden`` for who does not write runbooks."""
    require_author(actor)
    names = _names()
    rows = RunbookDraft.objects.order_by("-at", "id").values_list("id", "title", "by", "at")[:MAX_DRAFTS]
    return tuple(DraftLine(key, title, names.get(by, by), at) for key, title, by, at in rows)


def begin(desk: Desk, actor: Actor, digest: str = "") -> str:
    """Begin a draft, from the version under `digest` if one is given, with the next number; return the draft's id.

    Raises Refusal ``too_many`` where there are MAX_DRAFTS already, ``not_found`` where no such version is kept.
    """
    require_author(actor)
    text = BLANK
    if digest:
        runbook = desk.runbooks.get(digest) or find_text(digest)
        if runbook is None:
            raise Refusal("not_found", "No runbook is kept under this digest.")
        text = _VERSION.sub(f"version: {runbook.version + 1}", find_source(digest) or write_runbook(runbook), count=1)
    key = new_id("draft", desk.randomness)
    with desk.unit():
        if RunbookDraft.objects.count() >= MAX_DRAFTS:
            raise Refusal("too_many", f"There are {MAX_DRAFTS} drafts already. Throw one away first.")
        RunbookDraft.objects.create(id=key, title=_title(text), text=text, by=staff_name(actor), at=desk.now())
    return key


def read(desk: Desk, actor: Actor, draft_id: str) -> Draft:
    """Return a draft. Raises Refusal ``not_found`` where there is none."""
    require_author(actor)
    row = _get(draft_id)
    checked = check(desk, row.text)
    return Draft(row.id, row.title, row.text, row.revision, _names().get(row.by, row.by), row.at, checked)


def save(
    desk: Desk, actor: Actor, draft_id: str, revision: int, base: str, text: str, chosen: Mapping[int, str] | None = None
) -> Clash | int:
    """Keep `text` and return its revision, or what both sides changed where somebody else saved since.

    revision: what the writer began with; base: its text.
    chosen: after a Clash, by the number of each place, what to take; `revision` is then that of the Clash, and `base` still the text
    that both began with. An answer to an older Clash is a new one.
    """
    require_author(actor)
    base, text = tidy(base), tidy(text)
    row = _get(draft_id)
    if chosen is None and row.text == text:
        return row.revision
    if chosen is not None and row.revision == revision:
        joined = join(merge(base, row.text, text), chosen)
        if joined is not None and _put(desk, actor, row, joined):
            return row.revision + 1
    elif chosen is None and row.revision == revision and _put(desk, actor, row, text):
        return row.revision + 1
    row = _get(draft_id)
    parts = merge(base, row.text, text)
    return Clash(row.revision, _names().get(row.by, row.by), base, text, parts, count_clashes(parts))


def keep_version(desk: Desk, actor: Actor, draft_id: str) -> str:
    """Make what is kept of a draft a version of its own, and return its digest. Raises Invalid where it cannot be read."""
    require_author(actor)
    return publishing.keep_draft(desk, actor, parse_runbook(_get(draft_id).text, NAME)).runbook.digest


def throw_away(desk: Desk, actor: Actor, draft_id: str) -> None:
    """Drop a draft. Versions that were made of it stay."""
    require_author(actor)
    with desk.unit():
        RunbookDraft.objects.filter(pk=draft_id).delete()


def check(desk: Desk, text: str) -> Checked:
    """Return what is wrong with a text: the first thing that cannot be read, or else what its proof found."""
    try:
        runbook = parse_runbook(text, NAME)
    except Invalid as error:
        line, column = _place(error.where)
        said = error.what if line else str(error)
        return Checked(None, None, (Wrong(line, column, said, "", "error"),))
    proof = prove(runbook, desk.policy)
    return Checked(runbook, proof, tuple(_wrong(runbook, finding) for finding in proof.findings))


def tidy(text: str) -> str:
    """Return a text as a browser sent it, with plain ends of lines. Raises Invalid where it is longer than a draft may be."""
    plain = text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "")
    if len(plain) > MAX_CHARS or plain.count("\n") >= MAX_LINES:
        raise Invalid("text", f"At most {MAX_LINES} lines and {MAX_CHARS} characters fit here. Move steps into a fragment.")
    return plain


def _wrong(runbook: Runbook, finding: Finding) -> Wrong:
    step = runbook.steps[finding.step]
    line, column = _place(step.place)
    return Wrong(line, column, f"{step.title}: {finding.sentence}", finding.rule, finding.severity)


def _place(where: str) -> tuple[int, int]:
    """Return line and column in the draft; what stands in a fragment is at the line that includes it."""
    found = _AT.search(where)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def _put(desk: Desk, actor: Actor, row: RunbookDraft, text: str) -> bool:
    """Keep `text` if nobody saved since `row` was read; return whether it was."""
    with desk.unit():
        found = RunbookDraft.objects.filter(pk=row.pk, revision=row.revision).update(
            text=text, title=_title(text), revision=row.revision + 1, by=staff_name(actor), at=desk.now()
        )
    return bool(found)


def _get(draft_id: str) -> RunbookDraft:
    row = RunbookDraft.objects.filter(pk=draft_id).first()
    if row is None:
        raise Refusal("not_found", "There is no such draft. Somebody may have thrown it away.")
    return row


def _title(text: str) -> str:
    found = _TITLE.search(text)
    return found[1].strip().strip("\"'")[:200] or UNTITLED if found else UNTITLED


def _names() -> dict[str, str]:
    return {f"staff:{pk}": desk for pk, desk in StaffMember.objects.values_list("pk", "desk")}
