"""Judging an exported record with nothing but the file and a key: no database, no network, none of the desk's code above
this room.

Every byte of the file has one place where it is compared with something signed: lines are canonical, the header is compared
with what follows, notes carry exactly the log's own signature, and each entry is proved into the last checkpoint. So any
change is refused, and because each entry stands on its own proof, the first broken one can be named. A key that the file
brought along would prove nothing, so none is looked for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from itertools import chain
from typing import Any

from mfadesk.kernel.canonical import canonical_json
from mfadesk.kernel.errors import Invalid, MfadeskError, Refusal
from mfadesk.ledger.leaf import CLOSED, MAX_FIELDS, MAX_NAME, Field, Leaf, check_body, read_leaf
from mfadesk.ledger.merkle import hash_leaf, parse_hash, verify_consistency, verify_inclusion
from mfadesk.ledger.note import Checkpoint, VerifierKey, open_checkpoint, parse_checkpoint, parse_note, parse_vkeys
from mfadesk.ledger.pack import FORMAT, MAX_CHECKPOINTS, MAX_ENTRIES, MAX_LINE_BYTES, MAX_PACK_BYTES, find_gap, runs_of
from mfadesk.ledger.strict import a_count, a_list, a_name, a_text, exactly, read_object

MAX_PROOF = 128
"""Hashes in a proof; a tree of 2**53 leaves needs fewer than 110."""

_HEADER = frozenset({"kind", "format", "origin", "case", "leaves", "checkpoints"})
_CHECKPOINT = frozenset({"kind", "note", "consistency"})
_ENTRY = frozenset({"kind", "leaf", "skeleton", "fields", "proof"})
_CLOSED_FIELD = frozenset({"name", "commitment"})
_OPEN_FIELD = _CLOSED_FIELD | {"salt", "value"}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What verification found.

    `entries` counts the entries that are sound: all, or those before the first that is not. `first_bad` is the leaf index
    of the first broken or missing entry; it is None where no entry is, and where it is the header, a checkpoint or the key
    that does not hold.
    """

    ok: bool
    entries: int
    first_bad: int | None
    sentence: str

    def to_json(self) -> dict[str, Any]:
        """Return the verdict as `mfadesk ledger verify --json` prints it."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class _Header:
    origin: str
    case_id: str | None
    runs: list[list[int]]
    checkpoints: int

    def announced(self) -> list[int]:
        return list(chain.from_iterable(range(first, last + 1) for first, last in self.runs))


def verify_pack(data: bytes, vkey: str | None, watch: Callable[[int, int], None] | None = None) -> Verdict:
    """Return the verdict on an exported file.

    `vkey` is the key's text form, or several of them, one a line, from a source other than the file; None checks what can
    be checked without and is never ok. `watch` is told the entries done and in all. Raises Invalid for a malformed key, and
    for nothing that the file does.
    """
    keys = () if vkey is None else parse_vkeys(vkey)
    try:
        lines = _lines(data)
        header = _read_header(lines[0])
    except Invalid as error:
        return Verdict(False, 0, None, error.what)
    try:
        checkpoint = _check_checkpoints(lines[1 : header.checkpoints + 1], header, keys)
    except MfadeskError as error:
        return Verdict(False, 0, None, error.sentence)
    return _judge_entries(lines, header, checkpoint, keys, watch)


def _lines(data: bytes) -> list[bytes]:
    """Return the file's lines, each with its newline, so that one without is seen."""
    if not data:
        raise Invalid("file", "The file is empty.")
    if len(data) > MAX_PACK_BYTES:
        raise Invalid("file", f"The file is larger than {MAX_PACK_BYTES >> 20} MiB; an export never is.")
    if data.count(b"\n") > 1 + MAX_CHECKPOINTS + MAX_ENTRIES:
        raise Invalid("file", "The file has more lines than an export ever has.")
    pieces = data.split(b"\n")
    whole = [piece + b"\n" for piece in pieces[:-1]]
    return whole if not pieces[-1] else [*whole, pieces[-1]]


def _read_line(line: bytes, kind: str, keys: frozenset[str]) -> dict[str, Any]:
    if len(line) > MAX_LINE_BYTES:
        raise Invalid(kind, f"The line is longer than {MAX_LINE_BYTES >> 20} MiB.")
    if not line.endswith(b"\n"):
        raise Invalid(kind, "The line is cut off.")
    value = read_object(line[:-1], keys, kind)
    if value["kind"] != kind:
        raise Invalid(kind, f"The line should be of kind {kind}.")
    return value


