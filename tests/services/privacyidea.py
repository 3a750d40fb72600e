"""A real privacyIDEA 3.14 for the tests: its own environment, its own process, its own throwaway data, ended with the session.

What it is set up with is what an installation would have: a realm from a password file, an enrolment policy that demands proof
of a new token, and a service account whose rights are named one by one (the action ``*`` would also switch on policies that
nobody meant).
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mfadesk.connectors.privacyidea.policies import NEEDED
from tests.services.absent import require

ROOT = Path(__file__).parents[2]
REALM = "corp"
SERVICE_ACCOUNT = "mfadesk"
RP_ID = "localhost"
ORIGIN = "http://localhost:8000"
USERS = tuple(f"person{n:03d}" for n in range(400))
READY_S = 60.0
GUNICORN = "-w 1 --threads 4 --no-control-socket"

SERVICE_RIGHTS = tuple(sorted(NEEDED))

DESK_POLICY = {"scope": "admin", "adminuser": SERVICE_ACCOUNT, "realm": REALM, "action": ", ".join(SERVICE_RIGHTS)}

CONFIGURATION = """
SUPERUSER_REALM = ["super"]
SECRET_KEY = "test-only-0123456789abcdef0123456789abcdef"
PI_PEPPER = "test-only-pepper"
PI_ENCFILE = "{folder}/enckey"
PI_AUDIT_KEY_PRIVATE = "{folder}/private.pem"
PI_AUDIT_KEY_PUBLIC = "{folder}/public.pem"
PI_AUDIT_SQL_TRUNCATE = True
SQLALCHEMY_DATABASE_URI = "sqlite:///{folder}/pi.sqlite"
PI_LOGFILE = "{folder}/pi.log"
PI_LOGLEVEL = 30
PI_UUID_FILE = "{folder}/uuid.txt"
PI_HASH_ALGO_PARAMS = {{"argon2__rounds": 1, "argon2__memory_cost": 8, "argon2__parallelism": 1}}
PI_AUDIT_NO_PRIVATE_KEY_CHECK = True
PI_RESPONSE_NO_PRIVATE_KEY_CHECK = True
"""

WSGI = """
from privacyidea.app import create_app
application = create_app(config_name="production", config_file="{folder}/pi.cfg", silent=True)
"""


@dataclass(frozen=True, slots=True)
class PrivacyIdea:
    """A running server."""

    url: str
    token: str
    admin_token: str
    folder: Path

    def configuration(self) -> dict[str, Any]:
        """Return what `open_provider` takes."""
        return {
            "kind": "privacyidea",
            "url": self.url,
            "realm": REALM,
            "token": self.token,
            "origins": [ORIGIN],
            "allow_loopback_http": True,
            "timeout_s": 20,
        }

    def call(self, method: str, path: str, fields: dict[str, Any] | None = None) -> Any:
        """Return ``result.value`` of a call as the server's own administrator."""
        return _call(self.url, method, path, fields, self.admin_token)


def find_environment() -> Path | None:
    """Return the virtual environment that holds privacyIDEA, or None."""
    venv = Path(os.environ.get("MFADESK_PRIVACYIDEA_VENV") or ROOT / "var/services/privacyidea")
    return venv if (venv / "bin/gunicorn").exists() and (venv / "bin/pi-manage").exists() else None


