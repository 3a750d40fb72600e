"""The one file that leaves the house: the record of a case, or of a period, with everything that is needed to check it
offline.

It is JSON lines, each in canonical form and each ended by one newline: a header, the checkpoints oldest first, the entries
in the ledger's order. Nothing in it rests on the file's own word: the header is compared with what follows, a checkpoint is
signed and continues the one before, an entry is proved into the last checkpoint. Personal fields are withheld unless asked
for. Rows of a database come in as plain records; `mfadesk.ledger.verify` reads the result.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mfadesk.kernel.canonical import canonical_json
from mfadesk.kernel.errors import Broken, Invalid
from mfadesk.ledger.leaf import Field, Leaf, check_body, open_leaf
from mfadesk.ledger.merkle import Tree, hash_leaf, root_of
from mfadesk.ledger.note import Checkpoint, Note, parse_checkpoint, parse_note
from mfadesk.ledger.strict import read_canonical

FORMAT = "mfadesk-ledger-pack-1"
MAX_PACK_BYTES = 256 << 20
MAX_LINE_BYTES = 1 << 20
MAX_ENTRIES = 200_000
MAX_CHECKPOINTS = 1000


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """One event as the store holds it: the leaf's bytes, the event's `skeleton`, and its personal `fields` in order of
    names.
    """

    leaf: bytes
    skeleton: Mapping[str, Any]
    fields: tuple[Field, ...] = ()


@dataclass(frozen=True, slots=True)
class Gap:
    """Where entries do not follow each other: the `position` in the list, from 0, and what is wrong there."""

    position: int
    sentence: str


def build_pack(
    *,
    entries: Sequence[LedgerEntry],
    case_id: str | None,
    leaf_hashes: Sequence[bytes],
    notes: Sequence[str],
    full: bool = False,
) -> bytes:
    """Return the file's bytes.

    `entries` are all events of one case, or with `case_id` None an unbroken run of leaves, in the ledger's order.
    `leaf_hashes` are those of the whole ledger at least up to the newest checkpoint. `notes` are signed checkpoints, oldest
    first; the newest has to cover every entry. `full` discloses personal fields with their salts; they are withheld
    otherwise.

    Raises Invalid where nothing is to be exported, too much, or a checkpoint has to be made first; Broken where the records
    contradict each other, for then the ledger is damaged and an export would only hide it.
    """
    if not 0 < len(entries) <= MAX_ENTRIES or not 0 < len(notes) <= MAX_CHECKPOINTS:
        raise Invalid("export", f"An export has 1 to {MAX_ENTRIES} entries and 1 to {MAX_CHECKPOINTS} checkpoints.")
    checkpoints = [_own_signature(note) for note in notes]
    newest = checkpoints[-1][1]
    tree = _tree_at(newest, leaf_hashes)
    leaves = [open_leaf(entry.leaf) for entry in entries]
    gap = find_gap(leaves, case_id)
    if gap is not None:
        raise Broken(f"Leaf {leaves[gap.position].index} cannot be exported: {gap.sentence}")
    header = {
        "kind": "header",
        "format": FORMAT,
        "origin": newest.origin,
        "case": case_id,
        "leaves": runs_of([leaf.index for leaf in leaves]),
        "checkpoints": len(checkpoints),
    }
    lines = [header, *_checkpoint_lines(checkpoints, leaf_hashes)]
    lines += [_entry_line(entry, leaf, tree, leaf_hashes, full) for entry, leaf in zip(entries, leaves, strict=True)]
    pack = b"".join(canonical_json(line) + b"\n" for line in lines)
    if len(pack) > MAX_PACK_BYTES:
        raise Invalid("export", f"This export would be larger than {MAX_PACK_BYTES >> 20} MiB. Export shorter periods.")
    return pack


def find_gap(leaves: Sequence[Leaf], case_id: str | None) -> Gap | None:
    """Return the first place where `leaves` are not the events 1, 2, 3 … of `case_id`, or, with None, an unbroken run of
    the ledger.

    In a run, each case's own numbers have to follow each other too. A closing leaf has to carry the right number of events.
    """
    last: dict[str, int] = {}
    for position, leaf in enumerate(leaves):
        before = leaves[position - 1].index if position else -1
        if case_id is not None and leaf.case_id != case_id:
            return Gap(position, f"it belongs to {leaf.case_id}.")
        from_the_start = case_id is not None or leaves[0].index == 0
        due = last.get(leaf.case_id, 0 if from_the_start else leaf.seq - 1) + 1
        if leaf.seq != due:
            return Gap(position, f"event {due} of {leaf.case_id} should stand here, and event {leaf.seq} does.")
        if leaf.index <= before or (case_id is None and position and leaf.index != before + 1):
            return Gap(position, f"leaf {leaf.index} does not follow leaf {before}.")
        if leaf.events is not None and leaf.events != leaf.seq:
            return Gap(position, f"the closing leaf counts {leaf.events} events, and {leaf.seq} are here.")
        last[leaf.case_id] = leaf.seq
    return None


def runs_of(indices: Sequence[int]) -> list[list[int]]:
    """Return rising `indices` as runs of first and last.

    >>> runs_of([3, 4, 5, 9])
    [[3, 5], [9, 9]]
    """
    runs: list[list[int]] = []
    for index in indices:
        if runs and runs[-1][1] == index - 1:
            runs[-1][1] = index
        else:
            runs.append([index, index])
    return runs


def _own_signature(whole: str) -> tuple[Note, Checkpoint]:
    """Return the checkpoint with the one signature that the log itself made.

    Others' signatures stay behind: whoever has no key for them has to pass over them, so their bytes could be changed unseen.
    """
    note = parse_note(whole)
    checkpoint = parse_checkpoint(note.text)
    own = [signature for signature in note.signatures if signature.name == checkpoint.origin]
    if not own:
        raise Invalid("checkpoint", f"The checkpoint at {checkpoint.size} leaves is not signed by {checkpoint.origin}.")
    return Note(note.text, (own[0],)), checkpoint


def _tree_at(checkpoint: Checkpoint, leaf_hashes: Sequence[bytes]) -> Tree:
    if checkpoint.size > len(leaf_hashes):
        raise Broken(f"The checkpoint counts {checkpoint.size} leaves, and the ledger has {len(leaf_hashes)}.")
    tree = Tree(leaf_hashes[: checkpoint.size])
    if tree.root() != checkpoint.root:
        raise Broken(f"The ledger's first {checkpoint.size} leaves are not those that the checkpoint signed.")
    return tree


def _checkpoint_lines(checkpoints: Sequence[tuple[Note, Checkpoint]], leaf_hashes: Sequence[bytes]) -> list[dict[str, Any]]:
    lines: list[dict[str, Any]] = []
    before: Checkpoint | None = None
    for note, checkpoint in checkpoints:
        path: tuple[bytes, ...] = ()
        if before is not None:
            if checkpoint.size <= before.size or checkpoint.origin != before.origin:
                raise Invalid("checkpoints", "Checkpoints are of one log and in order of size, each size once.")
            path = _tree_at(checkpoint, leaf_hashes).prove_consistency(before.size)
        elif root_of(leaf_hashes[: checkpoint.size]) != checkpoint.root:
            raise Broken(f"The ledger's first {checkpoint.size} leaves are not those that the checkpoint signed.")
        lines.append({"kind": "checkpoint", "note": note.whole(), "consistency": [step.hex() for step in path]})
        before = checkpoint
    return lines


def _entry_line(entry: LedgerEntry, leaf: Leaf, tree: Tree, leaf_hashes: Sequence[bytes], full: bool) -> dict[str, Any]:
    if leaf.index >= tree.size:
        raise Invalid("export", f"Leaf {leaf.index} is newer than the newest checkpoint. Make a checkpoint first.")
    if hash_leaf(entry.leaf) != leaf_hashes[leaf.index]:
        raise Broken(f"Leaf {leaf.index} is not the one that went into the ledger.")
    try:
        check_body(leaf, entry.skeleton, entry.fields)
    except Invalid as error:
        raise Broken(f"The event of leaf {leaf.index} was changed after it was recorded: {error.what}") from error
    return {
        "kind": "entry",
        "leaf": read_canonical(entry.leaf, "leaf"),
        "skeleton": dict(entry.skeleton),
        "fields": [_field(field, full) for field in entry.fields],
        "proof": [step.hex() for step in tree.prove_inclusion(leaf.index)],
    }


def _field(field: Field, full: bool) -> dict[str, Any]:
    shown: dict[str, Any] = {"name": field.name, "commitment": field.commitment}
    if full and field.salt is not None:
        shown |= {"salt": field.salt, "value": field.value}
    return shown