def _read_header(line: bytes) -> _Header:
    try:
        value = _read_line(line, "header", _HEADER)
        if value["format"] != FORMAT:
            raise Invalid("header", f"The format should be {FORMAT}.")
        case_id = None if value["case"] is None else a_name(value["case"], "header", MAX_NAME)
        count = a_count(value["checkpoints"], "header")
        if not 0 < count <= MAX_CHECKPOINTS:
            raise Invalid("header", f"There are 1 to {MAX_CHECKPOINTS} checkpoints.")
        return _Header(a_name(value["origin"], "header", 1000), case_id, _read_runs(value["leaves"]), count)
    except Invalid as error:
        raise Invalid("header", f"The header (line 1) is broken, or this is no exported record: {error.what}") from error


def _read_runs(value: Any) -> list[list[int]]:
    before, total = -2, 0
    for run in a_list(value, "header", MAX_ENTRIES):
        first, last = (a_count(end, "header") for end in _pair(run))
        total += last - first + 1
        # Runs that touch would be a second spelling of one run.
        if not before + 1 < first <= last or total > MAX_ENTRIES:
            raise Invalid("header", "The list of leaves is not in order, or too long.")
        before = last
    if not total:
        raise Invalid("header", "There are no entries.")
    return list(value)


def _pair(run: Any) -> list[Any]:
    if isinstance(run, list) and len(run) == 2:
        return run
    raise Invalid("header", "The list of leaves has a first and a last for each run.")


def _check_checkpoints(lines: Sequence[bytes], header: _Header, keys: Sequence[VerifierKey]) -> Checkpoint:
    """Return the newest checkpoint, where all are signed and each continues the one before. Raises Refusal."""
    newest: Checkpoint | None = None
    for number in range(1, header.checkpoints + 1):
        name = f"Checkpoint {number} of the {header.checkpoints} that the header announces (line {number + 1})"
        if number > len(lines):
            raise Refusal("pack_broken", f"{name} is missing.")
        try:
            newest = _check_checkpoint(lines[number - 1], newest, keys)
        except MfadeskError as error:
            raise Refusal("pack_broken", f"{name} does not hold: {_what(error)}") from error
        if newest.origin != header.origin:
            raise Refusal("pack_broken", f"The header (line 1) and {name.lower()} name different ledgers.")
    assert newest is not None  # the header announces at least one
    return newest


def _check_checkpoint(line: bytes, before: Checkpoint | None, keys: Sequence[VerifierKey]) -> Checkpoint:
    value = _read_line(line, "checkpoint", _CHECKPOINT)
    whole = a_text(value["note"], "checkpoint", MAX_LINE_BYTES)
    note = parse_note(whole)
    checkpoint = parse_checkpoint(note.text)
    if [signature.name for signature in note.signatures] != [checkpoint.origin]:
        raise Invalid("checkpoint", "It should carry the log's own signature and no other.")
    if keys:
        open_checkpoint(whole, keys)
    path = _read_hashes(value["consistency"], "checkpoint")
    if before is None:
        if path:
            raise Invalid("checkpoint", "The first checkpoint continues none.")
    elif checkpoint.size == before.size:
        raise Invalid("checkpoint", "It repeats the one before.")
    else:
        verify_consistency(before.size, before.root, checkpoint.size, checkpoint.root, path)
    return checkpoint


def _judge_entries(
    lines: Sequence[bytes],
    header: _Header,
    checkpoint: Checkpoint,
    keys: Sequence[VerifierKey],
    watch: Callable[[int, int], None] | None,
) -> Verdict:
    announced = header.announced()
    rows = lines[header.checkpoints + 1 :]
    leaves: list[Leaf] = []
    opened = fields = 0
    for position, row in enumerate(rows):
        try:
            leaf, total, shown = _check_entry(row, checkpoint)
        except MfadeskError as error:
            index = announced[position] if position < len(announced) else None
            named = (
                f"Entry {position + 1} (line {position + header.checkpoints + 2}{'' if index is None else f', leaf {index}'})"
            )
            return Verdict(False, position, index, f"{named} is broken: {_what(error)}")
        leaves.append(leaf)
        fields, opened = fields + total, opened + shown
        if watch is not None:
            watch(position + 1, len(rows))
    fault = _compare(leaves, header, announced)
    if fault is not None:
        return fault
    if not keys:
        return Verdict(
            False,
            len(leaves),
            None,
            "The file fits together, but nothing is proved: no key was given. Give the desk's verifier key with --key, "
            "from a source that you trust; a key inside a file proves nothing.",
        )
    return Verdict(True, len(leaves), None, _praise(leaves, header, checkpoint, fields, opened))


