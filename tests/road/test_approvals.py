"""A further person's yes: who may give it, what it is given for, and what voids it. Honest administrators are served by it."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from mfadesk.cases.approvals import find_eligible
from mfadesk.cli.drills.approvers import answer_approval, approve_what_waits, hire_approver
from mfadesk.connectors.lab.faults import Fault
from mfadesk.kernel.clock import to_stamp
from mfadesk.kernel.errors import Refusal
from mfadesk.operations import approvals, case_view, codes, portal_view, prove, sessions, vouch, work_case
from mfadesk.operations.approvers import find_approvers
from mfadesk.store.models import Alert, EventRow, PersonRow, StaffMember
from tests.road.play import PUBLIC_URL, Browser, Play, add_staff
from tests.road.test_hostile_web import acts, broken, nudge, write


@pytest.fixture
def play(throwaway):
    return Play(throwaway)


def prove_with_laptop(browser: Browser) -> None:
    play, session = browser.play, browser.session
    prove.begin_service(play.desk, session, "managed_device_signin")
    login = "elm"
    answer = play.scene.find_answer("managed_device_signin", login)
    prove.prove_with_service(play.desk, session, "managed_device_signin", answer)
    play.settle()


def at_the_proof(play, **columns):
    """Return a tier0 person whose phone is gone, their old authenticator, security key, case and browser."""
    elm = play.person("elm", tier="tier0", **columns)
    old = play.scene.add_authenticator(elm.login, "totp", "Phone", last_used_at=play.days_ago(2), created_at=play.days_ago(400))
    _, key = play.scene.add_passkey(elm.login, "Black key", "security_key", last_used_at=play.days_ago(1))
    play.scene.set_factor(elm.login, "managed_device_signin")
    case = play.open(elm)
    play.answer(case, authenticator="gone", new_device="at_hand", restored="name_only")
    browser = play.redeem(case)
    browser.confirm()
    return elm, old, key, case, browser


def proved(play, **columns):
    """Return the same, with enough proved."""
    elm, old, key, case, browser = at_the_proof(play, **columns)
    browser.prove_with_passkey(key)
    prove_with_laptop(browser)
    return elm, old, case, browser


def refusal_of(act) -> str:
    with pytest.raises(Refusal) as refused:
        act()
    return refused.value.code


def test_an_administrator_is_served_once_somebody_else_has_approved(play):
    willow = hire_approver(play.throwaway, "willow")
    elm, old, case, browser = proved(play)
    state = play.state(case)
    assert (state.step_kind, state.deadline_owner, state.ask.needed) == ("decide", "approver", 1)
    assert state.ask.asked == (willow.actor.id,)
    assert acts(play, elm.login) == []
    letter = play.scene.list_mail("willow@drill.example")[0]
    assert "elm" not in (letter.subject + letter.text).lower()
    assert approvals.find_waiting(play.desk, willow.actor)[0].id == case
    answer_approval(play.throwaway, willow, case)
    assert play.state(case).verdicts["replace_authenticator"].allowed
    assert play.authenticator(elm, old).state == "suspended"
    for address in ("elm@fernhollow.example", "elm@home.example"):
        letter = next(mail for mail in play.scene.list_mail(address) if mail.subject == "Your request goes on")
        assert "/me/not-me/" in letter.text
    browser.set_up_key_and_test()
    assert play.state(case).outcome == "changed"
    assert approvals.find_waiting(play.desk, willow.actor) == ()


def test_the_page_of_the_person_says_that_somebody_else_has_to_agree(play):
    hire_approver(play.throwaway, "willow")
    _elm, _old, case, browser = proved(play)
    page = portal_view.portal(play.desk, browser.session)
    assert (page.stage, page.title, page.until) == ("wait", "One more person has to agree", play.state(case).ask.until)


def test_proof_is_kept_while_the_case_waits_and_no_longer(play):
    willow = hire_approver(play.throwaway, "willow")
    elm, old, case, _browser = proved(play)
    play.pass_time(3 * 3_600)
    answer_approval(play.throwaway, willow, case)
    assert play.authenticator(elm, old).state == "suspended"


def test_nobody_approves_in_time_and_the_case_ends_without_a_change(play):
    willow = hire_approver(play.throwaway, "willow")
    elm, _old, case, _browser = proved(play)
    play.pass_time(play.desk.policy.limits.approval_wait_s + 1)
    state = play.state(case)
    assert (state.status, state.outcome) == ("closed", "refused")
    assert Alert.objects.filter(kind="nobody_approved", case_id=case).exists()
    assert acts(play, elm.login) == []
    assert refusal_of(lambda: answer_approval(play.throwaway, willow, case)) == "not_asked"


def test_an_approval_that_comes_after_the_deadline_is_late_even_before_the_worker_looks(play):
    willow = hire_approver(play.throwaway, "willow")
    _elm, _old, case, _browser = proved(play)
    over = play.state(case).ask.over
    play.clock.advance(play.desk.policy.limits.approval_wait_s)
    begin = lambda: approvals.begin_approval(play.desk, willow.actor, case, "yes", "looked", over)  # noqa: E731
    assert refusal_of(begin) == "not_asked"


def test_one_no_stops_the_case_and_security_hears(play):
    willow, hazel = hire_approver(play.throwaway, "willow"), hire_approver(play.throwaway, "hazel")
    elm, _old, case, _browser = proved(play)
    answer_approval(play.throwaway, willow, case, "no")
    state = play.state(case)
    assert (state.status, state.ending, state.outcome) == ("closed", "approval_refused", "stopped")
    assert Alert.objects.filter(kind="approval_refused", case_id=case).exists()
    assert acts(play, elm.login) == []
    assert refusal_of(lambda: answer_approval(play.throwaway, hazel, case)) == "not_asked"
    assert any("It was not done" in mail.text for mail in play.scene.list_mail("elm@fernhollow.example"))


# ---------------------------------------------------------------- who may not


def test_whoever_opened_or_held_the_case_does_not_approve_it(play):
    willow = hire_approver(play.throwaway, "willow")
    StaffMember.objects.filter(pk=willow.actor.id).update(roles=["operator", "approver"])
    play.operator = type(play.operator)("staff", willow.actor.id, frozenset({"operator", "approver"}), "p_willow")
    _elm, _old, case, _browser = proved(play)
    assert refusal_of(lambda: answer_approval(play.throwaway, willow, case)) == "may_not_approve"
    work_case.take_over(play.desk, play.second, case)
    assert refusal_of(lambda: answer_approval(play.throwaway, willow, case)) == "may_not_approve"
    assert approvals.find_waiting(play.desk, willow.actor) == ()


def test_whoever_takes_the_case_over_after_approving_has_not_approved_it(play):
    willow, hazel = hire_approver(play.throwaway, "willow"), hire_approver(play.throwaway, "hazel")
    raise_threat(play)
    elm, _old, case, _browser = proved_well(play)
    answer_approval(play.throwaway, willow, case)
    write(play, case, "owner_changed", owner=f"staff:{willow.actor.id}")
    answer_approval(play.throwaway, hazel, case)
    assert play.state(case).ask is not None
    assert acts(play, elm.login) == []


def raise_threat(play):
    object.__setattr__(play.desk.home.config, "threat", "raised")


def proved_well(play):
    """Return a case with more proved: what the raised threat level asks of an administrator, and two approvals."""
    maple = play.person("maple")
    _, maples = play.scene.add_passkey(maple.login, "Laptop", "passkey", last_used_at=play.days_ago(1))
    elm, old, key, case, browser = at_the_proof(play, manager_id="p_maple")
    vouch.ask_voucher(play.desk, play.operator, case)
    play.settle()
    letter = play.scene.list_mail("maple@fernhollow.example")[0]
    token = next(word for word in letter.text.split() if "/vouch/" in word).rsplit("/", 1)[1]
    _, response = maples.sign(vouch.begin_vouch(play.desk, token, "in_person", browser.session.words), PUBLIC_URL)
    vouch.finish_vouch(play.desk, token, response)
    browser.prove_with_passkey(key)
    prove_with_laptop(browser)
    return elm, old, case, browser


def test_taking_over_is_not_offered_beside_an_approval_and_says_what_it_costs_before(play):
    """Whoever takes a case over has a hand in it, and cannot approve it any more."""
    willow = hire_approver(play.throwaway, "willow")
    actor = replace(willow.actor, roles=willow.actor.roles | {"operator"})
    _elm, _old, key, case, browser = at_the_proof(play)
    before = case_view.case(play.desk, actor, case)
    assert "take_over" in before.may
    assert "cannot approve" in before.take_over_note
    assert case_view.case(play.desk, play.second, case).take_over_note == ""
    browser.prove_with_passkey(key)
    prove_with_laptop(browser)
    asked = case_view.case(play.desk, actor, case).may
    assert "approve" in asked
    assert "take_over" not in asked
    assert "take_over" in case_view.case(play.desk, play.second, case).may


def test_two_approvals_take_two_people_and_one_person_does_not_count_twice(play):
    raise_threat(play)
    willow, hazel = hire_approver(play.throwaway, "willow"), hire_approver(play.throwaway, "hazel")
    elm, old, case, _browser = proved_well(play)
    assert play.state(case).ask.needed == 2
    answer_approval(play.throwaway, willow, case)
    assert play.state(case).ask is not None
    assert refusal_of(lambda: answer_approval(play.throwaway, willow, case)) == "answered_already"
    answer_approval(play.throwaway, hazel, case)
    assert play.authenticator(elm, old).state == "suspended"


def test_two_accounts_of_one_person_are_one_approval(play):
    raise_threat(play)
    willow, twin = hire_approver(play.throwaway, "willow"), hire_approver(play.throwaway, "twin", tied_to="p_willow")
    elm, _old, case, _browser = proved_well(play)
    answer_approval(play.throwaway, willow, case)
    answer_approval(play.throwaway, twin, case)
    assert play.state(case).ask is not None
    assert acts(play, elm.login) == []


def test_what_somebody_did_under_another_account_of_theirs_bars_them_too(play):
    willow = hire_approver(play.throwaway, "willow")
    play.operator = add_staff("willows_other", ["operator"], "p_willow")
    _elm, _old, case, _browser = proved(play)
    assert refusal_of(lambda: answer_approval(play.throwaway, willow, case)) == "may_not_approve"


@pytest.mark.parametrize(
    "who", ["the subject", "a report of the subject", "a voucher", "an attester", "away", "tied to nobody"]
)
def test_people_who_are_part_of_the_case_or_unknown_do_not_approve(play, who):
    tied = {"tied to nobody": None, "the subject": "p_elm"}
    manager = "p_elm" if who == "a report of the subject" else None
    willow = hire_approver(play.throwaway, "willow", tied_to=tied.get(who, ""), manager_id=manager)
    elm, _old, case, _browser = proved(play)
    if who == "a voucher":
        write(
            play,
            case,
            "voucher_asked",
            voucher="p_willow",
            which="manager",
            until=to_stamp(play.clock.now()),
            nonce="",
            receipt="",
        )
    if who == "an attester":
        write(play, case, "pressure_noted")
        EventRow.objects.filter(case_id=case, kind="pressure_noted").update(actor=f"staff:{willow.actor.id}")
    if who == "away":
        PersonRow.objects.filter(pk="p_willow").update(employment="on_leave")
    assert refusal_of(lambda: answer_approval(play.throwaway, willow, case)) in ("may_not_approve", "not_your_role")
    assert acts(play, elm.login) == []


def test_where_nobody_can_approve_the_case_says_so_and_security_owns_the_wait(play):
    _elm, _old, case, browser = proved(play)
    state = play.state(case)
    assert (state.deadline_owner, state.deadline_then, state.ask.asked) == ("security", "replace-refused", ())
    assert Alert.objects.filter(kind="nobody_can_approve", case_id=case).exists()
    assert "security" in portal_view.portal(play.desk, browser.session).lede.lower()
    willow = hire_approver(play.throwaway, "willow")
    answer_approval(play.throwaway, willow, case)
    assert play.state(case).verdicts["replace_authenticator"].allowed


def test_an_approver_without_a_desk_key_is_asked_but_security_hears_that_nobody_can_answer(play):
    add_staff("keyless", ["administrator"], play.person("keyless").id)
    _elm, _old, case, _browser = proved(play)
    assert (play.state(case).deadline_owner, len(play.state(case).ask.asked)) == ("security", 1)


# ------------------------------------------------------------- what voids one


def test_an_approval_is_void_once_what_was_proved_changes(play):
    raise_threat(play)
    willow, hazel = hire_approver(play.throwaway, "willow"), hire_approver(play.throwaway, "hazel")
    elm, old, case, browser = proved_well(play)
    answer_approval(play.throwaway, willow, case)
    before = play.state(case).ask
    write(play, case, "signal_noted", signal="new_country")
    nudge(play, case)
    after = play.state(case).ask
    assert after.over != before.over
    assert (after.since, after.until) == (before.since, before.until)
    answer_approval(play.throwaway, hazel, case)
    assert play.state(case).ask is not None
    answer_approval(play.throwaway, willow, case)
    assert play.authenticator(elm, old).state == "suspended"
    assert browser.session.ended_at is None


def test_a_page_that_was_shown_before_a_change_approves_nothing(play):
    willow = hire_approver(play.throwaway, "willow")
    elm, _old, case, _browser = proved(play)
    options = approvals.begin_approval(play.desk, willow.actor, case, "yes", "looked", play.state(case).ask.over)
    write(play, case, "signal_noted", signal="new_country")
    _, response = willow.key.sign(options, PUBLIC_URL)
    finish = lambda: approvals.finish_approval(play.desk, willow.actor, case, "looked", response)  # noqa: E731
    assert refusal_of(finish) == "changed_since"
    assert refusal_of(finish) == "wrong_proof"
    assert acts(play, elm.login) == []


def test_an_approval_runs_out(play):
    raise_threat(play)
    willow, hazel = hire_approver(play.throwaway, "willow"), hire_approver(play.throwaway, "hazel")
    _elm, _old, case, _browser = proved_well(play)
    answer_approval(play.throwaway, willow, case)
    play.pass_time(play.desk.policy.limits.approval_life_s)
    answer_approval(play.throwaway, hazel, case)
    assert play.state(case).ask is not None
    answer_approval(play.throwaway, willow, case)
    assert play.state(case).verdicts["replace_authenticator"].allowed


def test_two_browsers_freeze_the_wait_and_the_proof_begins_again(play):
    raise_threat(play)
    willow, hazel = hire_approver(play.throwaway, "willow"), hire_approver(play.throwaway, "hazel")
    elm, _old, case, _browser = proved_well(play)
    answer_approval(play.throwaway, hazel, case)
    code = codes.read_code(play.desk, case)
    with pytest.raises(Refusal):
        sessions.redeem_code(play.desk, "192.0.2.9", code)
    assert refusal_of(lambda: answer_approval(play.throwaway, willow, case)) == "not_asked"
    work_case.thaw(play.desk, play.operator, case)
    play.settle()
    state = play.state(case)
    assert (state.status, state.step_kind, state.ask, state.approvals) == ("open", "verify", None, ())
    assert acts(play, elm.login) == []


def test_the_person_can_stop_it_while_it_waits(play):
    willow = hire_approver(play.throwaway, "willow")
    elm, _old, case, browser = proved(play)
    sessions.report(play.desk, browser.session)
    assert refusal_of(lambda: answer_approval(play.throwaway, willow, case)) == "not_asked"
    assert acts(play, elm.login) == []


def test_a_provider_that_does_not_answer_loses_no_approval(play):
    willow = hire_approver(play.throwaway, "willow")
    elm, old, case, _browser = proved(play)
    play.scene.inject(Fault("error", "look", times=1_000))
    answer_approval(play.throwaway, willow, case)
    assert (play.state(case).status, len(play.state(case).approvals)) == ("open", 1)
    play.scene.clear_faults()
    play.pass_time(120)
    assert play.authenticator(elm, old).state == "suspended"


# ------------------------------------------------------------ the hostile web


def forged(play, case, willow, **changes):
    ask = play.state(case).ask
    body = {
        "action": ask.action, "by": f"staff:{willow.actor.id}", "over": ask.over,
        "expires_at": to_stamp(ask.until), "nonce": "00" * 12, "receipt": "00" * 32,
    }  # fmt: skip
    write(play, case, "approval_given", **{**body, **changes})
    nudge(play, case)


def test_an_approval_without_a_receipt_of_the_executor_opens_nothing(play):
    willow = hire_approver(play.throwaway, "willow")
    elm, _old, case, _browser = proved(play)
    forged(play, case, willow)
    assert broken(play)
    assert acts(play, elm.login) == []


def test_an_approval_of_one_case_is_worth_nothing_in_another(play):
    willow = hire_approver(play.throwaway, "willow")
    elm, _old, case, _browser = proved(play)
    options = approvals.begin_approval(play.desk, willow.actor, case, "yes", "looked", play.state(case).ask.over)
    _, response = willow.key.sign(options, PUBLIC_URL)
    other = play.open(elm)
    play.answer(other, authenticator="gone", new_device="at_hand", restored="name_only")
    finish = lambda: approvals.finish_approval(play.desk, willow.actor, other, "looked", response)  # noqa: E731
    assert refusal_of(finish) == "wrong_proof"
    write(play, other, "approval_given", **given_in(play, willow, case))
    nudge(play, other)
    assert broken(play)


def given_in(play, willow, case):
    answer_approval(play.throwaway, willow, case)
    return json.loads(EventRow.objects.get(case_id=case, kind="approval_given").body)


def test_a_no_cannot_be_turned_into_a_yes_nor_its_reason_exchanged(play):
    willow = hire_approver(play.throwaway, "willow")
    elm, _old, case, _browser = proved(play)
    over = play.state(case).ask.over
    options = approvals.begin_approval(play.desk, willow.actor, case, "no", "not them", over)
    _, response = willow.key.sign(options, PUBLIC_URL)
    assert refusal_of(lambda: approvals.finish_approval(play.desk, willow.actor, case, "fine", response)) == "wrong_proof"
    assert acts(play, elm.login) == []


def test_another_approvers_key_does_not_answer_in_my_name(play):
    willow, hazel = hire_approver(play.throwaway, "willow"), hire_approver(play.throwaway, "hazel")
    _elm, _old, case, _browser = proved(play)
    options = approvals.begin_approval(play.desk, willow.actor, case, "yes", "looked", play.state(case).ask.over)
    _, response = willow.key.sign(options, PUBLIC_URL)
    assert refusal_of(lambda: approvals.finish_approval(play.desk, hazel.actor, case, "looked", response)) == "wrong_proof"


def test_nothing_is_approved_before_the_desk_asks(play):
    willow = hire_approver(play.throwaway, "willow")
    _elm, _old, _key, case, _browser = at_the_proof(play)
    begin = lambda: approvals.begin_approval(play.desk, willow.actor, case, "yes", "looked", "00" * 32)  # noqa: E731
    assert refusal_of(begin) == "not_asked"


def test_a_wait_that_the_web_tier_made_up_keeps_no_proof_alive(play):
    hire_approver(play.throwaway, "willow")
    elm, _old, case, _browser = proved(play)
    ask = play.state(case).ask
    write(
        play, case, "approvals_asked", action=ask.action, over=ask.over, needed=0, asked=[], since=to_stamp(ask.since),
        until=to_stamp(play.clock.now().replace(year=2030)), then=ask.then, owner="approver", nonce="00" * 12, receipt="00" * 32,
    )  # fmt: skip
    nudge(play, case)
    assert broken(play)
    assert acts(play, elm.login) == []


def test_the_approvers_of_a_case_are_found_by_the_machine(play):
    willow = hire_approver(play.throwaway, "willow")
    hire_approver(play.throwaway, "away", employment="on_leave")
    _elm, _old, case, _browser = proved(play)
    assert [found.id for found in find_eligible(play.state(case), find_approvers())] == [willow.actor.id]
    assert approve_what_waits(play.throwaway, [willow], case) == 1
