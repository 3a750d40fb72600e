"""How the road ends and what it shrugs off: vouching, silence, reports, a second browser, bad input."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from mfadesk.kernel.case_code import new_case_code
from mfadesk.kernel.errors import Invalid, MfadeskError, Refusal
from mfadesk.kernel.ids import SeededRandomness
from mfadesk.kernel.plain_text import plain_line
from mfadesk.operations import case_view, codes, enrol, not_me, portal_view, prove, sessions, vouch, work_case
from mfadesk.store.models import Alert, ClaimantSession, ContactRow, PersonRow
from tests.road.play import PUBLIC_URL, Play


@pytest.fixture
def play(throwaway):
    return Play(throwaway)


def ready(play, name="hazel", **columns):
    """Return a person whose phone is gone, their old authenticator, and their case at the proof."""
    person = play.person(name, **columns)
    old = play.scene.add_authenticator(
        person.login, "totp", "Phone", last_used_at=play.days_ago(2), created_at=play.days_ago(400)
    )
    case = play.open(person)
    play.answer(case, authenticator="gone", new_device="at_hand", restored="name_only")
    return person, old, case


def alerts(*kinds):
    return Alert.objects.filter(kind__in=kinds).count()


def desk_token(play, person):
    return play.scene.add_authenticator(person.login, "totp", "Desk token", on_phone=False, created_at=play.days_ago(300))


# ------------------------------------------------------------------ vouching


def managed(play, **columns):
    play.person("maple", **columns)
    return play.scene.add_passkey("maple", "Laptop")[1]


def vouch_link(play, address="maple@fernhollow.example"):
    mail = play.scene.list_mail(address)[0]
    return re.search(r"/vouch/(\S+)", mail.text).group(1)


def words_of(case):
    return ClaimantSession.objects.get(case_id=case, ended_at=None).words


def test_a_manager_and_a_code_together_replace_the_phone(play):
    key = managed(play)
    hazel, old, case = ready(play, manager_id="p_maple")
    token = desk_token(play, hazel)
    browser = play.redeem(case)
    browser.confirm()
    browser.prove_with_code(play.scene.current_code(token))
    assert play.state(case).step_kind == "verify"
    vouch.ask_voucher(play.desk, play.operator, case)
    play.settle()
    link = vouch_link(play)
    with pytest.raises(Invalid):
        vouch.begin_vouch(play.desk, link, "in_person", "wrong words")
    options = vouch.begin_vouch(play.desk, link, "in_person", words_of(case))
    _, response = key.sign(options, PUBLIC_URL)
    vouch.finish_vouch(play.desk, link, response)
    play.settle()
    assert play.authenticator(hazel, old).state == "suspended"
    with pytest.raises(Refusal):
        vouch.begin_vouch(play.desk, link, "in_person", words_of(case))
    browser.set_up_totp_and_test()
    assert play.state(case).outcome == "changed"


def test_a_voucher_who_says_that_it_is_not_them_stops_the_case(play):
    key = managed(play)
    hazel, old, case = ready(play, manager_id="p_maple")
    vouch.ask_voucher(play.desk, play.operator, case)
    play.settle()
    link = vouch_link(play)
    _, response = key.sign(vouch.begin_vouch(play.desk, link, "not_them", ""), PUBLIC_URL)
    vouch.finish_vouch(play.desk, link, response)
    play.settle()
    assert (play.state(case).status, play.state(case).outcome) == ("closed", "stopped")
    assert alerts("not_them") == 1
    assert play.authenticator(hazel, old).state == "active"


def test_an_answer_cannot_be_exchanged_after_it_was_signed_for(play):
    key = managed(play)
    _, _, case = ready(play, manager_id="p_maple")
    play.redeem(case).confirm()
    vouch.ask_voucher(play.desk, play.operator, case)
    play.settle()
    link = vouch_link(play)
    _, response = key.sign(vouch.begin_vouch(play.desk, link, "not_spoken", ""), PUBLIC_URL)
    vouch.finish_vouch(play.desk, link, response)
    assert play.state(case).vouchers == {"p_maple": "not_spoken"}
    assert play.state(case).pieces == ()
    with pytest.raises(Refusal):
        vouch.finish_vouch(play.desk, link, response)


@pytest.mark.parametrize(
    ("manager", "columns"),
    [(None, {}), ("p_hazel", {}), ("p_nobody", {}), ("p_maple", {"employment": "on_leave"}), ("p_maple", {"employment": "left"}),
     ("p_maple", {"employment": "on_leave", "delegate_id": "p_hazel"})],
    ids=["none named", "their own manager", "unknown", "on leave", "has left", "delegate is the person"],
)  # fmt: skip
def test_without_a_manager_who_is_here_nobody_can_vouch(play, manager, columns):
    play.person("maple", **columns)
    _, _, case = ready(play, manager_id=manager)
    with pytest.raises(Refusal) as refused:
        vouch.ask_voucher(play.desk, play.operator, case)
    assert refused.value.code == "no_voucher"


def test_the_delegate_is_asked_while_the_manager_is_away(play):
    play.person("oak")
    play.person("maple", employment="on_leave", delegate_id="p_oak")
    _, _, case = ready(play, manager_id="p_maple")
    vouch.ask_voucher(play.desk, play.operator, case)
    play.settle()
    assert play.scene.list_mail("oak@fernhollow.example")
    assert not play.scene.list_mail("maple@fernhollow.example")


def test_one_manager_is_asked_five_times_a_day_and_not_a_sixth_time(play):
    play.person("maple")
    cases = [ready(play, f"hazel{n}", manager_id="p_maple")[2] for n in range(6)]
    for case in cases[:5]:
        vouch.ask_voucher(play.desk, play.operator, case)
    with pytest.raises(Refusal) as refused:
        vouch.ask_voucher(play.desk, play.operator, cases[5])
    assert refused.value.code == "voucher_busy"
    assert play.state(cases[5]).vouchers == {}


# ------------------------------------------------------------------ too little, too late, not at all


def test_a_single_code_does_not_suffice_and_the_board_says_what_would(play):
    managed(play)
    hazel, old, case = ready(play, manager_id="p_maple")
    token = desk_token(play, hazel)
    browser = play.redeem(case)
    browser.confirm()
    browser.prove_with_code(play.scene.current_code(token))
    view = case_view.case(play.desk, play.operator, case)
    assert play.state(case).step_kind == "verify"
    assert view.board is not None
    assert view.board.plans
    assert play.authenticator(hazel, old).state == "active"


def test_nobody_answers_and_the_case_ends_by_itself(play):
    hazel, old, case = ready(play)
    play.pass_time(3_599)
    assert play.state(case).status == "open"
    play.pass_time(2)
    assert (play.state(case).status, play.state(case).outcome) == ("closed", "abandoned")
    assert play.authenticator(hazel, old).state == "active"


def ask_to_suspend(play, person, passkey):
    """Go through the road that only switches the old one off, and return its case."""
    case = play.open(person)
    play.answer(case, authenticator="gone", new_device="tomorrow", suspend_now="yes")
    browser = play.redeem(case)
    browser.confirm()
    browser.prove_with_passkey(passkey)
    return case


def suspended_on_little_proof(play):
    hazel = play.person("hazel")
    old = play.scene.add_authenticator(hazel.login, "totp", "Phone", last_used_at=play.days_ago(2))
    _, passkey = play.scene.add_passkey(hazel.login, "Laptop", last_used_at=play.days_ago(1), on_phone=False)
    case = ask_to_suspend(play, hazel, passkey)
    assert play.authenticator(hazel, old).state == "suspended"
    assert play.state(case).outcome == "handed_over"
    # A counter moves on with each use, so the next proof is made with the passkey as it is now.
    return hazel, old, replace(passkey, sign_count=passkey.sign_count + 1)


def test_a_suspension_on_little_proof_ends_after_a_day(play):
    hazel, old, _passkey = suspended_on_little_proof(play)
    assert alerts("suspended_on_little_proof") == 1
    play.pass_time(86_390)
    assert play.authenticator(hazel, old).state == "suspended"
    play.pass_time(20)
    assert play.authenticator(hazel, old).state == "active"


def test_little_proof_suspends_once_a_day_and_not_again(play):
    hazel, old, passkey = suspended_on_little_proof(play)
    again = ask_to_suspend(play, hazel, passkey)
    assert not play.state(again).effects_of("suspend_old")
    play.pass_time(86_410)
    assert play.authenticator(hazel, old).state == "active"


def test_a_later_full_proof_is_not_undone_by_the_earlier_days_end(play):
    hazel, old, passkey = suspended_on_little_proof(play)
    play.pass_time(86_000)
    later = play.open(hazel)
    play.answer(later, authenticator="gone", new_device="at_hand", restored="name_only")
    browser = play.redeem(later)
    browser.confirm()
    browser.prove_with_passkey(passkey)
    assert play.state(later).step_kind == "enrol", play.state(later).step
    play.pass_time(1_000)
    assert play.authenticator(hazel, old).state == "suspended"


def test_a_suspension_on_full_proof_stays_and_security_and_the_person_are_told(play):
    hazel, old, case = ready(play)
    _, passkey = play.scene.add_passkey(hazel.login, "Laptop", last_used_at=play.days_ago(1))
    browser = play.redeem(case)
    browser.confirm()
    browser.prove_with_passkey(passkey)
    enrol.begin_enrolment(play.desk, browser.session)
    play.pass_time(86_401)
    play.pass_time(86_401)
    state = play.state(case)
    assert (state.status, state.outcome) == ("closed", "abandoned")
    assert play.authenticator(hazel, old).state == "suspended"
    assert not alerts("suspended_on_little_proof")
    assert [a.state for a in play.scene.holdings(hazel.login).authenticators if a.label.startswith("Set up")] == []
    assert any("stays off" in mail.text for mail in play.scene.list_mail("hazel@fernhollow.example"))
    assert alerts("suspended-and-unfinished")


# ------------------------------------------------------------------ stopped, taken over, frozen


def test_a_report_stops_the_case_and_alerts(play):
    hazel, old, case = ready(play)
    browser = play.redeem(case)
    browser.confirm(yes=False)
    play.settle()
    state = play.state(case)
    assert (state.status, state.outcome, state.reported) == ("closed", "stopped", True)
    assert alerts("reported") == 1
    assert play.scene.list_mail("hazel@home.example")
    with pytest.raises(Refusal):
        prove.begin_passkey(play.desk, browser.session)
    assert play.authenticator(hazel, old).state == "active"


def test_another_operator_takes_over_and_the_evidence_stays(play):
    hazel, _old, case = ready(play)
    token = desk_token(play, hazel)
    browser = play.redeem(case)
    browser.confirm()
    browser.prove_with_code(play.scene.current_code(token))
    before = play.state(case).pieces
    work_case.take_over(play.desk, play.second, case)
    assert play.state(case).pieces == before != ()
    with pytest.raises(Refusal) as refused:
        work_case.end_case(play.desk, play.operator, case, "caller_hung_up")
    assert refused.value.code == "not_the_owner"


def test_a_second_browser_voids_what_was_proved_and_both_are_out(play):
    hazel, old, case = ready(play)
    token = desk_token(play, hazel)
    code = codes.read_code(play.desk, case)
    browser = play.redeem(case)
    browser.confirm()
    browser.prove_with_code(play.scene.current_code(token))
    with pytest.raises(Refusal):
        sessions.redeem_code(play.desk, "192.0.2.9", code)
    assert alerts("second_browser") == 1
    fresh = work_case.thaw(play.desk, play.operator, case)
    assert play.state(case).pieces == ()
    with pytest.raises(Refusal):
        browser.confirm()
    with pytest.raises(Refusal):
        sessions.redeem_code(play.desk, "192.0.2.9", code)
    assert sessions.redeem_code(play.desk, "192.0.2.9", fresh)
    assert play.authenticator(hazel, old).state == "active"


def test_a_frozen_case_that_nobody_resolves_ends_by_itself(play):
    _hazel, _old, case = ready(play)
    play.redeem(case)
    with pytest.raises(Refusal):
        play.redeem(case)
    play.pass_time(3_601)
    assert (play.state(case).status, play.state(case).outcome) == ("closed", "stopped")
    assert alerts("left_frozen")


# ------------------------------------------------------------------ input


@pytest.mark.parametrize("code", ["", " ", "000000", "1" * 10_000, "١٢٣٤٥٦", "12345\x00", "'; DROP TABLE", "💥" * 30])
def test_no_input_where_a_code_belongs_does_more_than_fail(play, code):
    hazel, old, case = ready(play)
    desk_token(play, hazel)
    browser = play.redeem(case)
    browser.confirm()
    with pytest.raises(MfadeskError) as refused:
        browser.prove_with_code(code)
    assert isinstance(refused.value, Refusal | Invalid)
    assert play.state(case).pieces == ()
    assert play.state(case).status == "open"
    assert play.authenticator(hazel, old).state == "active"


def test_a_code_works_once_and_after_three_wrong_ones_codes_are_closed_here_and_passkeys_are_not(play):
    hazel, _old, case = ready(play)
    token = desk_token(play, hazel)
    _, passkey = play.scene.add_passkey(hazel.login, "Laptop", last_used_at=play.days_ago(1))
    browser = play.redeem(case)
    browser.confirm()
    for _ in range(3):
        with pytest.raises(Refusal):
            browser.prove_with_code("000000")
    with pytest.raises(Refusal) as closed:
        browser.prove_with_code(play.scene.current_code(token))
    assert closed.value.code == "no_tries_left"
    browser.prove_with_passkey(passkey)
    assert play.state(case).step_kind == "enrol"


def test_case_after_case_of_wrong_codes_never_reaches_the_providers_own_lock(play):
    hazel = play.person("hazel")
    token = desk_token(play, hazel)
    for _ in range(6):
        case = play.open(hazel)
        play.answer(case, authenticator="gone", new_device="at_hand", restored="name_only")
        browser = play.redeem(case)
        browser.confirm()
        for _ in range(3):
            with pytest.raises(Refusal):
                browser.prove_with_code("000000")
    most = play.throwaway.executor.provider.capabilities().max_failures
    assert play.authenticator(hazel, token).fail_count < most


def test_a_code_of_the_phone_that_is_said_to_be_gone_proves_nothing_and_security_hears(play):
    hazel, old, case = ready(play)
    browser = play.redeem(case)
    browser.confirm()
    with pytest.raises(Refusal):
        browser.prove_with_code(play.scene.current_code(old))
    assert play.state(case).pieces == ()
    assert alerts("claimed_gone_used") == 1


def test_the_first_answer_of_a_pending_passkey_proves_nothing(play):
    hazel, _old, case = ready(play)
    provider = play.throwaway.executor.provider
    begun = provider.enrol(hazel.login, "passkey", "Somebody's new one", "key-of-another-desk")
    passkey, response = type(play.scene.add_passkey(hazel.login, "x")[1]).register(
        begun.creation_options, PUBLIC_URL, play.desk.randomness
    )
    provider.confirm_passkey(hazel.login, begun.authenticator_id, response)
    browser = play.redeem(case)
    browser.confirm()
    with pytest.raises(Refusal):
        browser.prove_with_passkey(passkey)
    assert play.state(case).pieces == ()


def test_what_a_provider_keeps_for_itself_never_reaches_a_browser(play, monkeypatch):
    hazel, _old, case = ready(play)
    _, passkey = play.scene.add_passkey(hazel.login, "Laptop", last_used_at=play.days_ago(1))
    provider = play.throwaway.executor.provider
    honest = provider.begin_assertion
    monkeypatch.setattr(provider, "begin_assertion", lambda *a: {**honest(*a), "state": {"transaction": "0123456789"}})
    browser = play.redeem(case)
    browser.confirm()
    options = prove.begin_passkey(play.desk, browser.session)
    assert "state" not in options
    kept = []
    finish = provider.finish_assertion
    monkeypatch.setattr(provider, "finish_assertion", lambda login, o, r: kept.append(o) or finish(login, o, r))
    browser.prove_with_passkey(passkey)
    assert kept[0]["state"] == {"transaction": "0123456789"}


def test_guessing_case_codes_stops_at_the_source_is_told_and_locks_no_case(play):
    _hazel, _old, case = ready(play)
    real = codes.read_code(play.desk, case)
    guesses = (c for c in (new_case_code(SeededRandomness(n)) for n in range(100)) if c != real)
    seen = []
    for guess in (next(guesses) for _ in range(12)):
        with pytest.raises(Refusal) as refused:
            sessions.redeem_code(play.desk, "198.51.100.7", guess)
        seen.append(refused.value.code)
    assert seen == ["code_not_open"] * 10 + ["too_many_tries"] * 2
    assert alerts("code_guessing") == 1
    assert play.redeem(case).session is not None


def test_guessing_from_many_sources_stops_everywhere_for_a_while(play):
    codes_tried = (new_case_code(SeededRandomness(1_000 + n)) for n in range(400))
    for n in range(300):
        with pytest.raises(Refusal):
            sessions.redeem_code(play.desk, f"198.51.100.{n}", next(codes_tried))
    with pytest.raises(Refusal) as refused:
        sessions.redeem_code(play.desk, "203.0.113.1", next(codes_tried))
    assert refused.value.code == "too_many_tries"
    play.clock.advance(901)
    with pytest.raises(Refusal) as refused:
        sessions.redeem_code(play.desk, "203.0.113.1", next(codes_tried))
    assert refused.value.code == "code_not_open"


def check_in_link(play):
    return re.search(r"/me/link/(\S+)", play.scene.list_mail()[0].text).group(1)


def test_a_link_opens_one_browser_and_runs_out(play):
    _hazel, _old, case = ready(play)
    codes.send_link(play.desk, play.operator, case)
    play.settle()
    link = check_in_link(play)
    cookie = sessions.redeem_link(play.desk, "192.0.2.1", link)
    assert sessions.redeem_link(play.desk, "192.0.2.1", link, cookie) == cookie
    with pytest.raises(Refusal):
        sessions.redeem_link(play.desk, "192.0.2.2", link)
    assert play.state(case).status == "frozen"
    _, _, other = ready(play, "rowan")
    codes.send_link(play.desk, play.operator, other)
    play.settle()
    late = check_in_link(play)
    play.clock.advance(codes.LINK_LIFE_S)
    with pytest.raises(Refusal) as refused:
        sessions.redeem_link(play.desk, "192.0.2.1", late)
    assert refused.value.code == "code_not_open"
    assert play.state(other).status == "open"


def test_not_me_suspends_the_new_one_at_once_and_pressing_twice_changes_nothing_more(play):
    hazel, _old, case = ready(play)
    _, passkey = play.scene.add_passkey(hazel.login, "Laptop", last_used_at=play.days_ago(1))
    browser = play.redeem(case)
    browser.confirm()
    browser.prove_with_passkey(passkey)
    browser.set_up_totp_and_test()
    new = play.state(case).new_authenticator
    play.scene.add_session(hazel.login)
    link = next(
        re.search(r"/me/not-me/(\S+)", m.text).group(1)
        for m in play.scene.list_mail("hazel@home.example")
        if "not-me" in m.text
    )
    assert not_me.show_not_me(play.desk, link).state == "open"
    assert play.authenticator(hazel, new).state == "active"
    for _ in range(2):
        not_me.act_not_me(play.desk, link)
        play.settle()
    assert play.authenticator(hazel, new).state == "suspended"
    assert play.scene.holdings(hazel.login).sessions == 0
    assert alerts("not_me") == 1
    assert not_me.show_not_me(play.desk, link).state == "done"
    assert not_me.show_not_me(play.desk, "no-such-link").state == "ended"


@pytest.mark.parametrize("name", ["Þórdís Ævarsdóttir", "李小龍", "محمد", "O'Brien <b>x</b>", "ﷺ" * 40, "A\u202eB", "नमस्ते"])
def test_a_name_in_any_script_goes_the_whole_road(play, name):
    hazel, _old, case = ready(play, name="hazel")
    PersonRow.objects.filter(pk=hazel.id).update(name=name)
    _, passkey = play.scene.add_passkey(hazel.login, "Laptop", last_used_at=play.days_ago(1))
    browser = play.redeem(case)
    browser.confirm()
    browser.prove_with_passkey(passkey)
    browser.set_up_totp_and_test()
    assert play.state(case).outcome == "changed"
    assert case_view.case(play.desk, play.operator, case).name == plain_line(name)
    assert portal_view.portal(play.desk, browser.session)


@pytest.mark.parametrize("columns", [{"break_glass": True}, {"employment": "left"}], ids=["break-glass", "left"])
def test_for_an_emergency_account_and_for_leavers_there_is_no_path(play, columns):
    hazel = play.person("hazel", **columns)
    old = play.scene.add_authenticator(hazel.login, "totp", "Phone", last_used_at=play.days_ago(2))
    play.scene.add_passkey(hazel.login, "Laptop", last_used_at=play.days_ago(1))
    case = play.open(hazel)
    play.answer(case, authenticator="gone", new_device="at_hand", restored="name_only")
    state = play.state(case)
    assert (state.status, state.outcome) == ("closed", "refused")
    assert state.alerts
    assert play.authenticator(hazel, old).state == "active"


def test_a_check_in_link_goes_to_no_address_that_changed_lately_while_news_goes_to_all(play):
    hazel, _old, case = ready(play)
    ContactRow.objects.filter(person_id=hazel.id, kind="personal_mail").update(since=play.days_ago(3))
    codes.send_link(play.desk, play.operator, case)
    play.settle()
    links = {mail.to for mail in play.scene.list_mail() if "/me/link/" in mail.text}
    work_case.end_case(play.desk, play.operator, case, "cannot_be_proved")
    play.settle()
    news = {mail.to for mail in play.scene.list_mail() if "It was not done" in mail.text}
    assert links == {"hazel@fernhollow.example"}
    assert news >= {"hazel@fernhollow.example", "hazel@home.example"}
