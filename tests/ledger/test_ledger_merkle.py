"""Roots, frontiers and proofs against published vectors, a naive reading of the RFC, and a second implementation."""

from __future__ import annotations

from hashlib import sha256

import pymerkle
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mfadesk.kernel.errors import Invalid
from mfadesk.ledger.merkle import (
    EMPTY_ROOT,
    Frontier,
    Tree,
    hash_leaf,
    hash_node,
    prove_consistency,
    prove_inclusion,
    root_of,
    verify_consistency,
    verify_inclusion,
)

# Source: the reference leaves and roots of Certificate Transparency, transparency-dev/merkle testonly/constants.go
# (LeafInputs, RootHashes), first in google/certificate-transparency merkle_tree_test.cc.
LEAVES = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
HASHES = [hash_leaf(bytes.fromhex(leaf)) for leaf in LEAVES]

sizes = st.integers(min_value=1, max_value=130)


def some_hashes(count: int) -> list[bytes]:
    return [hash_leaf(b"%d" % index) for index in range(count)]


def naive_root(hashes: list[bytes]) -> bytes:
    """RFC 9162 §2.1.1, word for word."""
    if not hashes:
        return sha256(b"").digest()
    if len(hashes) == 1:
        return hashes[0]
    split = naive_split(len(hashes))
    return sha256(b"\x01" + naive_root(hashes[:split]) + naive_root(hashes[split:])).digest()


def naive_split(count: int) -> int:
    split = 1
    while split * 2 < count:
        split *= 2
    return split


def naive_path(index: int, hashes: list[bytes]) -> list[bytes]:
    """RFC 9162 §2.1.3.1, word for word."""
    if len(hashes) == 1:
        return []
    split = naive_split(len(hashes))
    if index < split:
        return [*naive_path(index, hashes[:split]), naive_root(hashes[split:])]
    return [*naive_path(index - split, hashes[split:]), naive_root(hashes[:split])]


def naive_subproof(old: int, hashes: list[bytes], known: bool) -> list[bytes]:
    """RFC 9162 §2.1.4.1, word for word."""
    if old == len(hashes):
        return [] if known else [naive_root(hashes)]
    split = naive_split(len(hashes))
    if old <= split:
        return [*naive_subproof(old, hashes[:split], known), naive_root(hashes[split:])]
    return [*naive_subproof(old - split, hashes[split:], False), naive_root(hashes[:split])]


@pytest.mark.parametrize("size", range(9))
def test_roots_are_those_of_certificate_transparency(size: int) -> None:
    assert root_of(HASHES[:size]).hex() == ROOTS[size]
    assert Frontier().extend(HASHES[:size]).root().hex() == ROOTS[size]


def test_a_leaf_never_hashes_like_a_node() -> None:
    left, right = HASHES[:2]
    assert hash_leaf(left + right) != hash_node(left, right)


# Source: transparency-dev/merkle, the inclusion and consistency proofs of its proof tests over the same eight leaves.
def test_published_inclusion_proof_is_ours() -> None:
    path = prove_inclusion(HASHES, 2, 3)
    assert [step.hex() for step in path] == [ROOTS[2]]
    assert verify_inclusion(HASHES[2], 2, 3, path, bytes.fromhex(ROOTS[3])).hex() == ROOTS[3]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            6,
            8,
            [
                "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
                "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            ],
        ),
        (
            2,
            5,
            [
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            ],
        ),
    ],
)
def test_published_consistency_proofs_are_ours(old: int, new: int, expected: list[str]) -> None:
    path = prove_consistency(HASHES, old, new)
    assert [step.hex() for step in path] == expected
    verify_consistency(old, bytes.fromhex(ROOTS[old]), new, bytes.fromhex(ROOTS[new]), path)


