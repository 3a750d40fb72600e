"""What one leaf says: where it stands, whose case it is, what happened, and a commitment to the rest.

The body of an event is a skeleton, which holds no personal data and which the fold of a case reads, and personal fields.
Each field is committed to with a salt of its own, and the leaf holds only one digest over skeleton and commitments. So a
person's data can be erased (value and salt deleted, commitment kept) while every proof still holds; and without the salt
nobody can find a value by trying names and numbers. `case_id` and `actor` stand in the leaf for ever: they are opaque
identifiers, never a name or an address.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import Any

from mfadesk.kernel.canonical import canonical_json
from mfadesk.kernel.clock import to_stamp
from mfadesk.kernel.errors import Invalid
from mfadesk.kernel.ids import Randomness
from mfadesk.ledger.merkle import hash_leaf, parse_hash
from mfadesk.ledger.strict import a_count, a_name, exactly, read_canonical

VERSION = 1
SALT_BYTES = 16
"""128 bits: a commitment to a telephone number cannot be opened by trying all numbers."""

MAX_LEAF_BYTES = 4096
MAX_FIELDS = 64
MAX_NAME = 64
MAX_ACTOR = 128

DESK = "desk"
"""The case_id of what happens to the desk itself and belongs to no case; its events are numbered from 1 like a case's."""

GENESIS = "genesis"
CLOSED = "case_closed"
"""The kind of event whose leaf carries the case's number of events, so that leaving one out shows."""

_KEYS = frozenset({"v", "index", "case", "seq", "at", "kind", "actor", "body_commitment"})


@dataclass(frozen=True, slots=True)
class Field:
    """One personal field: `commitment` is 64 hex digits, `salt` 32.

    Without a salt it is erased or withheld, and `value` is None.
    """

    name: str
    commitment: str
    salt: str | None = None
    value: Any = None

    def closed(self) -> Field:
        """Return the field with nothing but its commitment."""
        return replace(self, salt=None, value=None)


@dataclass(frozen=True, slots=True)
class Leaf:
    """What a leaf's bytes say.

    `at` is an RFC 3339 stamp; `events` is the case's number of events on a closing leaf, or None.
    """

    index: int
    case_id: str
    seq: int
    at: str
    kind: str
    actor: str
    body_commitment: str
    events: int | None = None


@dataclass(frozen=True, slots=True)
class Committed:
    """An event made ready for the one commit: the `leaf` for the ledger, its hash for the frontier, the `fields` for the
    event's row.
    """

    leaf: bytes
    leaf_hash: bytes
    fields: tuple[Field, ...]


def commit_event(
    *,
    index: int,
    case_id: str,
    seq: int,
    at: datetime,
    kind: str,
    actor: str,
    skeleton: Mapping[str, Any],
    personal: Mapping[str, Any],
    randomness: Randomness,
) -> Committed:
    """Return the leaf of one event and its salted fields.

    `index` counts the ledger's leaves from 0, `seq` the case's events from 1; both without gaps. A ``case_closed`` leaf
    also carries `seq` as the case's number of events. Raises Invalid for what a leaf cannot hold, and TypeError or
    ValueError for values without canonical form.
    """
    fields = commit_fields(personal, randomness)
    data: dict[str, Any] = {
        "v": VERSION,
        "index": index,
        "case": case_id,
        "seq": seq,
        "at": to_stamp(at),
        "kind": kind,
        "actor": actor,
        "body_commitment": commit_body(skeleton, fields),
    }
    if kind == CLOSED:
        data["events"] = seq
    _check(data)
    leaf = canonical_json(data)
    return Committed(leaf, hash_leaf(leaf), fields)


def commit_genesis(*, origin: str, vkey: str, at: datetime, randomness: Randomness) -> Committed:
    """Return leaf 0: the ledger's name and first verifier key, so that a log begun anew under an old name is another log."""
    return commit_event(
        index=0,
        case_id=DESK,
        seq=1,
        at=at,
        kind=GENESIS,
        actor=DESK,
        skeleton=genesis_skeleton(origin, vkey),
        personal={},
        randomness=randomness,
    )


def genesis_skeleton(origin: str, vkey: str) -> dict[str, Any]:
    """Return the skeleton that belongs to leaf 0, to be kept in its event row."""
    return {"origin": origin, "key": vkey}


