"""A demo desk for real browsers: three processes as `make demo` starts them, on a free port, in a folder of its own."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

from mfadesk.connectors.lab.soft_passkey import SoftPasskey
from mfadesk.demo.state import SignIn, read_state
from mfadesk.ledger.note import VerifierKey
from mfadesk.store.home import load_home

ROOT = Path(__file__).resolve().parents[2]
_REPORTS = re.compile(r"^mfadesk_csp_reports_total (\d+)", re.MULTILINE)


class DemoDesk:
    """A running demo. Raises AssertionError with what it said where it does not become ready."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.folder, self.url = folder, f"http://localhost:{port}"
        self.sign_counts: dict[str, int] = {}
        environment = {**os.environ, "PORT": str(port), "DEMO_DIR": str(folder), "PYTHONUNBUFFERED": "1"}
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")]))
        environment.pop("MFADESK_HOME", None)
        self._process = subprocess.Popen(
            _program("demo"), cwd=ROOT, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        said = []
        assert self._process.stdout is not None
        for line in self._process.stdout:
            said.append(line)
            if line.startswith("Begin at"):
                return
        self.stop()
        raise AssertionError(f"The demo did not start: {''.join(said)}")

    def stop(self) -> None:
        """End the three processes."""
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(10)
        if self._process.stdout is not None:
            self._process.stdout.close()

    def staff(self, login: str) -> SignIn:
        """Return how one of the example staff signs in."""
        return next(one for one in read_state(self.folder).sign_ins if one.login == login)

    def passkeys(self, owner: str) -> list[SoftPasskey]:
        """Return the passkeys that a person or a member of staff holds."""
        return [key.soft() for key in read_state(self.folder).keys if key.owner == owner]

    def paper(self, login: str) -> list[str]:
        """Return the recovery codes that a person put away."""
        return read_state(self.folder).paper[login]

    def count_reports(self) -> int:
        """Return how many times a browser has reported to the desk that a page broke its policy."""
        with urllib.request.urlopen(f"{self.url}/metrics", timeout=10) as answer:
            found = _REPORTS.search(answer.read().decode())
        return int(found[1]) if found else 0

    def verify(self, record: Path) -> subprocess.CompletedProcess[str]:
        """Judge an exported record by the offline verifier: a process that knows the file, the public key, and nothing else."""
        public = load_home(self.folder).public_keys()
        key = VerifierKey(public.origin, public.checkpoint_verify).text()
        return subprocess.run(
            _program("ledger", "verify", str(record), "--key", key),
            cwd=record.parent, env={"PATH": os.defpath, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip


def _program(*words: str) -> list[str]:
    return [sys.executable, "-m", "mfadesk.cli.main", *words]