@given(sizes, st.data())
def test_roots_and_proofs_are_those_of_the_recursive_definition(size: int, data: st.DataObject) -> None:
    hashes = some_hashes(size)
    index = data.draw(st.integers(0, size - 1))
    old = data.draw(st.integers(1, size))
    tree = Tree(hashes)
    assert tree.root() == naive_root(hashes)
    assert list(tree.prove_inclusion(index)) == naive_path(index, hashes)
    assert list(tree.prove_consistency(old)) == naive_subproof(old, hashes, True)


def test_every_proof_of_every_small_tree_verifies_and_no_other_place_takes_it() -> None:
    for size in range(1, 20):
        hashes = some_hashes(size)
        tree = Tree(hashes)
        for index in range(size):
            path = tree.prove_inclusion(index)
            assert verify_inclusion(hashes[index], index, size, path, tree.root()) == tree.root()
            for other in set(range(size)) - {index}:
                with pytest.raises(Invalid):
                    verify_inclusion(hashes[index], other, size, path, tree.root())
        for old in range(size + 1):
            verify_consistency(old, root_of(hashes[:old]), size, tree.root(), tree.prove_consistency(old))
            for other in set(range(1, size + 1)) - {old}:
                with pytest.raises(Invalid):
                    verify_consistency(other, root_of(hashes[:old]), size, tree.root(), tree.prove_consistency(old))


@given(st.lists(st.binary(max_size=40), min_size=1, max_size=70), st.data())
def test_a_second_implementation_agrees_and_takes_our_proofs(leaves: list[bytes], data: st.DataObject) -> None:
    # Source: pymerkle 7, another hand's RFC 9162; it counts leaves from one.
    peer = pymerkle.InmemoryTree(algorithm="sha256")
    for leaf in leaves:
        peer.append_entry(leaf)
    hashes = [hash_leaf(leaf) for leaf in leaves]
    size = len(leaves)
    index = data.draw(st.integers(0, size - 1))
    old = data.draw(st.integers(1, size))
    root = root_of(hashes)
    assert root == peer.get_root()

    theirs = peer.prove_inclusion(index + 1, size)
    assert tuple(theirs.path[1:]) == prove_inclusion(hashes, index, size)
    verify_inclusion(hashes[index], index, size, theirs.path[1:], root)

    proof = peer.prove_consistency(old, size)
    proof.verify(root_of(hashes[:old]), root)
    if old < size:
        # Its proof lists the old tree's subtrees as well, so only the roots and our own path can be held against each other.
        verify_consistency(old, proof.retrieve_prior_state(), size, proof.compute_root(), prove_consistency(hashes, old, size))


@given(sizes, st.integers(0, 130))
def test_a_frontier_grows_to_the_same_root_however_it_is_fed(size: int, cut: int) -> None:
    hashes = some_hashes(size)
    one_by_one = Frontier()
    for leaf_hash in hashes:
        one_by_one = one_by_one.append(leaf_hash)
    in_parts = Frontier.from_json(Frontier().extend(hashes[:cut]).to_json()).extend(hashes[cut:])
    assert one_by_one == in_parts
    assert one_by_one.root() == naive_root(hashes)
    assert len(one_by_one.hashes) == size.bit_count()


def test_appending_leaves_the_old_frontier_as_it_was() -> None:
    before = Frontier().extend(HASHES[:3])
    before.append(HASHES[3])
    assert before.root().hex() == ROOTS[3]
    with pytest.raises(AttributeError):
        before.size = 4  # type: ignore[misc]


@pytest.mark.parametrize("wrong", [b"", b"x" * 31, b"x" * 33])
def test_a_frontier_takes_only_hashes(wrong: bytes) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        Frontier().append(wrong)
    with pytest.raises(ValueError, match="32 bytes"):
        Frontier().extend([wrong])


