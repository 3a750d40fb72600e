"""An independent, slow reading of a runbook: plain recursion over every walk, sharing no code with the prover.

It enumerates every assignment of what is open at the start, follows every answer, every decision and every deadline, and
notes by rule and step whatever goes wrong. Only for small runbooks without loops.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import NamedTuple

from mfadesk.runbook.model import Runbook, Step

OPEN_AT_START = {"employment", "account", "authenticator", "push", "kind", "new_device"}
ALL_ACTIONS = (
    "replace_authenticator", "add_authenticator", "suspend_authenticator", "resync_authenticator", "change_contact",
    "bind_first_authenticator", "grant_bypass", "grant_longer_bypass", "restore_account",
)  # fmt: skip


@dataclass(frozen=True)
class Enough:
    """Which decision is enough for which effect, and which proof for which decision.

    dearer: the actions that are known to demand at least what a suspension demands.
    """

    dearer: frozenset[str]

    def effect(self, need: str) -> set[str]:
        """Return the actions of which one must have been allowed."""
        way_in = {"grant_bypass", "grant_longer_bypass"}
        return {
            "suspend_old": {"suspend_authenticator", *way_in} | self.dearer,
            "bypass": way_in,
            "longer bypass": {"grant_longer_bypass"},
            "end_sessions": {"replace_authenticator", "bind_first_authenticator", *way_in},
            "remove_old": {"replace_authenticator"},
            "resync": {"resync_authenticator"},
            "reset_failures": {"resync_authenticator", "restore_account"},
            "restore_old": {"restore_account"},
            "open_account": {"restore_account"},
            "lift_suspension": {"replace_authenticator"},
            "enrol": {"replace_authenticator", "add_authenticator", "bind_first_authenticator"},
        }[need]

    def decision(self, action: str) -> set[str]:
        """Return the actions of which one must have been proved."""
        return {action} | (self.dearer if action == "suspend_authenticator" else set())


FIXED = Enough(frozenset({"replace_authenticator"}))
SHIPPED = Enough(frozenset(ALL_ACTIONS))
"""The policy that ships demands 15 points, and nothing else, for a suspension; every other action demands more."""

BARRED = {"account": "break_glass", "employment": "third_party"}


class World(NamedTuple):
    """What is true at one moment of one walk. A tuple, since a hundred thousand are made a runbook."""

    answers: tuple[tuple[str, str], ...]
    asked: bool = False
    proved: frozenset[str] = frozenset()
    allowed: frozenset[str] = frozenset()
    suspended: bool = False
    pending: bool = False
    tested: bool = False
    removed: bool = False
    sessions_ended: bool = False
    resynced: bool = False
    untried: bool = False
    bypassed: bool = False
    restored: bool = False
    untold: bool = False
    resistant: bool = False
    refused: bool = False
    barred: bool = False
    alarmed: bool = False


class FirstFound(Exception):
    """Something is wrong, and nobody asks for more."""


def walk_everything(book: Runbook, enough: Enough = FIXED, first_only: bool = False) -> tuple[set[tuple[str, str]], int]:
    """Return every (rule, step) that some walk shows wrong, and how many different walks there were from one moment to an end.

    Moments that were walked on from once are not walked on from again. What is always asked before anybody looks is not enumerated.
    """
    found: set[tuple[str, str]] = set()
    reached: set[str] = set()
    asked = {step.variable for step in book.steps.values() if step.kind == "ask"}
    open_ = [name for name in book.variables if name in OPEN_AT_START or name not in asked | {"decision", "resync"}]
    free = [name for name in open_ if looked_at_before_asked(book, name)]
    seen_before: set[tuple[object, ...]] = set()
    walks = 0
    decides = any(step.kind == "decide" for step in book.steps.values())
    urgent = bool({"report_loss", "stop_prompts"} & set(book.goals))

    def go(step: Step, world: World) -> None:
        nonlocal walks
        moment = (step.id, frozenset(world.answers), world[1:])
        if moment in seen_before:
            return
        seen_before.add(moment)
        reached.add(step.id)
        found.update((rule, step.id) for rule in wrong_here(step, world, decides, urgent, enough))
        if found and first_only:
            raise FirstFound
        if step.kind == "end":
            walks += 1
            return
        for after in carried_out(step, world):
            answers = dict(after.answers)
            seen = looked_at(step, answers) | {step.variable}
            barred = after.barred or any(answers.get(name) == value for name, value in BARRED.items() if name in seen)
            go(book.steps[first_edge(step, answers)], after._replace(barred=barred))
        if step.deadline:
            go(book.steps[step.deadline.then], world)
            if step.kind in ("act", "enrol", "resync", "bypass"):
                for after in [in_step(world)] if step.kind == "resync" else carried_out(step, world):
                    go(book.steps[step.deadline.then], after)

    try:
        for values in itertools.product(*(book.variables[name].values for name in free)):
            go(book.steps[book.start], World(tuple(zip(free, values, strict=True))))
    except FirstFound:
        return found, walks
    found |= {("steps-reached", step_id) for step_id in book.steps if step_id not in reached}
    return found, walks


def first_edge(step: Step, answers: dict[str, str]) -> str:
    for edge in step.edges:
        if edge.guard is None or holds(edge.guard.tree, answers):
            return edge.to
    raise AssertionError(step.id)


def looked_at_before_asked(book: Runbook, name: str) -> bool:
    """Return whether some way from the start leads to a guard on the variable without passing the question that sets it."""
    todo, seen = [book.start], {book.start}
    while todo:
        step = book.steps[todo.pop()]
        if step.kind != "ask" or step.variable != name:
            if any(name in names_in(edge.guard) for edge in step.edges):
                return True
            after = [edge.to for edge in step.edges]
        else:
            after = []
        after += [step.deadline.then] if step.deadline else []
        todo += [to for to in after if to not in seen]
        seen.update(after)
    return False


def looked_at(step: Step, answers: dict[str, str]) -> set[str]:
    """Return the variables of the guards that are tried, the last of which holds."""
    seen: set[str] = set()
    for edge in step.edges:
        seen |= names_in(edge.guard)
        if edge.guard is None or holds(edge.guard.tree, answers):
            break
    return seen


def names_in(guard) -> set[str]:
    def names(tree):
        return {tree[1]} if tree[0] == "in" else set() if tree[0] == "const" else set().union(*map(names, tree[1:]))

    return names(guard.tree) if guard else set()


def holds(tree, answers: dict[str, str]) -> bool:
    if tree[0] == "const":
        return tree[1]
    if tree[0] == "in":
        return answers.get(tree[1], "unknown") in tree[2]
    parts = [holds(part, answers) for part in tree[1:]]
    return not parts[0] if tree[0] == "not" else all(parts) if tree[0] == "and" else any(parts)


def answered(world: World, name: str, value: str) -> World:
    return world._replace(answers=(*(pair for pair in world.answers if pair[0] != name), (name, value)))


def in_step(world: World) -> World:
    return world._replace(resynced=True, untried=True, untold=True)


def carried_out(step: Step, world: World) -> list[World]:
    if step.kind == "ask":
        return [answered(world, step.variable, item.value)._replace(asked=True) for item in step.answers]
    if step.kind == "verify":
        return [world._replace(proved=world.proved | {step.action})]
    if step.kind == "decide":
        no = world._replace(allowed=world.allowed - {step.action}, refused=True)
        yes = world._replace(allowed=world.allowed | {step.action}, refused=False)
        kept = [world] if step.action in world.allowed else []
        return [
            *kept,
            answered(yes, "decision", "allowed"),
            answered(no, "decision", "refused"),
            answered(no, "decision", "unknown"),
        ]
    if step.kind == "enrol":
        strong = bool({"passkey", "security_key"} & set(step.kinds))
        return [world._replace(pending=True, resistant=world.resistant or strong)]
    if step.kind == "escalate":
        return [world._replace(alarmed=True)]
    if step.kind == "confirm":
        return [world._replace(pending=False, tested=True, untold=True) if world.pending else world._replace(untried=False)]
    if step.kind == "bypass":
        return [world._replace(bypassed=True, untold=True)]
    if step.kind == "resync":
        return [
            answered(in_step(world), "resync", "accepted"),
            answered(world, "resync", "rejected"),
            answered(in_step(world), "resync", "unknown"),
        ]
    if step.kind == "notify":
        return [world._replace(untold=False)]
    if step.kind == "act":
        for verb in step.verbs:
            world = world._replace(untold=True)
            if verb == "suspend_old":
                world = world._replace(suspended=True)
            elif verb == "remove_old":
                world = world._replace(removed=True, suspended=False)
            elif verb == "end_sessions":
                world = world._replace(sessions_ended=True)
            elif verb == "restore_old":
                world = world._replace(suspended=False, restored=True)
            elif verb == "open_account":
                world = world._replace(restored=True)
            elif verb == "lift_suspension":
                world = world._replace(suspended=False)
            else:
                world = world._replace(resynced=True)
    return [world]


def wrong_here(step: Step, world: World, decides: bool, urgent: bool, enough: Enough):
    effect = step.kind in ("act", "enrol", "resync", "bypass")
    if world.barred and (effect or step.kind in ("verify", "decide")):
        yield "barred-stay-out"
    little = not world.allowed - {"suspend_authenticator", "resync_authenticator"}
    if {"restore_old", "lift_suspension", "open_account"} & set(step.verbs) and little:
        yield "suspension-reachable"
    if urgent and step.kind in ("verify", "decide") and step.action != "suspend_authenticator" and not world.suspended:
        yield "suspension-reachable"
    if "remove_old" in step.verbs and not (world.tested and world.resistant):
        yield "last-resistant-kept"
    if step.outcome == "refused" and not world.refused and not world.barred and (decides or not world.alarmed):
        yield "no-dead-end"
    if step.kind in ("act", "enrol", "resync", "bypass"):
        longer = step.kind == "bypass" and step.lasts_s > 3600
        needs = list(step.verbs) if step.kind == "act" else ["longer bypass" if longer else step.kind]
        if any(not world.allowed & enough.effect(need) for need in needs):
            yield "evidence-suffices"
        if "remove_old" in step.verbs and (world.pending or not world.tested):
            yield "successor-first"
    if step.kind == "decide" and not world.proved & enough.decision(step.action):
        yield "decide-follows-verify"
    if step.kind == "verify" and not world.asked:
        yield "need-first"
    if step.kind == "confirm" and not world.pending and not world.untried:
        yield "new-is-tested"
    if step.kind != "end":
        return
    if step.outcome in ("changed", "no_change_needed") and world.untried:
        yield "new-is-tested"
    if step.outcome == "changed":
        if world.pending or not (world.tested or world.restored):
            yield "new-is-tested"
        if "replace_authenticator" in world.allowed and not (world.removed and world.sessions_ended):
            yield "old-is-removed"
    if world.suspended and step.outcome != "abandoned" and not step.alert:
        yield "suspension-owned"
    if world.untold and not step.alert:
        yield "person-told"
    quiet = ("no_change_needed", "self_service", "refused", "stopped")
    if world.restored and step.outcome in quiet:
        yield "outcome-honest"
    if (step.outcome == "bridged") > world.bypassed or (world.bypassed and step.outcome in quiet):
        yield "outcome-honest"
    lasting = world.pending or world.tested or world.removed
    no_change = step.outcome in ("no_change_needed", "self_service")
    half_way = (
        step.outcome in ("handed_over", "abandoned") and (world.tested or world.removed or world.bypassed) and not step.alert
    )
    untrue = (no_change or step.outcome in ("refused", "stopped")) and lasting
    if untrue or half_way or (no_change and world.suspended) or (step.outcome == "refused" and world.resynced):
        yield "outcome-honest"
