"""What an operator notices on a call: from a list, in neutral words; it can only raise what is demanded."""

from __future__ import annotations

import base64
import re
from urllib.parse import parse_qs, urlsplit

import pytest

from mfadesk.connectors.lab import oath
from mfadesk.connectors.lab.faults import Fault
from mfadesk.kernel.errors import Invalid, Refusal
from mfadesk.operations import case_view, enrol, not_me, work_case
from mfadesk.operations.desk import serve_desk
from mfadesk.operations.sayings import NOTICED
from mfadesk.store.models import Alert
from tests.road.play import Play


@pytest.fixture
def play(throwaway):
    serve_desk(throwaway.desk)
    yield Play(throwaway)
    serve_desk(None)


@pytest.fixture
def case(play):
    hazel = play.person("hazel")
    play.scene.add_authenticator(hazel.login, "totp", "Phone", last_used_at=play.days_ago(40))
    case = play.open(hazel)
    play.answer(case, authenticator="gone", new_device="at_hand", restored="name_only")
    return case


def view(play, case, actor=None):
    return case_view.case(play.desk, actor or play.operator, case)


def test_a_signal_is_offered_once_recorded_and_shown_in_words(play, case):
    before = view(play, case)
    assert "signal" in before.may
    assert {line.value for line in before.noticeable} == set(NOTICED) & set(play.desk.policy.signals)
    for _ in range(2):
        work_case.note_signal(play.desk, play.operator, case, "urgency_language")
    after = view(play, case)
    assert after.board.heard == ("They are in a hurry",)
    assert "urgency_language" not in {line.value for line in after.noticeable}
    noted = [line for line in after.timeline if line.text == "Noticed: They are in a hurry"]
    assert [line.mark for line in noted] == ["quiet"]


def test_it_raises_what_is_demanded_and_never_lowers_it(play, case):
    needed = view(play, case).board.needed
    for signal in NOTICED:
        work_case.note_signal(play.desk, play.operator, case, signal)
        assert view(play, case).board.needed >= needed
        needed = view(play, case).board.needed
    assert needed > 65


@pytest.mark.parametrize("signal", ["", "nothing", "operator_success_rate_outlier", "breakglass_target", "x" * 5_000])
def test_only_what_can_be_noticed_on_a_call_is_taken(play, case, signal):
    with pytest.raises(Invalid):
        work_case.note_signal(play.desk, play.operator, case, signal)
    assert play.state(case).signals == frozenset()


def test_only_the_operator_of_the_case_notes_it(play, case):
    with pytest.raises(Refusal) as refused:
        work_case.note_signal(play.desk, play.second, case, "urgency_language")
    assert refused.value.code == "not_the_owner"
    assert view(play, case, play.second).noticeable == ()


RAISES = "second_identity_same_caller"


@pytest.fixture
def decided(play):
    """A replacement that was allowed on what just suffices, the old one suspended, and nothing set up yet."""
    play.person("maple")
    _, manager = play.scene.add_passkey("maple", "Laptop")
    hazel = play.person("hazel", manager_id="p_maple", tier="sensitive")
    old = play.scene.add_authenticator(hazel.login, "totp", "Phone", last_used_at=play.days_ago(40))
    _, paper = play.scene.add_recovery_codes(hazel.login, "Paper")
    case = play.open(hazel)
    play.answer(case, authenticator="gone", new_device="at_hand", restored="name_only")
    browser = play.redeem(case)
    browser.confirm()
    browser.prove_with_code(paper[0], "saved_recovery_code")
    play.vouch(case, "maple", manager)
    assert play.state(case).step_kind == "enrol"
    assert play.authenticator(hazel, old).state == "suspended"
    return hazel, old, case, browser


def note(play, case, signal=RAISES):
    work_case.note_signal(play.desk, play.operator, case, signal)
    play.settle()


def write_signal(play, case, signal=RAISES):
    """Note it as somebody would who does not want it judged: the event alone, and nothing to be done about it."""
    with play.desk.unit() as unit:
        draft = play.desk.draft(unit.load(case), f"staff:{play.operator.id}")
        draft.emit("signal_noted", signal=signal)
        unit.commit(draft)


