"""Guards: what they accept, what they refuse and where, and that evaluating one cannot fail."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mfadesk.kernel.errors import Invalid
from mfadesk.runbook.guards import MAX_GUARD_CHARS, MAX_GUARD_DEPTH, Place, assignments, evaluate, parse_guard, variables_of
from mfadesk.runbook.model import Variable

VARIABLES = {
    "phone": Variable("phone", ("works", "gone", "unknown")),
    "ok": Variable("ok", ("true", "false", "unknown")),
}
HERE = Place("f.yaml", 7, 11)


def guard_of(source: str):
    return parse_guard(source, VARIABLES, HERE)


@pytest.mark.parametrize(
    ("source", "values", "holds"),
    [
        ('phone == "gone"', {"phone": "gone"}, True),
        ('phone == "gone"', {}, False),
        ('phone != "gone"', {}, True),
        ('phone == "unknown"', {}, True),
        ('phone in ["gone", "works"]', {"phone": "works"}, True),
        ("ok", {"ok": "true"}, True),
        ("ok", {}, False),
        ("!ok", {}, True),
        ("ok == false", {"ok": "false"}, True),
        ('ok || phone == "gone" && ok', {"phone": "gone"}, False),
        ('(ok || phone == "gone") && !(phone == "works")', {"phone": "gone"}, True),
        ("true", {}, True),
    ],
)
def test_a_guard_holds_exactly_when_its_comparison_does(source, values, holds):
    assert evaluate(guard_of(source), values) is holds


@pytest.mark.parametrize(
    ("source", "column", "words"),
    [
        ('fone == "gone"', 11, 'Did you mean "phone"'),
        ('phone == "gonne"', 20, 'Did you mean "gone"'),
        ("phone == gone", 20, "quotation marks"),
        ("phone", 11, "no yes-or-no variable"),
        ('phone == "gone" &&', 29, "a variable belongs here"),
        ('(phone == "gone"', 27, '")" is missing'),
        ('phone = "gone"', 17, "not part of a guard"),
        ('phone in "gone"', 20, "a list"),
        ('phone == "gone" ok', 27, "does not belong"),
        ("size(phone)", 11, "no variable"),
        ("", 11, "a variable belongs here"),
    ],
)
def test_a_mistake_is_named_with_its_column(source, column, words):
    with pytest.raises(Invalid) as caught:
        guard_of(source)
    assert caught.value.where == f"f.yaml:7:{column}"
    assert words in caught.value.what


@pytest.mark.parametrize("source", ["(" * 500 + "ok" + ")" * 500, "!" * (MAX_GUARD_DEPTH + 2) + "ok", "ok " * MAX_GUARD_CHARS])
def test_a_guard_nobody_could_review_is_refused(source):
    with pytest.raises(Invalid):
        guard_of(source)


@st.composite
def sources(draw, depth=3):
    if depth == 0 or draw(st.booleans()):
        name = draw(st.sampled_from(["phone", "ok"]))
        value = draw(st.sampled_from(VARIABLES[name].values))
        return f'{name} {draw(st.sampled_from(["==", "!="]))} "{value}"'
    left, right = draw(sources(depth=depth - 1)), draw(sources(depth=depth - 1))
    return draw(st.sampled_from([f"({left} && {right})", f"({left} || {right})", f"!({left})"]))


@given(sources())
def test_a_guard_agrees_with_python_on_every_assignment(source):
    guard = guard_of(source)
    python = source.replace("&&", " and ").replace("||", " or ").replace("!(", " not (")
    for values in assignments(VARIABLES, VARIABLES):
        assert evaluate(guard, values) is bool(eval(python, {}, dict(values)))
    assert variables_of(guard) <= set(VARIABLES)


@given(st.text(max_size=60))
def test_any_text_is_a_guard_or_a_located_mistake(text):
    try:
        evaluate(guard_of(text), {})
    except Invalid as error:
        assert error.where.startswith("f.yaml:7:")
