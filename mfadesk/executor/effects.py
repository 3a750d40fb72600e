"""Due effects: look, act once, read back, write down. A crash at any point is mended by looking again (law 5).

A row is taken under a lease with a fencing number. Whoever comes late with an old number changes nothing; and since every act
at a provider is idempotent and preceded by a look, two executors on one effect do it once.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import structlog
from django.db import connection

from mfadesk.cases.engine import AUTHORISED_BY, Draft, find_authority
from mfadesk.cases.parts import STANDS_ALONE
from mfadesk.cases.state import CaseState
from mfadesk.executor.authority import (
    is_fully_proved,
    is_ours_to_restore,
    is_replaced_elsewhere,
    require_own_verdict,
    require_still_allowed,
)
from mfadesk.executor.letters import HALF_DONE, send_letters
from mfadesk.executor.reviewing import require_genuine_reviews
from mfadesk.kernel.clock import to_stamp
from mfadesk.kernel.errors import Broken, MfadeskError, Refusal, Unavailable
from mfadesk.operations.hr_word import has_hr_word
from mfadesk.ports.provider import PHISHING_RESISTANT, Authenticator, Provider
from mfadesk.store.commit import load_case
from mfadesk.store.models import Alert, EffectRow

if TYPE_CHECKING:
    from mfadesk.executor.core import Executor

LEASE_S = 30
RENEW_AFTER_S = 4
"""How old a lease may be when a provider is called: with the longest that one call takes it is still in time."""

RETRY_AFTER_S = (2, 5, 15, 30, 60, 120, 300)
MAX_ATTEMPTS = 40
"""About two and a half hours of trying; then the effect is parked, security hears, and the case's deadline takes over."""

CHANGES = ("suspend_old", "remove_old", "restore_old", "open_account", "reset_failures")
"""What somebody notices of their own sign-in once it is done."""

log = structlog.get_logger("effects")


@dataclass(slots=True)
class Taken:
    """One effect that this process holds, under its fencing number, for `LEASE_S` from `held_at`."""

    id: str
    case_id: str
    verb: str
    args: Mapping[str, Any]
    fence: int
    attempts: int
    held_at: datetime


def run_one_effect(executor: Executor) -> bool:
    """Take one due effect, do it and write down the result; return whether there was one."""
    taken = _take(executor)
    if taken is None:
        return False
    try:
        try:
            detail = _carry_out(executor, taken)
        except Unavailable as error:
            _delay(executor, taken, error.sentence)
        except MfadeskError as error:
            _park(executor, taken, error)
        else:
            _finish(executor, taken, detail)
    except Fenced:
        log.info("effect_taken_by_another", effect=taken.id)
    return True


def _carry_out(executor: Executor, taken: Taken) -> str:
    """Do the verb. Raises MfadeskError; a row that nobody here can have written is Broken and not an endless retry."""
    try:
        verb = _VERBS[taken.verb]
        return verb(executor, taken)
    except (KeyError, TypeError, ValueError) as error:
        log.exception("effect_unreadable", effect=taken.id)
        raise Broken(f"effect {taken.id} ({taken.verb}) cannot be read") from error


class Fenced(Exception):
    """Another executor holds this effect by now: whatever this one has to say comes too late."""


def _take(executor: Executor) -> Taken | None:
    now = executor.desk.now()
    stamp, lease_until = to_stamp(now), to_stamp(now + timedelta(seconds=LEASE_S))
    # Two executors at once: on PostgreSQL each passes over the row that the other has locked, on SQLite only one writes.
    past_others = "FOR UPDATE SKIP LOCKED" if connection.vendor == "postgresql" else ""
    with executor.desk.unit(), connection.cursor() as cursor:
        cursor.execute(f"{_NEXT} {past_others}", (stamp, stamp))
        row = cursor.fetchone()
        if row is None:
            return None
        id, case_id, verb, args, fence, attempts = row
        cursor.execute(_TAKE, (fence + 1, attempts + 1, lease_until, id))
    return Taken(id, case_id, verb, _arguments(args), fence + 1, attempts + 1, now)


