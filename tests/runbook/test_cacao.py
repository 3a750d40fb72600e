"""CACAO out and in: what leaves is valid and comes back the same; what others wrote becomes a draft and a list of losses."""

from __future__ import annotations

import base64
import copy
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from mfadesk.kernel.canonical import canonical_json
from mfadesk.kernel.errors import Invalid
from mfadesk.runbook.cacao.conditions import NoGuard, read_condition, write_condition
from mfadesk.runbook.cacao.export import Edition, export_playbook
from mfadesk.runbook.cacao.names import EXTENSION
from mfadesk.runbook.cacao.reading import MAX_BYTES, import_playbook, read_playbook
from mfadesk.runbook.cacao.schema import find_complaints
from mfadesk.runbook.cacao.signing import judge_signatures, sign_playbook
from mfadesk.runbook.parse import parse_runbook
from mfadesk.runbook.shelf import load_shelf
from mfadesk.runbook.write import write_runbook

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)
EDITION = Edition("Fernhill Trust", datetime(2026, 1, 5, tzinfo=UTC), datetime(2026, 2, 5, 8, 30, 0, 250_000, tzinfo=UTC))
EXAMPLES = Path(__file__).parent / "cacao_examples"
SHARED = Path(__file__).resolve().parents[3] / "shared" / "specs" / "cacao" / "examples"
POINTERS = ("on_completion", "on_success", "on_failure", "on_true", "on_false")
SHELF = sorted(load_shelf())


def exported(name="lost-or-stolen"):
    return json.loads(json.dumps(export_playbook(load_shelf()[name], EDITION)))


def take(playbook, **how):
    return import_playbook(playbook, "playbook.json", now=NOW, **how)


def minimal(**workflow):
    """A playbook with these steps; a name such as ``action_1`` stands for an identifier."""
    ids = {
        name: f"{name.partition('_')[0].replace('0', '-')}--00000000-0000-4000-8000-{at:012}"
        for at, name in enumerate(workflow)
    }
    named = json.loads(json.dumps(workflow))
    for step in named.values():
        for key in POINTERS:
            if key in step:
                step[key] = ids[step[key]]
        if "next_steps" in step:
            step["next_steps"] = [ids[one] for one in step["next_steps"]]
        if "cases" in step:
            step["cases"] = {case: ids[to] for case, to in step["cases"].items()}
    return {
        "type": "playbook", "spec_version": "cacao-2.0", "id": "playbook--00000000-0000-4000-8000-0000000000aa", "name": "Made for a test",
        "created_by": "identity--00000000-0000-4000-8000-0000000000bb", "created": "2026-01-01T00:00:00.000Z",
        "modified": "2026-01-01T00:00:00.000Z", "workflow_start": ids["start"],
        "workflow": {ids[name]: step for name, step in named.items()},
    }  # fmt: skip


def manual(name, to, **more):
    return {
        "type": "action",
        "name": name,
        "commands": [{"type": "manual", "command": f"Please {name}"}],
        "on_completion": to,
    } | more


# --------------------------------------------------------------------------------------------------------------------- writing
@pytest.mark.parametrize("name", SHELF)
def test_a_runbook_written_as_yaml_reads_to_the_same_digest(name):
    runbook = load_shelf()[name]
    assert parse_runbook(write_runbook(runbook), "again.yaml").digest == runbook.digest


@pytest.mark.parametrize("name", SHELF)
def test_an_export_is_valid_its_pointers_lead_somewhere_and_it_comes_back_whole(name):
    playbook = exported(name)
    assert find_complaints(playbook) == ()
    steps = playbook["workflow"]
    ends = [to for step in steps.values() for key in POINTERS if (to := step.get(key, "")).startswith("end--")]
    assert all(step[key] in steps for step in steps.values() for key in POINTERS if key in step)
    assert len(ends) == len(set(ends)) == sum(step["type"] == "end" for step in steps.values())
    assert not any({"on_completion", "on_success"} <= step.keys() for step in steps.values())
    found = take(playbook)
    assert found.whole and found.losses == () and found.runbook.digest == load_shelf()[name].digest


def test_the_schemas_would_object_to_a_broken_export():
    playbook = exported()
    playbook["workflow_start"] = "nowhere"
    del next(step for step in playbook["workflow"].values() if step["type"] == "action")["agent"]
    assert len(find_complaints(playbook)) == 2


def test_a_step_keeps_its_identifier_from_version_to_version():
    old = load_shelf()["switch-off"]
    text = write_runbook(old).replace("version: 1", "version: 2")
    new = parse_runbook(text, "switch-off.yaml")
    assert new.digest != old.digest
    before, after = (export_playbook(one, EDITION)["workflow"].keys() for one in (old, new))
    assert before == after


