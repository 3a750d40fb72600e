"""Due effects: look, act once, read back, write down. A crash at any point is mended by looking again (law 5).

Since every act at a provider is idempotent and preceded by a look, two executors on one effect do it once; who holds one is in
`executor/taking.py`. What a verb does is in `on_authenticators`, `on_accounts` and here; what it stands on is in `grounds`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import structlog

from mfadesk.cases.engine import Draft
from mfadesk.cases.parts import STANDS_ALONE
from mfadesk.cases.state import CaseState
from mfadesk.executor import on_accounts, on_authenticators
from mfadesk.executor.authority import is_fully_proved
from mfadesk.executor.grounds import require_intended
from mfadesk.executor.letters import HALF_DONE, send_letters
from mfadesk.executor.reviewing import require_genuine_reviews
from mfadesk.executor.taking import Fenced, Taken, close_done, close_row, give_back, renew, take_due
from mfadesk.kernel.clock import to_stamp
from mfadesk.kernel.errors import Broken, MfadeskError, Refusal, Unavailable
from mfadesk.operations.judgement import NOTHING_SEEN, Sight
from mfadesk.store.commit import load_case, load_cases
from mfadesk.store.models import Alert

if TYPE_CHECKING:
    from mfadesk.executor.core import Executor

RETRY_AFTER_S = (2, 5, 15, 30, 60, 120, 300)
MAX_ATTEMPTS = 40
"""About two and a half hours of trying; then the effect is parked, security hears, and the case's deadline takes over."""

QUICK = timedelta(milliseconds=5)
"""An effect that takes no longer may be done together with others."""
SHARED = timedelta(milliseconds=20)
"""How long a result waits for others, so that they are written in one transaction: a commit waits for the disk."""

CHANGES = ("suspend_old", "remove_old", "restore_old", "open_account", "reset_failures")
"""What somebody notices of their own sign-in once it is done."""

log = structlog.get_logger("effects")


@dataclass(frozen=True, slots=True)
class Done:
    """An effect that was carried out, and what was seen of the person since: its result can be written."""

    taken: Taken
    detail: str
    about: str
    """The person, or the case where it is about nobody: decisions about one person are written one after the other."""
    sight: Sight


def run_due_effects(executor: Executor) -> bool:
    """Take what is due, do it and write down the results; return whether there was anything.

    One effect, or several that change nothing outside and were quick the last time. Whatever is slow keeps nobody waiting for
    longer than itself: when it is over, what is done is written and what was not begun is given back.
    """
    held = take_due(executor, executor.quick_verbs)
    known = _read_cases(held) if len(held) > 1 else {}
    done: dict[str, Done] = {}
    until = executor.desk.now() + SHARED
    for place, taken in enumerate(held):
        one = _do(executor, taken, known.get(taken.case_id))
        if one is not None:
            if one.about in done:
                _write_results(executor, done.values())
                done.clear()
            done[one.about] = one
        if executor.desk.now() > until:
            _write_results(executor, done.values())
            give_back(executor, held[place + 1 :])
            return True
    _write_results(executor, done.values())
    return bool(held)


def _read_cases(held: Sequence[Taken]) -> Mapping[str, CaseState]:
    """Return the cases in one trip; none where one of them cannot be read, and then each is read by itself."""
    try:
        return load_cases(taken.case_id for taken in held)
    except (MfadeskError, KeyError, TypeError, ValueError):
        return {}


def _do(executor: Executor, taken: Taken, known: CaseState | None) -> Done | None:
    """Carry out one effect; return its result, and None where there is none to write by now.

    known: the case, where it was read with those of the other effects; whom it is about does not change.
    """
    began = executor.desk.now()
    try:
        try:
            return _carry_out(executor, taken, known)
        except Unavailable as error:
            _delay(executor, taken, error.sentence)
        except MfadeskError as error:
            _park(executor, taken, error)
    except Fenced:
        log.info("effect_taken_by_another", effect=taken.id)
    finally:
        if taken.verb in CHANGE_NOTHING_OUTSIDE and executor.desk.now() - began <= QUICK:
            executor.quick_verbs.add(taken.verb)
        else:
            executor.quick_verbs.discard(taken.verb)
    return None


def _carry_out(executor: Executor, taken: Taken, known: CaseState | None) -> Done:
    """Do the verb and look. Raises MfadeskError; a row that nobody here can have written is Broken and not an endless retry."""
    try:
        verb = _VERBS[taken.verb]
        detail = verb(executor, taken)
        # Looking may take as long as one more call.
        renew(executor, taken)
        state = known or load_case(taken.case_id)
        over = state.status == "closed" and taken.verb in FOLLOWED_BY_NOTHING
        sight = NOTHING_SEEN if over else executor.see(state)
    except (KeyError, TypeError, ValueError) as error:
        log.exception("effect_unreadable", effect=taken.id)
        raise Broken(f"effect {taken.id} ({taken.verb}) cannot be read") from error
    return Done(taken, detail, state.subject or state.id, sight)


def _write_results(executor: Executor, done: Collection[Done]) -> None:
    """Write the results in one transaction; where one of them cannot stand, each in one of its own, so that it holds up none."""
    if len(done) > 1:
        try:
            _write_together(executor, tuple(done))
        except (Fenced, MfadeskError, KeyError, TypeError, ValueError) as error:
            log.info("results_written_apart", effects=len(done), why=type(error).__name__)
        else:
            return
    for one in done:
        _write_alone(executor, one)


def _write_together(executor: Executor, done: Sequence[Done]) -> None:
    changes = {one.taken.case_id: (one.sight, partial(_note_done, executor, one)) for one in done}
    executor.settle_seen(changes, partial(close_done, [one.taken for one in done]))


