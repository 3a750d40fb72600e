"""Fragments: what an include becomes, where a mistake is said to stand, and that no shelf runbook writes out another's steps."""

from __future__ import annotations

import itertools
import re
import time
from importlib import resources

import pytest

from mfadesk.kernel.errors import Invalid
from mfadesk.prover.prove import prove
from mfadesk.runbook.fields import MAX_STEPS
from mfadesk.runbook.fragments import MAX_DEPTH, fragments_in, read_fragment, shipped_fragments, shipped_names
from mfadesk.runbook.parse import parse_runbook
from mfadesk.runbook.shelf import load_shelf
from mfadesk.runbook.write import write_runbook

PROVE = """\
fragment: prove-it
title: The proof
summary: Proves and decides.
parameters:
  action: action
  tell: {type: text, optional: true}
  within: {type: duration, default: 60 min}
vocabulary: [account]
exits: [allowed, refused]
start: prove
steps:
  prove:
    kind: verify
    title: Prove who this is
    tell: $tell
    action: $action
    deadline: {after: $within, owner: claimant, then: gone}
    next: decide
  decide:
    kind: decide
    title: Does it suffice?
    action: $action
    next:
      - {when: decision == "allowed", to: exit.allowed, label: Allowed}
      - {to: exit.refused}
  gone: {kind: end, title: Nobody came, outcome: abandoned}
"""
HOST = """\
runbook: host
version: 1
title: A host
summary: Includes.
goals: [try_it]
idle: {after: 8 h, owner: operator, then: out}
start: id
steps:
  id:
    kind: include
    fragment: prove-it
    with: {action: replace_authenticator}
    exits:
      allowed:
        - {when: account == "person", to: fine, label: A person}
        - {to: out}
      refused: out
  fine: {kind: end, title: Fine, outcome: handed_over}
  out: {kind: end, title: Out, outcome: refused}
"""


def library(**files):
    return lambda name: (f"{name}.yaml", files[name.replace("-", "_")]) if name.replace("-", "_") in files else None


def read(host=HOST, **files):
    return parse_runbook(host, "host.yaml", library(**({"prove_it": PROVE} | files)))


def test_an_include_becomes_the_steps_of_its_fragment():
    book = read()
    assert list(book.steps) == ["id", "id-decide", "id-gone", "fine", "out"]
    first, decide = book.steps["id"], book.steps["id-decide"]
    assert (first.kind, first.action, first.tell, first.phase) == ("verify", "replace_authenticator", "", "The proof")
    assert (first.deadline.after_s, first.deadline.then, first.edges[0].to) == (3600, "id-gone", "id-decide")
    assert [(edge.to, edge.label, edge.guard and edge.guard.source) for edge in decide.edges] == [
        ("fine", "A person", '(decision == "allowed") && (account == "person")'),
        ("out", "Allowed", 'decision == "allowed"'),
        ("out", "", None),
    ]
    assert book.variables["account"].values == ("person", "break_glass", "unknown")
    assert decide.deadline.then == "out"


def test_what_is_included_is_the_same_runbook_as_what_is_written_out():
    book = read()
    again = parse_runbook(write_runbook(book), "again.yaml", library())
    assert again.digest == book.digest
    assert read(prove_it=PROVE.replace("60 min", "61 min")).digest != book.digest


def test_one_fragment_stands_twice_under_ids_of_its_own():
    host = HOST.replace("      refused: out", "      refused: more").replace(
        "  fine:",
        "  more: {kind: include, fragment: prove-it, with: {action: suspend_authenticator}, exits: {allowed: out, refused: out}}\n  fine:",
    )
    book = read(host)
    assert {"id", "id-decide", "more", "more-decide"} <= book.steps.keys()
    assert book.steps["more"].action == "suspend_authenticator"


@pytest.mark.parametrize(
    ("file", "old", "new", "where", "words"),
    [
        ("host", "fragment: prove-it", "fragment: verify-calller", "host.yaml:11:15", 'Did you mean "verify-caller"'),
        ("host", "{action: replace_authenticator}", "{action: replace_authentificator}", "host.yaml:12:20", "Did you mean"),
        ("host", "{action: replace_authenticator}", "{actoin: replace_authenticator}", "host.yaml:12:12", 'Did you mean "action"'),
        ("host", "    with: {action: replace_authenticator}\n", "", "host.yaml:10:5", 'needs the parameter "action"'),
        ("host", "      refused: out\n", "", "host.yaml:14:7", 'has the exit "refused"'),
        ("host", "to: fine,", "to: fin,", "host.yaml:15:43", 'Did you mean "fine"'),
        ("host", 'account == "person"', 'account == "persno"', "host.yaml:15:29", 'Did you mean "person"'),
        ("host", "  fine:", "  id-gone: {kind: end, title: X, outcome: stopped}\n  fine:", "host.yaml:18:3", "two steps"),
        ("fragment", "exit.refused}", "exit.refuzed}", "prove-it.yaml:25:14", 'Did you mean "refused"'),
        ("fragment", "next: decide", "next: decyde", "prove-it.yaml:18:11 (included at host.yaml:9:3)", 'Did you mean "decide"'),
        ("fragment", 'decision == "allowed"', 'decision == "alowed"', "prove-it.yaml:24:28 (included at host.yaml:9:3)", "allowed"),
        ("fragment", "kind: decide", "kind: decyde", "prove-it.yaml:20:11 (included at host.yaml:9:3)", 'Did you mean "decide"'),
        ("fragment", "title: Does it suffice?", "titel: Does it?", "prove-it.yaml:21:5 (included at host.yaml:9:3)", 'Did you mean "title"'),
        ("fragment", "action: action", "action: acton", "prove-it.yaml:5:11", 'Did you mean "action"'),
        ("fragment", "after: $within", "after: 2 h", "prove-it.yaml:1:1", '"within" is never used'),
        ("fragment", "default: 60 min", "default: soon", "prove-it.yaml:7:37", "no time such as"),
        ("fragment", "vocabulary: [account]", "vocabulary: [acount]", "prove-it.yaml:8:14 (included at host.yaml:9:3)", 'Did you mean "account"'),
        ("fragment", "fragment: prove-it", "fragment: other", "host.yaml:11:15", 'calls itself "other"'),
    ],
)  # fmt: skip
def test_a_mistake_names_its_own_file_and_where_that_was_included(file, old, new, where, words):
    text = HOST if file == "host" else PROVE
    assert old in text
    changed = text.replace(old, new, 1)
    with pytest.raises(Invalid) as caught:
        read(changed) if file == "host" else read(prove_it=changed)
    assert caught.value.where == where
    assert words in caught.value.what


