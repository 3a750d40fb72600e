"""Takes the README's pictures: the hands of the browser tests play a few calls on a throwaway demo, and what they see is kept.

Run by `make screenshots`. Needs Chromium (or its path in MFADESK_CHROMIUM).
"""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import pyotp  # noqa: E402
from playwright.sync_api import Browser, sync_playwright  # noqa: E402

from tests.browser import roads  # noqa: E402
from tests.browser.demo_desk import DemoDesk  # noqa: E402
from tests.browser.somebody import DESKTOP, PHONE, Somebody  # noqa: E402
from tests.chromium import ABSENT, SWITCHES, find_chromium  # noqa: E402

PICTURES = ROOT / "docs" / "screenshots"


def main() -> None:
    """Take every picture."""
    path = find_chromium()
    if path is None:
        raise SystemExit(f"No pictures: {ABSENT}.")
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="mfadesk-pictures-") as folder, sync_playwright() as play:
        browser = play.chromium.launch(executable_path=path, args=list(SWITCHES))
        desk = DemoDesk(Path(folder))
        try:
            operator = Somebody(browser, desk)
            roads.sign_in_by_passkey(operator, "juniper")
            _honest_call(browser, desk, operator)
            _voucher(browser, desk, operator)
            _approval(browser, desk, operator)
            _staff(browser, desk)
        finally:
            desk.stop()
            browser.close()


def _honest_call(browser: Browser, desk: DemoDesk, operator: Somebody) -> None:
    operator.open("/cases/new?q=hazel")
    _keep(operator, "start")
    roads.start_call(operator, "Hazel Linden")
    _keep(operator, "question")
    roads.answer(operator, roads.HONEST)
    operator.page.locator("#proof section").nth(1).wait_for()
    _keep(operator, "live-case")
    operator.page.emulate_media(color_scheme="dark")
    _keep(operator, "live-case-dark")
    operator.resize(PHONE)
    _keep(operator, "live-case-phone-dark")
    operator.resize(DESKTOP)
    operator.page.emulate_media(color_scheme="light")
    hazel = Somebody(browser, desk, width=PHONE, scheme="dark")
    hazel.plug_in(*desk.passkeys("hazel.linden"))
    hazel.open("/me/")
    _keep(hazel, "code-phone-dark")
    roads.redeem(hazel, roads.read_code(operator))
    hazel.see("Are you on the phone with us right now?")
    _keep(hazel, "is-it-you-phone-dark")
    hazel.press("Yes, I’m on the phone")
    hazel.see("Which of your things can you use?")
    _keep(hazel, "prove-phone-dark")
    roads.prove_by_passkey(hazel)
    hazel.press("An authenticator app on the new phone")
    hazel.press("Show it")
    app = pyotp.parse_uri(str(hazel.page.locator("a[href^='otpauth://']").get_attribute("href")))
    hazel.write("The code that the new phone shows now", app.now())
    hazel.press("Sign in to test")
    hazel.see("Your new one works")
    _keep(hazel, "done-phone-dark")
    operator.see("Replaced")
    operator.page.locator(".checks li").last.get_by_text("(done)").wait_for()
    _keep(operator, "closed")
    side = Somebody(browser, desk)
    side.open("/demo/")
    _keep(side, "side-room")
    hazel.open(roads.await_link(side, "hazel.linden", "me/not-me"))
    _keep(hazel, "not-me-phone-dark")
    operator.open("/desk-key")
    _keep(operator, "desk-key")


def _voucher(browser: Browser, desk: DemoDesk, operator: Somebody) -> None:
    roads.start_call(operator, "Marigold Stone")
    roads.answer(operator, roads.HONEST)
    roads.redeem(Somebody(browser, desk, width=PHONE), roads.read_code(operator))
    operator.press("Their manager")
    maple = Somebody(browser, desk, width=PHONE)
    maple.open(roads.await_link(Somebody(browser, desk), "maple.thorne", "vouch"))
    maple.choose("statement", "my_call")
    _keep(maple, "vouch-phone")


def _approval(browser: Browser, desk: DemoDesk, operator: Somebody) -> None:
    elm, side, rowan = Somebody(browser, desk, width=PHONE), Somebody(browser, desk), Somebody(browser, desk)
    roads.ask_for_approval(operator, elm, side)
    elm.see("One more person has to agree")
    _keep(elm, "approval-waits-phone")
    roads.sign_in_by_passkey(rowan, "rowan")
    rowan.see(re.compile("Waiting for your approval"))
    _keep(rowan, "calls")
    roads.open_approval(rowan)
    _keep(rowan, "approval")


def _staff(browser: Browser, desk: DemoDesk) -> None:
    yew = Somebody(browser, desk, scheme="dark")
    roads.sign_in_by_passkey(yew, "yew")
    yew.press("Who works here", "link")
    yew.see("Invite somebody")
    _keep(yew, "who-works-here-dark")


def _keep(who: Somebody, name: str) -> None:
    who.page.wait_for_load_state("load")
    who.page.evaluate("document.activeElement?.blur()")
    who.page.screenshot(path=PICTURES / f"{name}.png", full_page=True)


if __name__ == "__main__":
    main()
