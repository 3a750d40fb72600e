"""Somebody at a browser of their own: real Chromium, a virtual authenticator, mouse or keyboard, and an eye on every page they see.

What the browser complains of gathers while they work, and `look` judges the page that is shown: axe finds nothing, nothing scrolls
sideways, no policy was broken. With MFADESK_PICTURES naming a folder, each page that is looked at is kept there as a picture too.
"""

from __future__ import annotations

import base64
import os
import re
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from playwright.sync_api import Browser, Locator, Page

from mfadesk.connectors.lab.soft_passkey import SoftPasskey
from tests.browser.demo_desk import DemoDesk
from tests.chromium import read_axe

DESKTOP, PHONE = 1280, 360
PATIENCE_MS = 12_000
FURTHEST_TAB = 80
ANSWERED = re.compile(r"the server responded with a status of 4(09|10|22|29)")
"""What Chromium notes of a page that says no with a sentence; such a page is looked at like any other."""
_WATCH = (
    """document.addEventListener('securitypolicyviolation', (e) => console.error(`policy broken: ${e.effectiveDirective}`))"""
)
_SETTLED = """async () => {
  await new Promise((go) => requestAnimationFrame(() => requestAnimationFrame(go)));
  await Promise.allSettled(document.getAnimations().filter((one) => one instanceof CSSTransition).map((one) => one.finished));
}"""
"""Colours that are still on their way to another theme would be measured as neither."""
_AXE = "(rules) => axe.run(document, {resultTypes: ['violations'], ...(rules ? {runOnly: {type: 'rule', values: rules}} : {})})"


