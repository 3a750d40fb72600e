"""Reading runbooks: what is refused, where it is said to stand, and that the digest is of the meaning and not of the spelling."""

from __future__ import annotations

import json
import time
from importlib import resources

import jsonschema
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from mfadesk.kernel.errors import Invalid
from mfadesk.runbook.fields import MAX_STEPS
from mfadesk.runbook.fragments import shipped_fragments, shipped_names
from mfadesk.runbook.parse import parse_runbook
from mfadesk.runbook.speech import REFUSAL_SPEECH
from mfadesk.runbook.yaml_tree import MAX_BYTES

SMALL = """\
runbook: small
version: 1
title: A small one
summary: Asks and ends.
goals: [try_it]
variables:
  phone: [works, gone]
idle: {after: 8 h, owner: operator, then: out}
start: ask-it
steps:
  ask-it:
    kind: ask
    title: Does it work?
    say: Does your phone work?
    variable: phone
    answers: {works: It does, gone: It is gone, unknown: They can't say}
    next:
      - {when: phone == "works", to: fine, label: Works}
      - {to: out}
  fine:
    kind: end
    title: Fine
    outcome: no_change_needed
  out:
    kind: end
    title: Not on this call
    outcome: refused
"""
SCHEMA = json.loads(resources.files("mfadesk.runbook").joinpath("runbook.schema.json").read_text("utf-8"))


def test_a_small_runbook_is_read():
    book = parse_runbook(SMALL, "small.yaml")
    assert (book.id, book.start, set(book.steps)) == ("small", "ask-it", {"ask-it", "fine", "out"})
    assert book.variables["phone"].values == ("works", "gone", "unknown")
    assert book.steps["ask-it"].deadline.after_s == 8 * 3600
    assert book.steps["ask-it"].line == 11
    assert book.steps["out"].say == REFUSAL_SPEECH


def test_the_digest_does_not_depend_on_spelling_and_depends_on_meaning():
    plain = parse_runbook(SMALL, "a.yaml").digest
    tree = yaml.safe_load(SMALL)
    tree["steps"] = dict(reversed(tree["steps"].items()))
    respelt = yaml.safe_dump(dict(reversed(tree.items())), sort_keys=False, width=30)
    spaced = SMALL.replace('phone == "works"', '(phone=="works")').replace("Asks and ends.", "Asks   and\n  ends.")
    assert parse_runbook("# a remark\n" + respelt, "b.yaml").digest == plain
    assert parse_runbook(spaced, "c.yaml").digest == plain
    assert parse_runbook(SMALL.replace('== "works"', '!= "works"'), "d.yaml").digest != plain
    assert parse_runbook(SMALL.replace("8 h", "9 h"), "e.yaml").digest != plain


@pytest.mark.parametrize(
    ("old", "new", "where", "words"),
    [
        ("title: A small one", "titel: A small one", "3:1", 'Did you mean "title"'),
        ("kind: ask", "kind: aks", "12:11", 'Did you mean "ask"'),
        ("to: fine", "to: fin", "18:38", 'Did you mean "fine"'),
        ("start: ask-it", "start: ask-ti", "9:8", 'Did you mean "ask-it"'),
        ('phone == "works"', 'phone == "worsk"', "18:25", 'Did you mean "works"'),
        ("      - {to: out}", '      - {when: phone == "gone", to: out}', "19:9", "must have no `when`"),
        ('{when: phone == "works", to: fine, label: Works}', "{to: fine}", "18:9", "never taken"),
        ("version: 1", "version: 1\nversion: 2", "3:1", "stands twice"),
        ("version: 1", "version: one", "2:10", "whole number"),
        ("goals: [try_it]", "goals: &g [try_it]", "5:8", "anchors"),
        ("goals: [try_it]", "goals: *g", "5:8", "aliases"),
        ("goals: [try_it]", "goals: !!set [try_it]", "5:8", "tags"),
        ("8 h", "8 hours", "8:15", "no time such as"),
        ("8 h", "400 d", "8:15", "at most 30 d"),
        ("owner: operator", "owner: nobody", "8:27", "owner"),
        (", unknown: They can't say", "", "16:14", 'no answer for "unknown"'),
        ("outcome: refused", "outcome: refused\n    say: Your number changed", "28:10", "one wording"),
        ("say: Does your phone work?", "say: <b>Does</b> it?", "14:10", "markup"),
        ("say: Does your phone work?", 'say: "Does \\u202e it?"', "14:10", "U+202E"),
        ("  fine:", "  fіne:", "20:3", "lower-case a to z"),
        ("outcome: no_change_needed", "outcome: done", "23:14", "outcome"),
        ("steps:", "steps: {", None, "not YAML"),
        ("variable: phone", "variable: fone", "15:15", 'Did you mean "phone"'),
    ],
)
def test_a_mistake_is_named_by_line_and_column(old, new, where, words):
    assert old in SMALL
    with pytest.raises(Invalid) as caught:
        parse_runbook(SMALL.replace(old, new, 1), "small.yaml")
    if where:
        assert caught.value.where == f"small.yaml:{where}"
    assert words in caught.value.what


