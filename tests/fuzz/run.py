"""A guided run over one target: `python -m tests.fuzz.run "signed note" [-max_total_time=60]`, where atheris is installed.

It is no dependency of the desk: install it into an environment that also has requirements/dev.lock. Without it this says so and
ends with status 3.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

LARGEST_MB = 1024


def main() -> None:
    try:
        import atheris
    except ImportError:
        print(
            "atheris is not installed here: `pip install atheris` into an environment of its own, beside requirements/dev.lock."
        )
        raise SystemExit(3) from None
    with atheris.instrument_imports(include=["mfadesk"]):
        from tests.fuzz.targets import LARGEST, TARGETS, feed
    name = sys.argv[1] if len(sys.argv) > 1 else ""
    if name not in TARGETS:
        print(f"Name a target: {', '.join(TARGETS)}.")
        raise SystemExit(2)
    with tempfile.TemporaryDirectory(prefix="fuzz-") as corpus:
        for number, seed in enumerate(TARGETS[name].seeds):
            (Path(corpus) / str(number)).write_bytes(seed)
        limits = [f"-max_len={LARGEST}", f"-timeout={max(10, int(TARGETS[name].limit_s * 10))}", f"-rss_limit_mb={LARGEST_MB}"]
        atheris.Setup([sys.argv[0], *limits, *sys.argv[2:], corpus], lambda data: feed(name, data))
        atheris.Fuzz()


if __name__ == "__main__":
    main()