def start(folder: Path) -> tuple[PrivacyIdea, subprocess.Popen[bytes]]:
    """Return a running server with its data under `folder`, and its process; skip the tests where it is not installed."""
    venv = require(
        find_environment(), "privacyIDEA", "run tests/services/setup.sh, or name its environment in MFADESK_PRIVACYIDEA_VENV"
    )
    (folder / "pi.cfg").write_text(CONFIGURATION.format(folder=folder))
    (folder / "pi_wsgi.py").write_text(WSGI.format(folder=folder))
    (folder / "users").write_text("".join(f"{u}:x:{n}:{n}:{u.title()}:/:/\n" for n, u in enumerate(USERS, 2000)))
    environment = {**os.environ, "PRIVACYIDEA_CONFIGFILE": str(folder / "pi.cfg"), "PYTHONWARNINGS": "ignore"}

    def manage(*arguments: str) -> str:
        done = subprocess.run(
            [venv / "bin/pi-manage", *arguments], env=environment, capture_output=True, text=True, check=False, timeout=120
        )
        if done.returncode:
            raise RuntimeError(f"pi-manage {arguments[0]} failed: {done.stderr[-500:]}")
        return done.stdout

    for step in ("create_enckey", "create_audit_keys", "create_tables"):
        manage("setup", step)
    manage("admin", "add", "admin", "-p", "adminpw")
    token = _find_token(manage("api", "createtoken", "-r", "admin", "-d", "30", "-u", SERVICE_ACCOUNT))
    port = _free_port()
    command = [*GUNICORN.split(), f"--bind=127.0.0.1:{port}", f"--chdir={folder}", "pi_wsgi:application"]
    server = subprocess.Popen(
        [venv / "bin/gunicorn", *command],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=(folder / "gunicorn.log").open("wb"),
    )
    url = f"http://127.0.0.1:{port}"
    try:
        _await(url, server, folder)
        admin = _call(url, "POST", "/auth", {"username": "admin", "password": "adminpw"}, None)["token"]
        _set_up(url, admin, folder)
    except BaseException:
        stop(server)
        raise
    return PrivacyIdea(url, token, admin, folder), server


def allow_desk(server: PrivacyIdea) -> None:
    """Give the service account its rights (again)."""
    server.call("POST", "/policy/desk", DESK_POLICY)


def stop(server: subprocess.Popen[bytes]) -> None:
    """End the process that `start` began, and wait for it."""
    server.terminate()
    try:
        server.wait(10)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait(10)


def _set_up(url: str, admin: str, folder: Path) -> None:
    def post(path: str, **fields: Any) -> None:
        _call(url, "POST", path, fields, admin)

    post("/resolver/people", type="passwdresolver", fileName=str(folder / "users"))
    post(f"/realm/{REALM}", resolvers="people")
    post(f"/defaultrealm/{REALM}")
    post(
        "/policy/enrolment",
        scope="enrollment",
        action={
            "verify_enrollment": "hotp totp",
            "webauthn_relying_party_id": RP_ID,
            "webauthn_relying_party_name": "Corp",
            "webauthn_authenticator_attestation_level": "none",
            "webauthn_authenticator_attestation_form": "none",
            "webauthn_user_verification_requirement": "required",
        },
    )
    post("/policy/verification", scope="authentication", action={"webauthn_user_verification_requirement": "required"})
    post("/policy/pages", scope="webui", realm=REALM, action={"login_mode": "privacyIDEA"})
    # The superuser first: with any admin policy in force, who is named in none may do nothing.
    post("/policy/superuser", scope="admin", adminuser="admin", action="*")
    post("/policy/desk", **DESK_POLICY)


def _call(url: str, method: str, path: str, fields: dict[str, Any] | None, token: str | None) -> Any:
    body = json.dumps(fields or {}).encode() if method != "GET" else None
    # A GET that claims a JSON body and has none is a bad request to privacyIDEA.
    headers = ({"Content-Type": "application/json"} if body is not None else {}) | ({"Authorization": token} if token else {})
    request = urllib.request.Request(url + path, body, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)["result"]["value"]
    except urllib.error.HTTPError as error:
        with error:
            raise RuntimeError(f"{method} {path}: {error.code} {error.read(500)!r}") from error


def _await(url: str, server: subprocess.Popen[bytes], folder: Path) -> None:
    until = time.monotonic() + READY_S
    while time.monotonic() < until and server.poll() is None:
        try:
            with urllib.request.urlopen(url + "/healthz/readyz", timeout=5):
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("privacyIDEA did not become ready: " + (folder / "gunicorn.log").read_text()[-800:])


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _find_token(output: str) -> str:
    return next(word for word in output.split() if word.count(".") == 2 and word.startswith("ey"))
