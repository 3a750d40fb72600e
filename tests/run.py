"""`make test`: run all that this machine can run, and say by name what it could not and what would enable it.

With MFADESK_REQUIRE=all (as .ci/run sets it) a group that cannot run is a failure. The runner's own closing line comes last, with
what was not run right before it.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CHROMIUM = ("/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome")


def find_postgres() -> str | None:
    """Return the folder of PostgreSQL's server programs, or None."""
    folders = [Path(p).parent for p in (shutil.which("postgres"), shutil.which("initdb")) if p]
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((str(f) for f in folders if (f / "initdb").exists() and (f / "postgres").exists()), None)


def find_chromium() -> str | None:
    """Return a Chromium that the browser tests can drive, or None."""
    named = os.environ.get("MFADESK_CHROMIUM")
    return named or next((path for path in CHROMIUM if Path(path).exists()), None)


def find_privacyidea() -> str | None:
    """Return the environment that holds privacyIDEA, or None."""
    venv = Path(os.environ.get("MFADESK_PRIVACYIDEA_VENV") or ROOT / "var/services/privacyidea")
    return str(venv) if (venv / "bin/gunicorn").exists() else None


def find_shared() -> str | None:
    """Return the folder with scenarios and drawings that stands beside a checkout where the project is developed, or None."""
    return str(ROOT.parent / "shared") if (ROOT.parent / "shared" / "facts").exists() else None


GROUPS = {
    "postgres": (find_postgres, "PostgreSQL's server programs (Debian: postgresql-15)"),
    "browser": (find_chromium, "Chromium (Debian: chromium), or its path in MFADESK_CHROMIUM"),
    "privacyidea": (find_privacyidea, "tests/services/setup.sh, which puts privacyIDEA into an environment of its own"),
    "shared": (find_shared, "the folder `shared` beside the project, with more scenarios"),
}
OPTIONAL = {"shared"}


def main() -> int:
    """Run the tests and return pytest's exit status, or 1 where a group is missing that must be there."""
    everything = os.environ.get("MFADESK_REQUIRE") == "all"
    missing = {name: how for name, (find, how) in GROUPS.items() if find() is None}
    if everything and set(missing) - OPTIONAL:
        print("Everything is required here (MFADESK_REQUIRE=all), and this is not there:")
        for name in sorted(set(missing) - OPTIONAL):
            print(f"  {name}: {missing[name]}")
        return 1
    workers = ["-n", os.environ.get("MFADESK_TEST_WORKERS", "2")] if importlib.util.find_spec("xdist") else []
    command = [sys.executable, "-m", "pytest", *workers, "--dist", "loadfile", "-rsfE", *sys.argv[1:]]
    os.environ["MFADESK_NOT_RUN"] = "\n".join(f"{name}: {how}" for name, how in missing.items())
    status = subprocess.run(command, cwd=ROOT, check=False).returncode
    if "postgres" not in missing and not sys.argv[1:]:
        print("\nThe tests that touch the database, once more on PostgreSQL:", flush=True)
        on_postgres = [sys.executable, "-m", "tests.services.postgres", *command, "--only-database"]
        status = subprocess.run(on_postgres, cwd=ROOT, check=False).returncode or status
    return status


if __name__ == "__main__":
    sys.exit(main())
