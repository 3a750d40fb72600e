"""What the road shrugs off: codes, guesses, links, names and answers that are none."""

from __future__ import annotations

import re

import pytest

from mfadesk.kernel.case_code import new_case_code
from mfadesk.kernel.errors import Invalid, MfadeskError, Refusal
from mfadesk.kernel.ids import SeededRandomness
from mfadesk.kernel.plain_text import plain_line
from mfadesk.operations import case_view, codes, not_me, portal_view, prove, sessions, work_case
from mfadesk.store.models import ContactRow, PersonRow
from tests.road.people import alerts, desk_token, ready
from tests.road.play import PUBLIC_URL, Play


@pytest.fixture
def play(throwaway):
    return Play(throwaway)


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
    with pytest.raises(Refusal) as taken:
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
    assert refused.value.sentence == taken.value.sentence == sessions.LINK_NOT_OPEN
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


@pytest.mark.parametrize(
    ("columns", "outcome"),
    # A leaver is led on as anybody who is not employed here, and hears nothing of it that a stranger would not.
    [({"break_glass": True}, "refused"), ({"employment": "left"}, "handed_over")],
    ids=["break-glass", "left"],
)
def test_for_an_emergency_account_and_for_leavers_there_is_no_path(play, columns, outcome):
    hazel = play.person("hazel", **columns)
    old = play.scene.add_authenticator(hazel.login, "totp", "Phone", last_used_at=play.days_ago(2))
    play.scene.add_passkey(hazel.login, "Laptop", last_used_at=play.days_ago(1))
    case = play.open(hazel)
    play.answer(case, authenticator="gone", new_device="at_hand", restored="name_only")
    state = play.state(case)
    assert (state.status, state.outcome) == ("closed", outcome)
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