def _check_entry(line: bytes, checkpoint: Checkpoint) -> tuple[Leaf, int, int]:
    """Return the leaf, its number of personal fields and how many are open; the entry is proved by then. Raises Invalid."""
    value = _read_line(line, "entry", _ENTRY)
    leaf = read_leaf(value["leaf"])
    path = _read_hashes(value["proof"], "entry")
    verify_inclusion(hash_leaf(canonical_json(value["leaf"])), leaf.index, checkpoint.size, path, checkpoint.root)
    if not isinstance(value["skeleton"], dict):
        raise Invalid("entry", "The skeleton is no object.")
    fields = [_read_field(field) for field in a_list(value["fields"], "entry", MAX_FIELDS)]
    return leaf, len(fields), len(check_body(leaf, value["skeleton"], fields))


def _read_field(value: Any) -> Field:
    is_open = isinstance(value, dict) and "salt" in value
    exactly(value, _OPEN_FIELD if is_open else _CLOSED_FIELD, "field")
    name = a_name(value["name"], "field", MAX_NAME)
    commitment = parse_hash(value["commitment"], "field").hex()
    if not is_open:
        return Field(name, commitment)
    return Field(name, commitment, a_text(value["salt"], "field", 64), value["value"])


def _read_hashes(value: Any, where: str) -> list[bytes]:
    return [parse_hash(text, where) for text in a_list(value, where, MAX_PROOF)]


def _compare(leaves: Sequence[Leaf], header: _Header, announced: Sequence[int]) -> Verdict | None:
    """Return the verdict where sound entries are not the ones that should be here, or None."""
    if header.case_id is not None and leaves and all(leaf.case_id == leaves[0].case_id != header.case_id for leaf in leaves):
        sentence = f"The header (line 1) says {header.case_id}, and every entry is of {leaves[0].case_id}."
        return Verdict(False, len(leaves), None, sentence)
    gap = find_gap(leaves, header.case_id)
    if gap is not None:
        index = announced[gap.position] if gap.position < len(announced) else leaves[gap.position].index
        sentence = f"Leaf {index} is missing, moved or repeated: as entry {gap.position + 1}, {gap.sentence}"
        return Verdict(False, gap.position, index, sentence)
    if runs_of([leaf.index for leaf in leaves]) == header.runs:
        return None
    if announced[: len(leaves)] == [leaf.index for leaf in leaves]:
        index = announced[len(leaves)]
        sentence = (
            f"The header (line 1) announces {len(announced)} entries, and {len(leaves)} are here: leaf {index} is missing."
        )
        return Verdict(False, len(leaves), index, sentence)
    return Verdict(False, len(leaves), None, "The header (line 1) announces other leaves than those that are here.")


def _praise(leaves: Sequence[Leaf], header: _Header, checkpoint: Checkpoint, fields: int, opened: int) -> str:
    first, last = leaves[0], leaves[-1]
    count = f"{len(leaves)} entr{'y' if len(leaves) == 1 else 'ies'}"
    if header.case_id is None:
        what = f"{count}, leaves {first.index} to {last.index} without a gap, from {first.at} to {last.at}"
    else:
        closing = [leaf for leaf in leaves if leaf.kind == CLOSED]
        if closing:
            end = f"and its closing counts {closing[-1].events}"
            end += f" ({last.seq - closing[-1].seq} came after it)" if closing[-1] is not last else ""
        else:
            end = "but it is not closed here, so later events may exist"
        what = f"{count} of {header.case_id}, numbered 1 to {last.seq} without a gap, {end}"
    shown = f"{opened} of {fields} personal fields are shown" if fields else "there are no personal fields"
    return f"This record is as it was signed: {what}; {shown}. {header.origin} signed {checkpoint.size} leaves."


def _what(error: MfadeskError) -> str:
    return error.what if isinstance(error, Invalid) else error.sentence
