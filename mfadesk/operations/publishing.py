"""From a draft to a runbook in force: proved, reviewed by a second person, published, retired. By digest, each act signed by a desk key.

The executor verifies the assertion, keeps its own account of what was said (beside who works here) and writes the ledger in the
same commit. Whoever offered a version does not review it; what is not proved under the policy in force goes no step further.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mfadesk.assurance.model import Policy
from mfadesk.drawing.flow_map import draw_change, draw_flow_map
from mfadesk.kernel.errors import Invalid, Refusal
from mfadesk.operations.asking import ask_executor
from mfadesk.operations.desk import Desk, staff_name
from mfadesk.operations.prove import require_small
from mfadesk.operations.publications import INSTALLATION, Publication, find_text, read_ledger
from mfadesk.ports.people import Actor
from mfadesk.prover.change import Effect, find_effect
from mfadesk.prover.model import Proof
from mfadesk.prover.prove import prove
from mfadesk.prover.trust import find_trusted
from mfadesk.runbook.compare import Changes, compare
from mfadesk.runbook.model import Runbook
from mfadesk.runbook.write import write_runbook
from mfadesk.store.models import RunbookText

WHO: Mapping[str, tuple[str, ...]] = {
    "offer": ("author",),
    "review": ("author",),
    "publish": ("author",),
    "retire": ("author", "security", "administrator"),
}
"""Whose role each act is: stopping one is easier than starting one."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """A version beside the one that it would replace; without one, `old`, `changes` and `effect` are None.

    before, after: flow maps as SVG for a page that links the map's style sheet, with a word at every step that is removed, added or changed.
    """

    old: Runbook | None
    new: Runbook
    proof: Proof
    changes: Changes | None
    effect: Effect | None
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Drafted:
    """A draft that was kept: its digest is its name from here on, and its proof says whether it can be offered."""

    runbook: Runbook
    proof: Proof


def require_may(
    act: str, runbook: Runbook, by: str, standing: Mapping[str, Publication], in_force: Mapping[str, Runbook]
) -> None:
    """Raise Refusal where `by` (``staff:7``) may not do this to that version now.

    in_force: by id, what new cases begin with; a version that shipped is among them without ever having been offered.
    """
    found = standing.get(runbook.digest)
    state = found.state if found else None
    shipped = found is None and in_force.get(runbook.id, runbook).digest == runbook.digest and runbook.id in in_force
    match act:
        case "offer" if (state in (None, "retired")) and not shipped:
            return
        case "review" if found and state == "offered":
            if found.offered_by == by:
                raise Refusal("own_runbook", "You offered this version. Somebody else reviews it.")
            return
        case "publish" if state == "reviewed":
            rivals = {goal: book.id for book in in_force.values() if book.id != runbook.id for goal in book.goals}
            taken = next((goal for goal in runbook.goals if goal in rivals), None)
            if taken is not None:
                raise Refusal("goal_taken", f"{rivals[taken]} serves {taken} already. Retire it, or leave the goal to it.")
            return
        case "retire" if shipped or state in ("offered", "reviewed", "published"):
            return
    raise Refusal("not_now", "This version does not stand where that can be done. Look at the list again.")


def require_proved(runbook: Runbook, policy: Policy) -> None:
    """Raise Refusal ``not_proved`` unless the runbook's certificate under this policy is accepted."""
    why = find_trusted([runbook], policy).refused.get(runbook.id)
    if why is not None:
        raise Refusal("not_proved", why)


def keep_text(desk: Desk, runbook: Runbook) -> None:
    """Keep the runbook, its includes carried out, under its digest."""
    if find_text(runbook.digest) is None:
        with desk.unit():
            RunbookText.objects.update_or_create(pk=runbook.digest, defaults={"text": write_runbook(runbook), "at": desk.now()})


def keep_draft(desk: Desk, actor: Actor, runbook: Runbook) -> Drafted:
    """Keep a draft and return its proof. It serves nobody: it still has to be offered, reviewed and published."""
    require_author(actor)
    keep_text(desk, runbook)
    return Drafted(runbook, prove(runbook, desk.policy))


def compare_with_force(desk: Desk, digest: str) -> Comparison:
    """Return what it changes to publish the version under `digest`, against what new cases begin with now.

    Raises Refusal ``no_such_runbook`` where no text is kept under it.
    """
    new = desk.runbooks.get(digest) or find_text(digest)
    if new is None:
        raise Refusal("no_such_runbook", "No runbook is kept under this digest.")
    old = desk.in_force().get(new.id)
    proof = prove(new, desk.policy)
    if old is None:
        return Comparison(None, new, proof, None, None, "", draw_flow_map(new))
    before, after = draw_change(old, new, standalone=False)
    return Comparison(old, new, proof, compare(old, new), find_effect(old, new, desk.policy), before, after)


def list_publications(desk: Desk) -> tuple[Publication, ...]:
    """Return every version that was ever offered, and what shipped and is in force, by runbook and in the order of their states."""
    standing = read_ledger()
    shipped = (Publication(book.id, book.digest, "published", published_by=INSTALLATION)
               for book in desk.in_force().values() if book.digest not in standing)  # fmt: skip
    return tuple(sorted((*standing.values(), *shipped), key=lambda one: (one.runbook, one.place, one.digest)))


def begin_act(desk: Desk, actor: Actor, act: str, digest: str) -> Mapping[str, Any]:
    """Return request options for this member's desk key, whose challenge commits to the act and the very version.

    Raises Refusal for somebody whose act it is not, and for a version that is not where this can be done, or is not proved.
    """
    _require_role(actor, act)
    payload = {"staff": actor.id, "act": act, "digest": digest}
    options: Mapping[str, Any] = ask_executor(desk, "begin_runbook_act", "", payload)["options"]
    return options


def finish_act(desk: Desk, actor: Actor, response: Mapping[str, Any]) -> Publication:
    """Have the assertion verified and the act recorded; return where the version stands now."""
    payload = {"staff": actor.id, "response": require_small(response)}
    told = ask_executor(desk, "finish_runbook_act", "", payload)
    return read_ledger()[told["digest"]]


def require_author(actor: Actor) -> None:
    """Raise Refusal unless the actor writes runbooks."""
    if actor.kind != "staff" or "author" not in actor.roles:
        raise Refusal("not_your_role", "Your role does not write runbooks. Ask an author.")


def _require_role(actor: Actor, act: str) -> None:
    if act not in WHO:
        raise Invalid("act", f"One of {', '.join(WHO)} belongs here.")
    if actor.kind != "staff" or not actor.roles & set(WHO[act]):
        raise Refusal("not_your_role", f"Your role does not do this. Ask one of: {', '.join(WHO[act])}.")


def may_act(publication: Publication, actor: Actor) -> tuple[str, ...]:
    """Return the acts that a page offers this member of staff for a version; the executor decides by its own account."""
    open_acts = {"offered": ("review", "retire"), "reviewed": ("publish", "retire"), "published": ("retire",), "retired": ()}
    mine = publication.offered_by == staff_name(actor)
    return tuple(a for a in open_acts[publication.state] if actor.roles & set(WHO[a]) and not (a == "review" and mine))
