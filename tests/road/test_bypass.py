"""A way in for a time: on no less than a replacement's proof, shown once, ended whether or not anybody remembers, and looked at."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from mfadesk.cli.throwaway import PUBLIC_URL, enlist
from mfadesk.connectors.lab.faults import Fault
from mfadesk.kernel.errors import MfadeskError, Refusal, Unavailable
from mfadesk.operations import bypass, case_view, not_me, portal_view, sessions
from mfadesk.store.models import Alert, EffectRow, EventRow
from tests.road.play import Play


@pytest.fixture
def play(throwaway):
    return Play(throwaway)


def person_of(play, name="hazel", **columns):
    """Return somebody with an app on a phone, a laptop that signs in, and a manager with a passkey."""
    play.person(f"maple{name}")
    _, manager = play.scene.add_passkey(f"maple{name}", "Laptop")
    person = play.person(name, manager_id=f"p_maple{name}", **columns)
    old = play.scene.add_authenticator(name, "totp", "Phone", created_at=play.days_ago(400), last_used_at=play.days_ago(1))
    play.scene.set_factor(name, "managed_device_signin")
    play.scene.add_session(name)
    return person, old, manager


def opened(play, person, authenticator="gone", goal="time_boxed_bypass", new_device="tomorrow"):
    case = play.open(person, goal=goal)
    play.answer(case, authenticator=authenticator, new_device=new_device)
    browser = play.redeem(case)
    browser.confirm()
    return case, browser


def at_the_way_in(play, name="hazel", authenticator="gone", **columns):
    person, old, manager = person_of(play, name, **columns)
    case, browser = opened(play, person, authenticator)
    if authenticator == "works":
        # In a drawer at home: out of reach, which is written down and told.
        from mfadesk.operations import work_case

        work_case.note_out_of_reach(play.desk, play.operator, case, old, "elsewhere")
        play.settle()
    browser.prove_with_service("managed_device_signin")
    play.vouch(case, f"maple{name}", manager)
    assert play.state(case).step_kind == "bypass", play.state(case).step
    return person, old, case, browser


def take(play, browser):
    shown = bypass.take_bypass(play.desk, browser.session)
    play.settle()
    return shown


def grants(play, person):
    return play.scene.holdings(person.login).grants


def test_what_is_gone_is_suspended_and_then_one_code_signs_in_once(play):
    hazel, old, case, browser = at_the_way_in(play)
    assert play.authenticator(hazel, old).state == "suspended"
    assert play.scene.holdings(hazel.login).sessions == 0
    assert portal_view.portal(play.desk, browser.session).stage == "bypass"
    shown = take(play, browser)
    assert (shown.until - play.clock.now()).total_seconds() == 3_600
    assert play.scene.sign_in_with_bypass(hazel.login, shown.code)
    assert not play.scene.sign_in_with_bypass(hazel.login, shown.code)
    assert play.state(case).step_kind == "enrol"


def test_it_ends_after_an_hour_with_everything_that_it_opened(play):
    hazel, _old, _case, browser = at_the_way_in(play)
    code = take(play, browser).code
    play.scene.sign_in_with_bypass(hazel.login, code)
    play.pass_time(3_599)
    assert len(grants(play, hazel)) == 1 and play.scene.holdings(hazel.login).sessions == 1
    play.pass_time(2)
    assert grants(play, hazel) == () and play.scene.holdings(hazel.login).sessions == 0


def test_a_desk_that_was_down_finds_it_ended_by_the_provider_and_ends_what_it_opened(play):
    hazel, _old, case, browser = at_the_way_in(play)
    code = take(play, browser).code
    play.scene.sign_in_with_bypass(hazel.login, code)
    play.clock.advance(10 * 3_600)
    assert grants(play, hazel) == (), "the provider keeps the end by itself"
    play.settle()
    assert play.scene.holdings(hazel.login).sessions == 0
    assert any(e.detail == "over already" for e in play.state(case).effects_of("end_bypass"))


def test_the_new_device_is_set_up_in_the_same_case_and_ends_the_way_in(play):
    hazel, old, case, browser = at_the_way_in(play)
    take(play, browser)
    browser.set_up_totp_and_test()
    assert play.state(case).outcome == "changed"
    assert grants(play, hazel) == ()
    assert old not in {a.id for a in play.scene.holdings(hazel.login).authenticators}


def test_a_device_in_a_drawer_stays_as_it_is(play):
    hazel, old, case, browser = at_the_way_in(play, authenticator="works")
    take(play, browser)
    state = play.state(case)
    assert (state.status, state.outcome) == ("closed", "bridged")
    assert play.authenticator(hazel, old).state == "active"
    assert len(grants(play, hazel)) == 1
    play.pass_time(3_601)
    assert grants(play, hazel) == ()
    checklist = dict(case_view.case(play.desk, play.operator, case).checklist)
    assert not checklist.pop("Security looked at what it was used for") and all(checklist.values())


def test_the_board_says_that_a_way_in_is_open_as_the_executor_would(play):
    hazel, _old, case, browser = at_the_way_in(play, authenticator="works")
    take(play, browser)
    play.clock.advance(600)
    again, _browser = opened(play, hazel, "works")
    reasons = case_view.case(play.desk, play.operator, again).board.reasons
    assert any("bypass is open" in line for line in reasons), reasons


def test_one_laptop_or_one_manager_is_not_enough(play):
    hazel, old, manager = person_of(play)
    case, browser = opened(play, hazel)
    browser.prove_with_service("managed_device_signin")
    assert play.state(case).step_kind == "verify"
    rowan, _old, manager = person_of(play, "rowan")
    case, _browser = opened(play, rowan)
    play.vouch(case, "maplerowan", manager)
    assert play.state(case).step_kind == "verify"
    assert grants(play, hazel) == grants(play, rowan) == ()


def test_nothing_is_given_before_its_step_or_to_another_browser(play):
    hazel, _old, _manager = person_of(play)
    case, browser = opened(play, hazel)
    with pytest.raises(Refusal):
        take(play, browser)
    other = at_the_way_in(play, "rowan")[3].session
    other.case_id = case
    with pytest.raises(MfadeskError):
        bypass.take_bypass(play.desk, other)
    assert grants(play, hazel) == ()


def test_it_is_shown_once(play):
    hazel, _old, _case, browser = at_the_way_in(play)
    take(play, browser)
    with pytest.raises(Refusal) as refused:
        take(play, browser)
    assert "shown once" in refused.value.sentence
    assert len(grants(play, hazel)) == 1


def test_the_code_stands_in_no_event_no_letter_and_no_alert(play):
    _hazel, _old, case, browser = at_the_way_in(play)
    code = take(play, browser).code
    written = "".join(f"{row.body}{row.fields}" for row in EventRow.objects.filter(case_id=case))
    written += "".join(mail.text for mail in play.scene.list_mail()) + "".join(a.sentence for a in Alert.objects.all())
    assert code not in written


def test_security_watches_and_the_person_and_the_manager_hear(play):
    _hazel, _old, case, browser = at_the_way_in(play)
    take(play, browser)
    watched = Alert.objects.get(kind="bypass_open", case_id=case)
    assert "2026-11-24 10:" in watched.sentence and "review it by" in watched.sentence
    assert any("for an hour" in m.text and "not-me" in m.text for m in play.scene.list_mail("hazel@home.example"))
    assert any("way in" in m.subject for m in play.scene.list_mail("maplehazel@fernhollow.example"))


def test_whoever_did_not_ask_for_it_ends_it_at_once(play):
    hazel, _old, case, browser = at_the_way_in(play)
    code = take(play, browser).code
    mail = next(m for m in play.scene.list_mail("hazel@home.example") if "for an hour" in m.text)
    not_me.act_not_me(play.desk, re.search(r"/not-me/(\S+)", mail.text).group(1))
    play.settle()
    assert grants(play, hazel) == () and not play.scene.sign_in_with_bypass(hazel.login, code)


def test_stopping_the_case_on_the_page_ends_it_at_once(play):
    hazel, _old, case, browser = at_the_way_in(play)
    take(play, browser)
    sessions.report(play.desk, browser.session)
    play.settle()
    assert play.state(case).outcome == "stopped" and grants(play, hazel) == ()


@pytest.mark.parametrize("fault", ["timeout_before", "timeout_after", "wrong_shape", "error"])
def test_a_lost_answer_leaves_one_way_in_and_its_end_comes(play, fault):
    hazel, _old, _case, browser = at_the_way_in(play)
    play.scene.inject(Fault(fault, "grant_bypass"))
    with pytest.raises(Unavailable):
        take(play, browser)
    take(play, browser)
    assert len(grants(play, hazel)) == 1
    play.pass_time(3_601)
    assert grants(play, hazel) == ()


def test_a_crash_after_the_provider_gave_it_still_brings_its_end(play, monkeypatch):
    hazel, _old, case, browser = at_the_way_in(play)
    executor = play.throwaway.executor

    def dies(*_args):
        raise KeyError("the process died here")

    with monkeypatch.context() as broken:
        broken.setattr(executor.__class__, "settle", dies)
        with pytest.raises(MfadeskError):
            bypass.take_bypass(play.desk, browser.session)
    assert len(grants(play, hazel)) == 1 and play.state(case).bypass == ""
    play.pass_time(3_601)
    assert grants(play, hazel) == ()
    assert all(row.state == "done" for row in EffectRow.objects.filter(case_id=case, verb="end_bypass"))


def test_an_end_that_the_provider_does_not_take_is_tried_again(play):
    hazel, _old, case, browser = at_the_way_in(play)
    take(play, browser)
    play.scene.inject(Fault("timeout_before", "end_bypass"))
    play.pass_time(3_601)
    play.pass_time(5)
    assert [e.state for e in play.state(case).effects_of("end_bypass")] == ["done"]


def test_who_does_not_take_it_in_time_gets_none(play):
    hazel, old, case, _browser = at_the_way_in(play)
    play.pass_time(1_801)
    assert play.state(case).ending == "give-not-given"
    assert grants(play, hazel) == ()
    assert Alert.objects.filter(kind="bypass-not-taken").exists()


def reviewer(play, login="rue", roles=("security",), person_id=None):
    """Somebody with a desk key, as actor and key."""
    return enlist(play.throwaway, login, list(roles), person_id)


def review(play, case, signer):
    actor, key = signer
    _key, response = key.sign(bypass.begin_review(play.desk, actor, case), PUBLIC_URL)
    bypass.finish_review(play.desk, actor, case, response)
    play.settle()


def test_a_provider_that_has_none_is_offered_no_such_road(play):
    hazel, _old, _manager = person_of(play)
    executor = play.throwaway.executor
    executor.note_capabilities()
    opened(play, hazel)
    able = executor.provider.capabilities()
    executor.provider.capabilities = lambda: replace(able, longest_bypass_s=3_600)
    executor.note_capabilities()
    opened(play, hazel)
    with pytest.raises(Refusal) as refused:
        play.open(hazel, goal="longer_bypass")
    assert refused.value.code == "no_runbook"


def test_a_provider_that_lost_it_meanwhile_gives_none(play):
    hazel, _old, case, browser = at_the_way_in(play)
    able = play.throwaway.executor.provider.capabilities()
    play.throwaway.executor.provider.capabilities = lambda: replace(able, longest_bypass_s=0)
    with pytest.raises(Refusal) as refused:
        take(play, browser)
    assert refused.value.code == "cannot_bypass"
    assert grants(play, hazel) == () and play.state(case).effects_of("grant_bypass") == ()


def test_nobody_gets_a_second_one_before_security_looked_at_the_first(play):
    hazel, _old, case, browser = at_the_way_in(play, authenticator="works")
    take(play, browser)
    play.pass_time(2 * 86_400)
    again, other = opened(play, hazel, "works")
    other.prove_with_service("managed_device_signin")
    board = case_view.case(play.desk, play.operator, again).board
    assert any("has not looked at" in line for line in board.reasons) and not board.plans
    review(play, case, reviewer(play))
    board = case_view.case(play.desk, play.operator, again).board
    assert not any("has not looked at" in line for line in board.reasons)


def test_a_review_that_nobody_makes_is_reminded_of_and_one_made_is_not(play):
    for name, reviewed in (("hazel", False), ("rowan", True)):
        _person, _old, case, browser = at_the_way_in(play, name, authenticator="works")
        take(play, browser)
        if reviewed:
            review(play, case, reviewer(play))
        play.pass_time(3 * 86_400)
        assert Alert.objects.filter(kind="bypass_review_due", case_id=case).exists() is not reviewed


def test_whoever_had_a_hand_in_it_or_is_not_security_does_not_review_it(play):
    hazel, _old, case, browser = at_the_way_in(play, authenticator="works")
    take(play, browser)
    both = reviewer(play, "ash", ["operator", "security"])
    own = reviewer(play, "self", person_id=hazel.id)
    for signer in (reviewer(play, "birch", ["operator"]), both, own):
        with pytest.raises(Refusal):
            review(play, case, signer)
    assert not play.state(case).bypass_reviewed


def test_one_person_with_two_accounts_does_not_review_what_they_gave(play):
    elm = play.person("elm")
    play.operator, _key = reviewer(play, "elm-at-work", ["operator"], elm.id)
    _hazel, _old, case, browser = at_the_way_in(play, authenticator="works")
    take(play, browser)
    with pytest.raises(Refusal) as refused:
        review(play, case, reviewer(play, "elm-again", person_id=elm.id))
    assert refused.value.code == "not_yours_to_review"
    review(play, case, reviewer(play))
    assert play.state(case).bypass_reviewed


@pytest.mark.parametrize("kind", ["bypass_reviewed", "bypass_looked_at"])
def test_a_review_that_nobody_signed_opens_no_other_way_in(play, kind):
    hazel, _old, case, browser = at_the_way_in(play, authenticator="works")
    take(play, browser)
    play.pass_time(3_601)
    told = {"bypass": play.state(case).bypass, "by": "staff:1", "nonce": "00" * 12, "receipt": "00" * 32}
    with play.desk.unit() as unit:
        draft = play.desk.draft(unit.load(case), "staff:1")
        draft.emit(kind, **(told if kind == "bypass_looked_at" else {}))
        unit.commit(draft)
    again, other = opened(play, hazel)
    maple = play.scene.add_passkey("maplehazel", "Another laptop")[1]
    if kind == "bypass_looked_at":
        with pytest.raises(Refusal) as refused:
            other.prove_with_service("managed_device_signin")
        assert refused.value.code == "stopped"
        assert Alert.objects.filter(kind="broken", case_id=again).exists()
    else:
        other.prove_with_service("managed_device_signin")
        play.vouch(again, "maplehazel", maple)
    assert not any(verdict.allowed for verdict in play.state(again).verdicts.values())
    assert grants(play, hazel) == () and play.state(again).bypass == ""


@pytest.mark.parametrize(
    ("answers", "ending"),
    [({"new_device": "at_hand"}, "need-replace-instead"), ({"authenticator": "drifted"}, "need-to-codes-rejected"),
     ({"authenticator": "none_yet"}, "need-replace-instead")],
)  # fmt: skip
def test_what_can_be_repaired_or_set_up_for_good_gets_no_bypass(play, answers, ending):
    hazel, _old, _manager = person_of(play)
    for goal in ("time_boxed_bypass", "longer_bypass"):
        case = play.open(hazel, goal=goal)
        play.answer(case, **{"authenticator": "gone", "new_device": "tomorrow", **answers})
        assert play.state(case).ending == ending


def test_a_longer_one_takes_more_than_what_an_hour_takes_and_somebody_elses_yes(play):
    hazel, _old, manager = person_of(play)
    case, browser = opened(play, hazel, goal="longer_bypass")
    browser.prove_with_service("managed_device_signin")
    play.vouch(case, "maplehazel", manager)
    # The proof is enough, and nobody has approved.
    assert play.state(case).bypass == "" and play.state(case).step_kind in ("decide", "verify")
    assert grants(play, hazel) == ()
