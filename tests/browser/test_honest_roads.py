"""The whole road in real browsers: from the call to the sealed record, wide and narrow, by pointer and by keyboard alone."""

from __future__ import annotations

import pyotp
import pytest

from tests.browser import roads

pytestmark = pytest.mark.browser


def test_a_replaced_phone_by_keyboard_alone_on_a_wide_screen(somebody, desk, tmp_path):
    operator, hazel, side = somebody(by_keyboard=True), somebody(by_keyboard=True), somebody()
    operator.open("/sign-in/")
    operator.look("sign-in", both=True)
    roads.sign_in_by_passkey(operator, "juniper")
    operator.look("calls-empty")
    path = roads.start_call(operator, "Hazel Linden")
    operator.look("case-ask", both=True)
    roads.answer(operator, roads.HONEST)
    operator.page.locator("#now.kind-verify").wait_for()
    operator.look("case-verify", both=True)
    operator.press("Send the link")
    operator.look("case-link-sent")

    link = roads.await_link(desk, side, "hazel.linden", "me/link")
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
    operator.look("case-setting-up", both=True)
    hazel.press("An authenticator app on the new phone")
    hazel.see("Add the new one")
    hazel.look("enrol")
    hazel.press("Show it")
    hazel.see("Add it to your new phone")
    hazel.look("enrolment", both=True)
    uri = hazel.page.locator("a[href^='otpauth://']").get_attribute("href")
    app = pyotp.parse_uri(uri)
    assert app.secret == hazel.read(".key").replace(" ", "")
    hazel.write("The code that the new phone shows now", "000000")
    hazel.press("Sign in to test")
    hazel.page.get_by_text("There is a problem").wait_for()
    hazel.look("test-wrong-code")
    hazel.write("The code that the new phone shows now", app.now())
    hazel.press("Sign in to test")
    hazel.see("Your new one works")
    hazel.look("done", both=True)
    operator.see("Replaced")
    operator.page.wait_for_timeout(1500)
    operator.look("closed", both=True)
    with operator.page.expect_download() as coming:
        operator.press("Export the record", "link")
    record = tmp_path / "record.zip"
    coming.value.save_as(record)
    judged = desk.verify(record)
    print(judged.stdout, judged.stderr, path)
    assert judged.returncode == 0
    notice = roads.await_link(desk, side, "hazel.linden", "me/not-me")
    side.look("side-person")
    hazel.open(notice)
    hazel.look("not-me")
    hazel.press("This was not me. Stop it")
    hazel.see("Stopped")
    hazel.look("not-me-done")