def commit_fields(personal: Mapping[str, Any], randomness: Randomness) -> tuple[Field, ...]:
    """Return one salted field a name, in order of names. Raises Invalid for too many or a name that is too long."""
    if len(personal) > MAX_FIELDS:
        raise Invalid("personal fields", f"An event has at most {MAX_FIELDS}.")
    fields = []
    for name in sorted(personal):
        salt = randomness.bytes(SALT_BYTES)
        value = personal[name]
        fields.append(Field(a_name(name, "field name", MAX_NAME), _commit(name, value, salt), salt.hex(), value))
    return tuple(fields)


def commit_body(skeleton: Mapping[str, Any], fields: Sequence[Field]) -> str:
    """Return the digest over the skeleton and the fields' commitments, as 64 hex digits."""
    commitments = [[field.name, field.commitment] for field in fields]
    return sha256(canonical_json({"skeleton": dict(skeleton), "fields": commitments})).hexdigest()


def erase(fields: Iterable[Field], names: Iterable[str] | None = None) -> tuple[Field, ...]:
    """Return `fields` without value and salt of those in `names` (None: of all); every proof over them still holds."""
    gone = None if names is None else frozenset(names)
    return tuple(field.closed() if gone is None or field.name in gone else field for field in fields)


def open_leaf(data: bytes) -> Leaf:
    """Return what a leaf says. Raises Invalid for bytes that `commit_event` would not have written."""
    if len(data) > MAX_LEAF_BYTES:
        raise Invalid("leaf", f"A leaf has at most {MAX_LEAF_BYTES} bytes.")
    return read_leaf(read_canonical(data, "leaf"))


def read_leaf(value: Any) -> Leaf:
    """Return what a leaf's JSON value says. Raises Invalid."""
    closing = isinstance(value, dict) and value.get("kind") == CLOSED
    return _check(exactly(value, _KEYS | {"events"} if closing else _KEYS, "leaf"))


def check_body(leaf: Leaf, skeleton: Mapping[str, Any], fields: Sequence[Field]) -> tuple[str, ...]:
    """Return the names of the fields that are open, having checked that skeleton and fields are those that `leaf` commits to.

    Raises Invalid where the skeleton, a commitment, a value or a salt is another.
    """
    names = [field.name for field in fields]
    if names != sorted(set(names)):
        raise Invalid("personal fields", "The fields are not in order, or one is there twice.")
    if commit_body(skeleton, fields) != leaf.body_commitment:
        raise Invalid("body", "What is told about this event is not what its leaf commits to.")
    return tuple(field.name for field in fields if is_opened(field))


def is_opened(field: Field) -> bool:
    """Return whether value and salt are there; where they are, they fit.

    Raises Invalid where they do not fit the commitment.
    """
    if field.salt is None:
        if field.value is not None:
            raise Invalid(field.name, "A value without its salt proves nothing.")
        return False
    if len(field.salt) != 2 * SALT_BYTES or not set(field.salt) <= _HEX:
        raise Invalid(field.name, f"A salt is {2 * SALT_BYTES} hex digits in lower case.")
    if _commit(field.name, field.value, bytes.fromhex(field.salt)) != field.commitment:
        raise Invalid(field.name, "The value or its salt is not the one that was recorded.")
    return True


_HEX = frozenset("0123456789abcdef")


def _commit(name: str, value: Any, salt: bytes) -> str:
    return sha256(salt + canonical_json([name, value])).hexdigest()


def _check(data: Mapping[str, Any]) -> Leaf:
    where = "leaf"
    if type(data["v"]) is not int or data["v"] != VERSION:
        raise Invalid(where, f"Only leaves of version {VERSION} are read here.")
    leaf = Leaf(
        index=a_count(data["index"], where),
        case_id=a_name(data["case"], where, MAX_NAME),
        seq=a_count(data["seq"], where),
        at=_stamp(data["at"]),
        kind=a_name(data["kind"], where, MAX_NAME),
        actor=a_name(data["actor"], where, MAX_ACTOR),
        body_commitment=parse_hash(data["body_commitment"], where).hex(),
        events=a_count(data["events"], where) if "events" in data else None,
    )
    if leaf.seq == 0:
        raise Invalid(where, "A case's events are counted from 1.")
    if (leaf.kind == GENESIS) != (leaf.index == 0) or (leaf.index == 0 and (leaf.case_id, leaf.seq) != (DESK, 1)):
        raise Invalid(where, "Leaf 0, and no other, is the genesis leaf, the desk's own first event.")
    return leaf


def _stamp(text: Any) -> str:
    try:
        # fromisoformat takes many spellings, the round trip one; strptime costs a tenth of a whole commitment.
        if isinstance(text, str) and to_stamp(datetime.fromisoformat(text)) == text:
            return text
    except ValueError:
        pass
    raise Invalid("leaf", "A time looks like 2026-11-24T14:28:00.000000Z.")