def test_an_exit_with_edges_can_not_follow_a_deadline():
    with pytest.raises(Invalid, match="must lead to one step") as caught:
        read(
            prove_it=PROVE.replace("then: gone", "then: exit.allowed").replace(
                "  gone: {kind: end, title: Nobody came, outcome: abandoned}\n", ""
            )
        )
    assert caught.value.where == "host.yaml:15:9"


def nest(name, inner):
    return f"fragment: {name}\ntitle: {name}\nsummary: Nests.\nstart: a\nsteps:\n  a: {{kind: include, fragment: {inner}}}\n"


def test_circles_depth_and_growth_of_includes_are_bounded():
    host = HOST[: HOST.index("    with:")] + HOST[HOST.index("  fine:") :]
    with pytest.raises(Invalid, match="includes itself: prove-it → b → prove-it") as caught:
        read(host, prove_it=nest("prove-it", "b"), b=nest("b", "prove-it"))
    assert caught.value.where == "b.yaml:6:32 (included at prove-it.yaml:6:3 (included at host.yaml:9:3))"
    chain = {f"c{n}": nest(f"c{n}", f"c{n + 1}") for n in range(MAX_DEPTH + 2)}
    with pytest.raises(Invalid, match=f"deeper than {MAX_DEPTH}"):
        read(host, prove_it=nest("prove-it", "c0"), **chain)
    began = time.process_time()

    def many(name, inner):
        steps = "".join(f"  {name}{n}: {{kind: include, fragment: {inner}}}\n" for n in range(MAX_STEPS))
        return f"fragment: {name}\ntitle: {name}\nsummary: Explodes.\nstart: {name}0\nsteps:\n{steps}"

    end = "fragment: e\ntitle: E\nsummary: Ends.\nstart: a\nsteps:\n  a: {kind: end, title: E, outcome: stopped}\n"
    with pytest.raises(Invalid, match=f"more than {MAX_STEPS} steps"):
        read(host, prove_it=many("prove-it", "b"), b=many("b", "c"), c=many("c", "e"), e=end)
    assert time.process_time() - began < 5


def test_fragments_beside_a_runbook_are_found_and_may_not_pose_as_shipped_ones(tmp_path):
    (tmp_path / "prove-it.yaml").write_text(PROVE)
    find = fragments_in(tmp_path)
    assert parse_runbook(HOST, "host.yaml", find).digest == read().digest
    assert find("verify-caller") == shipped_fragments("verify-caller")
    assert find("no-such") is None
    (tmp_path / "verify-caller.yaml").write_text(PROVE)
    with pytest.raises(Invalid, match="choose another"):
        find("verify-caller")


def test_every_shipped_fragment_is_sound_and_in_use():
    folder = resources.files("mfadesk.runbook").joinpath("shelf")
    texts = [item.read_text("utf-8") for item in folder.iterdir() if item.name.endswith(".yaml")]
    for name in shipped_names():
        file, text = shipped_fragments(name)
        assert read_fragment(text, file).id == name
        texts.append(text)
    used = {name for text in texts for name in re.findall(r"\bfragment: ([a-z-]+)", text.split("steps:", 1)[1])}
    assert used == set(shipped_names())


def test_no_two_files_of_the_shelf_repeat_six_lines():
    folder = resources.files("mfadesk.runbook").joinpath("shelf")
    files = [
        item for place in (folder, folder.joinpath("fragments")) for item in place.iterdir() if item.name.endswith(".yaml")
    ]
    runs = {}
    for item in files:
        lines = [line.strip() for line in item.read_text("utf-8").splitlines()]
        lines = [line for line in lines if line and not line.startswith("#")]
        runs[item.name] = {tuple(lines[at : at + 6]) for at in range(len(lines) - 5)}
    assert len(runs) > 30
    repeated = {(a, b): runs[a] & runs[b] for a, b in itertools.combinations(runs, 2) if runs[a] & runs[b]}
    assert repeated == {}


def test_a_counter_example_in_a_fragment_is_told_with_its_place():
    book = load_shelf()["contact-change"]
    assert prove(book, None).findings == ()
    assert book.steps["prove-decide"].place.startswith("fragments/verify-caller.yaml:")
    assert "(included at contact-change.yaml:" in book.steps["prove-decide"].place