class Somebody:
    """One person, one browser. `by_keyboard` means that no pointer is ever used."""

    def __init__(
        self, browser: Browser, desk: DemoDesk, *, width: int = DESKTOP, scheme: str = "light", by_keyboard: bool = False
    ) -> None:
        self.desk, self.width, self.scheme, self.by_keyboard = desk, width, scheme, by_keyboard
        self.complaints: list[str] = []
        self._context = browser.new_context(
            base_url=desk.url, viewport={"width": width, "height": 900 if width == DESKTOP else 740},
            color_scheme=scheme, reduced_motion="reduce", accept_downloads=True, has_touch=width == PHONE,
        )  # fmt: skip
        self._context.set_default_timeout(PATIENCE_MS)
        self._context.add_init_script(_WATCH)
        self.page: Page = self._context.new_page()
        self.page.on("console", lambda said: self._note(said.text) if said.type in ("error", "warning") else None)
        self.page.on("pageerror", lambda error: self._note(str(error)))
        self._devtools = self._context.new_cdp_session(self.page)
        self._devtools.send("WebAuthn.enable", {"enableUI": False})
        self._authenticators: list[str] = []
        self._gone = False

    def close(self) -> None:
        """Leave. Raises AssertionError with what the browser complained of."""
        if not self._gone:
            self.unplug()
            self._context.close()
        self._gone = True
        assert self.complaints == []

    # ------------------------------------------------------------------------------------------------------- authenticators
    def plug_in(self, *passkeys: SoftPasskey) -> None:
        """Give this browser an authenticator that holds `passkeys`."""
        options = {
            "protocol": "ctap2", "transport": "usb" if self._authenticators else "internal", "hasResidentKey": True,
            "hasUserVerification": True, "isUserVerified": True, "automaticPresenceSimulation": True,
        }  # fmt: skip
        made = self._devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})["authenticatorId"]
        for passkey in passkeys:
            held = _credential(passkey)
            held["signCount"] = self.desk.sign_counts.get(held["credentialId"], held["signCount"])
            self._devtools.send("WebAuthn.addCredential", {"authenticatorId": made, "credential": held})
        self._authenticators.append(made)

    def unplug(self) -> None:
        """Take every authenticator away. Their counters go on from there elsewhere, or the keys would pass for cloned ones."""
        for one in self._authenticators:
            for held in self._devtools.send("WebAuthn.getCredentials", {"authenticatorId": one})["credentials"]:
                self.desk.sign_counts[held["credentialId"]] = held["signCount"]
            self._devtools.send("WebAuthn.removeVirtualAuthenticator", {"authenticatorId": one})
        self._authenticators.clear()

    def count_passkeys(self) -> int:
        """Return how many credentials this browser's authenticators hold."""
        held = [self._devtools.send("WebAuthn.getCredentials", {"authenticatorId": one}) for one in self._authenticators]
        return sum(len(one["credentials"]) for one in held)

    def own_passkey(self) -> None:
        """Answer the demo's question by the browser's own authenticator, the one that was plugged in."""
        self.press("Use this browser’s own passkey")

    # ---------------------------------------------------------------------------------------------------------------- hands
    def resize(self, width: int) -> None:
        """Make the window as wide as that."""
        self.width = width
        self.page.set_viewport_size({"width": width, "height": 900 if width == DESKTOP else 740})

    def open(self, path: str) -> None:
        """Go to an address of the desk."""
        self.page.goto(path)

    def press(self, name: str, role: Any = "button") -> None:
        """Press the one button or link of that name."""
        self.press_on(self.page.get_by_role(role, name=name, exact=True))

    def press_on(self, target: Locator) -> None:
        """Press it: by pointer, or by Tab and Enter."""
        if self.by_keyboard:
            self.reach(target)
            self.page.keyboard.press("Enter")
        else:
            target.click()

    def choose(self, name: str, value: str) -> None:
        """Choose one of a group of radios."""
        radio = self.page.locator(f"input[name={name}][value='{value}']")
        if not self.by_keyboard:
            radio.check()
            return
        group = self.page.locator(f"input[name={name}]")
        self.reach(radio, group)
        self.page.keyboard.press("Space")
        for _ in range(group.count()):
            if radio.is_checked():
                return
            self.page.keyboard.press("ArrowDown")
        raise AssertionError(f"No key leads to {name}={value}.")

    def write(self, label: str | re.Pattern[str], text: str) -> None:
        """Fill the field with that label."""
        field = self.page.get_by_label(label)
        if self.by_keyboard:
            self.reach(field)
            self.page.keyboard.type(text)
        else:
            field.fill(text)

    def reach(self, target: Locator, any_of: Locator | None = None) -> None:
        """Move the focus by Tab alone. Raises AssertionError where that leads nowhere."""
        target.wait_for()
        for _ in range(FURTHEST_TAB):
            if (any_of or target).evaluate_all("all => all.includes(document.activeElement)"):
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"Tab does not reach {target}.")

    # ----------------------------------------------------------------------------------------------------------------- eyes
    def see(self, heading: str | re.Pattern[str]) -> None:
        """Wait until the page has this heading."""
        self.page.get_by_role("heading", name=heading, exact=isinstance(heading, str)).first.wait_for()

    def read(self, selector: str) -> str:
        """Return the words at `selector`."""
        return self.page.locator(selector).first.inner_text().strip()

    def look(self, name: str, *, both: bool = False) -> None:
        """Judge the page that is shown now. `both` judges the colours of the other theme as well."""
        self.page.wait_for_load_state("load")
        self._keep(name)
        wide = self.page.evaluate("document.documentElement.scrollWidth")
        assert wide <= self.width, f"{name}: {wide} px wide"
        self.page.evaluate(read_axe())
        found = self._violations(None)
        if both:
            other = "dark" if self.scheme == "light" else "light"
            self.page.evaluate("(theme) => { document.documentElement.dataset.theme = theme; }", other)
            self._keep(f"{name}-{other}")
            found += self._violations(["color-contrast"])
            self.page.evaluate("delete document.documentElement.dataset.theme")
        assert found == [], f"{name}: {found}"
        assert self.complaints == [], f"{name}: {self.complaints}"

    def _violations(self, rules: list[str] | None) -> list[str]:
        self.page.evaluate(_SETTLED)
        found = self.page.evaluate(_AXE, rules)["violations"]
        return [f"{one['id']}: {[(node['html'][:160], node['failureSummary']) for node in one['nodes'][:3]]}" for one in found]

    def _keep(self, name: str) -> None:
        folder = os.environ.get("MFADESK_PICTURES")
        if folder:
            self.page.screenshot(path=Path(folder) / f"{name}-{self.width}.png", full_page=True)

    def _note(self, text: str) -> None:
        if not ANSWERED.search(text):
            self.complaints.append(text)


def _credential(passkey: SoftPasskey) -> dict[str, Any]:
    key = ec.derive_private_key(int.from_bytes(passkey.scalar, "big"), ec.SECP256R1())
    der = key.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return {
        "credentialId": _text(passkey.credential_id),
        "isResidentCredential": True,
        "rpId": passkey.rp_id,
        "privateKey": _text(der),
        "userHandle": _text(passkey.user_handle),
        "signCount": passkey.sign_count,
        "backupEligibility": passkey.backup_eligible,
        "backupState": passkey.backup_eligible,
    }


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