def test_what_a_reader_without_our_extension_loses_is_listed_for_every_proof_decision_and_end():
    runbook = load_shelf()["lost-or-stolen"]
    lost = {(one["step"], one["field"]) for one in exported()["playbook_extensions"][EXTENSION]["loss_report"]}
    for step in runbook.steps.values():
        if step.kind in ("verify", "decide", "act", "enrol", "confirm"):
            assert (step.id, step.kind) in lost
        if step.kind == "end":
            assert (step.id, "outcome") in lost


trees = st.recursive(
    st.tuples(st.just("in"), st.sampled_from(["x", "answer_2"]), st.lists(st.sampled_from("abc"), min_size=1, unique=True).map(sorted).map(tuple)),
    lambda inner: st.tuples(st.just("not"), inner) | st.tuples(st.sampled_from(["and", "or"]), inner, inner),
    max_leaves=6,
)  # fmt: skip


@given(tree=trees, x=st.sampled_from("abcd"), y=st.sampled_from("abcd"))
def test_a_guard_means_the_same_as_the_condition_that_is_written_of_it(tree, x, y):
    def holds(one):
        match one[0]:
            case "in":
                return {"x": x, "answer_2": y}[one[1]] in one[2]
            case "not":
                return not holds(one[1])
            case "and":
                return all(map(holds, one[1:]))
            case _:
                return any(map(holds, one[1:]))

    assert holds(read_condition(write_condition(tree))) == holds(tree)


@given(text=st.text(max_size=60) | st.text(alphabet="_xv:=()'ANDOR !<>[],", max_size=60))
def test_a_condition_is_a_guard_or_says_why_it_is_none(text):
    try:
        tree = read_condition(text)
    except NoGuard as reason:
        assert str(reason)
    else:
        assert read_condition(write_condition(tree)) == tree or "not" in str(tree)


# ------------------------------------------------------------------------------------------------------------------ signatures
def test_a_signature_counts_only_by_a_key_that_the_reader_named():
    key = Ed25519PrivateKey.generate()
    public = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    signed = sign_playbook(exported(), key, "Fernhill Trust", NOW)
    assert find_complaints(signed) == ()
    assert [one.state for one in judge_signatures(signed, [public], NOW)] == ["verified"]
    assert [one.state for one in judge_signatures(signed, [], NOW)] == ["unknown signer"]
    twice = sign_playbook(signed, Ed25519PrivateKey.generate(), "Somebody else", NOW)
    assert [one.state for one in judge_signatures(twice, [public], NOW)] == ["verified", "unknown signer"]
    assert take(twice).whole


@pytest.mark.parametrize("where", ["name", "description", "workflow_start", "modified", "id"])
def test_a_playbook_changed_after_it_was_signed_is_refused_by_name(where):
    signed = sign_playbook(exported(), Ed25519PrivateKey.generate(), "Fernhill Trust", NOW)
    signed[where] = signed[where][:-1] + ("a" if signed[where][-1] != "a" else "b")
    with pytest.raises(Invalid, match=r"signatures/0: the signature of Fernhill Trust is wrong"):
        take(signed)


@pytest.mark.parametrize(
    ("algorithm", "hashing"), [("RS256", hashes.SHA256()), ("PS512", hashes.SHA512()), ("ES384", hashes.SHA384())]
)
def test_signatures_of_other_kinds_are_read(algorithm, hashing):
    key = ec.generate_private_key(ec.SECP384R1()) if algorithm.startswith("E") else rsa.generate_private_key(65537, 2048)
    der = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    playbook = exported()
    signature = {
        "type": "jss", "id": "jss--00000000-0000-4000-8000-0000000000cc", "created": "2026-02-06T00:00:00.000Z",
        "modified": "2026-02-06T00:00:00.000Z", "signee": "Another desk", "related_to": playbook["id"],
        "related_version": playbook["modified"], "hash_algorithm": "sha-256", "algorithm": algorithm,
        "public_key": base64.b64encode(der).decode(),
    }  # fmt: skip
    digest = hashes.Hash(hashes.SHA256())
    digest.update(canonical_json({**playbook, "signatures": [signature]}))
    message = digest.finalize().hex().encode()
    if algorithm.startswith("E"):
        r, s = utils.decode_dss_signature(key.sign(message, ec.ECDSA(hashing)))
        value = r.to_bytes(48) + s.to_bytes(48)
    else:
        pad = padding.PKCS1v15() if algorithm.startswith("R") else padding.PSS(padding.MGF1(hashing), hashing.digest_size)
        value = key.sign(message, pad, hashing)
    playbook["signatures"] = [signature | {"value": base64.urlsafe_b64encode(value).decode().rstrip("=")}]
    assert [one.state for one in judge_signatures(playbook, [der], NOW)] == ["verified"]
    playbook["signatures"][0]["hash_algorithm"] = "md5"
    assert [one.state for one in judge_signatures(playbook, [der], NOW)] == ["cannot be checked"]


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.exists(), reason="the folder `shared` with others' playbooks is not beside the project")
def test_the_committees_own_signature_fits_and_is_over():
    playbook = read_playbook((SHARED / "tc-signature-rsa.json").read_text(), "tc-signature-rsa.json")
    (then,) = judge_signatures(playbook, [], datetime(2023, 3, 1, tzinfo=UTC))
    (now,) = judge_signatures(playbook, [], NOW)
    assert (then.state, now.state) == ("unknown signer", "over")


