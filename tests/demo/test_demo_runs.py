"""`mfadesk demo` for real: three processes, their pages, a death, a stop, and a second start."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.slow


class Demo:
    def __init__(self, folder):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.folder = folder
        environment = {**os.environ, "PORT": str(self.port), "DEMO_DIR": str(folder), "PYTHONUNBUFFERED": "1"}
        environment.pop("MFADESK_HOME", None)
        self.began = time.monotonic()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "mfadesk.cli.main", "demo"],
            cwd=ROOT,
            env=environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        self.said = ""

    def wait_ready(self):
        for line in self.process.stdout:
            self.said += line
            if line.startswith("Begin at"):
                return time.monotonic() - self.began
        raise AssertionError(self.said)

    def get(self, path):
        try:
            with urllib.request.urlopen(f"http://localhost:{self.port}{path}", timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def children(self):
        listed = subprocess.run(
            ["ps", "-o", "pid=,args=", "--ppid", str(self.process.pid)], capture_output=True, text=True, check=False
        ).stdout
        return {
            re.search(r"mfadesk\.cli\.main (\w+)", line)[1]: int(line.split()[0])
            for line in listed.splitlines()
            if "mfadesk.cli.main" in line
        }

    def stop(self):
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(20)


def test_the_demo_starts_shows_its_rooms_survives_a_death_stops_and_goes_on(tmp_path):
    demo = Demo(tmp_path / "demo")
    try:
        demo.wait_ready()
        assert "juniper" in demo.said and f"http://localhost:{demo.port}/demo/" in demo.said
        for path in (
            "/demo/",
            "/demo/calls/rosemary/",
            "/demo/people/",
            "/demo/people/hazel.linden/",
            "/demo/mail/",
            "/demo/provider/",
            "/sign-in/",
            "/readyz",
        ):
            assert demo.get(path)[0] == 200, path
        assert "demo/softkey" not in demo.get("/demo/people/nobody/")[1]
        assert demo.get("/demo/people/nobody/")[0] == 404
        before = demo.children()
        assert set(before) == {"serve", "worker", "executor"}
        os.kill(before["executor"], signal.SIGKILL)
        deadline = time.monotonic() + 20
        while demo.children().get("executor", before["executor"]) == before["executor"] and time.monotonic() < deadline:
            time.sleep(0.2)
        assert demo.children()["executor"] != before["executor"]
        again = subprocess.run(
            [sys.executable, "-m", "mfadesk.cli.main", "demo", "--reset-only"], cwd=ROOT, capture_output=True, text=True, check=False,
            env={**os.environ, "DEMO_DIR": str(demo.folder)},
        )  # fmt: skip
        assert again.returncode == 1 and "already" in again.stderr
    finally:
        status = demo.stop()
    assert status == 0
    assert demo.children() == {}
    second = Demo(tmp_path / "demo")
    try:
        second.wait_ready()
        assert "Setting up" not in second.said
        assert demo.port != second.port and second.get("/demo/")[0] == 200
    finally:
        assert second.stop() == 0


def test_killing_the_demo_leaves_no_executor_behind(tmp_path):
    demo = Demo(tmp_path / "demo")
    demo.wait_ready()
    children = demo.children()
    demo.process.kill()
    demo.process.wait()
    deadline = time.monotonic() + 15
    while any(Path(f"/proc/{pid}").exists() for pid in children.values()) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert not [name for name, pid in children.items() if Path(f"/proc/{pid}").exists()]
