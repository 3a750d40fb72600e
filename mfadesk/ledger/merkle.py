"""The Merkle tree of certificate transparency: roots, appending in logarithmic state, proofs, and their verification.

A leaf is hashed behind 0x00 and a node behind 0x01, so that no leaf can be passed off as a node (RFC 9162 §2.1.1). The RFC
splits a tree at the largest power of two; bottom up that is: pair neighbours, and let a last one without a neighbour rise as it
is. Everything here walks that way, level by level, so that no size of tree costs a recursion.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from mfadesk.kernel.errors import Invalid

HASH_BYTES = 32
LARGEST_SIZE = 2**53 - 1
"""Beyond this a size would not survive JSON; at a thousand leaves a second it lasts 285,000 years."""

EMPTY_ROOT = sha256(b"").digest()
"""The root of no leaves. Source: RFC 9162 §2.1.1."""


def hash_leaf(data: bytes) -> bytes:
    """Return the 32-byte hash of a leaf's data. Source: RFC 9162 §2.1.1."""
    return sha256(b"\x00" + data).digest()


def hash_node(left: bytes, right: bytes) -> bytes:
    """Return the 32-byte hash of two neighbours. Source: RFC 9162 §2.1.1."""
    return sha256(b"\x01" + left + right).digest()


@dataclass(frozen=True, slots=True)
class Frontier:
    """A tree as its right edge: the size, and the roots of its complete subtrees, largest first.

    It is all that appending needs, at most 53 hashes, and fits in the row that holds the tree head. `hashes` has as many
    members as `size` has one-bits. Source: RFC 9162 §2.1.2 (there called the stack of partial hashes).
    """

    size: int = 0
    hashes: tuple[bytes, ...] = ()

    def append(self, leaf_hash: bytes) -> Frontier:
        """Return the frontier with one more leaf. Raises ValueError where `leaf_hash` is no 32 bytes."""
        if len(leaf_hash) != HASH_BYTES:
            raise ValueError("a leaf hash has 32 bytes")
        size = rest = self.size
        hashes = self.hashes
        if rest & 1:
            # As many complete subtrees end here as the size has trailing one-bits; they close into one.
            kept = len(hashes)
            while rest & 1:
                kept -= 1
                leaf_hash = sha256(b"\x01" + hashes[kept] + leaf_hash).digest()
                rest >>= 1
            hashes = hashes[:kept]
        # A frozen dataclass's own __init__ takes longer than hashing a node; writing the slots takes half of it.
        new = _new(Frontier)
        _set_size(new, size + 1)
        _set_hashes(new, hashes + (leaf_hash,))  # noqa: RUF005 - unpacking would go through a list
        return new

    def extend(self, leaf_hashes: Iterable[bytes]) -> Frontier:
        """Return the frontier with all of `leaf_hashes` appended, for whoever counts a ledger again from its leaves.

        Raises ValueError where one has not 32 bytes.
        """
        size, hashes = self.size, list(self.hashes)
        for leaf_hash in leaf_hashes:
            if len(leaf_hash) != HASH_BYTES:
                raise ValueError("a leaf hash has 32 bytes")
            node, rest = leaf_hash, size
            while rest & 1:
                node = sha256(b"\x01" + hashes.pop() + node).digest()
                rest >>= 1
            hashes.append(node)
            size += 1
        return Frontier(size, tuple(hashes))

    def root(self) -> bytes:
        """Return the 32-byte root of the tree as it stands."""
        if not self.hashes:
            return EMPTY_ROOT
        node = self.hashes[-1]
        for left in reversed(self.hashes[:-1]):
            node = hash_node(left, node)
        return node

    def to_json(self) -> dict[str, Any]:
        """Return ``{"size": n, "hashes": [hex, …]}`` for the tree head's row."""
        return {"size": self.size, "hashes": [h.hex() for h in self.hashes]}

    @classmethod
    def from_json(cls, value: Any) -> Frontier:
        """Return what `to_json` wrote. Raises Invalid where the size and the hashes cannot belong together."""
        size = value.get("size") if isinstance(value, dict) else None
        texts = value.get("hashes") if isinstance(value, dict) else None
        if type(size) is not int or not 0 <= size <= LARGEST_SIZE or not isinstance(texts, list):
            raise Invalid("tree head", "The stored tree head is not a size and a list of hashes.")
        hashes = tuple(parse_hash(text, "tree head") for text in texts)
        if len(hashes) != size.bit_count():
            raise Invalid("tree head", f"A tree of {size} leaves has {size.bit_count()} complete subtrees, not {len(hashes)}.")
        return cls(size, hashes)


_new = object.__new__
_set_size = Frontier.__dict__["size"].__set__
_set_hashes = Frontier.__dict__["hashes"].__set__


