"""Effects on a whole account: its sessions, opening and closing it, the end of a bypass. Each looks, acts once, and reads back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mfadesk.executor.grounds import authorise, provider_of, require_intended
from mfadesk.executor.taking import Taken
from mfadesk.kernel.errors import Broken, Refusal, Unavailable
from mfadesk.operations.hr_word import has_hr_word

if TYPE_CHECKING:
    from mfadesk.executor.core import Executor


def open_account(executor: Executor, taken: Taken) -> str:
    """Open an account that was closed when this was decided; who closed it since had a reason that the decision does not know."""
    state, login = authorise(executor, taken)
    holdings = provider_of(executor, taken).look(login)
    if not holdings.disabled:
        return "not needed"
    if not (holdings.locked or has_hr_word(state) or any(yes.action == "restore_account" for yes in state.approvals)):
        raise Refusal("closed_since", "The account was closed after this was decided. Whoever closed it says why.")
    provider_of(executor, taken).open_account(login, taken.id)
    _read_back_closed(executor, login, taken, disabled=False)
    return "opened"


def close_account(executor: Executor, taken: Taken) -> str:
    """Close again what this case opened: the person said "not me", or two browsers were in it."""
    state, login = require_intended(executor, taken)
    if not any(effect.detail == "opened" for effect in state.effects_of("open_account")):
        raise Broken(f"effect {taken.id} would close an account that its case did not open")
    provider_of(executor, taken).close_account(login, taken.id)
    _read_back_closed(executor, login, taken, disabled=True)
    provider_of(executor, taken).end_sessions(login, f"{taken.id}/sessions")
    return "closed"


def end_sessions(executor: Executor, taken: Taken) -> str:
    """Sign the account out everywhere: whoever came in by what is replaced now must prove themselves by the new."""
    _state, login = authorise(executor, taken)
    provider_of(executor, taken).end_sessions(login, taken.id)
    return "ended"


def end_bypass(executor: Executor, taken: Taken) -> str:
    """End a way in that this case gave, at its end or before; it needs no decision to take away, and no open case."""
    state, login = require_intended(executor, taken)
    key = str(taken.args["target"])
    if key not in {effect.id for effect in state.effects_of("grant_bypass")}:
        raise Broken(f"effect {taken.id} would end a bypass that its case did not give")
    if any(grant.key == key for grant in provider_of(executor, taken).look(login).grants):
        provider_of(executor, taken).end_bypass(login, key, taken.id)
        if any(grant.key == key for grant in provider_of(executor, taken).look(login).grants):
            raise Unavailable("provider", "The provider said that the bypass ended, and it did not.", effect_unknown=True)
        return "ended"
    # Over by itself, or used: what it opened ends all the same.
    provider_of(executor, taken).end_bypass(login, key, taken.id)
    return "over already"


def _read_back_closed(executor: Executor, login: str, taken: Taken, *, disabled: bool) -> None:
    if provider_of(executor, taken).look(login).disabled != disabled:
        raise Unavailable("provider", "The provider said that it was done, and it was not.", effect_unknown=True)
