"""Effects on one authenticator: suspended, given back, removed. Each looks, acts once, and reads back."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from mfadesk.cases.engine import AUTHORISED_BY
from mfadesk.executor.authority import is_fully_proved, is_ours_to_restore, is_replaced_elsewhere, require_own_verdict
from mfadesk.executor.grounds import authorise, find_held, provider_of, read_back, require_intended
from mfadesk.executor.taking import Taken
from mfadesk.kernel.errors import Broken, Refusal
from mfadesk.ports.provider import PHISHING_RESISTANT

if TYPE_CHECKING:
    from mfadesk.executor.core import Executor


def suspend_old(executor: Executor, taken: Taken) -> str:
    """Switch the old one off, so that it signs nobody in; on little proof what resists phishing stays on (SETTLED 10)."""
    state, login = authorise(executor, taken)
    held = find_held(executor, login, taken)
    if held is not None and held.kind in PHISHING_RESISTANT and not is_fully_proved(state):
        return "left on"
    if held is not None and held.state != "suspended":
        provider_of(executor, taken).suspend(login, held.id, taken.id)
        read_back(executor, login, taken, lambda a: a is None or a.state == "suspended")
    return "suspended" if held is not None else "absent"


def remove_old(executor: Executor, taken: Taken) -> str:
    """Take the old one out. Raises Refusal ``not_tested`` before the new one has signed somebody in."""
    state, login = authorise(executor, taken)
    if state.tested_at is None:
        raise Refusal("not_tested", "The new authenticator is not tested yet, so the old one stays.")
    if find_held(executor, login, taken) is not None:
        provider_of(executor, taken).remove(login, str(taken.args["target"]), taken.id)
        read_back(executor, login, taken, lambda a: a is None)
    return "removed"


def lift_suspension(executor: Executor, taken: Taken) -> str:
    """End a suspension that stood on little proof; one that a replacement took over, here or in a later case, stays."""
    state, login = require_intended(executor, taken)
    grounds = [v for v in (*state.verdicts.values(), *state.voided) if v.allowed and v.action in AUTHORISED_BY["suspend_old"]]
    if not grounds:
        raise Broken(f"effect {taken.id} lifts a suspension that this case did not decide")
    for verdict in grounds:
        require_own_verdict(executor.keys, state, verdict)
    target = str(taken.args["target"])
    if target not in state.targets:
        raise Broken(f"effect {taken.id} aims at an authenticator that the case does not name")
    since = min(verdict.at for verdict in grounds)
    if executor.desk.now() < since + timedelta(seconds=executor.desk.policy.limits.low_proof_suspension_s):
        raise Broken(f"effect {taken.id} would lift a suspension before its time")
    held = find_held(executor, login, taken)
    if held is None or held.state != "suspended" or is_replaced_elsewhere(state, target):
        return "not needed"
    provider_of(executor, taken).resume(login, held.id, taken.id)
    return "lifted"


def restore_old(executor: Executor, taken: Taken) -> str:
    """Give back what the desk itself suspended; what security or a report switched off stays off."""
    state, login = authorise(executor, taken)
    held = find_held(executor, login, taken)
    if held is None or held.state != "suspended":
        return "not needed"
    if not is_ours_to_restore(state, held.id):
        return "left off"
    provider_of(executor, taken).resume(login, held.id, taken.id)
    read_back(executor, login, taken, lambda a: a is not None and a.state != "suspended")
    return "given back"


def reset_failures(executor: Executor, taken: Taken) -> str:
    """Clear the counter of a token that was brought back in step, or is given back with its account: too many wrong codes lock it."""
    state, login = authorise(executor, taken)
    held = find_held(executor, login, taken)
    if held is None:
        raise Refusal("unknown_authenticator", "The token is not there any more.")
    if held.state == "suspended" and not state.resynced:
        return "left off"
    if held.fail_count:
        provider_of(executor, taken).reset_failures(login, held.id, taken.id)
        read_back(executor, login, taken, lambda a: a is not None and a.fail_count == 0)
    return "cleared"


def suspend_new(executor: Executor, taken: Taken) -> str:
    """The person said "not me": the new authenticator stops, whatever was decided before."""
    state, login = require_intended(executor, taken)
    held = find_held(executor, login, taken)
    given_back = {effect.target for effect in state.effects_of("restore_old")}
    if held is not None and held.key not in state.effects and held.id not in given_back:
        raise Broken(f"effect {taken.id} would suspend an authenticator that its case neither began nor gave back")
    if held is not None:
        provider_of(executor, taken).suspend(login, held.id, taken.id)
        read_back(executor, login, taken, lambda a: a is None or a.state == "suspended")
        provider_of(executor, taken).end_sessions(login, f"{taken.id}/sessions")
    return "suspended"


def discard_new(executor: Executor, taken: Taken) -> str:
    """Delete every enrolment of this case that nobody finished, also one whose answer was lost, and one that the case disowned.

    Only what was begun before this was intended: a case that began its proof again may be setting up another one by now.
    """
    state, login = require_intended(executor, taken)
    before = list(state.effects)[: list(state.effects).index(taken.id)]
    for held in provider_of(executor, taken).look(login).authenticators:
        if held.key in before and (held.state == "pending" or held.id != state.new_authenticator):
            provider_of(executor, taken).remove(login, held.id, f"{taken.id}/{held.id}")
            if held.state != "pending":
                provider_of(executor, taken).end_sessions(login, f"{taken.id}/{held.id}/sessions")
    return "discarded"
