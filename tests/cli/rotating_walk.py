"""Walks the road against running processes while every key is rotated under them; prints what became of it. Run by a test."""

from __future__ import annotations

import base64
import contextlib
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from mfadesk.cli.walk import _begin, throwaway_processes
from mfadesk.kernel.errors import MfadeskError
from mfadesk.ledger.note import VerifierKey
from mfadesk.ledger.verify import verify_pack

ROTATE_AFTER = {
    "the operator reads the case code from the page": ("--wrap",),
    "the person's browser enters the code": (),
    "the person proves themselves with a passkey": (),
    "the person is shown the new secret, once": (),
    "the record verifies offline": (),
}


def rotate(home, *options) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "mfadesk.cli.main", "rotate-keys", "--home", str(home.folder), "--yes", *options],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise SystemExit(done.stdout + done.stderr)


def name_wrapping_keys(home) -> None:
    lines = ["", "[wrapping]"]
    for holder in ("web", "executor"):
        path = home.folder / f"{holder}.wrap"
        path.write_text(base64.b64encode(bytes([len(holder)]) * 32).decode())
        path.chmod(0o600)
        lines.append(f'{holder} = "file:{path}"')
    with (home.folder / "desk.toml").open("a") as file:
        file.write("\n".join(lines) + "\n")


def main() -> None:
    told: dict = {"steps": [], "problem": ""}
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mfadesk-rotate-")))
        home = stack.enter_context(throwaway_processes(folder))
        begun = VerifierKey(home.public_keys().origin, home.public_keys().checkpoint_verify).text()
        name_wrapping_keys(home)
        road = _begin(home, stack)
        for name, act in road.steps():
            try:
                act()
            except (MfadeskError, AssertionError) as error:
                told["problem"] = f"{name}: {error}"
                break
            told["steps"].append(name)
            if name in ROTATE_AFTER:
                rotate(home, *ROTATE_AFTER[name])
        newest = home.public_keys()
        keys = [VerifierKey(newest.origin, key).text() for key in (newest.checkpoint_verify, *newest.checkpoint_verify.older)]
        told |= {
            "keys": keys, "begun": begun, "by_newest": verify_pack(road.record, keys[0]).ok,
            "by_all": verify_pack(road.record, "\n".join(keys)).ok, "by_begun_alone": verify_pack(road.record, begun).ok,
            "in_clear": "receipt" in (home.folder / "keys" / "executor.json").read_text(),
        }  # fmt: skip
        check = subprocess.run(
            [sys.executable, "-m", "mfadesk.cli.main", "check", "--home", str(home.folder), "--json"],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        told["findings"] = json.loads(check.stdout)["findings"]
        logs = "".join(path.read_text() for path in (home.folder / "logs").glob("*.log"))
        told["log_errors"] = [line for line in logs.splitlines() if '"level": "error"' in line or "Traceback" in line]
    print(json.dumps(told))


if __name__ == "__main__":
    main()
