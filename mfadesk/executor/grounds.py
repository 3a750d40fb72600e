"""What an act at a provider stands on: the case intended it, a decision of ours allows it, the ledger is whole, the lease holds."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from mfadesk.cases.engine import find_authority
from mfadesk.cases.state import CaseState
from mfadesk.executor.authority import require_still_allowed
from mfadesk.executor.taking import Taken, renew
from mfadesk.kernel.errors import Broken, Refusal, Unavailable
from mfadesk.ports.provider import Authenticator, Provider
from mfadesk.store.commit import load_case

if TYPE_CHECKING:
    from mfadesk.executor.core import Executor


def require_intended(executor: Executor, taken: Taken) -> tuple[CaseState, str]:
    """Return the case and the account, if the ledger is whole and the case did intend this very effect."""
    executor.watch.require_whole(taken.case_id)
    state = load_case(taken.case_id)
    intended = state.effects.get(taken.id)
    if intended is None or (intended.verb, intended.target) != (taken.verb, str(taken.args["target"])):
        raise Broken(f"effect {taken.id} is not what its case intended")
    if intended.state == "voided":
        raise Refusal("voided", "The case began its proof again, so no decision stands for this any more.")
    return state, executor.directory.get(state.subject or "").login


def authorise(executor: Executor, taken: Taken) -> tuple[CaseState, str]:
    """Return the case and the account, if a decision of ours stands for this verb and target and the ledger is whole."""
    state, login = require_intended(executor, taken)
    if state.status == "frozen":
        raise Unavailable("case", "Two browsers used the case's code. Nothing is done until its operator resolves it.")
    verdict = find_authority(state, taken.verb, executor.desk.now())
    if verdict is None:
        raise Refusal("not_decided", "No decision stands for this.")
    # Ending sessions only takes away, and more so the more is known.
    judged = state.signals if taken.verb == "end_sessions" else executor.judge_again(state.id)
    require_still_allowed(executor.desk, executor.keys, state, verdict, judged)
    target = str(taken.args["target"])
    named = (state.resynced,) if taken.verb == "reset_failures" and state.resynced else state.targets
    if target and target not in named:
        raise Broken(f"effect {taken.id} aims at an authenticator that the case does not name")
    return state, login


def provider_of(executor: Executor, taken: Taken) -> Provider:
    """Return the provider, for one call. Raises Fenced where another executor holds the effect by now: then nothing more is done.

    An effect takes several calls, each as long as a provider may take, so the lease is renewed in between.
    """
    renew(executor, taken)
    return executor.provider


def find_held(executor: Executor, login: str, taken: Taken) -> Authenticator | None:
    """Return the authenticator that the effect aims at, as the provider holds it now, or None where it is gone."""
    target = str(taken.args["target"])
    return next((a for a in provider_of(executor, taken).look(login).authenticators if a.id == target), None)


def read_back(executor: Executor, login: str, taken: Taken, is_right: Callable[[Authenticator | None], bool]) -> None:
    """The provider's word that it acted is not enough: look (R49)."""
    if not is_right(find_held(executor, login, taken)):
        raise Unavailable("provider", "The provider said that it was done, and it was not.", effect_unknown=True)
