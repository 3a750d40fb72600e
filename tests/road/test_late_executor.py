"""An executor that was held up past its lease comes back when another one has done its work: whatever it says then changes nothing."""

from __future__ import annotations

import pytest

from mfadesk.cli.throwaway import PUBLIC_URL
from mfadesk.connectors.privacyidea.client import CONNECT_S, MAX_TIMEOUT_S
from mfadesk.executor.compose import open_executor
from mfadesk.executor.taking import LEASE_S, RENEW_AFTER_S, Fenced, Taken, renew
from mfadesk.kernel.errors import Refusal, Unavailable
from mfadesk.operations import prove
from mfadesk.store.commit import load_events
from mfadesk.store.models import Alert, EffectRow
from tests.road.play import Play

WORDS = {
    "done": None,
    "no answer": Unavailable("lab", "The provider did not answer in time.", effect_unknown=True),
    "refused": Refusal("unknown_authenticator", "The account has no such authenticator."),
}


class HeldUp:
    """The provider as the late executor sees it: its first call of `verb` takes until the other one has done everything."""

    def __init__(self, inner, verb, meanwhile, word) -> None:
        self._inner, self._verb, self._meanwhile, self._word = inner, verb, meanwhile, word

    def __getattr__(self, name):
        method = getattr(self._inner, name)
        if name != self._verb or self._meanwhile is None:
            return method

        def late(*args):
            meanwhile, self._meanwhile = self._meanwhile, None
            meanwhile()
            if self._word is not None:
                raise self._word
            return method(*args)

        return late


@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize("verb", ["suspend", "remove", "end_sessions"])
def test_a_late_word_changes_nothing(throwaway, verb, word):
    play = Play(throwaway)
    hazel = play.person("hazel")
    old = play.scene.add_authenticator(
        hazel.login, "totp", "Phone", last_used_at=play.days_ago(2), created_at=play.days_ago(400)
    )
    _, passkey = play.scene.add_passkey(hazel.login, "Laptop", "passkey", last_used_at=play.days_ago(1))
    play.scene.add_session(hazel.login)
    first = throwaway.executor
    lab, courier = first.provider, first.courier
    second = open_executor(play.desk, provider=lab, courier=courier, services=first.services)
    after = {}

    def meanwhile() -> None:
        play.clock.advance(LEASE_S + 1)
        second.run_until_idle()
        after.update(EffectRow.objects.values_list("id", "fence"))

    first.provider = HeldUp(lab, verb, meanwhile, WORDS[word])
    case = play.open(hazel)
    play.answer(case, authenticator="gone", new_device="at_hand", restored="name_only")
    browser = play.redeem(case)
    browser.confirm()
    browser.prove_with_passkey(passkey)
    browser.set_up_totp_and_test()
    play.pass_time(60)
    assert after, "the late call was never made"
    state = play.state(case)
    assert (state.status, state.outcome) == ("closed", "changed")
    done = [e.body["verb"] for e in load_events(case) if e.kind == "effect_done"]
    assert [done.count(one) for one in ("suspend_old", "remove_old", "end_sessions")] == [1, 1, 1]
    assert not any(e.kind in ("effect_delayed", "effect_failed") for e in load_events(case))
    assert set(EffectRow.objects.values_list("state", flat=True)) == {"done"}
    acts = [(line.act, line.authenticator_id) for line in play.scene.list_audit(hazel.login)]
    assert acts.count(("suspend", old)) == acts.count(("remove", old)) == acts.count(("end_sessions", None)) == 1
    assert not Alert.objects.exists()


class Slow:
    """A provider that takes as long as one may for every call, and another executor that looks for work after each."""

    def __init__(self, inner, play, other) -> None:
        self._inner, self._play, self._other = inner, play, other

    def __getattr__(self, name):
        method = getattr(self._inner, name)

        def slow(*args):
            answer = method(*args)
            self._play.clock.advance(MAX_TIMEOUT_S + CONNECT_S)
            self._other.run_until_idle()
            return answer

        return slow if name in ("look", "suspend", "remove", "end_sessions") else method


def test_one_call_stays_within_the_lease():
    assert RENEW_AFTER_S + CONNECT_S + MAX_TIMEOUT_S < LEASE_S


def test_an_effect_of_several_slow_calls_keeps_its_lease_and_is_done_once(throwaway):
    play = Play(throwaway)
    hazel = play.person("hazel")
    old = play.scene.add_authenticator(hazel.login, "totp", "Phone", last_used_at=play.days_ago(2))
    _, passkey = play.scene.add_passkey(hazel.login, "Laptop", "passkey", last_used_at=play.days_ago(1))
    first = throwaway.executor
    lab = first.provider
    case = play.open(hazel)
    play.answer(case, authenticator="gone", new_device="at_hand", restored="name_only")
    browser = play.redeem(case)
    browser.confirm()
    second = open_executor(play.desk, provider=lab, courier=first.courier, services=first.services)
    options = prove.begin_passkey(play.desk, browser.session)
    first.provider = Slow(lab, play, second)
    prove.finish_passkey(play.desk, browser.session, passkey.sign(options, PUBLIC_URL)[1])
    play.settle()
    (row,) = EffectRow.objects.filter(case_id=case, verb="suspend_old")
    assert (row.state, row.fence, row.attempts) == ("done", 1, 1)
    acts = [(line.act, line.authenticator_id) for line in play.scene.list_audit(hazel.login)]
    assert acts.count(("suspend", old)) == 1


def test_an_executor_whose_lease_ran_out_stops_before_its_next_call(throwaway):
    play = Play(throwaway)
    hazel = play.person("hazel")
    play.scene.add_authenticator(hazel.login, "totp", "Phone", last_used_at=play.days_ago(2))
    case = play.open(hazel)
    taken = Taken("eff_x", case, "suspend_old", {"target": "x"}, 1, 1, play.clock.now())
    EffectRow.objects.create(
        id="eff_x", case_id=case, verb="suspend_old", args="{}", state="taken", due_at="", lease_until="", fence=2
    )
    renew(throwaway.executor, taken)
    play.clock.advance(RENEW_AFTER_S)
    with pytest.raises(Fenced):
        renew(throwaway.executor, taken)
