"""Flow maps: nothing overlaps, every step is there, a strict content policy may be kept, and a walk is stressed."""

from __future__ import annotations

import itertools
from dataclasses import replace
from xml.etree import ElementTree

import pytest
from hypothesis import HealthCheck, given, settings

from mfadesk.assurance.policy import load_policy
from mfadesk.drawing.flow_map import draw_flow_map, panels_of
from mfadesk.prover.prove import prove
from mfadesk.runbook.model import Edge, Hop, Path
from mfadesk.runbook.shelf import load_shelf
from mfadesk.runbook.walk import outline, path_in_words
from tests.prover.test_prover_agrees import runbooks

SVG = "{http://www.w3.org/2000/svg}"


def assert_nothing_overlaps(book) -> None:
    for panel in panels_of(book):
        placed = [*panel.layout.boxes.items(), *panel.layout.labels.items()]
        for (name, a), (other, b) in itertools.combinations(placed, 2):
            apart_x = abs(a.x - b.x) >= (a.width + b.width) / 2
            apart_y = abs(a.y - b.y) >= (a.height + b.height) / 2
            assert apart_x or apart_y, (name, other)
        for points in panel.layout.lines.values():
            for (x1, y1), (x2, y2) in itertools.pairwise(points):
                assert abs(x1 - x2) < 0.1 or abs(y1 - y2) < 0.1, "an edge is not orthogonal"
                assert 0 <= min(x1, x2) <= max(x1, x2) <= panel.layout.width
                assert 0 <= min(y1, y2) <= max(y1, y2) <= panel.layout.height


def assert_no_line_crosses_a_box(book) -> None:
    for panel in panels_of(book):
        for arrow_id, points in panel.layout.lines.items():
            source, target, _ = panel.edges[arrow_id]
            own = {source, target, f"{source}>{target}"}
            for key, box in panel.layout.boxes.items():
                if key in own:
                    continue
                left, right, top, low = (
                    box.x - box.width / 2,
                    box.x + box.width / 2,
                    box.y - box.height / 2,
                    box.y + box.height / 2,
                )
                for (x1, y1), (x2, y2) in itertools.pairwise(points):
                    misses = max(x1, x2) <= left or min(x1, x2) >= right or max(y1, y2) <= top or min(y1, y2) >= low
                    assert misses, (arrow_id, key)


@pytest.mark.parametrize("name", sorted(load_shelf()))
def test_no_box_and_no_label_of_a_shipped_map_overlaps_another(name):
    assert_nothing_overlaps(load_shelf()[name])
    assert_no_line_crosses_a_box(load_shelf()[name])


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(runbooks())
def test_no_box_and_no_label_of_any_map_overlaps_another(book):
    assert_nothing_overlaps(book)
    assert_no_line_crosses_a_box(book)


@pytest.mark.parametrize("name", sorted(load_shelf()))
def test_every_step_is_a_link_with_a_title_and_nothing_is_styled_inline(name):
    book = load_shelf()[name]
    text = draw_flow_map(book)
    root = ElementTree.fromstring(text)
    links = {link.get("href") for link in root.iter(f"{SVG}a")}
    idle = {step.deadline.then for step in book.steps.values() if step.deadline and step.kind in ("ask", "instruct", "decide")}
    assert {f"#step-{step_id}" for step_id in book.steps} - links <= {f"#step-{step_id}" for step_id in idle}
    assert all(link.find(f"{SVG}title").text for link in root.iter(f"{SVG}a"))
    assert all("style" not in element.attrib for element in root.iter())
    assert "<style" not in text
    assert "<script" not in text


def test_a_walk_is_stressed_and_its_decisions_are_numbered():
    book = load_shelf()["codes-rejected"]
    hops = (Hop("what-kind", 1, "kind = key"),)
    path = Path(book.id, hops, "shows-none")
    root = ElementTree.fromstring(draw_flow_map(book, path))
    stressed = [item.get("href") for item in root.iter(f"{SVG}a") if "on-path" in item.get("class").split()]
    assert sorted(stressed) == ["#step-shows-none", "#step-what-kind"]
    edges = [item for item in root.iter(f"{SVG}path") if {"map-edge", "on-path"} <= set(item.get("class", "").split())]
    assert len(edges) == 1
    assert [item[0].text for item in root.iter(f"{SVG}text") if item.get("class") == "map-badge-words"] == ["1"]
    assert path_in_words(book, path) == ("What shows the code?: kind = key", "A key shows no codes.")


def test_a_counter_example_is_drawn_through_the_fragments_that_it_passes():
    book = load_shelf()["device-replacement"]
    weak = replace(book.steps["replace-decide"], edges=(Edge("replace-suspend-old", None, ""),))
    broken = replace(book, steps={**book.steps, "replace-decide": weak})
    finding = next(one for one in prove(broken, load_policy()).findings if one.rule == "evidence-suffices")
    assert finding.path.end == "replace-suspend-old"
    root = ElementTree.fromstring(draw_flow_map(broken, finding.path))
    stressed = {item.get("href") for item in root.iter(f"{SVG}a") if "on-path" in item.get("class").split()}
    assert stressed == {f"#step-{step_id}" for step_id in (*(hop.step for hop in finding.path.hops), finding.path.end)}
    assert {"#step-replace", "#step-replace-decide"} <= stressed


def test_a_large_runbook_is_split_by_phase():
    assert [panel.title for panel in panels_of(load_shelf()["device-replacement"])][:2] == ["The need", "Suspend first"]
    assert len(panels_of(load_shelf()["lost-or-stolen"])) == 1


def test_the_outline_names_every_step():
    book = load_shelf()["device-replacement"]
    text = "\n".join(outline(book))
    assert all(step.title in text for step in book.steps.values() if step.id != "left-open")
