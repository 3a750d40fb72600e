"""What every verb needs beside its own arguments: the clock, randomness, policy, runbooks and keys of one desk."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from mfadesk.assurance.model import Policy
from mfadesk.assurance.policy import load_policy
from mfadesk.cases.engine import Draft
from mfadesk.cases.state import CaseState
from mfadesk.kernel.clock import Clock, SystemClock
from mfadesk.kernel.errors import Broken, Refusal
from mfadesk.kernel.ids import Randomness, SystemRandomness
from mfadesk.kernel.sealing import all_of
from mfadesk.operations.policies import find_policy
from mfadesk.operations.shelf_in_force import ShelfInForce
from mfadesk.ports.people import Actor
from mfadesk.prover.trust import find_trusted
from mfadesk.runbook.model import Runbook
from mfadesk.runbook.shelf import load_shelf
from mfadesk.store.commit import Unit, unit_of_work
from mfadesk.store.home import Home, PublicKeys, WebKeys


@dataclass(frozen=True, slots=True)
class Desk:
    """One desk, as a process sees it.

    runbooks: by digest, since a case is pinned to the one it began with.
    as_executor: a process that has the executor's keys, and may not read the web tier's.
    wait: called with the seconds that one may wait for the executor; a drill lets its executor run here instead.
    """

    home: Home
    clock: Clock
    randomness: Randomness
    policy: Policy
    runbooks: Mapping[str, Runbook]
    as_executor: bool
    lock_file: Path | None
    wait: Callable[[float], None] | None = field(default=None)

    def now(self) -> datetime:
        return self.clock.now()

    def unit(self) -> AbstractContextManager[Unit]:
        """Open the one transaction of a verb."""
        return unit_of_work(self.lock_file, self.randomness)

    def draft(self, state: CaseState, actor: str) -> Draft:
        """Begin the events of one command."""
        return Draft(state, self.now(), actor, self.randomness)

    def runbook_of(self, state: CaseState) -> Runbook:
        """Return the version that the case is pinned to. Raises Refusal where it is not on the shelf: then nothing moves."""
        try:
            return self.runbooks[state.runbook_digest]
        except KeyError as error:
            raise Refusal(
                "runbook_gone", "The runbook of this case is not on the shelf any more. Tell your administrator."
            ) from error

    def in_force(self) -> Mapping[str, Runbook]:
        """Return by id the runbooks that a new case may begin with."""
        if isinstance(self.runbooks, ShelfInForce):
            return self.runbooks.offered()
        return {runbook.id: runbook for runbook in self.runbooks.values()}

    @property
    def public(self) -> PublicKeys:
        """The executor's public keys, as they are now: they may be rotated while we run."""
        return self.home.public_keys()

    def web_keys(self) -> WebKeys:
        """Return the web tier's keys as they are now. Raises Broken in an executor."""
        if self.as_executor:
            raise Broken("an executor was asked for a key of the web tier")
        return self.home.web_keys()

    def policies_of(self, state: CaseState) -> tuple[Policy, ...]:
        """Return the policies that judge the case: the one in force, and the one it is pinned to where that is another.

        Raises Refusal ``policy_gone`` where the pinned one is not kept: what cannot be judged is refused.
        """
        if state.policy_digest == self.policy.digest:
            return (self.policy,)
        pinned = find_policy(self.home, state.policy_digest)
        if pinned is None:
            raise Refusal("policy_gone", "The policy of this case is not kept any more. End the case and start a new one.")
        return (self.policy, pinned)

    def locator_hash(self, kind: str, token: str) -> str:
        """Return the keyed hash by which a code or link is stored, so that a stolen table cannot be searched for a short code."""
        return self.locator_hashes(kind, token)[0]

    def locator_hashes(self, kind: str, token: str) -> tuple[str, ...]:
        """Return the hashes under which a code or link may stand: under the key in use first, then under the older ones."""
        ring = (self.home.executor_keys() if self.as_executor else self.home.web_keys()).locator
        return tuple(hmac.new(key, f"{kind}:{token}".encode(), hashlib.sha256).hexdigest() for key in all_of(ring))


def open_desk(
    home: Home, *, clock: Clock | None = None, randomness: Randomness | None = None, wait: Callable[[float], None] | None = None,
    as_executor: bool = False,
) -> Desk:  # fmt: skip
    """Return the desk in `home`, with its policy and shelf loaded. Raises Invalid where a file cannot be read.

    A runbook whose certificate under this policy is not accepted is left out: no case begins on it and none moves on.

    as_executor: for a process that has the executor's keys and may not read the web tier's.
    """
    policy = load_policy(Path(home.config.policy) if home.config.policy else None)
    # Whatever is wrong with a key file is said when a process starts, not at the first call.
    _ = home.public_keys(), home.executor_keys() if as_executor else home.web_keys()
    return Desk(
        home=home, clock=clock or SystemClock(), randomness=randomness or SystemRandomness(), policy=policy,
        runbooks=ShelfInForce(find_trusted(load_shelf().values(), policy).runbooks, policy), as_executor=as_executor, lock_file=home.lock_file,
        wait=wait,
    )  # fmt: skip


_current: list[Desk] = []


def current_desk() -> Desk:
    """Return the desk that this process serves, opened from the settings at its first use."""
    if not _current:
        from django.conf import settings

        _current.append(open_desk(settings.HOME))
    return _current[0]


def serve_desk(desk: Desk | None) -> None:
    """Make `desk` the one that pages of this process serve; None forgets it, so that the next use opens it anew."""
    _current.clear()
    if desk is not None:
        _current.append(desk)


def staff_name(actor: Actor) -> str:
    """Return how a member of staff stands in the record."""
    return f"staff:{actor.id}"


def require_operator(actor: Actor) -> None:
    """Raise Refusal unless the actor works cases."""
    if actor.kind != "staff" or "operator" not in actor.roles:
        raise Refusal("not_your_role", "Your role does not work cases. Ask an operator.")


def require_owner(actor: Actor, state: CaseState) -> None:
    """Raise Refusal unless this operator holds the case and it is not about themselves."""
    require_operator(actor)
    if actor.person_id and actor.person_id == state.subject:
        raise Refusal("own_case", "This case is about you. Somebody else works it.")
    if state.owner != staff_name(actor):
        raise Refusal("not_the_owner", "Another operator holds this case. Take it over first.")