def _write_alone(executor: Executor, one: Done) -> None:
    try:
        _write_together(executor, (one,))
    except Refusal as error:
        # The case moved on while we looked: the row comes up again when its lease is over, and is found done.
        log.info("effect_not_closed", effect=one.taken.id, code=error.code)
    except Broken as error:
        _park_if_ours(executor, one.taken, error)
    except (KeyError, TypeError, ValueError):
        log.exception("result_unreadable", effect=one.taken.id)
        _park_if_ours(executor, one.taken, Broken(f"the case of effect {one.taken.id} cannot be read"))
    except Fenced:
        log.info("effect_taken_by_another", effect=one.taken.id)


def _note_done(executor: Executor, one: Done, draft: Draft) -> None:
    taken = one.taken
    if taken.id in draft.state.effects:
        draft.emit("effect_done", effect=taken.id, verb=taken.verb, target=str(taken.args["target"]), detail=one.detail)
        _follow_up(executor, draft, one)


def _follow_up(executor: Executor, draft: Draft, one: Done) -> None:
    """Write what belongs to a result, in the same transaction: it stands as often as the result does."""
    match one.taken.verb, one.detail:
        case "suspend_old", "suspended" if not is_fully_proved(draft.state):
            # It ends by itself, unless a full decision replaces it first, and security hears (SETTLED 10).
            delay_s = executor.desk.policy.limits.low_proof_suspension_s
            draft.intend("lift_suspension", str(one.taken.args["target"]), delay_s=delay_s)
            _tell_security(draft, "suspended_on_little_proof", ON_LITTLE_PROOF)
        case "alert", _:
            kind = str(one.taken.args["target"])
            _tell_security(draft, kind, f"A case raised: {kind.replace('-', ' ').replace('_', ' ')}.")
        case "remind_review", "told":
            _tell_security(draft, "bypass_review_due", NOBODY_LOOKED)


ON_LITTLE_PROOF = (
    "An authenticator was switched off for a day on little proof. If the person did not ask for it, they will ring."
)
NOBODY_LOOKED = "Nobody has looked at what a bypass was used for. Until somebody has, this person gets no other."


def _tell_security(draft: Draft, kind: str, sentence: str) -> None:
    Alert.objects.create(
        at=draft.now, kind=kind, case_id=draft.state.id, person_id=draft.state.subject or "", sentence=sentence
    )


def _delay(executor: Executor, taken: Taken, problem: str) -> None:
    if taken.attempts >= MAX_ATTEMPTS:
        _park(executor, taken, Refusal("provider_gone", problem))
        return
    retry_at = executor.desk.now() + timedelta(seconds=RETRY_AFTER_S[min(taken.attempts, len(RETRY_AFTER_S)) - 1])
    with executor.desk.unit() as unit:
        close_row(taken, state="due", due_at=to_stamp(retry_at), problem=problem)
        draft = executor.desk.draft(unit.load(taken.case_id), "executor")
        # One line a stretch of trouble: the first failure and every tenth, not each of forty.
        if taken.id in draft.state.effects and (taken.attempts == 1 or taken.attempts % 10 == 0):
            draft.emit("effect_delayed", effect=taken.id, verb=taken.verb, problem=problem, retry_at=to_stamp(retry_at))
        unit.commit(draft)


def _park(executor: Executor, taken: Taken, error: MfadeskError) -> None:
    with executor.desk.unit():
        # Row and alarm first and for themselves: a case that cannot be read must not keep its effect coming back.
        close_row(taken, state="parked", problem=error.sentence)
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


def _park_if_ours(executor: Executor, taken: Taken, error: MfadeskError) -> None:
    try:
        _park(executor, taken, error)
    except Fenced:
        log.info("effect_taken_by_another", effect=taken.id)


def _settle(executor: Executor, taken: Taken) -> str:
    """Look, and decide whatever can be decided: both are done with every result, so there is nothing else to do."""
    return ""


def _alert(executor: Executor, taken: Taken) -> str:
    return "told"


def _remind_review(executor: Executor, taken: Taken) -> str:
    """Tell security once more where nobody has looked at a bypass by its day."""
    state, _login = require_intended(executor, taken)
    if state.bypass_reviewed:
        require_genuine_reviews(executor.keys.receipt, (state,))
        return "reviewed"
    return "told"


def _notify(executor: Executor, taken: Taken) -> str:
    return send_letters(executor, load_case(taken.case_id), taken.id, taken.args, partial(renew, executor, taken))


_VERBS: Mapping[str, Callable[[Executor, Taken], str]] = {
    "consider": _settle,
    "look": _settle,
    "suspend_old": on_authenticators.suspend_old,
    "remove_old": on_authenticators.remove_old,
    "end_sessions": on_accounts.end_sessions,
    "reset_failures": on_authenticators.reset_failures,
    "lift_suspension": on_authenticators.lift_suspension,
    "restore_old": on_authenticators.restore_old,
    "open_account": on_accounts.open_account,
    "close_account": on_accounts.close_account,
    "suspend_new": on_authenticators.suspend_new,
    "discard_new": on_authenticators.discard_new,
    "end_bypass": on_accounts.end_bypass,
    "remind_review": _remind_review,
    "notify": _notify,
    "alert": _alert,
}

CHANGE_NOTHING_OUTSIDE = frozenset({"consider", "look", "remind_review", "alert"})
"""What may be taken with others. An act at a provider and a letter go alone: a crash leaves one of them unseen and no more."""

FOLLOWED_BY_NOTHING = frozenset({"remind_review", "alert", "notify"})
"""What changes nothing that a look could show; in a closed case nothing is decided after it either, so nobody looks."""
