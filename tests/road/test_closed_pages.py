"""What pages say at the end and beside the road: in words, only what was done, and no code to a browser that lost the case."""

from __future__ import annotations

from datetime import timedelta

import pytest

from mfadesk.kernel.errors import Refusal
from mfadesk.operations import calls_view, case_view, codes, enrol, portal_view, sessions, work_case
from tests.road.play import Play


@pytest.fixture
def play(throwaway):
    return Play(throwaway)


@pytest.fixture
def proved(play):
    hazel = play.person("hazel")
    play.scene.add_authenticator(hazel.login, "totp", "Phone", last_used_at=play.days_ago(2))
    _, passkey = play.scene.add_passkey(hazel.login, "Laptop", last_used_at=play.days_ago(1))
    case = play.open(hazel)
    play.answer(case, authenticator="gone", new_device="at_hand", restored="name_only")
    browser = play.redeem(case)
    browser.confirm()
    browser.prove_with_passkey(passkey)
    return case, browser


def closed_line(play):
    [line] = calls_view.calls(play.desk, play.operator).closed_today
    return line


def test_the_ticket_of_a_changed_case_says_in_words_what_was_proved_and_done(play, proved):
    case, browser = proved
    browser.set_up_totp_and_test()
    ticket = case_view.case(play.desk, play.operator, case).ticket
    assert "- Security key or device-bound passkey. In the one browser that entered the code." in ticket
    assert "The old one was removed." in ticket
    assert "Every session was ended." in ticket
    assert "_" not in ticket.replace(case, "")
    assert closed_line(play).mark == "done"


def test_a_ticket_claims_nothing_that_was_not_done(play):
    play.person("hazel")
    case = play.open(play.person("rowan"))
    work_case.end_case(play.desk, play.operator, case, "cannot_be_proved")
    play.settle()
    ticket = case_view.case(play.desk, play.operator, case).ticket
    assert "- Nothing." in ticket
    assert "removed" not in ticket
    assert "ended" not in ticket
    assert closed_line(play).mark == "refused"


def test_the_secret_says_when_it_leaves_the_page(play, proved):
    _case, browser = proved
    shown = enrol.begin_enrolment(play.desk, browser.session)
    assert shown.shown_until == play.clock.now() + timedelta(seconds=300)


def test_the_page_names_its_case_and_a_browser_that_lost_it_never_sees_the_next_code(play, proved):
    case, browser = proved
    code = codes.read_code(play.desk, case)
    view = portal_view.portal(play.desk, browser.session)
    assert view.case_code == code
    assert view.help_lines
    with pytest.raises(Refusal):
        sessions.redeem_code(play.desk, "192.0.2.9", code)
    assert portal_view.portal(play.desk, browser.session).case_code == ""
    assert work_case.thaw(play.desk, play.operator, case)
    assert portal_view.portal(play.desk, browser.session).case_code == ""
