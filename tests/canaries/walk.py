"""Walks the road against real processes and searches their files, arguments, environments and logs. Run by a test; prints JSON."""

from __future__ import annotations

import base64
import contextlib
import json
import tempfile
from pathlib import Path

from mfadesk.cli.walk import _begin, throwaway_processes
from mfadesk.demo.state import read_state
from tests.canaries.spellings import stands_in

KEPT_OPEN = "tests.canaries.walk"


def planted(home, road) -> dict[str, str | bytes]:
    """Return what is secret at the end of the walk, by name."""
    web, executor = home.web_keys(), home.executor_keys()
    found: dict[str, str | bytes] = {
        "case code": road.code, "new seed": road.uri.split("secret=")[1].split("&")[0],
        "operator's session": next(v for n, v in road.operator._client.cookies.items() if "staff" in n),
        "claimant's cookie": next(v for n, v in road.claimant._client.cookies.items() if "claimant" in n),
        "web key at rest": bytes(web.at_rest), "web key for sessions": bytes(web.session), "key of links": bytes(web.locator),
        "receipt key": bytes(executor.receipt), "signing key": bytes(executor.checkpoint_sign), "box key": bytes(executor.box_private),
        **{f"credential {name}": base64.b64decode(value) for name, value in executor.provider.items()},
    }  # fmt: skip
    for one in read_state(home.folder).sign_ins:
        found |= {f"password of {one.login}": one.password, f"seed of {one.login}": one.seed}
    return found


def processes_of(home) -> list[Path]:
    """Return the running processes of this desk, which carry its folder in their environment."""
    mark = f"MFADESK_HOME={home.folder}".encode()
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if mark in (path / "environ").read_bytes() and KEPT_OPEN.encode() not in (path / "cmdline").read_bytes():
                found.append(path)
    return found


def places_of(home, road) -> dict[str, bytes]:
    """Return everything that the walk left behind, by name."""
    running = processes_of(home)
    found = {f"log {path.name}": path.read_bytes() for path in (home.folder / "logs").iterdir()}
    found |= {f"file {path.name}": path.read_bytes() for path in home.folder.glob("desk.*")}
    found |= {f"lab file {path.name}": path.read_bytes() for path in home.folder.glob("lab*") if path.is_file()}
    found |= {f"argv {path.name}": (path / "cmdline").read_bytes() for path in running}
    found |= {f"environ {path.name}": (path / "environ").read_bytes() for path in running}
    found["record"] = road.record
    found["operator's closed page"] = road.operator.get(f"/cases/{road.case}").content
    found["operator's list"] = road.operator.get("/").content
    found["public keys"] = home.key_file("public").read_bytes()
    return found


def main() -> None:
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mfadesk-canaries-")))
        home = stack.enter_context(throwaway_processes(folder))
        road = _begin(home, stack)
        for name, act in road.steps():
            act()
            if name == "the record is exported":
                break
        secrets, places = planted(home, road), places_of(home, road)
        leaks = [
            (name, place) for name, secret in secrets.items() for place, content in places.items() if stands_in(secret, content)
        ]
        database = b"".join(content for name, content in places.items() if name.startswith("file desk.sqlite3"))
        told = {
            "leaks": leaks, "secrets": sorted(secrets), "places": sorted(places),
            "found": [place for place, content in (("database", database), ("record", road.record)) if stands_in(road.case, content)],
        }  # fmt: skip
    # Until here standard output is the throwaway desk's.
    print(json.dumps(told))


if __name__ == "__main__":
    main()