# --------------------------------------------------------------------------------------------------------------------- reading
def test_what_everybody_sees_wins_over_the_hidden_copy_once_they_differ():
    playbook = exported()
    step_id, step = next((one, step) for one, step in playbook["workflow"].items() if step["type"] == "action")
    step["commands"][0]["command"] = "Read the code out to the caller."
    found = take(playbook)
    assert not found.whole and f"workflow/{step_id}" in {loss.where for loss in found.losses}
    assert any(step.do == "Read the code out to the caller." for step in found.runbook.steps.values())
    assert not any(step.kind in ("act", "verify", "decide") for step in found.runbook.steps.values())


def test_a_hidden_copy_that_cannot_be_read_is_named_and_put_aside():
    for value in ("!!", base64.b64encode(b"runbook: [").decode(), 7):
        playbook = exported("switch-off")
        playbook["playbook_extensions"][EXTENSION]["runbook_b64"] = value
        found = take(playbook)
        assert not found.whole and found.losses[0].where == "playbook_extensions"


def test_a_draft_keeps_the_order_of_steps_their_words_and_their_times():
    found = take(minimal(
        start={"type": "start", "on_completion": "action_1"},
        action_1=manual("look", "action_2", delay=5000, timeout=90_000, on_failure="end_2"),
        action_2=manual("write", "end_1"),
        end_1={"type": "end", "name": "All is well"},
        end_2={"type": "end", "name": "Too late"},
    )).runbook  # fmt: skip
    wait = found.steps[found.start]
    look = found.steps[wait.edges[0].to]
    write = found.steps[look.edges[0].to]
    assert (wait.kind, wait.deadline.after_s, wait.deadline.then) == ("wait", 5, look.id)
    assert (look.do, look.deadline.after_s, found.steps[look.deadline.then].title) == ("Please look", 90, "Too late")
    assert (write.do, found.steps[write.edges[0].to].title) == ("Please write", "All is well")


def branching(**condition):
    return minimal(
        start={"type": "start", "on_completion": "action_1"},
        action_1=manual("ask", "if0condition_1", out_args=["__answer__"]),
        if0condition_1={"type": "if-condition", "name": "Which", "on_true": "action_2", "on_false": "action_3", "on_completion": "action_4"} | condition,
        action_2=manual("go left", "end_1"),
        action_3=manual("go right", "end_2"),
        action_4=manual("meet", "end_3"),
        end_1={"type": "end"}, end_2={"type": "end"}, end_3={"type": "end", "name": "Met"},
    )  # fmt: skip


def test_a_condition_over_fixed_texts_becomes_a_guard_and_both_branches_come_back():
    found = take(branching(condition="__answer__:value = 'left'"))
    steps = found.runbook.steps
    question = next(step for step in steps.values() if step.kind == "ask")
    assert question.variable == "answer" and {one.value for one in question.answers} == {"left", "unknown"}
    guarded = next(step for step in steps.values() if len(step.edges) == 2)
    assert [edge.guard.source if edge.guard else None for edge in guarded.edges] == ['answer in ["left"]', None]
    after = {steps[steps[edge.to].edges[0].to].do for edge in guarded.edges}
    assert after == {"Please meet"}


@pytest.mark.parametrize(
    "condition", ["__answer__:value > 3", "__answer__:value LIKE 'a%'", "__a__:value = __b__:value", "", "'x' = 'x'"]
)
def test_a_condition_that_no_guard_says_becomes_a_question_and_is_named(condition):
    found = take(branching(condition=condition))
    question = next(step for step in found.runbook.steps.values() if step.variable == "holds")
    assert len(question.edges) == 2 and any(loss.what == "its condition" for loss in found.losses)


