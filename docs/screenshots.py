"""Takes the README's pictures: starts a throwaway demo, plays the beginning of the honest call in a real Chromium, and keeps what it shows.

Run by `make screenshots`. Needs Chromium (or its path in MFADESK_CHROMIUM).
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

import pyotp
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
PICTURES = ROOT / "docs" / "screenshots"
SWITCHES = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync")
READY_S = 90


def main() -> None:
    """Take every picture."""
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="mfadesk-pictures-") as folder:
        port = _free_port()
        environment = {**os.environ, "DEMO_DIR": folder, "PORT": str(port), "PYTHONPATH": str(ROOT)}
        demo = subprocess.Popen([sys.executable, "-m", "mfadesk.cli.main", "demo"], env=environment, stdout=subprocess.DEVNULL)
        try:
            url = f"http://localhost:{port}"
            _await(url)
            state = json.loads((Path(folder) / "demo.json").read_text(encoding="utf-8"))
            with sync_playwright() as playwright:
                path = os.environ.get("MFADESK_CHROMIUM", "/usr/bin/chromium")
                browser = playwright.chromium.launch(executable_path=path, args=list(SWITCHES))
                _take(browser, url, state["sign_ins"][0])
        finally:
            demo.terminate()
            demo.wait(20)


def _take(browser: Browser, url: str, sign_in: dict[str, str]) -> None:
    desk = _context(browser, 1280, 900, "light")
    page = desk.new_page()
    page.goto(f"{url}/sign-in/")
    page.fill("input[name=login]", sign_in["login"])
    page.fill("input[name=password]", sign_in["password"])
    page.press("input[name=password]", "Enter")
    page.wait_for_selector("input[name=code]")
    page.fill("input[name=code]", pyotp.TOTP(sign_in["seed"]).now())
    page.press("input[name=code]", "Enter")
    page.wait_for_url(f"{url}/")
    page.goto(f"{url}/cases/new?q=hazel")
    _picture(page, "start")
    for name, value in (("goal", "replace_device"), ("caller", "subject"), ("channel", "phone")):
        page.locator(f"input[name={name}][value={value}]").check(force=True)
    page.locator("input[name=person_id]").first.check(force=True)
    page.locator("main form button.primary").last.click()
    page.wait_for_selector("input[name=answer]")
    _picture(page, "question")
    for value in ("gone", "at_hand", "name_only"):
        page.locator(f"input[name=answer][value={value}]").check(force=True)
        page.locator("main form button.primary").first.click()
        page.wait_for_load_state()
    page.wait_for_timeout(1500)
    page.reload()
    _picture(page, "live-case")
    code = page.locator(".codebox .code").first.inner_text()
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    _picture(page, "live-case-dark")
    phone = _context(browser, 360, 780, "dark").new_page()
    phone.goto(f"{url}/me/")
    _picture(phone, "code-phone-dark")
    phone.fill("input[name=code]", code)
    phone.press("input[name=code]", "Enter")
    phone.wait_for_url(f"{url}/me/case")
    _picture(phone, "is-it-you-phone-dark")
    phone.locator("button[value=yes]").click()
    phone.wait_for_load_state()
    _picture(phone, "prove-phone-dark")
    side = _context(browser, 1280, 900, "light").new_page()
    side.goto(f"{url}/demo/")
    _picture(side, "side-room")


def _context(browser: Browser, width: int, height: int, scheme: str) -> BrowserContext:
    return browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if scheme == "dark" else "light",
        reduced_motion="reduce",
    )


def _picture(page: Page, name: str) -> None:
    page.wait_for_load_state("networkidle")
    page.screenshot(path=PICTURES / f"{name}.png", full_page=True)


def _await(url: str) -> None:
    deadline = time.monotonic() + READY_S
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"{url}/readyz", timeout=2) as answer:  # noqa: S310 - our own address
                if answer.status == 200:
                    return
        except (OSError, urllib.error.URLError):
            time.sleep(0.2)
    raise SystemExit("The demo was not ready in time.")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    main()
