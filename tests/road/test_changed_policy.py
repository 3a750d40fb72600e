"""A policy changes while a case is open: the one it began with and the one in force must both allow (SETTLED 1)."""

from __future__ import annotations

from dataclasses import replace
from importlib import resources

import pytest

from mfadesk.assurance.policy import load_policy
from mfadesk.operations import case_view
from mfadesk.operations.policies import find_policy, keep_policy
from tests.road.play import Play

SHIPPED = resources.files("mfadesk.assurance").joinpath("policies/default.yaml").read_text("utf-8")
STANDARD = "normal: {minimum: 65, resists: ordinary, resist_minimum: 20}"
RAISED = "raised: {minimum: 70, resists: careful, resist_minimum: 25}"


@pytest.fixture
def play(throwaway):
    return Play(throwaway)


@pytest.fixture
def open_case(play):
    """Somebody with a passkey worth 100 points, their case at the proof and their confirmed browser."""
    hazel = play.person("hazel")
    play.scene.add_authenticator(hazel.login, "totp", "Phone", last_used_at=play.days_ago(2))
    _, passkey = play.scene.add_passkey(hazel.login, "Laptop", last_used_at=play.days_ago(1))
    case = play.open(hazel)
    play.answer(case, authenticator="gone", new_device="at_hand", restored="name_only")
    browser = play.redeem(case)
    browser.confirm()
    return case, browser, passkey


def put_in_force(play, text):
    assert text != SHIPPED
    desk = replace(play.desk, policy=load_policy(text))
    play.desk = play.throwaway.desk = play.throwaway.executor.desk = desk
    return desk


def asking(minimum):
    text = SHIPPED.replace(STANDARD, STANDARD.replace("65", str(minimum)), 1)
    return text.replace(RAISED, RAISED.replace("70", str(max(minimum, 70))), 1)


@pytest.mark.parametrize("minimum", [40, 90], ids=["laxer", "stricter, and still enough"])
def test_a_changed_policy_refuses_nothing_that_both_allow(play, open_case, minimum):
    case, browser, passkey = open_case
    put_in_force(play, asking(minimum))
    browser.prove_with_passkey(passkey)
    assert play.state(case).step_kind == "enrol"
    browser.set_up_totp_and_test()
    assert play.state(case).outcome == "changed"


def test_what_the_policy_in_force_refuses_is_refused_and_the_board_says_so(play, open_case):
    case, browser, passkey = open_case
    put_in_force(play, asking(140))
    browser.prove_with_passkey(passkey)
    assert play.state(case).step_kind == "verify"
    board = case_view.case(play.desk, play.operator, case).board
    assert (board.enough, board.plans) == (False, ())
    assert board.needed == 140


def test_what_the_policy_of_the_case_refuses_is_refused_though_the_one_in_force_allows(play, open_case):
    case, browser, passkey = open_case
    strict = play.person("rowan")
    play.scene.add_authenticator("rowan", "totp", "Phone", last_used_at=play.days_ago(2))
    _, key = play.scene.add_passkey("rowan", "Laptop", last_used_at=play.days_ago(1))
    desk = put_in_force(play, asking(140))
    path = play.desk.home.folder / "policies" / f"{desk.policy.digest}.yaml"
    path.write_text(asking(140), "utf-8")
    pinned = play.open(strict)
    play.answer(pinned, authenticator="gone", new_device="at_hand", restored="name_only")
    put_in_force(play, asking(40))
    browser = play.redeem(pinned)
    browser.confirm()
    browser.prove_with_passkey(key)
    assert play.state(pinned).step_kind == "verify"
    assert not case_view.case(play.desk, play.operator, pinned).board.enough
    path.unlink()


@pytest.mark.parametrize("damage", ["lost", "another policy under its name", "not a policy"])
def test_without_the_cases_own_policy_nothing_is_allowed_and_the_page_says_why(play, open_case, damage):
    case, browser, passkey = open_case
    path = play.desk.home.folder / "policies" / f"{play.desk.policy.digest}.yaml"
    kept = path.read_text("utf-8")
    put_in_force(play, asking(40))
    find_policy.__globals__["_load"].cache_clear()
    try:
        if damage == "lost":
            path.unlink()
        else:
            path.write_text(asking(50) if damage.startswith("another") else "][", "utf-8")
        browser.prove_with_passkey(passkey)
        assert play.state(case).step_kind == "verify"
        board = case_view.case(play.desk, play.operator, case).board
        assert not board.enough
        assert any("not kept any more" in reason for reason in board.reasons)
    finally:
        path.write_text(kept, "utf-8")


def test_a_policy_is_kept_under_its_digest_and_only_as_what_it_is(play):
    policy = play.desk.policy
    keep_policy(play.desk.home, policy)
    assert find_policy(play.desk.home, policy.digest).digest == policy.digest
    for digest in ("", "../../etc/passwd", "0" * 64, "é" * 64):
        assert find_policy(play.desk.home, digest) is None
    # The file on the disk is not this one: nothing is written under a digest that is not its own.
    other = load_policy(asking(50))
    keep_policy(play.desk.home, other)
    assert find_policy(play.desk.home, other.digest) is None
