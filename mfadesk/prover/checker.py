"""The small checker: accepts or rejects a certificate, without any search, and without a line of the code that searched.

It looks at every situation that the certificate lists and asks three things. Where can a case go from here, and is that listed
too? Is anything wrong here? Is everything that is listed reached from something listed before it? With a start that is listed
and ranks that only grow, the first makes the list complete, the second makes each rule hold, and the third keeps it honest.
Rules about what is written, without walks, are asked of `plain`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mfadesk.assurance.model import Policy, Requirement
from mfadesk.assurance.policy import digest_of
from mfadesk.kernel.canonical import digest
from mfadesk.kernel.errors import Refusal
from mfadesk.ports.provider import PHISHING_RESISTANT
from mfadesk.prover.plain import PLAIN_RULES
from mfadesk.prover.understood import find_unknown
from mfadesk.runbook.model import Runbook, Step
from mfadesk.runbook.parse import canonical_form

FORMAT = "mfadesk-certificate-1"
Facts = frozenset[str]
Values = Mapping[str, str]
"""What is known of the variables; one that is absent may be anything."""

OPEN_AT_START = ("employment", "account", "authenticator", "push", "kind", "new_device")
"""What the directory or the opening of a case may have said before the first question."""

NO_ROAD = {"account": "break_glass", "employment": "third_party"}
RESULTS = {"decide": ("decision", ("allowed", "refused", "unknown")), "resync": ("resync", ("accepted", "rejected", "unknown"))}
EFFECTS = ("act", "enrol", "resync", "bypass")
BINDING = {"replace_authenticator", "add_authenticator", "bind_first_authenticator"}
WAY_IN = {"grant_bypass", "grant_longer_bypass"}
ENOUGH: Mapping[str, set[str]] = {
    "suspend_old": {"suspend_authenticator", *WAY_IN},
    "end_sessions": {"replace_authenticator", "bind_first_authenticator", *WAY_IN},
    "remove_old": {"replace_authenticator"},
    "lift_suspension": {"replace_authenticator"},
    "restore_old": {"restore_account"},
    "reset_failures": {"resync_authenticator", "restore_account"},
    "open_account": {"restore_account"},
    "enrol": BINDING,
    "resync": {"resync_authenticator"},
    "bypass": WAY_IN,
    "longer_bypass": {"grant_longer_bypass"},
}
"""For each effect the decisions that are enough; one that demands more in every way is enough for a suspension too."""

LEAVES: Mapping[str, set[str]] = {
    "bypass": {"bypassed", "untold"}, "resync": {"resynced", "untried", "untold"}, "escalate": {"alarmed"},
    "suspend_old": {"suspended", "untold"}, "remove_old": {"removed", "untold"}, "end_sessions": {"sessions_ended", "untold"},
    "reset_failures": {"resynced", "untold"}, "restore_old": {"restored", "untold"}, "open_account": {"restored", "untold"}, "lift_suspension": {"untold"},
}  # fmt: skip
"""For each effect what has happened after it."""


@dataclass(frozen=True, slots=True)
class Checked:
    """An accepted certificate: the digests that it is about, and how many situations it lists."""

    runbook: str
    policy: str
    situations: int


def check_certificate(runbook: Runbook, policy: Policy | None, certificate: Mapping[str, Any]) -> Checked:
    """Return what was accepted.

    Raises Refusal ``certificate_rejected`` with the reason, for a certificate that is not this runbook's under this policy, that
    is damaged, or that does not prove what it says.
    """
    try:
        return _check(runbook, policy, certificate)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise _rejected(f"it is damaged ({type(error).__name__})") from error


def _check(runbook: Runbook, policy: Policy | None, certificate: Mapping[str, Any]) -> Checked:
    body = {key: value for key, value in certificate.items() if key != "digest"}
    named = (certificate["format"], certificate["runbook"], certificate["policy"], certificate["digest"])
    if named != (FORMAT, digest(canonical_form(runbook)), digest_of(policy) if policy else "", digest(body)):
        raise _rejected("it is about another runbook or another policy, or it was changed")
    for step_id, sentence in find_unknown(runbook):
        raise _rejected(f"{step_id}: {sentence}")
    for rule in PLAIN_RULES:
        for step_id, sentence in rule.over(runbook, policy):
            raise _rejected(f"{step_id} ({rule.NAME}): {sentence}")
    checker = _Checker(runbook, policy, certificate["steps"])
    checker.check_shape()
    checker.check_situations()
    return Checked(runbook.digest, certificate["policy"], sum(len(found) for found in checker.listed.values()))


def _rejected(why: str) -> Refusal:
    return Refusal("certificate_rejected", f"The certificate is rejected: {why}. Prove the runbook again.")


class _Checker:
    """One runbook, one policy and what the certificate lists."""

    def __init__(self, runbook: Runbook, policy: Policy | None, steps: Mapping[str, Any]) -> None:
        self.book, self.policy, self.steps = runbook, policy, steps
        self.listed: dict[str, set[tuple[tuple[str | None, ...], Facts]]] = {}
        for step_id, told in steps.items():
            self.listed[step_id] = {(tuple(one["known"]), frozenset(one["facts"])) for one in told["situations"]}
        self.decides = any(step.kind == "decide" for step in runbook.steps.values())
        self.urgent = bool({"report_loss", "stop_prompts"} & set(runbook.goals))

    def check_shape(self) -> None:
        """Raise unless every step is listed and reached, leads on, and only to higher ranks."""
        if self.steps.keys() != self.book.steps.keys() or not all(self.listed.values()):
            raise _rejected("it does not list every step")
        for step in self.book.steps.values():
            if (step.kind == "end") != (not step.edges) or (step.edges and step.edges[-1].guard is not None):
                raise _rejected(f"{step.id} does not lead on in every case")
            if step.kind == "end" and step.deadline:
                raise _rejected(f"{step.id} is an end and leads on")
            for to in [edge.to for edge in step.edges] + ([step.deadline.then] if step.deadline else []):
                if not self.steps[to]["rank"] > self.steps[step.id]["rank"]:
                    raise _rejected(f"{step.id} leads back")

    def check_situations(self) -> None:
        """Raise unless the list is closed under every move, holds nothing wrong and nothing that nothing leads to."""
        asked = {step.variable for step in self.book.steps.values() if step.variable} | {name for name, _ in RESULTS.values()}
        start = {name: "unknown" for name in self.book.variables if name in asked and name not in OPEN_AT_START}
        reached = {(self.book.start, self._place(self.book.start, start, frozenset()))}
        taken: set[tuple[str, int]] = set()
        for step_id, situations in self.listed.items():
            step, keeps = self.book.steps[step_id], self.steps[step_id]["keeps"]
            for known, facts in situations:
                here = {name: value for name, value in zip(keeps, known, strict=True) if value is not None}
                if wrong := next(self._wrong(step, facts), ""):
                    raise _rejected(f"at {step_id} {wrong} does not hold")
                for number, to, after, then in self._moves(step, here, facts):
                    taken.add((step_id, number))
                    reached.add((to, self._place(to, after, then)))
        if len(reached) != sum(len(situations) for situations in self.listed.values()):
            raise _rejected("it lists a situation that nothing leads to")
        for step in self.book.steps.values():
            if any(edge.guard and (step.id, index) not in taken for index, edge in enumerate(step.edges)):
                raise _rejected(f"a guard of {step.id} never holds")

    def _place(self, step_id: str, known: Values, facts: Facts) -> tuple[tuple[str | None, ...], Facts]:
        """Return the listed situation that this one falls under. Raises where there is none."""
        place = tuple(known.get(name) for name in self.steps[step_id]["keeps"]), facts
        if place not in self.listed[step_id]:
            raise _rejected(f"it leaves out a situation at {step_id}")
        return place

    def _moves(self, step: Step, known: Values, facts: Facts) -> Iterator[tuple[int, str, Values, Facts]]:
        for after, then in _carried_out(step, known, facts):
            for index, split in self._ways(step, 0, after):
                barred = any(split.get(name) == value for name, value in NO_ROAD.items())
                yield index, step.edges[index].to, split, then | {"barred"} if barred else then
        if step.deadline:
            yield -1, step.deadline.then, known, facts
            if step.kind in EFFECTS:
                # Late is not undone: it may have happened all the same.
                yield -1, step.deadline.then, known, _after(step, facts)

    def _ways(self, step: Step, index: int, known: Values) -> Iterator[tuple[int, Values]]:
        """Yield each edge that can be the first to hold, with what must then be known."""
        if step.kind == "end":
            return
        guard = step.edges[index].guard
        truth = True if guard is None else _truth(guard.tree, known)
        if truth is None and guard is not None:
            name = min(_names(guard.tree) - known.keys())
            for value in self.book.variables[name].values:
                yield from self._ways(step, index, {**known, name: value})
        elif truth:
            yield index, known
        else:
            yield from self._ways(step, index + 1, known)

    def _wrong(self, step: Step, facts: Facts) -> Iterator[str]:
        """Yield the name of each rule that does not hold where `step` begins with `facts`."""
        allowed = {fact.removeprefix("allowed:") for fact in facts if fact.startswith("allowed:")}
        proved = {fact.removeprefix("proved:") for fact in facts if fact.startswith("proved:")}
        needs = step.verbs or ("longer_bypass" if step.kind == "bypass" and step.lasts_s > 3600 else step.kind,)
        if step.kind in EFFECTS and not all(self._enough(allowed, ENOUGH[need]) for need in needs):
            yield "evidence-suffices"
        if step.kind == "decide" and not self._enough(proved, {step.action or ""}):
            yield "decide-follows-verify"
        if step.kind == "verify" and "asked" not in facts:
            yield "need-first"
        if step.kind in ("verify", "decide", *EFFECTS) and "barred" in facts:
            yield "barred-stay-out"
        asks_more = step.kind in ("verify", "decide") and step.action != "suspend_authenticator"
        little = allowed <= {"suspend_authenticator", "resync_authenticator"}
        if (self.urgent and asks_more and "suspended" not in facts) or (
            {"restore_old", "lift_suspension", "open_account"} & set(step.verbs) and little
        ):
            yield "suspension-reachable"
        if "remove_old" in step.verbs and ("pending" in facts or not {"tested", "resistant"} <= facts):
            yield "successor-first, last-resistant-kept"
        if step.kind == "confirm" and not facts & {"pending", "untried"}:
            yield "new-is-tested"
        if step.kind == "end":
            yield from self._wrong_end(step, facts, "allowed:replace_authenticator" in facts)

    def _wrong_end(self, step: Step, facts: Facts, replaced: bool) -> Iterator[str]:
        outcome, quiet = step.outcome, ("refused", "no_change_needed", "self_service", "stopped")
        lasting = facts & {"pending", "tested", "removed", "bypassed", "restored"}
        if outcome in ("changed", "no_change_needed") and "untried" in facts:
            yield "new-is-tested"
        if outcome == "changed" and ("pending" in facts or not facts & {"tested", "restored"}):
            yield "new-is-tested"
        if outcome == "changed" and replaced and not {"removed", "sessions_ended"} <= facts:
            yield "old-is-removed"
        if outcome == "refused" and not facts & {"refused", "barred"} and (self.decides or "alarmed" not in facts):
            yield "no-dead-end"
        if "suspended" in facts and outcome != "abandoned" and not step.alert:
            yield "suspension-owned"
        if "untold" in facts and not step.alert:
            yield "person-told"
        if (outcome in quiet and lasting) or (outcome == "bridged" and "bypassed" not in facts):
            yield "outcome-honest"
        if (outcome in quiet[1:3] and "suspended" in facts) or (outcome == "refused" and "resynced" in facts):
            yield "outcome-honest"
        if outcome in ("handed_over", "abandoned") and facts & {"tested", "removed", "bypassed"} and not step.alert:
            yield "outcome-honest"

    def _enough(self, have: set[str], enough: set[str]) -> bool:
        """Return whether one of `have` is enough, itself or, for a suspension, by demanding more of everybody."""
        return bool(have & enough) or ("suspend_authenticator" in enough and any(self._demands_more(one) for one in have))

    def _demands_more(self, action: str) -> bool:
        if self.policy is None:
            return action == "replace_authenticator"
        asked = self.policy.requirements
        where = {(tier, threat) for _, tier, threat in asked}
        suspend = "suspend_authenticator"
        pairs = [(asked.get((action, *at)), asked.get((suspend, *at))) for at in where]
        return all(more is not None and less is not None and _at_least(more, less) for more, less in pairs)


def _at_least(more: Requirement, less: Requirement) -> bool:
    numbers = ("minimum", "resist_minimum", "approvals", "in_person_only")
    return set(more.resists) >= set(less.resists) and all(getattr(more, name) >= getattr(less, name) for name in numbers)


def _carried_out(step: Step, known: Values, facts: Facts) -> Iterator[tuple[Values, Facts]]:
    """Yield what is known and what has happened after each way in which the step can go, but for its deadline."""
    if step.kind == "ask":
        for answer in step.answers:
            yield {**known, step.variable or "": answer.value}, facts | {"asked"}
    elif step.kind == "decide":
        mark = f"allowed:{step.action}"
        if mark in facts:
            yield known, facts
        for value in RESULTS["decide"][1]:
            then = facts - {"refused"} | {mark} if value == "allowed" else facts - {mark} | {"refused"}
            yield {**known, "decision": value}, then
    elif step.kind == "resync":
        for value in RESULTS["resync"][1]:
            yield {**known, "resync": value}, facts if value == "rejected" else _after(step, facts)
    else:
        yield known, _after(step, facts)


def _after(step: Step, facts: Facts) -> Facts:
    match step.kind:
        case "verify":
            return facts | {f"proved:{step.action}"}
        case "enrol":
            return facts | {"pending"} | ({"resistant"} if PHISHING_RESISTANT & set(step.kinds) else set())
        case "confirm":
            return facts - {"pending"} | {"tested", "untold"} if "pending" in facts else facts - {"untried"}
        case "notify":
            return facts - {"untold"}
    for done in step.verbs or (step.kind,):
        facts = facts | LEAVES.get(done, set())
        if done in ("lift_suspension", "restore_old", "remove_old"):
            facts -= {"suspended"}
    return facts


def _names(tree: tuple[Any, ...]) -> set[str]:
    if tree[0] == "in":
        return {tree[1]}
    return set() if tree[0] == "const" else set().union(*(_names(part) for part in tree[1:]))


def _truth(tree: tuple[Any, ...], known: Values) -> bool | None:
    """Return whether the guard holds; None where that depends on what is open."""
    if tree[0] == "const":
        return bool(tree[1])
    if tree[0] == "in":
        return known[tree[1]] in tree[2] if tree[1] in known else None
    parts = [_truth(part, known) for part in tree[1:]]
    if tree[0] == "not":
        return None if parts[0] is None else not parts[0]
    absorbing = tree[0] == "or"
    return absorbing if absorbing in parts else None if None in parts else not absorbing
