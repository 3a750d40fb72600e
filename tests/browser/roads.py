"""What people do at the desk and in the portal, a verb each, by what stands on their pages."""

from __future__ import annotations

import re
from pathlib import Path

import pyotp

from tests.browser.somebody import Somebody

HONEST = {"still-works": "gone", "what-kind": "app", "device-at-hand": "at_hand", "restored": "name_only"}
"""What the demo's honest caller answers, by step of the runbook."""
SPARE_KEY = {"still-works": "gone", "what-kind": "app", "device-at-hand": "spare_key"}
"""What the directory administrator answers, whose calls take a second yes."""
MANY_STEPS = 12
MANY_LOOKS, PAUSE_MS = 60, 200


def sign_in(who: Somebody, login: str) -> None:
    """Sign a member of staff in with password and code, as the side room shows them."""
    one = who.desk.staff(login)
    who.open("/sign-in/")
    who.write("Name at the desk", login)
    who.write("Password", one.password)
    who.press("Go on")
    who.write("Code", pyotp.TOTP(one.seed).now())
    who.press("Sign in")
    who.see("Calls")


def sign_in_by_passkey(who: Somebody, login: str) -> None:
    """Sign a member of staff in with a passkey, a real ceremony."""
    who.plug_in(*who.desk.passkeys(login))
    who.open("/sign-in/")
    who.press("Sign in with a passkey")
    who.own_passkey()
    who.see("Calls")


def start_call(who: Somebody, name: str, goal: str = "replace_device") -> str:
    """Find the person, open a case for a claim, and return its path."""
    who.open("/cases/new")
    who.write(re.compile("^Name, staff number"), name)
    who.press("Look up")
    person = who.page.locator("label.answer", has_text=name).locator("input[name=person_id]").first.get_attribute("value")
    who.choose("person_id", str(person))
    for field, value in (("goal", goal), ("caller", "subject"), ("channel", "phone")):
        who.choose(field, value)
    who.press("Start")
    who.page.locator("#now").wait_for()
    return who.page.url.removeprefix(who.desk.url).partition("#")[0]


def answer(who: Somebody, said: dict[str, str]) -> None:
    """Answer what the runbook asks until it asks for proof."""
    for _ in range(MANY_STEPS):
        form = who.page.locator("#now form.answering")
        if not form.count():
            return
        step = form.locator("input[name=step_id]").input_value()
        version = who.page.locator("main").get_attribute("data-version")
        if who.page.locator("#now.kind-ask").count():
            who.choose("answer", said[step])
            who.press_on(form.get_by_role("button", name="Record what they said"))
        else:
            who.press_on(form.get_by_role("button", name="Said, go on"))
        who.page.locator(f"main[data-version]:not([data-version='{version}']) #now").wait_for()
    raise AssertionError("The runbook asks on and on.")


def read_code(who: Somebody) -> str:
    """Return the case code on the operator's screen."""
    return who.read(".handover .code")


def redeem(who: Somebody, code: str) -> None:
    """Type a case code into the check-in page."""
    who.open("/me/")
    who.write("Enter your case code", code)
    who.press("Continue")


def prove_by_passkey(who: Somebody) -> None:
    """Prove oneself with the passkey that is plugged in."""
    who.see("Which of your things can you use?")
    who.press("Use my passkey")
    who.own_passkey()


def find_links(who: Somebody, login: str, kind: str) -> list[str]:
    """Return the links of one kind (``me/link``, ``vouch``, ``me/not-me``) in somebody's mailbox in the side room, newest first."""
    who.open(f"/demo/people/{login}/")
    found = re.findall(rf'href="([^"]*/{kind}/[^"]+)"', who.page.content())
    return list(dict.fromkeys(found))


def await_link(who: Somebody, login: str, kind: str) -> str:
    """Return the newest such link, once the letter has come in."""
    for _ in range(MANY_LOOKS):
        if found := find_links(who, login, kind):
            return found[0]
        who.page.wait_for_timeout(PAUSE_MS)
    raise AssertionError(f"No {kind} link came in for {login}.")


def held(who: Somebody, login: str) -> dict[str, str]:
    """Return what the provider holds of somebody, as the side room lists it: state by label."""
    who.open(f"/demo/people/{login}/")
    rows = who.page.locator("section[aria-labelledby=l-h] tr:has(th[scope=row])")
    return {row.locator("th").inner_text(): row.locator("td").nth(1).inner_text() for row in rows.all()}


def await_held(who: Somebody, login: str, label: str, state: str) -> None:
    """Wait until the provider holds `label` in `state`."""
    for _ in range(MANY_LOOKS):
        if held(who, login).get(label) == state:
            return
        who.page.wait_for_timeout(PAUSE_MS)
    raise AssertionError(f"{label} of {login} never was {state}.")


def save_record(who: Somebody, folder: Path) -> Path:
    """Export the record of the closed case on the screen, and return where it is."""
    with who.page.expect_download() as coming:
        who.press("Export the record", "link")
    path = folder / "record"
    coming.value.save_as(path)
    return path


def ask_for_approval(operator: Somebody, elm: Somebody, side: Somebody) -> None:
    """Take the call of a directory administrator, who proves himself by key and by signing in on the work laptop."""
    start_call(operator, "Elm Fairweather")
    answer(operator, SPARE_KEY)
    redeem(elm, read_code(operator))
    elm.press("Yes, I’m on the phone")
    elm.unplug()
    elm.plug_in(elm.desk.passkeys("elm.fairweather")[0])
    prove_by_passkey(elm)
    elm.page.locator(".proved-list").wait_for()
    elm.press("Start")
    elm.see("Your work laptop")
    side.open("/demo/people/elm.fairweather/")
    shown = side.page.get_by_text(re.compile("^Your work laptop")).locator("code").first.inner_text()
    elm.page.locator("input[name=response]").fill(shown)
    elm.press("Continue")
    operator.see("Waiting for approval")


def open_approval(approver: Somebody) -> None:
    """Find the case that waits for one's approval, and open it."""
    approver.open("/")
    approver.see(re.compile("Waiting for your approval"))
    approver.press_on(approver.page.locator("[aria-labelledby=approvals-h]").get_by_role("link", name="Elm Fairweather"))
    approver.see("Do you approve this?")
