"""An executor that was held up past its lease comes back when another one has done its work: whatever it says then changes nothing."""

from __future__ import annotations

import pytest

from mfadesk.executor.compose import open_executor
from mfadesk.executor.effects import LEASE_S
from mfadesk.kernel.errors import Refusal, Unavailable
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
