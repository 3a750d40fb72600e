"""A first device: HR's word is the root, people and papers stand on it, and nothing is set up where one is there already."""

from __future__ import annotations

from datetime import timedelta

import pytest

from mfadesk.kernel.errors import Refusal
from mfadesk.operations import case_view, enrol, portal_view
from mfadesk.operations.judgement import available_methods, judge, newest_sight
from mfadesk.operations.people import get_person
from mfadesk.store.models import PersonRow
from tests.road.play import Play


@pytest.fixture
def play(throwaway):
    return Play(throwaway)


def newcomer(play, name="hazel", days=0, **columns):
    """Return somebody who starts today, their manager's passkey, and a document service that knows them."""
    play.person(f"maple{name}")
    _, manager = play.scene.add_passkey(f"maple{name}", "Laptop")
    columns = {"employment": "starts", "starts_on": (play.clock.now() + timedelta(days=days)).date(), **columns}
    person = play.person(name, manager_id=f"p_maple{name}", **columns)
    play.scene.set_factor(name, "idv_gov_id")
    play.scene.add_session(name)
    return person, manager


def proved(play, name="hazel", device="at_hand", **columns):
    person, manager = newcomer(play, name, **columns)
    case = play.open(person, goal="first_credential")
    play.answer(case, authenticator="none_yet", new_device=device)
    browser = play.redeem(case)
    browser.confirm()
    browser.prove_with_service("idv_gov_id")
    play.vouch(case, f"maple{name}", manager)
    return person, case, browser


def reasons(play, case):
    return " ".join(case_view.case(play.desk, play.operator, case).board.reasons)


def test_a_newcomer_with_a_document_and_a_manager_leaves_with_a_tested_first_device(play):
    hazel, case, browser = proved(play)
    assert play.state(case).step_kind == "enrol"
    browser.set_up_totp_and_test()
    state = play.state(case)
    assert (state.status, state.outcome) == ("closed", "changed")
    held = play.scene.holdings(hazel.login)
    assert [(a.kind, a.state) for a in held.authenticators] == [("totp", "active")]
    assert held.sessions == 0
    assert "second one" in " ".join(portal_view.portal(play.desk, browser.session).help_lines)


def test_the_person_and_the_manager_hear_of_it(play):
    _, case, browser = proved(play)
    browser.set_up_totp_and_test()
    assert any("not-me" in mail.text for mail in play.scene.list_mail("hazel@home.example"))
    assert any(
        "Hazel" in m.subject and "from now on" in m.subject for m in play.scene.list_mail("maplehazel@fernhollow.example")
    )
    view = case_view.case(play.desk, play.operator, case)
    assert view.checklist and all(done for _words, done in view.checklist)
    assert "old one" not in view.ticket


def test_somebody_without_a_smartphone_is_given_a_key_and_never_asked_for_a_phone(play):
    hazel, case, browser = proved(play, device="no_smartphone", employment="active", starts_on=None)
    assert enrol.kinds_for(play.desk, case) == ("security_key", "passkey")
    browser.set_up_passkey_and_test("security_key")
    assert play.state(case).outcome == "changed"
    assert [a.on_phone for a in play.scene.holdings(hazel.login).authenticators] == [False]


@pytest.mark.parametrize(
    ("columns", "why"),
    [({"days": 1}, "first day has not come"), ({"starts_on": None}, "no start date"), ({"days": -40}, "more than a month")],
    ids=["tomorrow", "no date", "long ago"],
)  # fmt: skip
def test_nothing_is_set_up_unless_the_start_date_is_here(play, columns, why):
    hazel, case, _browser = proved(play, **columns)
    # Nine in the morning UTC: nowhere on earth is it tomorrow for two hours more, so that "tomorrow" is a first day that has not come.
    assert play.state(case).step_kind == "verify"
    assert why in reasons(play, case)
    assert play.scene.holdings(hazel.login).authenticators == ()
    play.pass_time(4 * 3_600 + 1)
    assert play.state(case).outcome == "abandoned"


def test_a_first_day_counts_where_it_has_begun_on_earth(play):
    play.clock.advance(2 * 3_600)
    _, case, _browser = proved(play, days=1)
    assert play.state(case).step_kind == "enrol"


def test_no_proof_brings_a_first_device_to_an_account_that_has_one(play):
    hazel, _ = newcomer(play, employment="active")
    play.scene.add_authenticator(hazel.login, "totp", "Phone", created_at=play.days_ago(90), last_used_at=play.days_ago(60))
    case = play.open(hazel, goal="first_credential")
    play.answer(case, authenticator="none_yet", new_device="at_hand")
    browser = play.redeem(case)
    browser.confirm()
    browser.prove_with_service("idv_gov_id")
    play.vouch(case, "maplehazel", play.scene.add_passkey("maplehazel", "Other")[1])
    assert play.state(case).step_kind == "verify"
    assert "this is a replacement" in reasons(play, case)
    assert len(play.scene.holdings(hazel.login).authenticators) == 1


