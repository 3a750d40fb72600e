"""The policy file: what ships is sound, and every mistake is refused where it stands, with what was meant."""

import json
from importlib import resources
from pathlib import Path

import jsonschema
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from mfadesk.assurance.model import Policy
from mfadesk.assurance.policy import load_policy
from mfadesk.kernel.errors import Invalid

FILES = resources.files("mfadesk.assurance")
TEXT = FILES.joinpath("policies/default.yaml").read_text("utf-8")
SCHEMA = json.loads(FILES.joinpath("policies/policy.schema.json").read_text("utf-8"))


def changed(old, new, text=TEXT):
    """The shipped text with one change; the place must be there, so that no test can pass by missing it."""
    assert old in text
    return text.replace(old, new, 1)


def where_is(text, needle):
    """Line and column, from 1, of `needle` in `text`."""
    before = text[: text.index(needle)]
    return before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1


SIM = "  sim_swap: {points: 30,"
MISTAKES = [
    # what is wrong, what it is changed to, where it is pointed at (None: anywhere), what is said
    (SIM, "  sim_swap: {points: cheap,", "cheap, words", "whole number"),
    (SIM, "  sim_swap: {points: 30.5,", "30.5", "whole number"),
    (SIM, "  sim_swap: {points: 0x1e,", "0x1e", "plain decimal"),
    (SIM, "  sim_swap: {points: -1,", "-1,", "not from 0 to 1000"),
    (SIM, "  sim_swap: {points: 100000,", "100000", "not from 0 to 1000"),
    (SIM, "  sim_swap: {point: 30,", "point: 30", "did you mean points?"),
    (SIM, "  sim_swap: {price: 30, points: 30,", "price: 30", "no key that is known here"),
    (SIM, "  Sim-Swap: {points: 30,", None, "is no name"),
    (SIM, "  sım_swap: {points: 30,", None, "is no name"),
    (SIM, "  sim_swap: {points: 30, points: 31,", "points: 31", "stands here twice"),
    (SIM, "  call_forward: {points: 30,", None, "stands here twice"),
    (SIM, "  sim_swap: {", "{ words: one stolen", "points is missing"),
    ("words: one stolen or copied SIM", "words: ''", "'', why: \"A bribed", "text is empty"),
    ("words: one stolen or copied SIM", f"words: {'x' * 601}", "xxxx", "longer than 600"),
    ("defeated_by: [[key_theft], [robbery]]", "defeated_by: [[key_thief]]", "key_thief", "did you mean key_theft?"),
    ("defeated_by: [[key_theft], [robbery]]", "defeated_by: []", "[]\n    phishing", "no policy may claim"),
    ("defeated_by: [[key_theft], [robbery]]", "defeated_by: [[]]", "[]]\n", "for nothing"),
    ("defeated_by: [[key_theft], [robbery]]", "defeated_by: [[key_theft], [key_theft]]", "[key_theft]]", "stands here twice"),
    ("defeated_by: [[key_theft], [robbery]]", "defeated_by: [[key_theft, key_theft]]", "key_theft]]", "stands here twice"),
    ("defeated_by: [[key_theft], [robbery]]", "defeated_by: [[osint, password_known]]", "[[osint, pass", "costs nothing"),
    ("defeated_by: [[key_theft], [robbery]]", "defeated_by: key_theft", None, "expected a list"),
    ("    leans_on: [manager]", "    leans_on: [boss]", "boss]", "no directory data"),
    ("    leans_on: [manager]", "    leans_on: [manger]", "manger", "did you mean manager?"),
    ("[insider_manager], [hr_data_write], [deceived", "[insider_manager], [deceived", None, "falls to hr_data_write"),
    ("    phishing_resistant: true", "    phishing_resistant: maybe", "maybe", "true or false"),
    ("    phishing_resistant: true", "    phishing_resistant: true\n    relayable: true", "true\n    relay", "read out"),
    ("    role: factor", "    role: facter", "facter", "did you mean factor?"),
    ("    done_by: claimant", "    done_by: cat", "cat\n", "no party"),
    ("    minutes: 4320", "    minutes: 9999999", "9999999", "not from 0 to"),
    ("always_held: [password_known, osint", "always_held: [osint", None, "password_known must be held always"),
    ("quarantine_days: {mobile: 30, ", "quarantine_days: {", None, "mobile is missing"),
    ("quarantine_days: {mobile: 30,", "quarantine_days: {mobile: 0,", "0, work", "not from 1 to 365"),
    ("{held: [sim_swap], why: \"The SIM", "{helt: [sim_swap], why: \"The SIM", "helt", "did you mean held?"),
    ("{held: [sim_swap], why: \"The SIM", "{held: [simswap], why: \"The SIM", "simswap", "did you mean sim_swap?"),
    ("resists: ordinary,", "resists: ordinry,", "ordinry", "did you mean ordinary?"),
    ("normal: {minimum: 65,", "normal: {minimum: 0,", "0, resists", "not from 1"),
    ("raised: {minimum: 70,", "raised: {minimum: 60,", "{minimum: 60", "less than the normal one"),
    ("ordinary, resist_minimum: 20}", "ordinary, resist_minimum: 66}", "66}", "cannot be more than the minimum"),
    ("    sensitive:\n      normal", "    sensible:\n      normal", "sensible", "did you mean sensitive?"),
    ("same_as: replace_authenticator", "same_as: replace_authentication", None, "did you mean replace_authenticator?"),
    ("same_as: replace_authenticator", "same_as: change_contact", "change_contact}", "points on to another"),
    ("  wrong_proofs_per_case: 3\n", "", None, "wrong_proofs_per_case is missing"),
    ("version: 1", "version: 2", "2\n\ncompromises", "reads version 1"),
    ("version: 1", "version: 1\nverison: 1", "verison", "did you mean version?"),
    ("version: 1", "version: &v 1", None, "anchors and aliases"),
    ("version: 1", "version: !!python/object:os.system 1", None, "is not taken here"),
    ("version: 1", "version: 1\n---\nversion: 1", "---\nversion", "second document"),
    ("version: 1", "version: [1", None, "not YAML"),
    ("version: 1", "version: 1\n\tx: 2", None, "not YAML"),
    ("version: 1", "version: \x01", None, "not YAML"),
    ("version: 1", f"version: {'[' * 40}1{']' * 40}", None, "nested deeper than 12"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "at", "said"), MISTAKES, ids=[f"{i}-{said}" for i, (_, _, _, said) in enumerate(MISTAKES)]
)
def test_a_mistake_is_refused_where_it_stands(old, new, at, said):
    text = changed(old, new)
    with pytest.raises(Invalid) as mistake:
        load_policy(text)
    assert said in mistake.value.what
    if "\x01" in new:
        return
    name, line, column = mistake.value.where.split(":")
    assert name == "policy"
    if at is not None:
        assert (int(line), int(column)) == where_is(text, at)
    else:
        assert 1 <= int(line) <= text.count("\n") + 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "empty"),
        ("# nothing but a comment\n", "empty"),
        ("just a text", "expected a mapping"),
        ("[1, 2]", "expected a mapping"),
        ("? [a, b]\n: 1\n", "expected text"),
        ("x" * 300_000, "larger than 256 KiB"),
    ],
)
def test_what_is_no_policy_at_all_is_refused(text, said):
    with pytest.raises(Invalid) as mistake:
        load_policy(text)
    assert said in mistake.value.what