def test_cases_become_guards_and_what_runs_side_by_side_comes_one_after_another():
    found = take(minimal(
        start={"type": "start", "on_completion": "switch0condition_1"},
        switch0condition_1={"type": "switch-condition", "switch": "__colour__", "on_completion": "parallel_1",
                            "cases": {"red": "action_1", "Très bleu": "action_2", "default": "action_2"}},
        action_1=manual("stop", "end_1"), action_2=manual("go", "end_2"),
        parallel_1={"type": "parallel", "next_steps": ["action_3", "action_4"]},
        action_3=manual("first", "end_3"), action_4=manual("second", "end_4"),
        end_1={"type": "end"}, end_2={"type": "end"}, end_3={"type": "end"}, end_4={"type": "end"},
    ))  # fmt: skip
    steps = found.runbook.steps
    switch = steps[found.runbook.start]
    assert [(edge.guard.source if edge.guard else None, steps[edge.to].do) for edge in switch.edges] == [
        ('colour == "red"', "Please stop"), (None, "Please go")
    ]  # fmt: skip
    first = steps[steps[switch.edges[0].to].edges[0].to]
    assert (first.do, steps[first.edges[0].to].do) == ("Please first", "Please second")
    assert {"side by side", 'the case "Très bleu"'} <= {loss.what for loss in found.losses}


def test_nothing_that_a_playbook_asks_for_is_carried_out_and_secrets_in_it_stay_there():
    playbook = minimal(
        start={"type": "start", "on_completion": "action_1"},
        action_1=manual("x", "end_1", commands=[
            {"type": "bash", "command": "rm -rf /"},
            {"type": "http-api", "command": "POST /reset HTTP/1.1", "headers": {"Authorization": ["Bearer hunter2"]}},
        ]),
        end_1={"type": "end"},
    )  # fmt: skip
    playbook["authentication_info_definitions"] = {"a": {"type": "user-auth", "username": "u", "password": "hunter2"}}
    found = take(playbook)
    assert {step.kind for step in found.runbook.steps.values()} == {"instruct", "end"}
    assert any(step.do == "The desk does not do this by itself (bash): rm -rf /" for step in found.runbook.steps.values())
    secrets = {loss.where for loss in found.losses if loss.what == "a secret"}
    assert len(secrets) == 2 and "hunter2" not in found.text + repr(found.losses)


def test_a_circle_and_a_branch_that_calls_itself_end():
    circle = minimal(
        start={"type": "start", "on_completion": "action_1"},
        action_1=manual("one", "action_2"), action_2=manual("two", "action_1"), end_1={"type": "end"},
    )  # fmt: skip
    assert any("circle" in loss.why for loss in take(circle).losses)
    nested = minimal(
        start={"type": "start", "on_completion": "if0condition_1"},
        if0condition_1={"type": "if-condition", "condition": "__a__:value = 'b'", "on_true": "if0condition_1", "on_completion": "action_1"},
        action_1=manual("one", "end_1"), end_1={"type": "end"},
    )  # fmt: skip
    with pytest.raises(Invalid, match="more than 2000 steps"):
        take(nested)


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.json")), ids=lambda path: path.stem)
def test_others_playbooks_become_drafts_that_the_language_reads(path):
    found = take(read_playbook(path.read_text(), path.name))
    assert found.runbook.steps and found.losses
    assert not any(step.kind in ("act", "verify", "decide", "enrol", "bypass") for step in found.runbook.steps.values())


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.exists(), reason="the folder `shared` with others' playbooks is not beside the project")
def test_every_playbook_of_the_collection_is_drafted_or_refused_in_a_sentence():
    refused = {}
    for path in sorted(SHARED.glob("*.json")):
        try:
            assert take(read_playbook(path.read_text(), path.name)).runbook.steps
        except Invalid as error:
            refused[path.name] = str(error)
    assert refused.keys() == {"cacao1-fuzzypanda.json", "tc-signature-rsa.json"}


@given(data=st.data())
def test_a_damaged_playbook_is_drafted_or_refused_in_a_sentence(data):
    playbook = copy.deepcopy(exported("switch-off"))
    del playbook["playbook_extensions"]
    junk = st.none() | st.booleans() | st.integers() | st.text(max_size=12) | st.just([]) | st.just({}) | st.just(["x", {}])
    for _ in range(data.draw(st.integers(1, 3))):
        place = playbook
        for _ in range(data.draw(st.integers(0, 3))):
            inner = [one for one in place.values() if isinstance(one, dict) and one]
            place = data.draw(st.sampled_from(inner)) if inner else place
        place[data.draw(st.sampled_from(sorted(place)))] = data.draw(junk)
    try:
        assert take(playbook).text
    except Invalid as error:
        assert str(error)


@pytest.mark.parametrize(("text", "said"), [
    ("{", "1:2: this is no JSON"), ("[1]", "this is no playbook"), ('{"type": "playbook", "type": "playbook"}', "stands twice"),
    ('{"type": "playbook", "x": NaN}', "NaN"), ("[" * 100_000, "nested deeper"), ('{"type": "playbook", "x": ' + "[" * 40 + "]" * 40 + "}", "nested deeper"),
    (" " * (MAX_BYTES + 1), "larger than"),
])  # fmt: skip
def test_a_file_that_is_no_playbook_is_refused_where_it_goes_wrong(text, said):
    with pytest.raises(Invalid, match=said):
        read_playbook(text, "x.json")