@pytest.mark.parametrize(
    "stored",
    [
        None,
        [],
        {},
        {"size": 1, "hashes": []},
        {"size": 2, "hashes": ["00" * 32] * 2},
        {"size": -1, "hashes": []},
        {"size": True, "hashes": ["00" * 32]},
        {"size": 1, "hashes": ["AB" * 32]},
        {"size": 1, "hashes": ["00" * 31]},
        {"size": 1, "hashes": [7]},
        {"size": 2**53, "hashes": ["00" * 32]},
        {"size": 1, "hashes": "00" * 32},
    ],
)
def test_a_damaged_tree_head_is_refused(stored: object) -> None:
    with pytest.raises(Invalid):
        Frontier.from_json(stored)


@given(sizes, st.data())
def test_a_changed_inclusion_proof_is_refused(size: int, data: st.DataObject) -> None:
    hashes = some_hashes(size)
    tree = Tree(hashes)
    index = data.draw(st.integers(0, size - 1))
    path = list(tree.prove_inclusion(index))
    changed = data.draw(st.sampled_from(["add", "drop", "flip", "leaf", "root"] if path else ["add", "leaf", "root"]))
    leaf, root = hashes[index], tree.root()
    place = data.draw(st.integers(0, max(0, len(path) - 1)))
    if changed == "add":
        path.insert(place, root)
    elif changed == "drop":
        del path[place]
    elif changed == "flip":
        path[place] = hash_leaf(path[place])
    elif changed == "leaf":
        leaf = hash_leaf(leaf)
    else:
        root = hash_leaf(root)
    with pytest.raises(Invalid):
        verify_inclusion(leaf, index, size, path, root)


@given(sizes, st.data())
def test_a_rewritten_history_is_refused(size: int, data: st.DataObject) -> None:
    hashes = some_hashes(size)
    old = data.draw(st.integers(1, size))
    place = data.draw(st.integers(0, old - 1))
    rewritten = [*hashes[:place], hash_leaf(b"another"), *hashes[place + 1 :]]
    with pytest.raises(Invalid):
        verify_consistency(old, root_of(hashes[:old]), size, root_of(rewritten), prove_consistency(rewritten, old, size))


@given(sizes, st.data())
def test_a_changed_consistency_proof_is_refused(size: int, data: st.DataObject) -> None:
    hashes = some_hashes(size)
    old = data.draw(st.integers(0, size))
    path = list(prove_consistency(hashes, old, size))
    place = data.draw(st.integers(0, max(0, len(path) - 1)))
    changed = data.draw(st.sampled_from(["add", "drop", "flip"] if path else ["add"]))
    if changed == "add":
        path.insert(place, hashes[0])
    elif changed == "drop":
        del path[place]
    else:
        path[place] = hash_leaf(path[place])
    with pytest.raises(Invalid):
        verify_consistency(old, root_of(hashes[:old]), size, root_of(hashes), path)


def test_sizes_that_cannot_be_are_refused() -> None:
    for index, size in [(0, 0), (1, 1), (-1, 1), (0, 2**60)]:
        with pytest.raises(Invalid):
            verify_inclusion(HASHES[0], index, size, [], HASHES[0])
    for old, new in [(2, 1), (-1, 1), (1, 2**60)]:
        with pytest.raises(Invalid):
            verify_consistency(old, HASHES[0], new, HASHES[0], [])
    for index, size in [(0, 9), (3, 3), (-1, 3), (0, -1)]:
        with pytest.raises(Invalid):
            prove_inclusion(HASHES, index, size)
    with pytest.raises(Invalid):
        prove_consistency(HASHES, 4, 3)
    with pytest.raises(Invalid):
        verify_consistency(0, HASHES[0], 1, HASHES[0], [])
    assert verify_consistency(0, EMPTY_ROOT, 1, HASHES[0], []) == HASHES[0]


@settings(max_examples=25)
@given(st.integers(1, 3000))
def test_a_proof_has_at_most_as_many_hashes_as_the_tree_is_high(size: int) -> None:
    tree = Tree(some_hashes(size))
    height = (size - 1).bit_length()
    assert max(len(tree.prove_inclusion(index)) for index in range(size)) == height
