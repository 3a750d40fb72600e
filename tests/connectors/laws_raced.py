"""The laws of two at once: what two processes ask at one moment is done once, and leaves what either alone would have left."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest

from mfadesk.kernel.errors import MfadeskError, Refusal
from mfadesk.ports.provider import Accepted, Provider
from tests.connectors.house import House, Token, enrolled, fresh_challenge, held, passkey_for, secret_in, sign


def at_once(house: House, *acts: Callable[[Provider], Any]) -> list[Any]:
    """Do the acts at one moment, each over a connection of its own; return answers and errors of ours in their order."""
    gate = Barrier(len(acts))

    def do(act: Callable[[Provider], Any], provider: Provider) -> Any:
        gate.wait(10)
        try:
            return act(provider)
        except MfadeskError as error:
            return error

    with ThreadPoolExecutor(len(acts)) as threads:
        return [each.result(60) for each in [threads.submit(do, *pair) for pair in zip(acts, house.rivals(), strict=True)]]


class RacedLaws:
    """Collected through the subclasses of `ProviderLaws`."""

    def test_one_code_shown_twice_at_one_moment_is_taken_once(self, house: House) -> None:
        login = house.fresh_login()
        token = enrolled(house, login)
        code = token.press()
        answers = at_once(house, *[lambda provider: provider.check_code(login, code)] * 2)
        assert sum(isinstance(answer, Accepted) for answer in answers) <= 1, answers
        assert isinstance(house.provider.check_code(login, token.press()), Accepted)

    def test_one_assertion_shown_twice_at_one_moment_is_taken_once(self, house: House) -> None:
        login = house.fresh_login()
        _, passkey = passkey_for(house, login)
        passkey = sign(house, login, passkey)[0]
        options = house.provider.begin_assertion(login, fresh_challenge())
        passkey, response = passkey.sign(options, house.origin)
        answers = at_once(house, *[lambda provider: provider.finish_assertion(login, options, response)] * 2)
        assert sum(isinstance(answer, Accepted) for answer in answers) <= 1, answers

    @pytest.mark.parametrize(
        ("act", "state"),
        [("suspend", "suspended"), ("resume", "active"), ("remove", None), ("reset_failures", "active")],
    )
    def test_an_act_that_two_do_at_one_moment_is_done(self, house: House, act: str, state: str | None) -> None:
        login = house.fresh_login()
        token = enrolled(house, login)
        if act == "resume":
            house.provider.suspend(login, token.id, "k-before")
        answers = at_once(house, *[lambda provider: getattr(provider, act)(login, token.id, "k-act")] * 2)
        assert None in answers
        found = held(house, login).get(token.id)
        assert (found.state if found else None) == state
        # And once more, as whoever was told of an error does.
        getattr(house.provider, act)(login, token.id, "k-act")

    def test_two_that_begin_with_one_key_leave_one_authenticator_once_either_begins_again(self, house: House) -> None:
        login = house.fresh_login()
        at_once(house, *[lambda provider: provider.enrol(login, "hotp", "Key ring token", "k-same")] * 2)
        assert len(held(house, login)) <= 2 and {each.state for each in held(house, login).values()} <= {"pending"}
        enrolment = house.provider.enrol(login, "hotp", "Key ring token", "k-same")
        token = Token(enrolment.authenticator_id, secret_in(enrolment.secret_uri))
        assert list(held(house, login)) == [token.id]
        assert isinstance(house.provider.confirm_code(login, token.id, token.press()), Accepted)

    def test_what_is_removed_while_another_gives_it_back_stays_removed(self, house: House) -> None:
        login = house.fresh_login()
        token = enrolled(house, login)
        house.provider.suspend(login, token.id, "k-suspend")
        at_once(
            house,
            lambda provider: provider.remove(login, token.id, "k-remove"),
            lambda provider: provider.resume(login, token.id, "k-resume"),
        )
        assert held(house, login) == {}

    def test_an_act_that_comes_late_brings_nothing_back(self, house: House) -> None:
        login = house.fresh_login()
        token = enrolled(house, login)
        house.provider.remove(login, token.id, "k-remove")
        for act in (house.provider.suspend, house.provider.resume, house.provider.reset_failures):
            with pytest.raises(Refusal):
                act(login, token.id, "k-late")
        assert held(house, login) == {}
