"""What staff do with keys of their own, in real browsers: join, attest, look a second time, approve and refuse."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser import roads
from tests.browser.somebody import PHONE

pytestmark = pytest.mark.browser

PASSWORD = "three mild otters sing"
SPARE_KEY = {"still-works": "gone", "device-at-hand": "spare_key"}


def test_somebody_new_joins_by_invitation_and_attests_with_a_desk_key_of_their_own(somebody, desk):
    yew, willow, narrow = somebody(), somebody(), somebody(width=PHONE, scheme="dark")
    roads.sign_in(yew, "yew")
    yew.open("/staff/")
    yew.write("Name to sign in with", "willow")
    yew.write("Shown as", "Desk 3")
    yew.write("Their id in the directory", "FC-1026")
    yew.page.get_by_label("Operator").check()
    yew.plug_in(*desk.passkeys("Administration"))
    yew.press("Make the invitation")
    yew.own_passkey()
    yew.see("Invitation made")
    yew.look("staff-invitation", both=True)
    link = yew.read(".key")

    narrow.open(link)
    narrow.see("Join the desk")
    narrow.look("join", both=True)
    willow.open(link)
    for label in ("Password", "The same again"):
        willow.write(label, PASSWORD)
    willow.press("Go on to the second step")
    willow.see("Add your second step")
    willow.look("join-second-step", both=True)
    willow.open("/")
    willow.see("Add your second step")
    willow.press("Add a passkey", "link")
    willow.see("Add a passkey")
    willow.look("join-passkey")
    willow.plug_in()
    willow.press("Add it")
    willow.own_passkey()
    willow.see("Your sign-in")
    willow.look("join-done", both=True)
    assert willow.count_passkeys() == 1
    narrow.open(link)
    narrow.see("This link does not work")
    narrow.look("join-over")

    willow.press("Sign out")
    willow.see("Sign in to the desk")
    willow.press("Sign in with a passkey")
    willow.own_passkey()
    willow.see("Calls")
    willow.look("calls-first-day")
    # The key that signs in stays at home: what she attests with is another one.
    willow.unplug()
    willow.plug_in()
    willow.press("Your desk key", "link")
    willow.see("Set up your desk key")
    willow.write("Your invitation", link)
    willow.look("desk-key", both=True)
    narrow.close()
    willow.press("Set up a desk key")
    willow.own_passkey()
    willow.see("Calls")
    assert willow.count_passkeys() == 1

    willow.press("Start a call", "link")
    path = roads.start_call(willow, "Fern Okafor")
    roads.answer(willow, roads.HONEST)
    badge = willow.page.locator("#attest-in_person_badge")
    badge.locator("summary").click()
    badge.get_by_label("It was the person").check()
    badge.get_by_label("Number printed on the badge").fill("4471")
    willow.look("attest", both=True)
    willow.press_on(badge.get_by_role("button", name="Sign with your desk key"))
    willow.own_passkey()
    willow.see("What we have")
    expect(willow.page.locator(".evidence")).to_contain_text("On one operator’s word")
    willow.look("attested")
    assert path
