"""What authors see of runbooks: the list of all versions, and one version with its map, its proof and what it would change.

Nothing here decides: acts go through `publishing`, and the executor has its own account of who may do what.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from mfadesk.drawing.flow_map import draw_flow_map
from mfadesk.drawing.shapes import KIND_WORDS
from mfadesk.kernel.clock import from_stamp
from mfadesk.kernel.errors import Refusal
from mfadesk.ledger.leaf import DESK
from mfadesk.operations import publishing
from mfadesk.operations.desk import Desk
from mfadesk.operations.publications import RECORDED, Publication, find_text, read_ledger
from mfadesk.ports.people import Actor
from mfadesk.prover.model import Finding, Proof
from mfadesk.prover.prove import RULES, prove
from mfadesk.prover.trust import find_trusted
from mfadesk.runbook.model import Path, Runbook, Step
from mfadesk.runbook.walk import DEADLINE_EDGE, words_for_seconds
from mfadesk.runbook.write import write_runbook
from mfadesk.store.models import EventRow, StaffMember

DONE = {
    "runbook_offered": "Offered for review",
    "runbook_reviewed": "Reviewed",
    "runbook_published": "Put in force",
    "runbook_retired": "Retired",
}
"""By kind of event, what the page says of it."""

INSTALLATION_WORDS = "the installation"
FRAGMENTS = "fragments/"


@dataclass(frozen=True, slots=True)
class Happened:
    """One act on a version: what, when and who, as pages name them."""

    words: str
    at: datetime
    by: str


@dataclass(frozen=True, slots=True)
class Version:
    """One version in the list. `mark` is the sign before it; `last` is None for what only ships."""

    digest: str
    title: str
    number: int
    state: str
    mark: str
    last: Happened | None


@dataclass(frozen=True, slots=True)
class Shelf:
    """All versions, by what they wait for. `next` is what this author could do first."""

    reviews: tuple[Version, ...]
    publications: tuple[Version, ...]
    in_force: tuple[Version, ...]
    earlier: tuple[Version, ...]
    next: Version | None
    next_words: str


@dataclass(frozen=True, slots=True)
class Way:
    """Where a step leads: the id and title of the next one, and when."""

    to: str
    title: str
    when: str


@dataclass(frozen=True, slots=True)
class StepText:
    """A step in words, beside the map. `fragment` is the one that it was included from, or ""."""

    step: Step
    kind: str
    fragment: str
    ways: tuple[Way, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """One finding of the proof, and whether a walk shows it."""

    number: int
    finding: Finding
    step: str
    walked: bool


@dataclass(frozen=True, slots=True)
class Walk:
    """A counter-example at one of its steps: place `at` of `of`, both from 1."""

    found: Found
    at: int
    of: int
    step: str
    title: str
    assumed: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """One version, with all that its page shows."""

    runbook: Runbook
    state: str
    mark: str
    history: tuple[Happened, ...]
    proof: Proof
    found: tuple[Found, ...]
    walk: Walk | None
    map: str
    phases: tuple[tuple[str, tuple[StepText, ...]], ...]
    lines: tuple[str, ...]
    acts: tuple[str, ...]
    change: publishing.Comparison | None
    in_force_digest: str


def shelf(desk: Desk, actor: Actor) -> Shelf:
    """Return every version that there is. Raises Refusal ``forbidden`` for who does not write runbooks."""
    require_author(actor)
    happened = _history()
    in_force = {book.digest for book in desk.in_force().values()}
    groups: dict[str, list[Version]] = {"offered": [], "reviewed": [], "in force": [], "earlier": []}
    mine: list[tuple[Version, str]] = []
    for one in publishing.list_publications(desk):
        version = _version(desk, one, one.digest in in_force, happened.get(one.digest, ()))
        group = "in force" if one.digest in in_force else one.state if one.state in groups else "earlier"
        groups[group].append(version)
        acts = publishing.may_act(one, actor)
        if "review" in acts:
            mine.append((version, f"{version.title} waits for a review, and you may give it."))
        elif "publish" in acts:
            mine.append((version, f"{version.title} is reviewed and can be put in force."))
    first, words = mine[0] if mine else (None, "")
    return Shelf(
        reviews=tuple(groups["offered"]),
        publications=tuple(groups["reviewed"]),
        in_force=tuple(groups["in force"]),
        earlier=tuple(reversed(groups["earlier"])),
        next=first,
        next_words=words,
    )


def sheet(desk: Desk, actor: Actor, digest: str, wrong: int = 0, at: int = 0) -> Sheet:
    """Return one version.

    wrong: the number of the finding whose walk is shown, from 1; 0 for none. at: the step of the walk, from 1; whatever is out of
    range is taken as the nearest.

    Raises Refusal ``forbidden`` for who does not write runbooks, ``not_found`` where no text is kept under the digest.
    """
    require_author(actor)
    runbook = desk.runbooks.get(digest) or find_text(digest)
    if runbook is None:
        raise Refusal("not_found", "No runbook is kept under this digest.")
    in_force = desk.in_force().get(runbook.id)
    stands = in_force is not None and in_force.digest == digest
    publication = read_ledger().get(digest) or (Publication(runbook.id, digest, "published") if stands else None)
    proof = prove(runbook, desk.policy)
    state, mark = _state(publication, stands, proof.proved)
    waits = publication is None or publication.state in ("offered", "reviewed")
    acts = publishing.may_act(publication, actor) if publication else ("offer",)
    return lay_sheet(
        runbook,
        proof,
        state,
        mark,
        _history().get(digest, ()),
        tuple(act for act in acts if act == "retire" or proof.proved),
        publishing.compare_with_force(desk, digest) if waits else None,
        in_force.digest if in_force is not None and not stands else "",
        wrong,
        at,
    )


def lay_sheet(
    runbook: Runbook,
    proof: Proof,
    state: str,
    mark: str,
    history: tuple[Happened, ...],
    acts: tuple[str, ...],
    change: publishing.Comparison | None,
    in_force_digest: str,
    wrong: int,
    at: int,
) -> Sheet:
    """Return the page of a version from what is known of it: the map with the walk so far, the steps and the text in words."""
    found = list_found(runbook, proof)
    walk = _walk(runbook, found, wrong, at)
    return Sheet(
        runbook=runbook,
        state=state,
        mark=mark,
        history=history,
        proof=proof,
        found=found,
        walk=walk,
        map=draw_flow_map(runbook, _so_far(found, walk)),
        phases=list_phases(runbook),
        lines=tuple(write_runbook(runbook).splitlines()),
        acts=acts,
        change=change,
        in_force_digest=in_force_digest,
    )


def require_author(actor: Actor) -> None:
    """Raise Refusal ``forbidden`` unless the actor writes runbooks."""
    if "author" not in actor.roles:
        raise Refusal("forbidden", "Runbooks are for those who write them. Ask an administrator if that should be you.")


def list_rules() -> Mapping[str, str]:
    """Return every rule of the prover by name, with its sentence."""
    return RULES


def list_found(runbook: Runbook, proof: Proof) -> tuple[Found, ...]:
    """Return what the proof found, numbered from 1."""
    return tuple(
        Found(number, finding, runbook.steps[finding.step].title, finding.path is not None)
        for number, finding in enumerate(proof.findings, 1)
    )


def list_phases(runbook: Runbook) -> tuple[tuple[str, tuple[StepText, ...]], ...]:
    """Return the steps in words, by phase, in the order in which they are written."""
    phases: dict[str, list[StepText]] = {}
    for step in runbook.steps.values():
        place = step.place.partition(" ")[0]
        fragment = place.removeprefix(FRAGMENTS).partition(".")[0] if place.startswith(FRAGMENTS) else ""
        phases.setdefault(step.phase, []).append(StepText(step, KIND_WORDS[step.kind], fragment, _ways(runbook, step)))
    return tuple((title, tuple(steps)) for title, steps in phases.items())


def _ways(runbook: Runbook, step: Step) -> tuple[Way, ...]:
    ways = [
        Way(edge.to, runbook.steps[edge.to].title, edge.label or (edge.guard.source if edge.guard else ""))
        for edge in step.edges
    ]
    if step.deadline:
        then = step.deadline.then
        ways.append(Way(then, runbook.steps[then].title, f"after {words_for_seconds(step.deadline.after_s)}"))
    return tuple(ways)


def _walk(runbook: Runbook, found: tuple[Found, ...], wrong: int, at: int) -> Walk | None:
    one = next((one for one in found if one.number == wrong), None)
    if one is None or one.finding.path is None:
        return None
    path = one.finding.path
    of = len(path.hops) + 1
    at = min(max(at, 1), of)
    hop = path.hops[at - 1] if at < of else None
    step = runbook.steps[hop.step if hop else path.end]
    assumed = hop.assumed if hop else ""
    if hop and hop.edge == DEADLINE_EDGE and not assumed:
        assumed = "nobody does anything in time"
    return Walk(one, at, of, step.id, step.title, assumed)


def _so_far(found: tuple[Found, ...], walk: Walk | None) -> Path | None:
    """Return the walk up to the step that is looked at, for the map."""
    path = walk.found.finding.path if walk else None
    return Path(path.runbook, path.hops[: walk.at - 1], walk.step) if walk and path else None


def _version(desk: Desk, one: Publication, stands: bool, happened: tuple[Happened, ...]) -> Version:
    runbook = desk.runbooks.get(one.digest) or find_text(one.digest)
    proved = runbook is not None and not find_trusted([runbook], desk.policy).refused
    state, mark = _state(one, stands, proved)
    title, number = (runbook.title, runbook.version) if runbook else (one.runbook, 0)
    return Version(one.digest, title, number, state, mark, happened[-1] if happened else None)


def _state(one: Publication | None, stands: bool, proved: bool) -> tuple[str, str]:
    """Return in words where a version stands, and its mark."""
    if stands:
        return "In force, proved", "done"
    if one is not None and one.state == "retired":
        return "Retired", "quiet"
    if not proved:
        return "Not proved under today's policy", "refused"
    if one is None:
        return "Draft, offered to nobody yet", "ahead"
    words = {"offered": "Waits for a review by somebody else", "reviewed": "Reviewed, waits to be put in force"}
    return (words[one.state], "waiting") if one.state in words else ("Replaced by a later version", "quiet")


def _history() -> dict[str, tuple[Happened, ...]]:
    """Return by digest what was done to every version, in order."""
    rows = EventRow.objects.filter(case_id=DESK, kind__in=RECORDED.values()).order_by("seq")
    found: dict[str, list[Happened]] = {}
    names = {f"staff:{pk}": desk for pk, desk in StaffMember.objects.values_list("pk", "desk")}
    for kind, at, body in rows.values_list("kind", "at", "body"):
        said = json.loads(body)
        by = names.get(said["by"], INSTALLATION_WORDS if ":" not in said["by"] else said["by"])
        found.setdefault(said["digest"], []).append(Happened(DONE[kind], from_stamp(at), by))
    return {digest: tuple(happened) for digest, happened in found.items()}
