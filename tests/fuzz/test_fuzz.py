"""Every parser is fed mutated good input and hostile input: it answers or refuses in our own words, in bounded time and memory.

Where atheris is installed (in an environment of its own; it is no dependency), `python -m tests.fuzz.run TARGET` goes on for as long
as one likes, guided by coverage; a short run of it is a test here.
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import time
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.targets import FOUND, HOSTILE, LARGEST, TARGETS, feed

ROOT = Path(__file__).resolve().parents[2]
MOST_MEMORY_BYTES = 128 << 20

PIECES = [
    b"[",
    b"{",
    b'"',
    b"'",
    b":",
    b"\n",
    b"\0",
    b"\xff",
    b"-",
    b"&a",
    b"*a",
    b"<<",
    b"0",
    b"1e9",
    b"null",
    b"true",
    b",",
    b"=",
    b"+",
    b"  ",
]


class Fed(bytes):
    """One input, which is not printed whole: the first part tells enough, and Hypothesis would warn of the rest."""

    def __repr__(self) -> str:
        return f"{bytes(self[:500])!r}, {len(self)} bytes"


@st.composite
def mutated(draw, seeds):
    """A good input, cut, doubled, shuffled or spoilt in a few places."""
    data = bytearray(draw(st.sampled_from(seeds)))
    for _ in range(draw(st.integers(1, 6))):
        where = draw(st.integers(0, max(0, len(data) - 1)))
        length = draw(st.integers(0, 40))
        match draw(st.integers(0, 4)):
            case 0:
                del data[where : where + length]
            case 1:
                data[where:where] = draw(st.sampled_from(PIECES)) * draw(st.integers(1, 30))
            case 2:
                data[where : where + length] = draw(st.binary(max_size=20))
            case 3:
                data[where:where] = data[where : where + length] * draw(st.integers(1, 20))
            case _:
                del data[where:]
    return Fed(data[:LARGEST])


@pytest.mark.parametrize("name", TARGETS)
def test_the_good_examples_are_taken(name):
    for seed in TARGETS[name].seeds:
        TARGETS[name].read(seed)


@pytest.mark.parametrize("name", TARGETS)
def test_mutated_input_is_answered_or_refused_in_time(name):
    target = TARGETS[name]

    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(mutated(target.seeds))
    def check(data):
        # The processor's time and not the clock's: a busy machine makes no parser slow.
        began = time.process_time()
        feed(name, data)
        assert time.process_time() - began < target.limit_s

    check()


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_input_is_refused_in_bounded_time_and_memory(hostile):
    for name, target in TARGETS.items():
        tracemalloc.start()
        try:
            began = time.process_time()
            feed(name, HOSTILE[hostile])
            took, (_, peak) = time.process_time() - began, tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        # Tracing memory costs several times the parser's own work.
        assert took < 8 * target.limit_s, (name, took)
        assert peak < MOST_MEMORY_BYTES, (name, peak)


@pytest.mark.parametrize(("name", "data"), FOUND, ids=range(len(FOUND)))
def test_what_a_guided_run_once_found_is_refused(name, data):
    feed(name, data)


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", TARGETS)
def test_a_short_guided_run_finds_nothing(name):
    if importlib.util.find_spec("atheris") is None:
        pytest.skip("atheris is not installed here; `python -m tests.fuzz.run TARGET` says how")
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz.run", name, "-max_total_time=5"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
