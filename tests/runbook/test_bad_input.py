"""Runbooks made to hurt: each is refused with its place, in bounded time and memory. What is merely wrong is in test_parse.py."""

from __future__ import annotations

import time
import tracemalloc

import pytest
from typer.testing import CliRunner

from mfadesk.cli.runbook import app
from mfadesk.kernel.errors import Invalid
from mfadesk.runbook.fields import MAX_STEPS
from mfadesk.runbook.parse import parse_runbook
from tests.runbook.test_parse import SMALL

ENOUGH_S = 8
ENOUGH_BYTES = 200_000_000
STEP = "  s{0}: {{kind: end, title: T, outcome: abandoned}}\n"
BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join([f'*{chr(97 + n)}'] * 9)}]\n" for n in range(12)
)


def hostile():
    """Yield a name, the text, and a word of what is said about it."""
    yield "ten megabytes", SMALL + "# " + "x" * 10_000_000, "larger than"
    yield "ten megabytes of steps", SMALL + "".join(STEP.format(n) for n in range(200_000)), "larger than"
    yield "ten thousand steps", SMALL + "".join(STEP.format(n) for n in range(10_000)), f"between 1 and {MAX_STEPS}"
    yield "lists in lists", SMALL.replace("[try_it]", "[" * 20_000), "nested deeper"
    yield "mappings in mappings", SMALL.replace("goals: [try_it]", "goals: " + "{a: " * 20_000), "nested deeper"
    yield "a YAML bomb", BOMB, "anchors"
    yield "a guard of a thousand brackets", SMALL.replace('phone == "works"', "'" + "(" * 1000 + "'"), "characters"
    yield "a guard nested too deep", SMALL.replace('phone == "works"', "'" + "!" * 300 + "true'"), "nested deeper"
    yield "a key twice", SMALL.replace("  fine:", "  ask-it: {kind: end, title: T, outcome: stopped}\n  fine:"), "stands twice"
    yield (
        "ids that look alike",
        SMALL.replace("to: fine", "to: f\u0456ne").replace("  fine:", "  f\u0456ne:"),
        "lower-case a to z",
    )
    yield "a script in a text", SMALL.replace("Does your phone work?", "<script>alert(1)</script>"), "markup"
    yield "an entity in a title", SMALL.replace("title: Fine", "title: Fine&#8203;"), "markup"
    yield (
        "a fragment by its path",
        SMALL.replace("  fine:\n    kind: end", "  fine:\n    kind: include\n    fragment: ../../x"),
        "no key",
    )
    yield "a path as a fragment", SMALL + "  x: {kind: include, fragment: ../x}\n", "lower-case a to z"


@pytest.mark.parametrize(("name", "text", "words"), [pytest.param(*case, id=case[0]) for case in hostile()])
def test_it_is_refused_with_its_place_in_bounded_time_and_memory(name, text, words):
    began = time.process_time()
    tracemalloc.start()
    try:
        with pytest.raises(Invalid) as caught:
            parse_runbook(text, "hostile.yaml")
        assert tracemalloc.get_traced_memory()[1] < ENOUGH_BYTES
    finally:
        tracemalloc.stop()
    assert time.process_time() - began < ENOUGH_S
    assert caught.value.where.startswith("hostile.yaml:")
    assert words in caught.value.what


def test_a_guard_that_never_holds_is_named_with_its_place(tmp_path):
    path = tmp_path / "dead.yaml"
    path.write_text(
        SMALL.replace('phone == "works"', '\'phone == "works" && phone == "gone"\'').replace("to: fine,", "to: fine,")
    )
    result = CliRunner().invoke(app, ["lint", str(path)])
    assert result.exit_code == 1
    assert (
        'dead.yaml:11:3: The guard phone == "works" && phone == "gone" of "Does it work?" never holds. [guards-total]'
        in result.stdout
    )
