"""A demo desk in processes of its own, and hands for a real browser: who signs in, who calls, who proves, in a line each."""

from __future__ import annotations

import base64
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pyotp
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from mfadesk.demo.state import read_state

ROOT = Path(__file__).resolve().parents[2]
READY_WITHIN_S = 90
ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
STAFF_SIZE = {"width": 1280, "height": 900}
PHONE_SIZE = {"width": 360, "height": 740}


def find_chromium() -> str | None:
    """Return a Chromium to drive, or None."""
    named = os.environ.get("MFADESK_CHROMIUM")
    places = [named] if named else ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"]
    return next((place for place in places if Path(place).exists()), None)


class DemoDesk:
    """`mfadesk demo` on a free port, in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.folder, self.url = folder, f"http://localhost:{port}"
        paths = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")]))
        environment = {**os.environ, "PORT": str(port), "DEMO_DIR": str(folder), "PYTHONUNBUFFERED": "1", "PYTHONPATH": paths}
        environment.pop("MFADESK_HOME", None)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "mfadesk.cli.main", "demo"],
            cwd=ROOT,
            env=environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        said, deadline = "", time.monotonic() + READY_WITHIN_S
        for line in self.process.stdout:
            said += line
            if line.startswith("Begin at"):
                return
            if time.monotonic() > deadline:
                break
        self.stop()
        raise AssertionError(f"The demo did not start: {said}")

    def stop(self) -> None:
        """End the three processes."""
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
        self.process.stdout.close()

    def staff(self, login: str):
        """Return the sign-in of one of the example staff."""
        return next(one for one in read_state(self.folder).sign_ins if one.login == login)

    def passkeys(self, owner: str):
        """Return the soft passkeys of a person or of a member of staff."""
        return [key.soft() for key in read_state(self.folder).keys if key.owner == owner]

    def links(self, page, login: str, kind: str) -> list[str]:
        """Return the links of one kind (``link``, ``vouch``, ``not-me``) in somebody's demo mail, newest first."""
        page.goto(f"{self.url}/demo/people/{login}/")
        found = re.findall(rf'href="([^"]*/{kind}/[^"]+)"', page.content())
        return list(dict.fromkeys(found))


def plug_in(page, passkeys=()) -> None:
    """Give the page's browser an authenticator of its own over CDP, holding `passkeys`."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable", {"enableUI": False})
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    made = session.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    for soft in passkeys:
        key = ec.derive_private_key(int.from_bytes(soft.scalar, "big"), ec.SECP256R1())
        der = key.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        credential = {
            "credentialId": _text(soft.credential_id),
            "isResidentCredential": True,
            "rpId": soft.rp_id,
            "privateKey": _text(der),
            "userHandle": _text(soft.user_handle),
            "signCount": soft.sign_count,
        }
        session.send("WebAuthn.addCredential", {"authenticatorId": made["authenticatorId"], "credential": credential})


def own_passkey(page) -> None:
    """Answer the demo's question by the browser's own authenticator, the one that was plugged in."""
    page.get_by_role("button", name="Use this browser’s own passkey").click()


def sign_in(page, desk: DemoDesk, login: str) -> None:
    """Sign a member of staff in with password and code."""
    who = desk.staff(login)
    page.goto(f"{desk.url}/sign-in/")
    page.get_by_label("Name at the desk").fill(login)
    page.get_by_label("Password").fill(who.password)
    page.get_by_role("button", name="Go on").click()
    page.get_by_label("Code").fill(pyotp.TOTP(who.seed).now())
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.get_by_role("heading", name="Calls", exact=True).wait_for()


def sign_in_by_passkey(page, desk: DemoDesk, login: str) -> None:
    """Sign a member of staff in with a passkey in a virtual authenticator."""
    plug_in(page, desk.passkeys(login))
    page.goto(f"{desk.url}/sign-in/")
    page.get_by_role("button", name="Sign in with a passkey").click()
    own_passkey(page)
    page.get_by_role("heading", name="Calls", exact=True).wait_for()


def start_call(page, desk: DemoDesk, name: str, goal: str = "replace_device") -> str:
    """Start a call and return its address."""
    page.goto(f"{desk.url}/cases/new?q={name.split()[-1]}")
    page.get_by_label(re.compile(f"^{name}")).check()
    page.locator(f"input[name=goal][value={goal}]").check()
    page.locator("input[name=caller][value=subject]").check()
    page.locator("input[name=channel][value=phone]").check()
    page.get_by_role("button", name="Start", exact=True).click()
    page.locator("#now").wait_for()
    return page.url.split("#")[0]


def answer_until_proof(page, answers: dict[str, str], limit: int = 12) -> None:
    """Answer what is asked by the words on the screen, until the desk wants proof."""
    for _ in range(limit):
        version = page.locator("main").get_attribute("data-version")
        if page.locator("#now.verify, #now.wait, #now.closed").count():
            return
        if page.locator("#now.ask").count():
            offered = page.locator("#now input[name=answer]").evaluate_all("all => all.map((one) => one.value)")
            step = page.locator("#now input[name=step_id]").input_value()
            wanted = next((value for value in answers.values() if value in offered), None) or answers.get(step) or offered[-1]
            page.locator(f"#now input[name=answer][value={wanted}]").check()
            page.get_by_role("button", name="Record what they said").click()
        else:
            page.get_by_role("button", name="Said, go on").click()
        page.wait_for_function("(old) => document.querySelector('main').dataset.version !== old", arg=version)


def read_code(page) -> str:
    """Return the case code on the operator's screen."""
    return page.locator(".handover .code").inner_text().strip()


def redeem(page, desk: DemoDesk, code: str) -> None:
    """Type a case code into the check-in page."""
    page.goto(f"{desk.url}/me/")
    page.locator("#code").fill(code)
    page.get_by_role("button", name="Continue").click()


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
