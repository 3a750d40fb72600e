"""The ledger for programs that watch it: signed checkpoints, proofs between them, entries without personal data.

A proof is given out only for a size that the executor has signed, and only where it leads to the root that was signed: a proof that
fits nothing would tell a watcher that the ledger is broken, which is then said plainly instead.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar

from mfadesk.kernel.errors import Broken, Invalid, Refusal, Unavailable
from mfadesk.kernel.sealing import all_of
from mfadesk.ledger.leaf import Field, check_body, open_leaf
from mfadesk.ledger.merkle import Tree, hash_leaf
from mfadesk.ledger.note import Checkpoint as Head
from mfadesk.ledger.note import VerifierKey, open_checkpoint, parse_note, verify_note
from mfadesk.operations.desk import Desk
from mfadesk.store.models import Checkpoint, EventRow

MAX_LEAVES = 1_000_000
"""A tree of so many leaves takes about two seconds to count; larger ledgers are verified offline, from an export."""

_DESCRIBED = {"use_attribute_docstrings": True}


@dataclass(frozen=True, slots=True)
class CheckpointView:
    """Where the ledger stood when the executor signed it."""

    __pydantic_config__: ClassVar = _DESCRIBED

    origin: str
    size: int
    root: str
    """64 hex digits."""
    note: str
    """The signed note (C2SP tlog-checkpoint), to be kept and compared."""
    key: str
    """The verifier key that this desk says it has. Compare it with the one that you were given by another way."""


@dataclass(frozen=True, slots=True)
class InclusionView:
    """That an entry stands in the ledger at a signed size. Source: RFC 9162 §2.1.3."""

    index: int
    size: int
    leaf_hash: str
    root: str
    path: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ConsistencyView:
    """That a later signed ledger continues an earlier one. Source: RFC 9162 §2.1.4."""

    first: int
    second: int
    first_root: str
    second_root: str
    path: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EntryView:
    """One entry, redacted: personal fields are commitments, without value and salt."""

    __pydantic_config__: ClassVar = _DESCRIBED

    index: int
    leaf: dict[str, Any]
    """What was hashed, in canonical JSON, behind a zero byte."""
    skeleton: dict[str, Any]
    fields: tuple[dict[str, str], ...]
    """Names and commitments."""


def newest_checkpoint(desk: Desk) -> CheckpointView:
    """Return the newest signed checkpoint. Raises Unavailable where none was signed yet."""
    row = Checkpoint.objects.order_by("-size").first()
    if row is None:
        raise Unavailable("executor", "No checkpoint has been signed yet. Is the executor running?")
    keys = _keys(desk)
    head = open_checkpoint(row.note, keys)
    signed = verify_note(parse_note(row.note), keys)
    return CheckpointView(head.origin, head.size, head.root.hex(), row.note, signed[0].text())


def prove_entry(desk: Desk, index: int, size: int | None) -> InclusionView:
    """Return the proof that entry `index` stands in the ledger of `size` entries.

    size: that of a signed checkpoint; None for the newest. Raises Refusal ``not_found`` where no such size was signed, Invalid where
    the entry is not among them.
    """
    head = _head(desk, size)
    if index >= head.size:
        raise Invalid("index", f"The ledger of {head.size} entries has no entry {index}.")
    tree = _tree(head)
    path = tree.prove_inclusion(index)
    leaf = EventRow.objects.values_list("leaf", flat=True).get(pk=index)
    return InclusionView(index, head.size, hash_leaf(bytes(leaf)).hex(), head.root.hex(), tuple(step.hex() for step in path))


def prove_growth(desk: Desk, first: int, second: int | None) -> ConsistencyView:
    """Return the proof that the ledger of `second` entries begins with that of `first`; both were signed. Raises as `prove_entry`."""
    old, new = _head(desk, first), _head(desk, second)
    if old.size > new.size:
        raise Invalid("first", "A ledger does not shrink: `first` is the smaller size.")
    path = _tree(new).prove_consistency(old.size)
    return ConsistencyView(old.size, new.size, old.root.hex(), new.root.hex(), tuple(step.hex() for step in path))


def show_entry(index: int) -> EntryView:
    """Return one entry without personal data. Raises Refusal ``not_found``, and Broken where it is not what was recorded."""
    row = EventRow.objects.filter(pk=index).first()
    if row is None:
        raise Refusal("not_found", "The ledger has no such entry yet.")
    skeleton = json.loads(row.body)
    fields = [Field(**told) for told in json.loads(row.fields)]
    try:
        check_body(open_leaf(bytes(row.leaf)), skeleton, fields)
    except Invalid as error:
        raise Broken(f"ledger entry {index} does not say what its leaf commits to") from error
    closed = tuple({"name": told.name, "commitment": told.commitment} for told in fields)
    return EntryView(index, json.loads(bytes(row.leaf)), skeleton, closed)


def _keys(desk: Desk) -> tuple[VerifierKey, ...]:
    """The key in use first, then those before a rotation, under which older checkpoints stand."""
    public = desk.public
    return tuple(VerifierKey(public.origin, key) for key in all_of(public.checkpoint_verify))


def _head(desk: Desk, size: int | None) -> Head:
    rows = Checkpoint.objects.order_by("-size")
    row = (rows if size is None else rows.filter(size=size)).first()
    if row is None:
        raise Refusal("not_found", "No checkpoint of that size was signed. Take one from /ledger/checkpoint.")
    return open_checkpoint(row.note, _keys(desk))


@lru_cache(maxsize=2)
def _tree(head: Head) -> Tree:
    """Return the tree below a signed head; kept, since whoever watches asks for many proofs of one head.

    Raises Unavailable for a ledger too large to be counted while somebody waits, Broken where its entries are not those signed.
    """
    if head.size > MAX_LEAVES:
        raise Unavailable("ledger", "This ledger is too large for proofs over HTTP. Export a period and verify it offline.")
    leaves = EventRow.objects.filter(leaf_index__lt=head.size).order_by("leaf_index").values_list("leaf", flat=True)
    tree = Tree([hash_leaf(bytes(leaf)) for leaf in leaves.iterator(chunk_size=5_000)])
    if tree.size != head.size or tree.root() != head.root:
        raise Broken(f"the first {head.size} entries of the ledger are not those that were signed")
    return tree