def test_a_bomb_of_aliases_is_refused_before_it_is_built():
    bomb = "a0: &a0 [x]\n" + "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 30))
    with pytest.raises(Invalid, match="anchors and aliases"):
        load_policy(bomb)


def test_a_file_that_is_not_utf_8_or_not_there_is_refused(tmp_path):
    (tmp_path / "latin.yaml").write_bytes(b"version: \xe9")
    for name in ("latin.yaml", "absent.yaml"):
        with pytest.raises(Invalid) as mistake:
            load_policy(tmp_path / name)
        assert name in mistake.value.where


def test_an_endless_file_is_read_only_so_far():
    with pytest.raises(Invalid, match="larger than"):
        load_policy(Path("/dev/zero"))


def test_a_policy_from_a_path_names_the_file_in_its_mistakes(tmp_path):
    path = tmp_path / "ours.yaml"
    path.write_text(changed("version: 1", "version: 7"), "utf-8")
    with pytest.raises(Invalid) as mistake:
        load_policy(path)
    assert mistake.value.where.startswith("ours.yaml:")


@given(st.text(max_size=400))
def test_any_text_is_read_or_refused_and_nothing_else(text):
    with pytest.raises(Invalid):
        load_policy(text)


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_the_shipped_policy_with_any_piece_cut_out_is_read_or_refused_and_nothing_else(data):
    start = data.draw(st.integers(0, len(TEXT)))
    end = data.draw(st.integers(start, min(len(TEXT), start + 60)))
    try:
        assert isinstance(load_policy(TEXT[:start] + data.draw(st.text(max_size=3)) + TEXT[end:]), Policy)
    except Invalid as mistake:
        assert mistake.where


