"""The gauge says its numbers once in words, stays inside its drawing and never carries a style."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from mfadesk.drawing.gauge import WIDTH, describe_gauge, draw_gauge
from mfadesk.drawing.spelling import spell_code

POINTS = st.integers(min_value=0, max_value=500)


@given(POINTS, POINTS, st.none() | POINTS, st.text(max_size=40))
def test_every_shape_and_label_lies_inside_the_drawing(points, needed, could, words):
    words = "".join(c for c in words if c.isprintable())
    svg = ElementTree.fromstring(draw_gauge(points, needed, could, words))
    for part in svg.iter():
        x = float(part.get("x", 0))
        assert 0 <= x <= WIDTH
        assert x + float(part.get("width", 0)) <= WIDTH + 0.1
        assert part.get("style") is None
    assert svg.get("role") == "img"
    assert str(points) in svg.get("aria-label", "")


@given(POINTS, POINTS)
def test_the_filled_part_reaches_the_mark_exactly_when_it_is_enough(points, needed):
    svg = draw_gauge(points, needed)
    filled = re.search(r'class="have"[^>]*width="([\d.]+)"', svg)
    mark = re.search(r'class="need" d="M([\d.]+) ', svg)
    assert mark is not None
    reaches = float(filled.group(1)) >= float(mark.group(1)) if filled else float(mark.group(1)) == 0
    assert reaches == (points >= needed)
    assert ('class="gauge enough"' in svg) == (points >= needed)


def test_words_from_a_policy_cannot_leave_the_attribute_they_stand_in():
    svg = draw_gauge(10, 50, 60, '"><script>')
    assert "<script" not in svg
    assert ElementTree.fromstring(svg) is not None


def test_a_plan_that_adds_nothing_is_not_drawn():
    assert 'class="could"' not in draw_gauge(30, 50, 30, "after nothing")
    assert describe_gauge(30, 50, 30, "after nothing") == "30 points now. 50 are needed."


def test_a_code_is_spelt_by_the_international_alphabet():
    assert spell_code("4MR-7K4") == (("four", "Mike", "Romeo"), ("seven", "Kilo", "four"))


def test_a_label_longer_than_the_drawing_is_cut_at_a_word_and_read_whole():
    svg = draw_gauge(0, 15, 20, "after code from an app or token that still works and then some")
    labels = re.findall(r">([^<]+)</text>", svg)
    assert all(len(label) * 6.4 <= WIDTH for label in labels), labels
    assert any(label.endswith("token …") or label.endswith("that …") for label in labels), labels
    assert "that still works and then some" in svg
