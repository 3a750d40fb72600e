"""Two changes to one text: nothing of either is lost, and nobody's line is overwritten without a choice."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mfadesk.operations.merging import CHOICES, count_clashes, join, merge

texts = st.lists(st.sampled_from("abcde"), max_size=12).map("\n".join)


@given(texts, texts)
def test_one_side_alone_is_taken_as_it_is_without_a_choice(base, changed):
    for parts in (merge(base, changed, base), merge(base, base, changed), merge(base, changed, changed)):
        assert count_clashes(parts) == 0
        assert join(parts, {}) == changed


@given(texts, texts, texts)
def test_either_side_can_be_had_whole_wherever_they_clash_and_no_clash_is_skipped(base, theirs, yours):
    parts = merge(base, theirs, yours)
    for field, text in (("base", base), ("theirs", theirs), ("yours", yours)):
        held = [line for part in parts for line in getattr(part, field)]
        # Where both did the same, the base has its own lines and both sides the new ones.
        assert "\n".join(held) == text
    clashes = count_clashes(parts)
    if clashes:
        assert join(parts, {}) is None
        assert join(parts, dict.fromkeys(range(1, clashes), "yours")) is None
    for choice in CHOICES:
        assert join(parts, dict.fromkeys(range(1, clashes + 1), choice)) is not None


def test_two_changes_in_different_places_are_both_kept():
    parts = merge("a\nb\nc\nd\ne", "a\nB\nc\nd\ne", "a\nb\nc\nd\nE\nf")
    assert join(parts, {}) == "a\nB\nc\nd\nE\nf"


def test_two_changes_of_one_line_wait_for_a_choice():
    parts = merge("a\nb\nc", "a\ntheirs\nc", "a\nyours\nc")
    assert [part.kind for part in parts] == ["same", "clash", "same"]
    assert join(parts, {1: "yours"}) == "a\nyours\nc"
    assert join(parts, {1: "both"}) == "a\ntheirs\nyours\nc"
    assert join(parts, {1: "neither"}) is None
