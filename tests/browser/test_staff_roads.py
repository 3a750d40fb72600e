"""What staff do with keys of their own, in real browsers: join, attest, look a second time, approve and refuse."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser import roads
from tests.browser.somebody import DESKTOP, PHONE

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
    willow.press("Set up a desk key")
    willow.own_passkey()
    willow.see("Calls")
    assert willow.count_passkeys() == 1

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

    # The machine draws who looks a second time, and tells only them.
    drawn, sees = {}, {}
    for login in ("juniper", "rowan"):
        drawn[login] = somebody(width=PHONE, scheme="dark")
        roads.sign_in_by_passkey(drawn[login], login)
        sees[login] = drawn[login].page.get_by_role("heading", name=re.compile("Waiting for your second look")).count()
    assert sorted(sees.values()) == [0, 1], sees
    login = next(login for login, count in sees.items() if count)
    second = drawn[login]
    second.unplug()
    second.plug_in(*desk.passkeys(desk.staff(login).desk))
    second.look("calls-second-look", both=True)
    second.open(path)
    look = second.page.locator("#attest-in_person_badge")
    look.locator("summary").click()
    look.get_by_label("It was the person").check()
    look.get_by_label("Number printed on the badge").fill("4471")
    second.look("second-look")
    second.press_on(look.get_by_role("button", name="Sign with your desk key"))
    second.own_passkey()
    expect(willow.page.locator(".evidence")).to_contain_text("A second operator saw the same")
    willow.look("attested-twice", both=True)


def test_an_approver_who_says_no_stops_it_and_a_yes_lets_the_next_one_through(somebody, desk):
    juniper, elm, side = somebody(), somebody(width=PHONE), somebody()
    rowan = somebody(width=PHONE, scheme="dark")
    roads.sign_in_by_passkey(juniper, "juniper")
    _ask_for_approval(juniper, elm, side)
    elm.see("One more person has to agree")
    elm.look("approval-waits", both=True)
    juniper.look("approval-asked", both=True)

    roads.sign_in_by_passkey(rowan, "rowan")
    rowan.look("calls-approver", both=True)
    _answer(rowan, "no", "Nobody at the front desk knows of it")
    rowan.see("Stopped")
    rowan.look("approval-refused")
    juniper.see("Stopped")
    juniper.look("approval-refused-operator", both=True)
    elm.see("This is over")
    elm.look("approval-refused-person")
    assert roads.held(side, "elm.fairweather")["Authenticator app on the old phone"] == "active"

    rowan.resize(DESKTOP)
    _ask_for_approval(juniper, elm, side)
    _answer(rowan, "yes", "Seen at the front desk this morning")
    elm.see("What do you want to set up?")
    elm.look("approved-person")
    expect(rowan.page.locator("#timeline")).to_contain_text("Approved")
    rowan.look("approved", both=True)
    juniper.see("Set up the new device")
    roads.await_held(side, "elm.fairweather", "Authenticator app on the old phone", "suspended")


def _answer(approver, value, why):
    """Find the case that waits for one's approval, and sign yes or no."""
    approver.unplug()
    approver.plug_in(*approver.desk.passkeys("Desk 2"))
    approver.open("/")
    approver.see(re.compile("Waiting for your approval"))
    approver.press_on(approver.page.locator("[aria-labelledby=approvals-h]").get_by_role("link", name="Elm Fairweather"))
    approver.see("Do you approve this?")
    approver.choose("answer", value)
    approver.write("Why", why)
    approver.look(f"approval-{value}", both=True)
    approver.press("Sign with your desk key")
    approver.own_passkey()


def _ask_for_approval(operator, elm, side):
    """Take the call of a directory administrator, who proves himself by key and by signing in on the work laptop."""
    roads.start_call(operator, "Elm Fairweather")
    roads.answer(operator, SPARE_KEY)
    roads.redeem(elm, roads.read_code(operator))
    elm.press("Yes, I’m on the phone")
    elm.unplug()
    elm.plug_in(elm.desk.passkeys("elm.fairweather")[0])
    roads.prove_by_passkey(elm)
    elm.page.locator(".proved-list").wait_for()
    elm.press("Start")
    elm.see("Your work laptop")
    side.open("/demo/people/elm.fairweather/")
    answer = side.page.get_by_text(re.compile("^Managed device")).locator("code").first.inner_text()
    elm.page.locator("input[name=response]").fill(answer)
    elm.press("Continue")
    operator.see("Waiting for approval")
