"""The authors' page: every kind of step has an example there, each is read by the parser, and every rule is listed."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path
from typing import get_args

import pytest

from mfadesk.prover.prove import RULES
from mfadesk.runbook.model import StepKind
from mfadesk.runbook.parse import parse_runbook

PAGE = (Path(__file__).parents[2] / "docs/authors/language.md").read_text("utf-8")
EXAMPLES = dict(re.findall(r"^## (\w+)\n(?:(?!^## ).*\n)*?```yaml\n((?:.*\n)*?)```", PAGE, re.MULTILINE))
FRAME = """\
runbook: example
version: 1
title: Example
summary: The example, and what it leads to.
goals: [try_it]
variables: {authenticator: [works, gone]}
start: example
steps:
  example:
%s
  next-step: {kind: end, title: Goes on, outcome: handed_over}
  no-change: {kind: end, title: No change, outcome: no_change_needed}
  ended: {kind: end, title: Ended, outcome: abandoned}
"""


def test_the_example_of_an_include_and_of_a_fragment_are_read():
    book = parse_runbook(FRAME % textwrap.indent(EXAMPLES["include"].rstrip(), "    "), "example.yaml")
    assert (book.steps["example"].kind, book.steps["example-decide"].edges[0].to) == ("verify", "no-change")
    fragment = re.search(r"```yaml fragment\n((?:.*\n)*?)```", PAGE)[1]
    example = "kind: include\nfragment: ask-twice\nwith: {say: Is it gone?}\nexits: {sure: next-step, unsure: ended}"
    frame = FRAME.replace("variables: {authenticator: [works, gone]}\n", "")
    book = parse_runbook(frame % textwrap.indent(example, "    "), "example.yaml", lambda name: (name, fragment))
    assert (book.steps["example"].say, book.steps["example"].do) == ("Is it gone?", "")


@pytest.mark.parametrize("kind", get_args(StepKind))
def test_the_example_of_each_kind_is_read(kind):
    book = parse_runbook(FRAME % textwrap.indent(EXAMPLES[kind].rstrip(), "    "), "example.yaml")
    assert book.steps["example"].kind == kind


def test_every_rule_has_a_section_with_its_sentence_why_and_what_to_do():
    page = (Path(__file__).parents[2] / "docs/authors/rules.md").read_text("utf-8")
    sections = dict(re.findall(r"^## ([a-z-]+)\n((?:(?!^## ).*\n)*)", page, re.MULTILINE))
    assert sections.keys() == RULES.keys()
    for name, sentence in RULES.items():
        assert f"**{sentence}**\n" in sections[name]
        assert "*What to do:*" in sections[name]