class Tree:
    """Every level of a tree at one size, for many proofs: each costs a walk of the height and not of the leaves."""

    __slots__ = ("_levels",)

    def __init__(self, leaf_hashes: Sequence[bytes]) -> None:
        level = list(leaf_hashes)
        self._levels = [level]
        while len(level) > 1:
            above = [sha256(b"\x01" + level[i] + level[i + 1]).digest() for i in range(0, len(level) - 1, 2)]
            if len(level) & 1:
                above.append(level[-1])
            self._levels.append(above)
            level = above

    @property
    def size(self) -> int:
        """The number of leaves."""
        return len(self._levels[0])

    def root(self) -> bytes:
        """Return the 32-byte root."""
        return self._levels[-1][0] if self.size else EMPTY_ROOT

    def prove_inclusion(self, index: int) -> tuple[bytes, ...]:
        """Return the audit path of leaf `index`, lowest first.

        Raises Invalid where the tree has no such leaf. Source: RFC 9162 §2.1.3.1.
        """
        if not 0 <= index < self.size:
            raise Invalid("leaf index", f"A tree of {self.size} leaves has no leaf {index}.")
        path = []
        for level in self._levels[:-1]:
            if index ^ 1 < len(level):
                path.append(level[index ^ 1])
            index >>= 1
        return tuple(path)

    def prove_consistency(self, old: int) -> tuple[bytes, ...]:
        """Return the proof that the tree's first `old` leaves are a tree that was there before.

        It is empty for `old` 0 or the whole size. Raises Invalid for an `old` beyond the tree. Source: RFC 9162 §2.1.4.1.
        """
        if not 0 <= old <= self.size:
            raise Invalid("tree size", f"A tree of {self.size} leaves was never of size {old}.")
        if old in (0, self.size):
            return ()
        path = []
        place, height = old - 1, 0
        while place & 1:
            place >>= 1
            height += 1
        if place:
            # Otherwise the old tree is one complete subtree, and its root is already known to whoever verifies.
            path.append(self._levels[height][place])
        for level in self._levels[height:-1]:
            if place ^ 1 < len(level):
                path.append(level[place ^ 1])
            place >>= 1
        return tuple(path)


def root_of(leaf_hashes: Sequence[bytes]) -> bytes:
    """Return the 32-byte root over `leaf_hashes`, in order. Source: RFC 9162 §2.1.1."""
    return Tree(leaf_hashes).root()


def prove_inclusion(leaf_hashes: Sequence[bytes], index: int, size: int) -> tuple[bytes, ...]:
    """Return the audit path of leaf `index` in the tree of the first `size` leaves. For many proofs keep a `Tree`."""
    return _first(leaf_hashes, size).prove_inclusion(index)


def prove_consistency(leaf_hashes: Sequence[bytes], old: int, new: int) -> tuple[bytes, ...]:
    """Return the proof that the tree of the first `new` leaves continues the tree of the first `old`."""
    return _first(leaf_hashes, new).prove_consistency(old)


def verify_inclusion(leaf_hash: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> bytes:
    """Return `root` where `path` proves that `leaf_hash` is leaf `index` of the tree of `size` leaves with that root.

    Raises Invalid otherwise. Source: RFC 9162 §2.1.3.2.
    """
    if not 0 <= index < size <= LARGEST_SIZE:
        raise Invalid("inclusion proof", f"A tree of {size} leaves has no leaf {index}.")
    here, last, node = index, size - 1, leaf_hash
    for sibling in path:
        if last == 0:
            raise Invalid("inclusion proof", "The proof is longer than the tree is high.")
        if here & 1 or here == last:
            node = hash_node(sibling, node)
            while not here & 1 and here:
                here, last = here >> 1, last >> 1
        else:
            node = hash_node(node, sibling)
        here, last = here >> 1, last >> 1
    if last != 0 or node != root:
        raise Invalid("inclusion proof", f"The proof does not lead from leaf {index} to the signed root.")
    return root


def verify_consistency(old: int, old_root: bytes, new: int, new_root: bytes, path: Sequence[bytes]) -> bytes:
    """Return `new_root` where `path` proves that the tree of `new` leaves begins with the tree of `old` leaves.

    An empty old tree is the beginning of every tree, with an empty proof. Raises Invalid otherwise. Source: RFC 9162 §2.1.4.2.
    """
    where = "consistency proof"
    if not 0 <= old <= new <= LARGEST_SIZE:
        raise Invalid(where, f"A tree does not shrink from {old} to {new} leaves.")
    if old in (0, new):
        known = EMPTY_ROOT if old == 0 else new_root
        if path or old_root != known:
            raise Invalid(where, f"The trees of {old} and {new} leaves do not agree.")
        return new_root
    steps = list(path) if old & (old - 1) else [old_root, *path]
    here, last = old - 1, new - 1
    while here & 1:
        here, last = here >> 1, last >> 1
    if not steps:
        raise Invalid(where, "The proof is empty.")
    was = becomes = steps[0]
    for sibling in steps[1:]:
        if last == 0:
            raise Invalid(where, "The proof is longer than the tree is high.")
        if here & 1 or here == last:
            was, becomes = hash_node(sibling, was), hash_node(sibling, becomes)
            while not here & 1 and here:
                here, last = here >> 1, last >> 1
        else:
            becomes = hash_node(becomes, sibling)
        here, last = here >> 1, last >> 1
    if last != 0 or was != old_root or becomes != new_root:
        raise Invalid(where, f"The tree of {new} leaves does not continue the tree of {old}.")
    return new_root


def parse_hash(text: Any, where: str) -> bytes:
    """Return the 32 bytes of 64 lower-case hex digits; one value has one spelling. Raises Invalid, naming `where`."""
    if isinstance(text, str) and len(text) == 2 * HASH_BYTES and set(text) <= _HEX:
        return bytes.fromhex(text)
    raise Invalid(where, "A hash is 64 hex digits in lower case.")


_HEX = frozenset("0123456789abcdef")


def _first(leaf_hashes: Sequence[bytes], size: int) -> Tree:
    if not 0 <= size <= len(leaf_hashes):
        raise Invalid("tree size", f"There are {len(leaf_hashes)} leaves, not {size}.")
    return Tree(leaf_hashes[:size])
