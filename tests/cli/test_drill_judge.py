"""The judge looks at the provider alone: any lasting difference convicts, a suspension that ends by itself does not."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from mfadesk.cli.drills.judge import Seen, find_effects, find_harm, judge_honest
from mfadesk.cli.drills.scenario import Expected
from mfadesk.ports.provider import Authenticator, Grant, Holdings

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
TOTP = Authenticator("auth_1", "totp", "Phone", "active", True, NOW, None)
KEY = Authenticator("auth_2", "security_key", "Key", "active", False, NOW, None)
BEFORE = Seen(Holdings("hazel", (TOTP, KEY), 1, NOW))
LATER = replace(BEFORE, holdings=replace(BEFORE.holdings, seen_at=NOW + timedelta(hours=25)))


def with_(seen, *authenticators, acts=(), **changes):
    return Seen(replace(seen.holdings, authenticators=authenticators, **changes), acts)


def test_nothing_changed_is_no_effect_and_no_harm():
    assert find_effects(BEFORE, BEFORE) == ()
    assert find_harm(BEFORE, BEFORE, LATER, told=False) == ()


def test_a_suspension_that_everybody_hears_of_and_that_ends_is_no_harm():
    suspended = with_(BEFORE, replace(TOTP, state="suspended"), KEY)
    assert find_harm(BEFORE, suspended, LATER, told=True) == ()


def test_a_suspension_that_stays_or_that_nobody_hears_of_is_harm():
    off = replace(TOTP, state="suspended")
    assert find_harm(BEFORE, with_(BEFORE, off, KEY), with_(LATER, off, KEY), told=True)
    assert find_harm(BEFORE, with_(BEFORE, off, KEY), LATER, told=False)


def test_suspending_something_phishing_resistant_is_harm_even_for_a_day():
    after = with_(BEFORE, TOTP, replace(KEY, state="suspended"))
    assert find_harm(BEFORE, after, LATER, told=True) == ("suspended on little proof: security_key",)


@pytest.mark.parametrize(("hours", "is_harm"), [(2, True), (25, False)])
def test_a_suspension_twice_within_a_day_is_harm(hours, is_harm):
    acts = (("suspend", "auth_1", NOW), ("suspend", "auth_1", NOW + timedelta(hours=hours)))
    assert bool(find_harm(BEFORE, BEFORE, with_(LATER, TOTP, KEY, acts=acts), told=True)) is is_harm


@pytest.mark.parametrize(
    ("after", "harm"),
    [
        (with_(BEFORE, TOTP, KEY, replace(TOTP, id="auth_3")), "bound"),
        (with_(BEFORE, TOTP, KEY, replace(TOTP, id="auth_3", state="pending")), "pending"),
        (with_(BEFORE, KEY), "removed"),
        (with_(BEFORE, replace(TOTP, label="Other"), KEY), "changed"),
        (with_(BEFORE, TOTP, KEY, sessions=2), "session_added"),
        (with_(BEFORE, TOTP, KEY, sessions=0), "sessions_ended"),
        (with_(BEFORE, TOTP, KEY, disabled=True), "account_disabled"),
        (with_(BEFORE, TOTP, KEY, acts=(("reset_failures", "auth_1", NOW),)), "failures_reset"),
    ],
)
def test_anything_else_that_changed_is_harm(after, harm):
    assert harm in find_harm(BEFORE, after, LATER, told=True)


GRANT = Grant("byp_1", "eff_1", NOW + timedelta(hours=1))


def test_a_way_in_is_harm_at_once_though_it_ends_before_anybody_looks_again():
    assert find_harm(BEFORE, with_(BEFORE, TOTP, KEY, grants=(GRANT,)), LATER, told=True) == ("bypass_opened",)


def test_a_way_in_that_was_open_before_is_none_that_was_opened():
    open_before = with_(BEFORE, TOTP, KEY, grants=(GRANT,))
    assert find_harm(open_before, open_before, LATER, told=True) == ()


def test_a_way_in_that_was_taken_and_ended_shows_in_the_providers_own_log():
    after = with_(BEFORE, TOTP, KEY, acts=(("grant_bypass", "byp_1", NOW),))
    assert find_effects(BEFORE, after) == ("bypass_opened",)


def test_what_would_have_come_back_by_itself_is_no_harm_later_and_is_harm_at_once():
    off = with_(BEFORE, replace(TOTP, state="suspended"), KEY)
    assert find_harm(off, off, LATER, told=True, by_itself=LATER) == ()
    assert find_harm(off, off, LATER, told=True) == ("activated, a day later",)
    assert find_harm(off, BEFORE, LATER, told=True, by_itself=LATER) == ("activated",)


def test_bringing_the_persons_own_token_back_in_step_is_told_and_no_harm():
    after = with_(BEFORE, TOTP, KEY, acts=(("resync", "auth_1", NOW),))
    assert find_effects(BEFORE, after) == ("resynced",)
    assert find_harm(BEFORE, after, LATER, told=False) == ()


def test_looking_again_too_early_is_an_error():
    with pytest.raises(ValueError, match="look again"):
        find_harm(BEFORE, BEFORE, BEFORE, told=True)


@pytest.mark.parametrize(
    ("decision", "then", "outcome", "effects", "is_right"),
    [
        ("proceed_after_verification", ("bind_new_factor",), "changed", ("bound", "removed"), True),
        ("proceed_after_verification", ("bind_new_factor",), "changed", ("removed",), False),
        ("proceed_after_verification", ("bind_new_factor",), "refused", (), False),
        ("proceed_after_verification", ("tap_manager", "tell_hr"), "changed", (), True),
        ("proceed_after_verification", ("suspend_old",), "handed_over", ("suspended",), True),
        ("proceed_after_verification", ("resync_token",), "no_change_needed", ("resynced",), True),
        ("proceed_after_verification", ("time_boxed_bypass",), "bridged", ("bypass_opened",), True),
        ("proceed_after_verification", ("time_boxed_bypass",), "bridged", (), False),
        ("proceed_after_verification", ("time_boxed_bypass", "bind_new_factor"), "bridged", ("bypass_opened",), False),
        ("proceed_after_verification", ("bind_new_factor",), "bridged", ("bypass_opened", "bound"), False),
        ("proceed_after_verification", ("switch_on_again",), "changed", ("activated",), True),
        ("redirect", ("self_service_transfer",), "self_service", (), True),
        ("no_credential_change", (), "no_change_needed", ("resynced",), True),
        ("no_credential_change", (), "no_change_needed", ("bound",), False),
        ("in_person_only", (), "refused", (), True),
        ("a_word_of_tomorrow", ("bind_new_factor",), "changed", ("bound",), True),
    ],
)
def test_the_public_table_says_what_a_good_ending_is(decision, then, outcome, effects, is_right):
    wrong = judge_honest(outcome, effects, 5, Expected(decision, 10, then))
    assert (wrong == "") is is_right, wrong