def test_the_desks_own_variables_may_not_be_declared():
    with pytest.raises(Invalid, match="set by the desk itself"):
        parse_runbook(SMALL.replace("  phone: [works, gone]", "  decision: [allowed]"), "small.yaml")


@pytest.mark.parametrize("text", ["", "[]", "a", "- a", "a: b\n---\na: b", "\0", "a: " + "[" * 5000, "? [a]\n: b", "\ud800"])
def test_what_is_no_runbook_is_refused_with_a_place(text):
    with pytest.raises(Invalid) as caught:
        parse_runbook(text, "x.yaml")
    assert caught.value.where.startswith("x.yaml")


def test_a_huge_file_is_refused_at_once():
    began = time.perf_counter()
    with pytest.raises(Invalid, match="larger than"):
        parse_runbook("a" * (MAX_BYTES * 5), "x.yaml")
    many = SMALL + "".join(f"  s{n}:\n    kind: end\n    title: T\n    outcome: abandoned\n" for n in range(MAX_STEPS))
    with pytest.raises(Invalid, match="2003 steps"):
        parse_runbook(many, "x.yaml")
    assert time.perf_counter() - began < 5


@settings(deadline=None, max_examples=150)
@given(st.integers(0, len(SMALL)), st.integers(0, 40), st.text(max_size=12))
def test_a_damaged_runbook_is_read_or_refused_with_a_place(at, cut, put):
    try:
        parse_runbook(SMALL[:at] + put + SMALL[at + cut :], "x.yaml")
    except Invalid as error:
        assert error.where.startswith("x.yaml")


def test_the_schema_takes_what_the_parser_takes():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    validator = jsonschema.Draft202012Validator(SCHEMA)
    folder = resources.files("mfadesk.runbook").joinpath("shelf")
    texts = [SMALL, *(item.read_text("utf-8") for item in folder.iterdir() if item.name.endswith(".yaml"))]
    assert len(texts) > 5
    for text in texts:
        assert list(validator.iter_errors(yaml.safe_load(text))) == []
    broken = yaml.safe_load(SMALL)
    broken["steps"]["ask-it"]["kind"] = "aks"
    assert list(validator.iter_errors(broken))


def test_the_schema_of_fragments_takes_every_shipped_fragment_and_sees_a_wrong_word():
    here = json.loads(resources.files("mfadesk.runbook").joinpath("fragment.schema.json").read_text("utf-8"))
    both = Registry().with_resources(
        [(name, DRAFT202012.create_resource(schema)) for name, schema in (("runbook.schema.json", SCHEMA), ("", here))]
    )
    validator = jsonschema.Draft202012Validator(here, registry=both)
    for name in shipped_names():
        assert list(validator.iter_errors(yaml.safe_load(shipped_fragments(name)[1]))) == [], name
    broken = yaml.safe_load(shipped_fragments("verify-caller")[1])
    broken["steps"]["prove"]["action"] = "open_sesame"
    assert list(validator.iter_errors(broken))
