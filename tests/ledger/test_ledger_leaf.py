"""Salted commitments: what a leaf binds, what can be erased, and what it refuses to say."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mfadesk.kernel.canonical import canonical_json
from mfadesk.kernel.errors import Invalid
from mfadesk.kernel.ids import SeededRandomness
from mfadesk.ledger.leaf import (
    CLOSED,
    MAX_FIELDS,
    Committed,
    Field,
    check_body,
    commit_event,
    commit_genesis,
    erase,
    genesis_skeleton,
    is_opened,
    open_leaf,
)
from mfadesk.ledger.merkle import hash_leaf

AT = datetime(2026, 11, 24, 14, 28, tzinfo=UTC)

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=6,
)
names = st.text("abcdefgh_", min_size=1, max_size=12)


def commit(seed: int = 1, **changes: Any) -> Committed:
    plain: dict[str, Any] = {
        "index": 5,
        "case_id": "case_a",
        "seq": 3,
        "at": AT,
        "kind": "proof_accepted",
        "actor": "staff_1",
        "skeleton": {"method": "passkey"},
        "personal": {"phone": "+49 30 901820", "caller_name": "Zoë"},
        "randomness": SeededRandomness(seed),
    }
    return commit_event(**plain | changes)


def test_a_leaf_says_where_it_stands_and_commits_to_the_rest() -> None:
    done = commit()
    leaf = open_leaf(done.leaf)
    assert (leaf.index, leaf.case_id, leaf.seq, leaf.kind, leaf.actor) == (5, "case_a", 3, "proof_accepted", "staff_1")
    assert leaf.at == "2026-11-24T14:28:00.000000Z"
    assert done.leaf_hash == hash_leaf(done.leaf)
    assert check_body(leaf, {"method": "passkey"}, done.fields) == ("caller_name", "phone")


def test_the_layout_of_a_leaf_never_changes_unnoticed() -> None:
    done = commit(personal={"phone": "1"})
    salt = SeededRandomness(1).bytes(16)
    commitment = sha256(salt + b'["phone","1"]').hexdigest()
    body = sha256(canonical_json({"fields": [["phone", commitment]], "skeleton": {"method": "passkey"}})).hexdigest()
    assert done.fields == (Field("phone", commitment, salt.hex(), "1"),)
    assert done.leaf.decode() == (
        '{"actor":"staff_1","at":"2026-11-24T14:28:00.000000Z","body_commitment":"' + body + '","case":"case_a","index":5,'
        '"kind":"proof_accepted","seq":3,"v":1}'
    )


def test_no_personal_value_is_in_the_leaf_nor_can_be_tried_without_the_salt() -> None:
    first, second = commit(seed=1), commit(seed=2)
    assert b"901820" not in first.leaf
    assert {field.commitment for field in first.fields}.isdisjoint({field.commitment for field in second.fields})
    assert open_leaf(first.leaf).body_commitment != open_leaf(second.leaf).body_commitment


def test_one_field_can_be_erased_and_everything_else_still_holds() -> None:
    done = commit()
    erased = erase(done.fields, ["phone"])
    assert [(field.name, field.salt is None, field.value) for field in erased] == [
        ("caller_name", False, "Zoë"),
        ("phone", True, None),
    ]
    assert check_body(open_leaf(done.leaf), {"method": "passkey"}, erased) == ("caller_name",)
    assert check_body(open_leaf(done.leaf), {"method": "passkey"}, erase(done.fields)) == ()


@given(st.dictionaries(names, values, max_size=5), st.dictionaries(names, values, max_size=4), st.data())
def test_any_body_checks_and_any_erasure_of_it_too(
    personal: dict[str, Any], skeleton: dict[str, Any], data: st.DataObject
) -> None:
    done = commit(personal=personal, skeleton=skeleton)
    gone = data.draw(st.sets(st.sampled_from(sorted(personal)))) if personal else set()
    kept = erase(done.fields, gone)
    assert check_body(open_leaf(done.leaf), skeleton, kept) == tuple(sorted(set(personal) - gone))
    # What was stored as JSON comes back as the same fields.
    again = tuple(
        Field(**json.loads(json.dumps({"name": f.name, "commitment": f.commitment, "salt": f.salt, "value": f.value})))
        for f in kept
    )
    assert check_body(open_leaf(done.leaf), skeleton, again) == tuple(sorted(set(personal) - gone))


@pytest.mark.parametrize(
    "change",
    [
        lambda f: (Field(f[0].name, f[0].commitment, f[0].salt, "Zoe"), f[1]),
        lambda f: (Field(f[0].name, f[0].commitment, f[1].salt, f[0].value), f[1]),
        lambda f: (Field(f[0].name, f[0].commitment, None, f[0].value), f[1]),
        lambda f: (Field(f[0].name, f[0].commitment, f[0].salt.upper(), f[0].value), f[1]),
        lambda f: (Field(f[0].name, f[0].commitment, f[0].salt[:-2], f[0].value), f[1]),
        lambda f: (Field(f[0].name, f[0].commitment, "", f[0].value), f[1]),
        lambda f: (Field(f[0].name, f[0].commitment, f[0].salt, 1), f[1]),
        lambda f: (Field(f[0].name, f[1].commitment), f[1]),
        lambda f: (Field("caller_nama", f[0].commitment), f[1]),
        lambda f: (f[1], f[0]),
        lambda f: (f[0], f[0], f[1]),
        lambda f: (f[0],),
        lambda f: (*f, Field("zz", "00" * 32)),
        lambda f: (),
    ],
)
def test_another_body_than_the_recorded_one_is_refused(change: Any) -> None:
    done = commit()
    assert any(char in "abcdef" for char in done.fields[0].salt or "")
    with pytest.raises(Invalid):
        check_body(open_leaf(done.leaf), {"method": "passkey"}, change(done.fields))
    with pytest.raises(Invalid):
        check_body(open_leaf(done.leaf), {"method": "sms"}, done.fields)


def test_true_does_not_open_a_commitment_to_one() -> None:
    (field,) = commit(personal={"count": 1}).fields
    with pytest.raises(Invalid):
        is_opened(Field(field.name, field.commitment, field.salt, True))


def test_a_recorded_null_is_open_and_not_erased() -> None:
    (field,) = commit(personal={"middle_name": None}).fields
    assert is_opened(field)
    assert not is_opened(field.closed())


def test_only_a_closing_leaf_carries_the_number_of_events() -> None:
    assert open_leaf(commit(kind=CLOSED, seq=9).leaf).events == 9
    assert open_leaf(commit().leaf).events is None
    without = json.loads(commit(kind=CLOSED).leaf)
    del without["events"]
    with pytest.raises(Invalid):
        open_leaf(canonical_json(without))
    with pytest.raises(Invalid):
        open_leaf(canonical_json(json.loads(commit().leaf) | {"events": 3}))


def test_leaf_zero_is_the_genesis_and_names_ledger_and_key() -> None:
    done = commit_genesis(origin="desk.example", vkey="v", at=AT, randomness=SeededRandomness(1))
    leaf = open_leaf(done.leaf)
    assert (leaf.index, leaf.case_id, leaf.seq, leaf.kind) == (0, "desk", 1, "genesis")
    check_body(leaf, genesis_skeleton("desk.example", "v"), done.fields)
    with pytest.raises(Invalid):
        check_body(leaf, genesis_skeleton("desk.example", "w"), done.fields)


@pytest.mark.parametrize(
    "changes",
    [
        {"index": 0},
        {"index": -1},
        {"index": True},
        {"index": 1.0},
        {"seq": 0},
        {"case_id": ""},
        {"case_id": "c" * 65},
        {"case_id": None},
        {"actor": "a" * 129},
        {"kind": ""},
        {"case_id": "case\x1b[2J"},
        {"actor": "staff\u202e"},
        {"personal": {"a\nb": 1}},
        {"kind": "genesis"},
        {"personal": {"": 1}},
        {"personal": {"n" * 65: 1}},
        {"personal": {f"n{i}": 1 for i in range(MAX_FIELDS + 1)}},
    ],
)
def test_what_a_leaf_cannot_hold_is_refused_before_it_is_recorded(changes: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        commit(**changes)


def test_a_float_is_refused_before_it_is_recorded() -> None:
    with pytest.raises(TypeError):
        commit(personal={"score": 0.5})
    with pytest.raises(TypeError):
        commit(skeleton={"score": 0.5})


def test_a_naive_time_is_refused_and_another_zone_is_turned_to_utc() -> None:
    with pytest.raises(ValueError, match="zone"):
        commit(at=datetime(2026, 1, 1))  # noqa: DTZ001
    there = timezone(timedelta(hours=2))
    assert open_leaf(commit(at=datetime(2026, 1, 1, 2, tzinfo=there)).leaf).at == "2026-01-01T00:00:00.000000Z"


@pytest.mark.parametrize(
    "change",
    [
        {"v": 2},
        {"v": True},
        {"at": "2026-11-24T14:28:00Z"},
        {"at": "2026-1-24T14:28:00.000000Z"},
        {"at": 7},
        {"body_commitment": "AB" * 32},
        {"body_commitment": None},
        {"more": 1},
        {"seq": "3"},
    ],
)
def test_a_leaf_of_another_shape_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        open_leaf(canonical_json(json.loads(commit().leaf) | change))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b"null",
        b"[]",
        b"\xff",
        b"[" * 3000,
        b'{"v":1e400}',
        b'{"v":NaN}',
        b"9" * 4000,
        b"x" * 5000,
        b'"\\ud800"',
        b"\xef\xbb\xbf{}",
    ],
)
def test_garbage_is_no_leaf(data: bytes) -> None:
    with pytest.raises(Invalid):
        open_leaf(data)


def test_a_second_spelling_of_a_leaf_is_refused() -> None:
    leaf = commit(actor="é").leaf
    for other in [
        leaf + b"\n",
        leaf.replace(b":", b": ", 1),
        leaf.replace("é".encode(), b"\\u00e9"),
        leaf[:-1] + b',"v":1}',
        leaf.decode().encode("utf-16"),
    ]:
        assert other != leaf
        with pytest.raises(Invalid):
            open_leaf(other)


@given(st.binary(max_size=300))
def test_no_bytes_crash_the_reader(data: bytes) -> None:
    with pytest.raises(Invalid):
        open_leaf(data)
