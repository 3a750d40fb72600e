"""An independent, slow reading of a runbook: plain recursion over every walk, sharing no code with the prover.

It enumerates every assignment of what is open at the start, follows every answer, every decision and every deadline, and
notes by rule and step whatever goes wrong. Only for small runbooks without loops.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace

from mfadesk.runbook.model import Runbook, Step

OPEN_AT_START = {"employment", "account", "authenticator", "push", "kind", "new_device"}
ENOUGH_FOR = {
    "suspend_old": {"suspend_authenticator", "replace_authenticator", "grant_bypass", "grant_longer_bypass"},
    "bypass": {"grant_bypass", "grant_longer_bypass"},
    "end_sessions": {"replace_authenticator", "bind_first_authenticator", "grant_bypass", "grant_longer_bypass"},
    "remove_old": {"replace_authenticator"},
    "resync": {"resync_authenticator"},
    "reset_failures": {"resync_authenticator", "restore_account"},
    "restore_old": {"restore_account"},
    "open_account": {"restore_account"},
    "lift_suspension": {"replace_authenticator"},
    "enrol": {"replace_authenticator", "add_authenticator", "bind_first_authenticator"},
}
BARRED = {"account": "break_glass", "employment": "third_party"}
LEAST_PROOF = {"suspend_authenticator": {"suspend_authenticator", "replace_authenticator"}}


@dataclass(frozen=True)
class World:
    """What is true at one moment of one walk."""

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


def walk_everything(book: Runbook) -> tuple[set[tuple[str, str]], int]:
    """Return every (rule, step) that some walk shows wrong, and how many walks there were."""
    found: set[tuple[str, str]] = set()
    reached: set[str] = set()
    asked = {step.variable for step in book.steps.values() if step.kind == "ask"}
    free = [name for name in book.variables if name in OPEN_AT_START or name not in asked | {"decision", "resync"}]
    walks = 0
    decides = any(step.kind == "decide" for step in book.steps.values())
    urgent = bool({"report_loss", "stop_prompts"} & set(book.goals))

    def go(step: Step, world: World) -> None:
        nonlocal walks
        reached.add(step.id)
        found.update((rule, step.id) for rule in wrong_here(step, world, decides, urgent))
        if step.kind == "end":
            walks += 1
            return
        for after in carried_out(step, world):
            answers = dict(after.answers)
            seen = looked_at(step, answers) | {step.variable}
            barred = after.barred or any(answers.get(name) == value for name, value in BARRED.items() if name in seen)
            go(book.steps[first_edge(step, answers)], replace(after, barred=barred))
        if step.deadline:
            go(book.steps[step.deadline.then], world)
            if step.kind in ("act", "enrol", "resync", "bypass"):
                for after in [in_step(world)] if step.kind == "resync" else carried_out(step, world):
                    go(book.steps[step.deadline.then], after)

    for values in itertools.product(*(book.variables[name].values for name in free)):
        go(book.steps[book.start], World(tuple(zip(free, values, strict=True))))
    found |= {("steps-reached", step_id) for step_id in book.steps if step_id not in reached}
    return found, walks


def first_edge(step: Step, answers: dict[str, str]) -> str:
    for edge in step.edges:
        if edge.guard is None or holds(edge.guard.tree, answers):
            return edge.to
    raise AssertionError(step.id)


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
    return replace(world, answers=(*(pair for pair in world.answers if pair[0] != name), (name, value)))


def in_step(world: World) -> World:
    return replace(world, resynced=True, untried=True, untold=True)


def carried_out(step: Step, world: World) -> list[World]:
    if step.kind == "ask":
        return [replace(answered(world, step.variable, item.value), asked=True) for item in step.answers]
    if step.kind == "verify":
        return [replace(world, proved=world.proved | {step.action})]
    if step.kind == "decide":
        no = replace(world, allowed=world.allowed - {step.action}, refused=True)
        yes = replace(world, allowed=world.allowed | {step.action}, refused=False)
        return [answered(yes, "decision", "allowed"), answered(no, "decision", "refused"), answered(no, "decision", "unknown")]
    if step.kind == "enrol":
        strong = bool({"passkey", "security_key"} & set(step.kinds))
        return [replace(world, pending=True, resistant=world.resistant or strong)]
    if step.kind == "escalate":
        return [replace(world, alarmed=True)]
    if step.kind == "confirm":
        tried = replace(world, untried=False)
        return [replace(tried, pending=False, tested=True, untold=True) if world.pending else tried]
    if step.kind == "bypass":
        return [replace(world, bypassed=True, untold=True)]
    if step.kind == "resync":
        return [
            answered(in_step(world), "resync", "accepted"),
            answered(world, "resync", "rejected"),
            answered(in_step(world), "resync", "unknown"),
        ]
    if step.kind == "notify":
        return [replace(world, untold=False)]
    if step.kind == "act":
        for verb in step.verbs:
            world = replace(world, untold=True)
            if verb == "suspend_old":
                world = replace(world, suspended=True)
            elif verb == "remove_old":
                world = replace(world, removed=True, suspended=False)
            elif verb == "end_sessions":
                world = replace(world, sessions_ended=True)
            elif verb == "restore_old":
                world = replace(world, suspended=False, restored=True)
            elif verb == "open_account":
                world = replace(world, restored=True)
            elif verb == "lift_suspension":
                world = replace(world, suspended=False)
            else:
                world = replace(world, resynced=True)
    return [world]


def wrong_here(step: Step, world: World, decides: bool, urgent: bool):
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
        needs = list(step.verbs) if step.kind == "act" else [step.kind]
        if any(not world.allowed & ENOUGH_FOR[need] for need in needs):
            yield "evidence-suffices"
        if "remove_old" in step.verbs and (world.pending or not world.tested):
            yield "successor-first"
    if step.kind == "decide" and not world.proved & LEAST_PROOF.get(step.action, {step.action}):
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
