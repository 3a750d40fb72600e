"""The providers that a crash is played against: the lab in its file, and a real privacyIDEA. Each says what must be the same at the end."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar, Protocol

from mfadesk.cli.throwaway import PUBLIC_URL
from mfadesk.connectors.lab import oath
from mfadesk.kernel.clock import Clock, SystemClock
from mfadesk.kernel.ids import SystemRandomness
from mfadesk.kernel.secret import Secret
from mfadesk.ports.provider import Accepted
from tests.connectors.house import passkey_for, secret_in
from tests.services import privacyidea as service


class House(Protocol):
    """A provider with people in it.

    configuration: of the desk that stands before it. seconds: what a person's phone takes for the time, given the desk's clock.
    """

    configuration: dict[str, Any]

    def login(self, number: int) -> str: ...

    def give(self, login: str, now: datetime) -> tuple[str, str]:
        """Give the account an app on the old phone and a passkey on the laptop; return the old one's id, and the passkey."""
        ...

    def found(self, login: str, old: str) -> dict[str, Any]:
        """Return what the provider holds of the account, and what was done to the old one."""
        ...

    def seconds(self, clock: Clock) -> float: ...


class LabHouse:
    """The lab in its own file, on the desk's clock."""

    def __init__(self, folder: Path) -> None:
        self.path = str(folder / "lab.sqlite3")
        self.configuration = {
            "kind": "lab", "path": self.path, "seed_key_key": "lab_seed", "rp_id": "localhost", "origins": [PUBLIC_URL], "issuer": "Crash",
        }  # fmt: skip
        self.scene: Any = None
        """Set by the world, which has the lab's key."""

    def login(self, number: int) -> str:
        return f"person{number:04}"

    def give(self, login: str, now: datetime) -> tuple[str, str]:
        self.scene.add_account(login)
        days = [now - timedelta(days=n) for n in (400, 2, 1)]
        old = self.scene.add_authenticator(login, "totp", "Phone", created_at=days[0], last_used_at=days[1])
        _, passkey = self.scene.add_passkey(login, "Laptop", created_at=days[0], last_used_at=days[2])
        self.scene.add_session(login)
        return old, passkey.to_json()

    def found(self, login: str, old: str) -> dict[str, Any]:
        audit = Counter(line.act for line in self.scene.list_audit(login) if line.authenticator_id == old)
        held = self.scene.holdings(login)
        return {
            "holds": sorted(f"{a.kind} {a.state}{' OLD' if a.id == old else ''}" for a in held.authenticators),
            "sessions": held.sessions,
            "acts_on_the_old": {act: audit[act] for act in ("suspend", "resume", "remove")},
        }

    def seconds(self, clock: Clock) -> float:
        return clock.now().timestamp()


@dataclass
class _Site:
    """What the laws' players need of a house."""

    provider: Any
    origin: str = service.ORIGIN


class PrivacyIdeaHouse:
    """A real privacyIDEA in a process of its own. Its clock is the machine's; what was done to a token it tells by its audit log."""

    ACTS: ClassVar = {
        "suspend": ("POST", "/token/disable"),
        "resume": ("POST", "/token/enable"),
        "remove": ("DELETE", "/token/"),
    }

    def __init__(self, server: service.PrivacyIdea, folder: Path) -> None:
        from mfadesk.connectors.privacyidea.provider import open_privacyidea

        token = folder / "privacyidea.token"
        token.touch(0o600)
        token.write_text(server.token)
        config = server.configuration()
        del config["token"]
        self.server, self.configuration = server, {**config, "token_file": str(token)}
        self.provider = open_privacyidea(server.configuration(), SystemClock(), Secret(server.token))
        self.site = _Site(self.provider)

    def login(self, number: int) -> str:
        return service.USERS[number]

    def give(self, login: str, now: datetime) -> tuple[str, str]:
        enrolment = self.provider.enrol(login, "totp", "Phone", f"k-{login}")
        code = oath.hotp(secret_in(enrolment.secret_uri), int(time.time()) // 30 - 1)
        assert isinstance(self.provider.confirm_code(login, enrolment.authenticator_id, Secret(code)), Accepted)
        _, passkey = passkey_for(self.site, login)
        options = self.provider.begin_assertion(login, SystemRandomness().bytes(32))
        moved, response = passkey.sign(options, service.ORIGIN)
        assert isinstance(self.provider.finish_assertion(login, options, response), Accepted)
        return enrolment.authenticator_id, moved.to_json()

    def found(self, login: str, old: str) -> dict[str, Any]:
        held = self.provider.look(login)
        lines = self.server.call("GET", f"/audit/?serial={old}&page_size=200")["auditdata"]
        done = Counter(
            act for line in lines for act, (method, path) in self.ACTS.items()
            if line["success"] and line["action"].startswith(f"{method} {path}")
        )  # fmt: skip
        return {
            "holds": sorted(f"{a.kind} {a.state}{' OLD' if a.id == old else ''}" for a in held.authenticators),
            "acts_on_the_old": {act: done[act] for act in self.ACTS},
        }

    def seconds(self, clock: Clock) -> float:
        return datetime.now(UTC).timestamp()