def test_the_digest_is_of_the_meaning_and_not_of_the_writing():
    shipped = load_policy()
    assert load_policy(TEXT + "\n# a remark\n").digest == shipped.digest
    assert (
        load_policy(
            changed("defeated_by: [[paper_theft], [parallel_vish],", "defeated_by: [[parallel_vish], [paper_theft],")
        ).digest
        == shipped.digest
    )
    assert load_policy(yaml.safe_dump(yaml.safe_load(TEXT), sort_keys=False)).digest == shipped.digest
    assert len(shipped.digest) == 64


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (SIM, "  sim_swap: {points: 31,"),
        ("lifetime_min: 60", "lifetime_min: 59"),
        ("wrong_proofs_per_day: 5", "wrong_proofs_per_day: 6"),
        ("{minimum: 65, resists: ordinary", "{minimum: 66, resists: ordinary"),
        ("{mobile: 30,", "{mobile: 31,"),
    ],
)
def test_every_number_counts_in_the_digest(old, new):
    assert load_policy(changed(old, new)).digest != load_policy().digest


def test_the_schema_takes_the_policy_that_ships():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.Draft202012Validator(SCHEMA).validate(yaml.safe_load(TEXT))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (SIM, "  sim_swap: {points: cheap,"),
        (SIM, "  sim_swap: {price: 30,"),
        ("    role: factor", "    role: facter"),
        ("    done_by: claimant", "    done_by: cat"),
        ("quarantine_days: {mobile: 30, ", "quarantine_days: {"),
        ("    leans_on: [manager]", "    leans_on: [boss]"),
        ("defeated_by: [[key_theft], [robbery]]", "defeated_by: []"),
        ("version: 1", "version: 2"),
        ("    sensitive:\n      normal", "    sensible:\n      normal"),
        ("  wrong_proofs_per_case: 3\n", ""),
    ],
)
def test_schema_and_reader_refuse_the_same_shapes(old, new):
    text = changed(old, new)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(SCHEMA).validate(yaml.safe_load(text))
    with pytest.raises(Invalid):
        load_policy(text)


def test_every_cost_is_justified_in_a_sentence():
    for terms in load_policy().compromises.values():
        assert terms.why.endswith(".")
        assert len(terms.why.split()) >= 5


def test_a_policy_cannot_be_changed_after_it_was_read():
    with pytest.raises(AttributeError):
        load_policy().digest = "0" * 64
    with pytest.raises(TypeError):
        load_policy().methods["fido2_existing"] = None
