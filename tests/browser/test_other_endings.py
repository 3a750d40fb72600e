"""The other endings in real browsers: stopped, frozen, taken over, not enough."""

from __future__ import annotations

import re

import pytest

from tests.browser import roads
from tests.browser.somebody import PHONE

pytestmark = pytest.mark.browser


def test_whoever_did_not_call_stops_it_and_security_hears(somebody):
    operator, reed, security = somebody(), somebody(width=PHONE), somebody()
    roads.sign_in_by_passkey(operator, "juniper")
    roads.start_call(operator, "Reed Calloway")
    roads.answer(operator, roads.HONEST)
    roads.redeem(reed, roads.read_code(operator))
    reed.press("No, stop this")
    reed.see("Stopped")
    reed.look("stopped", both=True)
    operator.page.locator("#now.kind-closed").wait_for()
    operator.look("closed-stopped", both=True)
    assert "reset" not in operator.read(".say").lower()
    roads.sign_in_by_passkey(security, "alder")
    security.page.get_by_text("The person says that they did not call.").first.wait_for()
    security.look("calls-security", both=True)


def test_a_second_browser_freezes_the_case_and_a_colleague_takes_it_over(somebody):
    operator, colleague, person, stranger = somebody(), somebody(), somebody(width=PHONE), somebody(width=PHONE, scheme="dark")
    roads.sign_in_by_passkey(operator, "juniper")
    path = roads.start_call(operator, "Larch Sørensen")
    roads.answer(operator, roads.HONEST)
    code = roads.read_code(operator)
    roads.redeem(person, code)
    person.press("Yes, I’m on the phone")
    person.see("Which of your things can you use?")
    roads.redeem(stranger, code)
    stranger.see("There is a problem")
    operator.see("Two browsers used this code")
    operator.look("case-frozen", both=True)
    person.open("/me/case")
    person.see("This page has stopped")
    person.look("frozen", both=True)

    roads.sign_in_by_passkey(colleague, "rowan")
    colleague.look("calls-of-others")
    colleague.open(path)
    colleague.look("case-of-a-colleague")
    colleague.press("Take over")
    colleague.press("Void both and make a new code")
    colleague.page.locator(".handover .code").wait_for()
    colleague.look("case-thawed")
    fresh = roads.read_code(colleague)
    assert fresh != code
    operator.page.get_by_text("has this call. You can read along.").wait_for()
    operator.look("case-taken-over")
    assert fresh not in operator.page.content()
    roads.redeem(stranger, code)
    stranger.see("There is a problem")
    roads.redeem(person, fresh)
    person.see("Are you on the phone with us right now?")


def test_proof_that_does_not_suffice_ends_refused_with_words_that_tell_nothing(somebody, desk):
    operator, impostor, side = somebody(), somebody(width=PHONE), somebody()
    roads.sign_in_by_passkey(operator, "juniper")
    roads.start_call(operator, "Rosemary Hart")
    roads.answer(operator, {**roads.HONEST, "restored": "nothing"})
    roads.redeem(impostor, roads.read_code(operator))
    impostor.press("Yes, I’m on the phone")
    impostor.page.get_by_text("Text message", exact=True).click()
    impostor.press("Start")
    impostor.see("Text message")
    impostor.look("service")
    side.open("/demo/people/rosemary.hart/")
    text = side.page.get_by_text(re.compile("^Text message")).locator("code").inner_text()
    impostor.page.locator("input[name=response]").fill(text)
    impostor.press("Continue")
    operator.page.locator(".evidence").wait_for()
    operator.see("Not enough yet")
    operator.look("case-not-enough", both=True)
    operator.press_on(operator.page.get_by_role("link", name="End without a change"))
    operator.see("End this call without a change?")
    operator.look("ending", both=True)
    operator.choose("ending", "cannot_be_proved")
    operator.press("End the call")
    operator.page.locator("#now.kind-closed").wait_for()
    operator.look("closed-refused")
    said = operator.read(".say").lower()
    assert not [word for word in ("proof", "proved", "number", "sim", "text", "points", "manager") if word in said]
    impostor.open("/me/case")
    impostor.see("This is over")
    impostor.look("over")
    assert roads.held(side, "rosemary.hart")["Authenticator app"] == "active"