def test_what_is_noted_after_the_decision_and_would_have_kept_it_from_being_made_reopens_the_case(play, decided):
    hazel, old, case, browser = decided
    enrol.begin_enrolment(play.desk, browser.session)
    note(play, case)
    state = play.state(case)
    assert state.step_kind == "verify" and not any(verdict.allowed for verdict in state.verdicts.values())
    assert {a.id for a in play.scene.holdings(hazel.login).authenticators if a.kind == "totp"} == {old}
    assert len(state.pieces) == 2 and state.session == browser.session.id
    assert Alert.objects.filter(kind="noticed_after_decision", case_id=case).exists()
    with pytest.raises(Refusal):
        enrol.begin_enrolment(play.desk, browser.session)
    # Little stronger proof, and it goes on from there; without it what was suspended comes back after a day.
    play.scene.set_factor(hazel.login, "idv_gov_id")
    browser.prove_with_service("idv_gov_id")
    assert play.state(case).step_kind == "enrol"
    browser.set_up_passkey_and_test()
    assert play.state(case).outcome == "changed"


def test_what_was_suspended_comes_back_after_a_day_where_nobody_proves_more(play, decided):
    hazel, old, case, _browser = decided
    note(play, case)
    play.pass_time(86_401)
    assert play.state(case).status == "closed" and play.state(case).outcome != "changed"
    assert play.authenticator(hazel, old).state == "active"


def test_a_harmless_note_leaves_the_decision_however_old_the_proof_has_become(play, decided):
    _hazel, _old, case, browser = decided
    play.clock.advance(3 * 3_600)
    note(play, case, "urgency_language")
    assert play.state(case).step_kind == "enrol"
    browser.set_up_passkey_and_test()
    assert play.state(case).outcome == "changed"


@pytest.mark.parametrize("at", ["begin", "test"])
def test_nothing_is_set_up_or_made_to_work_before_what_was_noted_is_judged(play, decided, at):
    hazel, _old, case, browser = decided
    shown = enrol.begin_enrolment(play.desk, browser.session) if at == "test" else None
    write_signal(play, case)
    with pytest.raises(Refusal) as refused:
        if shown is None:
            enrol.begin_enrolment(play.desk, browser.session)
        else:
            enrol.test_code(play.desk, browser.session, current_code(play, shown))
    assert refused.value.code == "more_is_known"
    assert play.state(case).step_kind == "verify"
    assert not any(a.state == "active" and a.kind == "totp" for a in play.scene.holdings(hazel.login).authenticators)


def test_an_effect_that_waits_is_not_done_once_the_decision_would_not_be_made_any_more(play, decided):
    hazel, old, case, browser = decided
    shown = enrol.begin_enrolment(play.desk, browser.session)
    code = current_code(play, shown)
    play.scene.inject(Fault("error", "remove", times=1))
    enrol.test_code(play.desk, browser.session, code)
    play.settle()
    (removal,) = play.state(case).effects_of("remove_old")
    assert removal.state == "delayed"
    write_signal(play, case)
    play.clock.advance(3_000)
    play.settle()
    assert play.authenticator(hazel, old).state == "suspended"
    assert Alert.objects.filter(kind="effect_parked", case_id=case).exists()
    assert play.state(case).effects_of("remove_old")[0].state == "failed"
    # The new one works, so whoever the account belongs to hears of it, once, and can say that it was not them.
    letters = [mail for mail in play.scene.list_mail() if mail.to.startswith("hazel@")]
    assert {mail.to for mail in letters} == {"hazel@fernhollow.example", "hazel@home.example"} and len(letters) == 2
    not_me.act_not_me(play.desk, re.search(r"/me/not-me/(\S+)", letters[0].text)[1])
    play.settle()
    assert {a.state for a in play.scene.holdings(hazel.login).authenticators if a.kind == "totp"} == {"suspended"}


def test_a_suspension_that_waits_for_the_provider_is_judged_on_what_was_noted_meanwhile(play, decided):
    hazel = play.person("rowan", tier="sensitive", manager_id="p_maple")
    old = play.scene.add_authenticator("rowan", "totp", "Phone", last_used_at=play.days_ago(40))
    _, paper = play.scene.add_recovery_codes("rowan", "Paper")
    case = play.open(hazel)
    play.answer(case, authenticator="gone", new_device="at_hand", restored="name_only")
    browser = play.redeem(case)
    browser.confirm()
    browser.prove_with_code(paper[0], "saved_recovery_code")
    play.scene.inject(Fault("error", "suspend", times=1))
    _, key = play.scene.add_passkey("maple", "Another")
    play.vouch(case, "maple", key)
    assert play.state(case).effects_of("suspend_old")[0].state == "delayed"
    write_signal(play, case)
    play.clock.advance(60)
    play.settle()
    assert play.authenticator(hazel, old).state == "active"
    assert play.state(case).step_kind == "verify"


def current_code(play, shown):
    secret = parse_qs(urlsplit(shown.uri).query)["secret"][0]
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    return oath.hotp(key, oath.time_step(play.clock.now()))
