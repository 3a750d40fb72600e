"""The whole road in real browsers: from the call to the sealed record, wide and narrow, by pointer and by keyboard alone."""

from __future__ import annotations

import pyotp
import pytest

from tests.browser import roads
from tests.browser.somebody import PHONE

pytestmark = pytest.mark.browser


def test_a_replaced_phone_by_keyboard_alone_from_the_link_to_the_verified_record(somebody, desk, tmp_path):
    operator, hazel, side = somebody(by_keyboard=True), somebody(by_keyboard=True), somebody()
    operator.open("/sign-in/")
    operator.look("sign-in", both=True)
    roads.sign_in_by_passkey(operator, "juniper")
    operator.look("calls")
    roads.start_call(operator, "Hazel Linden")
    operator.look("case-question", both=True)
    roads.answer(operator, roads.HONEST)
    operator.press("Send the link")
    operator.page.get_by_text("Sent at").wait_for()
    operator.look("case-proof-wanted", both=True)

    link = roads.await_link(side, "hazel.linden", "me/link")
    hazel.open(link)
    hazel.look("link")
    hazel.press("Go on in this browser")
    hazel.see("Are you on the phone with us right now?")
    hazel.look("is-it-you", both=True)
    assert "Hazel" not in hazel.page.content()
    hazel.press("Yes, I’m on the phone")
    hazel.see("Which of your things can you use?")
    hazel.look("prove", both=True)
    hazel.plug_in(*desk.passkeys("hazel.linden"))
    roads.prove_by_passkey(hazel)
    hazel.see("What do you want to set up?")
    hazel.look("choose")
    operator.see("What was proved")
    operator.look("case-setting-up", both=True)

    hazel.press("An authenticator app on the new phone")
    hazel.see("Add the new one")
    hazel.look("enrol")
    hazel.press("Show it")
    hazel.see("Add it to your new phone")
    hazel.look("enrolment", both=True)
    app = pyotp.parse_uri(hazel.page.locator("a[href^='otpauth://']").get_attribute("href"))
    assert app.secret == hazel.read(".key").replace(" ", "")
    wrong = f"{(int(app.now()) + 499_979) % 1_000_000:06}"
    hazel.write("The code that the new phone shows now", wrong)
    hazel.press("Sign in to test")
    hazel.see("There is a problem")
    hazel.look("test-wrong-code")
    hazel.write("The code that the new phone shows now", app.now())
    hazel.press("Sign in to test")
    hazel.see("Your new one works")
    hazel.look("done", both=True)

    operator.see("Replaced")
    operator.page.locator(".checks li").last.get_by_text("(done)").wait_for()
    operator.look("closed", both=True)
    assert "- Security key or device-bound passkey." in operator.page.get_by_label("For the ticket").input_value()
    assert "Decided and signed: 100 points, 70 needed." in operator.read("#proof")
    record = roads.save_record(operator, tmp_path)
    assert desk.verify(record).returncode == 0
    damaged = bytearray(record.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    record.write_bytes(damaged)
    assert desk.verify(record).returncode == 1

    notice = roads.await_link(side, "hazel.linden", "me/not-me")
    side.look("side-room-person")
    hazel.open(notice)
    hazel.page.get_by_text("A new device was set up to sign in to your account.").wait_for()
    hazel.look("not-me", both=True)
    assert roads.held(side, "hazel.linden")["Set up with the help desk"] == "active"
    hazel.press("This was not me. Stop it")
    hazel.see("Stopped")
    hazel.look("not-me-done")
    roads.await_held(side, "hazel.linden", "Set up with the help desk", "suspended")
    # The focus is on the link to the record, so nothing is swapped under it: the page offers to show what changed.
    operator.press("Something here has changed. Show it", "link")
    operator.see("Taken back")
    operator.look("taken-back")


def test_a_new_passkey_takes_the_place_of_the_old_phone_on_a_narrow_screen(somebody, desk):
    operator, jasmin, side = (somebody(width=PHONE, scheme="dark") for _ in range(3))
    roads.sign_in(operator, "juniper")
    roads.start_call(operator, "Jasmin Öztürk")
    operator.look("case-question")
    roads.answer(operator, roads.HONEST)
    operator.look("case-proof-wanted", both=True)

    jasmin.open("/me/")
    jasmin.look("code")
    roads.redeem(jasmin, "2DK-9TX")
    jasmin.see("There is a problem")
    jasmin.look("code-wrong")
    roads.redeem(jasmin, roads.read_code(operator))
    jasmin.see("Are you on the phone with us right now?")
    jasmin.look("is-it-you", both=True)
    jasmin.press("Yes, I’m on the phone")
    jasmin.see("Which of your things can you use?")
    jasmin.look("prove", both=True)
    jasmin.plug_in(*desk.passkeys("jasmin.ozturk"))
    roads.prove_by_passkey(jasmin)
    jasmin.see("What do you want to set up?")
    jasmin.look("choose")
    # The laptop that holds the old passkey would refuse to make a second one for the same account; the new phone knows nothing of it.
    jasmin.unplug()
    jasmin.plug_in()
    jasmin.press("A passkey on this device or the new phone")
    jasmin.see("Add the new one")
    jasmin.look("enrol-passkey")
    jasmin.press("Make the passkey")
    jasmin.own_passkey()
    jasmin.see("Sign in once with the new one")
    jasmin.look("test-passkey")
    assert jasmin.count_passkeys() == 1
    jasmin.press("Sign in to test it")
    jasmin.own_passkey()
    jasmin.see("Your new one works")
    jasmin.look("done")
    operator.see("Replaced")
    operator.look("closed", both=True)
    assert "Authenticator app" not in roads.held(side, "jasmin.ozturk")
    side.look("side-room-person")


def test_a_manager_vouches_in_a_browser_of_their_own(somebody, desk):
    operator, marigold, maple, side = somebody(), somebody(width=PHONE), somebody(width=PHONE, scheme="dark"), somebody()
    roads.sign_in_by_passkey(operator, "juniper")
    roads.start_call(operator, "Marigold Stone")
    roads.answer(operator, roads.HONEST)
    roads.redeem(marigold, roads.read_code(operator))
    marigold.press("Yes, I’m on the phone")
    marigold.see("Which of your things can you use?")
    marigold.page.get_by_text("Saved recovery code").click()
    marigold.page.locator("#code-saved_recovery_code").fill(desk.paper("marigold.stone")[0])
    marigold.page.locator("form:has(#code-saved_recovery_code)").get_by_role("button", name="Use this code").click()
    marigold.page.locator(".proved-list").wait_for()
    marigold.look("prove-more")
    operator.page.locator(".evidence").wait_for()
    operator.look("case-half-proved")
    operator.press("Their manager")
    maple.open(roads.await_link(side, "maple.thorne", "vouch"))
    maple.see("Have you spoken to Marigold Stone yourself today, in a way you already knew?")
    maple.look("vouch", both=True)
    maple.plug_in(*desk.passkeys("maple.thorne"))
    maple.choose("statement", "my_call")
    maple.write("The two words on their page", "wrong words")
    maple.press("Answer with your passkey")
    maple.page.locator("[data-webauthn-problem]:not(:empty)").wait_for()
    maple.look("vouch-wrong-words")
    maple.write("The two words on their page", marigold.read(".words q"))
    maple.press("Answer with your passkey")
    maple.own_passkey()
    maple.see("Thank you. Your answer is recorded")
    maple.look("vouch-done")
    operator.page.wait_for_timeout(1500)
    operator.look("case-vouched")