@pytest.mark.parametrize("state", ["active", "suspended"])
def test_one_that_appears_after_the_decision_stops_the_enrolment(play, state):
    hazel, case, browser = proved(play)
    play.scene.add_authenticator(hazel.login, "totp", "Somebody was quicker", suspended=state == "suspended")
    with pytest.raises(Refusal) as refused:
        enrol.begin_enrolment(play.desk, browser.session)
    assert refused.value.code == "not_the_first"
    assert len(play.scene.holdings(hazel.login).authenticators) == 1


def test_saved_codes_are_a_spare_and_make_it_no_second_one(play):
    hazel, manager = newcomer(play)
    play.scene.add_recovery_codes(hazel.login)
    case = play.open(hazel, goal="first_credential")
    play.answer(case, authenticator="none_yet", new_device="at_hand")
    browser = play.redeem(case)
    browser.confirm()
    browser.prove_with_service("idv_gov_id")
    play.vouch(case, "maplehazel", manager)
    browser.set_up_totp_and_test()
    assert play.state(case).outcome == "changed"


def test_what_another_case_began_and_left_untested_makes_it_no_second_one(play):
    hazel, case, browser = proved(play)
    enrol.begin_enrolment(play.desk, browser.session)
    play.pass_time(2 * 86_400)
    assert play.state(case).outcome == "abandoned"
    assert play.scene.holdings(hazel.login).authenticators == ()


def test_without_a_manager_on_file_the_board_plans_that_they_are_seen(play):
    hazel, _ = newcomer(play)
    PersonRow.objects.filter(pk=hazel.id).update(manager_id=None)
    play.scene.set_factor(hazel.login, "managed_device_signin")
    case = play.open(hazel, goal="first_credential")
    play.answer(case, authenticator="none_yet", new_device="at_hand")
    board = case_view.case(play.desk, play.operator, case).board
    assert board.plans
    person, sight = get_person(hazel.id), newest_sight(hazel.id)[0]
    decision = judge(
        play.state(case), "bind_first_authenticator", person, sight, play.desk.policy, "normal", play.clock.now(),
        available=available_methods(play.state(case), person, sight, play.desk.policy),
    )  # fmt: skip
    assert decision.plans and all("in_person_badge" in plan.methods for plan in decision.plans)


def test_without_a_manager_on_file_documents_are_not_enough(play):
    hazel, _ = newcomer(play)
    PersonRow.objects.filter(pk=hazel.id).update(manager_id=None)
    play.scene.set_factor(hazel.login, "managed_device_signin")
    case = play.open(hazel, goal="first_credential")
    play.answer(case, authenticator="none_yet", new_device="at_hand")
    browser = play.redeem(case)
    browser.confirm()
    browser.prove_with_service("idv_gov_id")
    browser.prove_with_service("managed_device_signin")
    assert play.state(case).step_kind == "verify"
    assert "seen in person" in reasons(play, case)


def test_one_document_alone_is_not_enough_and_the_board_says_what_would_be(play):
    hazel, _ = newcomer(play)
    case = play.open(hazel, goal="first_credential")
    play.answer(case, authenticator="none_yet", new_device="at_hand")
    browser = play.redeem(case)
    browser.confirm()
    browser.prove_with_service("idv_gov_id")
    assert play.state(case).step_kind == "verify"
    assert case_view.case(play.desk, play.operator, case).board.plans


@pytest.mark.parametrize(
    ("employment", "ending"),
    [
        ("on_leave", "hr-first"),
        ("third_party", "alarm-third-party-through-their-contact"),
        ("left", "alarm-third-party-through-their-contact"),
    ],
)
def test_whom_hr_does_not_have_at_work_is_led_to_no_proof(play, employment, ending):
    hazel, _ = newcomer(play, employment=employment)
    case = play.open(hazel, goal="first_credential")
    play.answer(case, authenticator="none_yet", new_device="at_hand")
    assert play.state(case).ending == ending
    assert play.scene.holdings(hazel.login).authenticators == ()


def test_an_operator_has_no_answer_that_changes_what_hr_says(play):
    hazel, _ = newcomer(play, employment="on_leave")
    case = play.open(hazel, goal="first_credential")
    play.answer(case, authenticator="none_yet", new_device="at_hand", employment="first_day")
    assert play.state(case).ending == "hr-first"


def test_a_report_after_the_change_suspends_the_first_device(play):
    from mfadesk.operations import not_me

    hazel, _case, browser = proved(play)
    browser.set_up_totp_and_test()
    import re

    mail = next(m for m in play.scene.list_mail("hazel@home.example") if "not-me" in m.text)
    not_me.act_not_me(play.desk, re.search(r"/not-me/(\S+)", mail.text).group(1))
    play.settle()
    assert [a.state for a in play.scene.holdings(hazel.login).authenticators] == ["suspended"]