_NEXT = (
    "SELECT id, case_id, verb, args, fence, attempts FROM store_effectrow"
    " WHERE (state = 'due' AND due_at <= %s) OR (state = 'taken' AND lease_until < %s) ORDER BY due_at LIMIT 1"
)
_TAKE = "UPDATE store_effectrow SET state = 'taken', fence = %s, attempts = %s, lease_until = %s WHERE id = %s"


def _arguments(text: str) -> Mapping[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _close_row(taken: Taken, **changes: Any) -> None:
    """Write the row's end, if this process still holds it. Raises Fenced for one that came too late."""
    if not EffectRow.objects.filter(pk=taken.id, fence=taken.fence, state="taken").update(**changes):
        raise Fenced(taken.id)


def _finish(executor: Executor, taken: Taken, detail: str) -> None:
    def change(draft: Draft) -> None:
        _close_row(taken, state="done", problem="")
        if taken.id in draft.state.effects:
            draft.emit("effect_done", effect=taken.id, verb=taken.verb, target=str(taken.args["target"]), detail=detail)
            _follow_up(executor, draft, taken, detail)

    # Settling looks at the provider once more.
    renew(executor, taken)
    try:
        executor.settle(taken.case_id, change)
    except Refusal as error:
        # The case moved on while we looked: the row comes up again when its lease is over, and is found done.
        log.info("effect_not_closed", effect=taken.id, code=error.code)
    except Broken as error:
        _park(executor, taken, error)


def _follow_up(executor: Executor, draft: Draft, taken: Taken, detail: str) -> None:
    """A suspension on little proof ends by itself, unless a full decision replaces it first, and security hears (SETTLED 10)."""
    if taken.verb != "suspend_old" or detail != "suspended" or is_fully_proved(draft.state):
        return
    draft.intend("lift_suspension", str(taken.args["target"]), delay_s=executor.desk.policy.limits.low_proof_suspension_s)
    Alert.objects.create(
        at=draft.now, kind="suspended_on_little_proof", case_id=draft.state.id, person_id=draft.state.subject or "",
        sentence="An authenticator was switched off for a day on little proof. If the person did not ask for it, they will ring.",
    )  # fmt: skip


def _delay(executor: Executor, taken: Taken, problem: str) -> None:
    if taken.attempts >= MAX_ATTEMPTS:
        _park(executor, taken, Refusal("provider_gone", problem))
        return
    retry_at = executor.desk.now() + timedelta(seconds=RETRY_AFTER_S[min(taken.attempts, len(RETRY_AFTER_S)) - 1])
    with executor.desk.unit() as unit:
        _close_row(taken, state="due", due_at=to_stamp(retry_at), problem=problem)
        draft = executor.desk.draft(unit.load(taken.case_id), "executor")
        # One line a stretch of trouble: the first failure and every tenth, not each of forty.
        if taken.id in draft.state.effects and (taken.attempts == 1 or taken.attempts % 10 == 0):
            draft.emit("effect_delayed", effect=taken.id, verb=taken.verb, problem=problem, retry_at=to_stamp(retry_at))
        unit.commit(draft)


def _park(executor: Executor, taken: Taken, error: MfadeskError) -> None:
    with executor.desk.unit():
        # Row and alarm first and for themselves: a case that cannot be read must not keep its effect coming back.
        _close_row(taken, state="parked", problem=error.sentence)
        Alert.objects.create(
            at=executor.desk.now(), kind="broken" if isinstance(error, Broken) else "effect_parked", case_id=taken.case_id,
            sentence=f"An effect was not done ({taken.verb}): {error.sentence}",
        )  # fmt: skip
    try:
        with executor.desk.unit() as unit:
            draft = executor.desk.draft(unit.load(taken.case_id), "executor")
            if taken.id in draft.state.effects:
                draft.emit("effect_failed", effect=taken.id, verb=taken.verb, problem=error.sentence)
                _tell_of_the_half(draft, taken)
            unit.commit(draft)
    except (MfadeskError, KeyError, TypeError, ValueError):
        log.exception("parked_without_a_line", effect=taken.id)


def _tell_of_the_half(draft: Draft, taken: Taken) -> None:
    """Tell the person where part of a change stands: its last step would have told them, and the case may not come to it now."""
    state = draft.state
    changed = state.tested_at is not None or any(e.state == "done" for e in state.effects_of(*CHANGES))
    told = any(e.target == HALF_DONE for e in state.effects_of("notify"))
    if changed and not told and taken.verb not in STANDS_ALONE:
        draft.intend("notify", target=HALF_DONE)


# ------------------------------------------------------------------ the verbs


def _consider(executor: Executor, taken: Taken) -> str:
    """Decide whatever can be decided; `settle` does it, when the row is closed."""
    return ""


def _suspend_old(executor: Executor, taken: Taken) -> str:
    state, login = _authorise(executor, taken)
    held = _held(executor, login, taken)
    if held is not None and held.kind in PHISHING_RESISTANT and not is_fully_proved(state):
        return "left on"
    if held is not None and held.state != "suspended":
        _provider(executor, taken).suspend(login, held.id, taken.id)
        _read_back(executor, login, taken, lambda a: a is None or a.state == "suspended")
    return "suspended" if held is not None else "absent"


def _remove_old(executor: Executor, taken: Taken) -> str:
    state, login = _authorise(executor, taken)
    if state.tested_at is None:
        raise Refusal("not_tested", "The new authenticator is not tested yet, so the old one stays.")
    if _held(executor, login, taken) is not None:
        _provider(executor, taken).remove(login, str(taken.args["target"]), taken.id)
        _read_back(executor, login, taken, lambda a: a is None)
    return "removed"


def _end_sessions(executor: Executor, taken: Taken) -> str:
    _state, login = _authorise(executor, taken)
    _provider(executor, taken).end_sessions(login, taken.id)
    return "ended"


def _lift_suspension(executor: Executor, taken: Taken) -> str:
    """End a suspension that stood on little proof; one that a replacement took over, here or in a later case, stays."""
    state, login = _own(executor, taken)
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
    held = _held(executor, login, taken)
    if held is None or held.state != "suspended" or is_replaced_elsewhere(state, target):
        return "not needed"
    _provider(executor, taken).resume(login, held.id, taken.id)
    return "lifted"


def _restore_old(executor: Executor, taken: Taken) -> str:
    """Give back what the desk itself suspended; what security or a report switched off stays off."""
    state, login = _authorise(executor, taken)
    held = _held(executor, login, taken)
    if held is None or held.state != "suspended":
        return "not needed"
    if not is_ours_to_restore(state, held.id):
        return "left off"
    _provider(executor, taken).resume(login, held.id, taken.id)
    _read_back(executor, login, taken, lambda a: a is not None and a.state != "suspended")
    return "given back"


def _open_account(executor: Executor, taken: Taken) -> str:
    """Open an account that was closed when this was decided; who closed it since had a reason that the decision does not know."""
    state, login = _authorise(executor, taken)
    holdings = executor.provider.look(login)
    if not holdings.disabled:
        return "not needed"
    if not (holdings.locked or has_hr_word(state) or any(yes.action == "restore_account" for yes in state.approvals)):
        raise Refusal("closed_since", "The account was closed after this was decided. Whoever closed it says why.")
    _provider(executor, taken).open_account(login, taken.id)
    _read_back_account(executor, login, disabled=False)
    return "opened"


def _close_account(executor: Executor, taken: Taken) -> str:
    """Close again what this case opened: the person said "not me", or two browsers were in it."""
    state, login = _own(executor, taken)
    if not any(effect.detail == "opened" for effect in state.effects_of("open_account")):
        raise Broken(f"effect {taken.id} would close an account that its case did not open")
    _provider(executor, taken).close_account(login, taken.id)
    _read_back_account(executor, login, disabled=True)
    _provider(executor, taken).end_sessions(login, f"{taken.id}/sessions")
    return "closed"


def _read_back_account(executor: Executor, login: str, *, disabled: bool) -> None:
    if executor.provider.look(login).disabled != disabled:
        raise Unavailable("provider", "The provider said that it was done, and it was not.", effect_unknown=True)


def _reset_failures(executor: Executor, taken: Taken) -> str:
    """Clear the counter of a token that was brought back in step, or is given back with its account: too many wrong codes lock it."""
    state, login = _authorise(executor, taken)
    held = _held(executor, login, taken)
    if held is None:
        raise Refusal("unknown_authenticator", "The token is not there any more.")
    if held.state == "suspended" and not state.resynced:
        return "left off"
    if held.fail_count:
        _provider(executor, taken).reset_failures(login, held.id, taken.id)
        _read_back(executor, login, taken, lambda a: a is not None and a.fail_count == 0)
    return "cleared"


def _suspend_new(executor: Executor, taken: Taken) -> str:
    """The person said "not me": the new authenticator stops, whatever was decided before."""
    state, login = _own(executor, taken)
    held = _held(executor, login, taken)
    given_back = {effect.target for effect in state.effects_of("restore_old")}
    if held is not None and held.key not in state.effects and held.id not in given_back:
        raise Broken(f"effect {taken.id} would suspend an authenticator that its case neither began nor gave back")
    if held is not None:
        _provider(executor, taken).suspend(login, held.id, taken.id)
        _read_back(executor, login, taken, lambda a: a is None or a.state == "suspended")
        _provider(executor, taken).end_sessions(login, f"{taken.id}/sessions")
    return "suspended"


def _discard_new(executor: Executor, taken: Taken) -> str:
    """Delete every enrolment of this case that nobody finished, also one whose answer was lost, and one that the case disowned.

    Only what was begun before this was intended: a case that began its proof again may be setting up another one by now.
    """
    state, login = _own(executor, taken)
    before = list(state.effects)[: list(state.effects).index(taken.id)]
    for held in _provider(executor, taken).look(login).authenticators:
        if held.key in before and (held.state == "pending" or held.id != state.new_authenticator):
            _provider(executor, taken).remove(login, held.id, f"{taken.id}/{held.id}")
            if held.state != "pending":
                _provider(executor, taken).end_sessions(login, f"{taken.id}/{held.id}/sessions")
    return "discarded"


def _look(executor: Executor, taken: Taken) -> str:
    state = load_case(taken.case_id)
    if state.subject:
        executor.look(executor.directory.get(state.subject))
    return ""


def _notify(executor: Executor, taken: Taken) -> str:
    return send_letters(executor, load_case(taken.case_id), taken.id, taken.args, partial(renew, executor, taken))


def _alert(executor: Executor, taken: Taken) -> str:
    state = load_case(taken.case_id)
    with executor.desk.unit():
        Alert.objects.create(
            at=executor.desk.now(), kind=str(taken.args["target"]), case_id=taken.case_id, person_id=state.subject or "",
            sentence=f"A case raised: {str(taken.args['target']).replace('-', ' ').replace('_', ' ')}.",
        )  # fmt: skip
    return "told"


def _end_bypass(executor: Executor, taken: Taken) -> str:
    """End a way in that this case gave, at its end or before; it needs no decision to take away, and no open case."""
    state, login = _own(executor, taken)
    key = str(taken.args["target"])
    if key not in {effect.id for effect in state.effects_of("grant_bypass")}:
        raise Broken(f"effect {taken.id} would end a bypass that its case did not give")
    if any(grant.key == key for grant in _provider(executor, taken).look(login).grants):
        _provider(executor, taken).end_bypass(login, key, taken.id)
        if any(grant.key == key for grant in _provider(executor, taken).look(login).grants):
            raise Unavailable("provider", "The provider said that the bypass ended, and it did not.", effect_unknown=True)
        return "ended"
    # Over by itself, or used: what it opened ends all the same.
    _provider(executor, taken).end_bypass(login, key, taken.id)
    return "over already"


def _remind_review(executor: Executor, taken: Taken) -> str:
    """Tell security once more where nobody has looked at a bypass by its day."""
    state, _login = _own(executor, taken)
    if state.bypass_reviewed:
        require_genuine_reviews(executor.keys.receipt, (state,))
        return "reviewed"
    with executor.desk.unit():
        Alert.objects.create(
            at=executor.desk.now(), kind="bypass_review_due", case_id=taken.case_id, person_id=state.subject or "",
            sentence="Nobody has looked at what a bypass was used for. Until somebody has, this person gets no other.",
        )  # fmt: skip
    return "told"


_VERBS: Mapping[str, Callable[[Executor, Taken], str]] = {
    "consider": _consider,
    "look": _look,
    "suspend_old": _suspend_old,
    "remove_old": _remove_old,
    "end_sessions": _end_sessions,
    "reset_failures": _reset_failures,
    "lift_suspension": _lift_suspension,
    "restore_old": _restore_old,
    "open_account": _open_account,
    "close_account": _close_account,
    "suspend_new": _suspend_new,
    "discard_new": _discard_new,
    "end_bypass": _end_bypass,
    "remind_review": _remind_review,
    "notify": _notify,
    "alert": _alert,
}


def _own(executor: Executor, taken: Taken) -> tuple[CaseState, str]:
    """Return the case and the account, if the ledger is whole and the case did intend this very effect."""
    executor.watch.require_whole(taken.case_id)
    state = load_case(taken.case_id)
    intended = state.effects.get(taken.id)
    if intended is None or (intended.verb, intended.target) != (taken.verb, str(taken.args["target"])):
        raise Broken(f"effect {taken.id} is not what its case intended")
    if intended.state == "voided":
        raise Refusal("voided", "The case began its proof again, so no decision stands for this any more.")
    return state, executor.directory.get(state.subject or "").login


def _authorise(executor: Executor, taken: Taken) -> tuple[CaseState, str]:
    """Return the case and the account, if a decision of ours stands for this verb and target and the ledger is whole."""
    state, login = _own(executor, taken)
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


def _provider(executor: Executor, taken: Taken) -> Provider:
    """Return the provider, for one call. Raises Fenced where another executor holds the effect by now: then nothing more is done.

    An effect takes several calls, each as long as a provider may take, so the lease is renewed in between.
    """
    renew(executor, taken)
    return executor.provider


def renew(executor: Executor, taken: Taken) -> None:
    """Hold the effect for another `LEASE_S` where the lease is older than `RENEW_AFTER_S`. Raises Fenced for one that came too late."""
    now = executor.desk.now()
    if now - taken.held_at < timedelta(seconds=RENEW_AFTER_S):
        return
    with executor.desk.unit():
        _close_row(taken, lease_until=to_stamp(now + timedelta(seconds=LEASE_S)))
    taken.held_at = now


def _held(executor: Executor, login: str, taken: Taken) -> Authenticator | None:
    target = str(taken.args["target"])
    return next((a for a in _provider(executor, taken).look(login).authenticators if a.id == target), None)


def _read_back(executor: Executor, login: str, taken: Taken, is_right: Callable[[Authenticator | None], bool]) -> None:
    """The provider's word that it acted is not enough: look (R49)."""
    if not is_right(_held(executor, login, taken)):
        raise Unavailable("provider", "The provider said that it was done, and it was not.", effect_unknown=True)
