"""Signed notes and checkpoints, the form in which the ledger says "so many leaves, this root" for others to keep.

It is the form of the C2SP community (signed-note, tlog-checkpoint) that Go's checksum database and witnesses use, with
Ed25519, so that tools of other people read it. A verifier key is text like ``desk.example+1f2e3d4c+AQ…``: the name, the
key's id, and the key behind its kind.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from mfadesk.kernel.errors import Invalid, Refusal
from mfadesk.kernel.sealing import is_signed, sign, verify_key_of
from mfadesk.ledger.merkle import HASH_BYTES, LARGEST_SIZE

MAX_NOTE_BYTES = 1 << 20
"""Sixteen signatures of the largest known kind are 80 kB; a note above a megabyte is an attack."""

MAX_SIGNATURES = 100
"""As in the reference implementation. Source: golang.org/x/mod/sumdb/note."""

_ED25519 = b"\x01"
_DASH = "\u2014 "


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """Whose signature counts: `name`, and the 32-byte Ed25519 `public` key."""

    name: str
    public: bytes

    @property
    def key_id(self) -> bytes:
        """Four bytes that tell keys of one name apart; no protection. Source: C2SP signed-note, "Ed25519 signatures"."""
        return sha256(self.name.encode() + b"\n" + _ED25519 + self.public).digest()[:4]

    def text(self) -> str:
        """Return the vkey: ``name+hex8+base64``."""
        return f"{self.name}+{self.key_id.hex()}+{_to_base64(_ED25519 + self.public)}"


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line: who is said to have signed, with which key, and the signature's bytes, unverified."""

    name: str
    key_id: bytes
    signature: bytes

    def line(self) -> str:
        """Return the line as it stands in a note, with its newline."""
        return f"{_DASH}{self.name} {_to_base64(self.key_id + self.signature)}\n"


@dataclass(frozen=True, slots=True)
class Note:
    """A note that was read. `text` ends in a newline and means nothing until `verify_note` has returned."""

    text: str
    signatures: tuple[Signature, ...]

    def whole(self) -> str:
        """Return the note as it is stored and sent."""
        return self.text + "\n" + "".join(signature.line() for signature in self.signatures)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A tree head: the log's name, its number of leaves, its 32-byte root. Source: C2SP tlog-checkpoint."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        """Return the note text: three lines."""
        return f"{self.origin}\n{self.size}\n{_to_base64(self.root)}\n"


def verifier_key_of(name: str, private: bytes) -> VerifierKey:
    """Return the key that verifies what `private` (32 bytes) signs as `name`.

    Raises Invalid for a name that a note cannot hold.
    """
    return VerifierKey(_key_name(name, "key name"), verify_key_of(private))


def parse_vkey(text: str) -> VerifierKey:
    """Return the key of its text form. Raises Invalid where a part is missing, has another kind, or does not fit the id."""
    # A name has no plus, but base64 may: so the cut is from the left.
    parts = text.split("+", 2)
    if len(parts) != 3:
        raise Invalid("key", "A verifier key looks like NAME+8 HEX DIGITS+BASE64.")
    name, hex_id, blob = parts
    raw = _from_base64(blob, "key")
    if len(raw) != 33 or raw[:1] != _ED25519:
        raise Invalid("key", "Only Ed25519 verifier keys are read here.")
    key = VerifierKey(_key_name(name, "key"), raw[1:])
    if key.key_id.hex() != hex_id:
        raise Invalid("key", "The key's name, id and key do not belong together; was it copied whole?")
    return key


def parse_vkeys(text: str) -> tuple[VerifierKey, ...]:
    """Return the keys of a text with one vkey a line; blank lines and lines that begin with ``#`` are passed over.

    Raises Invalid for a line that is no key, and where there is none.
    """
    lines = [line.strip() for line in text.splitlines()]
    keys = tuple(parse_vkey(line) for line in lines if line and not line.startswith("#"))
    if not keys:
        raise Invalid("key", "There is no verifier key here.")
    return keys


def sign_note(text: str, name: str, private: bytes) -> str:
    """Return the note: `text`, a blank line, and one Ed25519 signature of `name`.

    Raises Invalid for a text that does not end in a newline or holds a control character. Source: C2SP signed-note.
    """
    key = verifier_key_of(name, private)
    if not text.endswith("\n") or _has_controls(text):
        raise Invalid("note", "A note's text ends in a newline and holds no control characters.")
    return Note(text, (Signature(name, key.key_id, sign(_utf8(text), private)),)).whole()


def parse_note(whole: str) -> Note:
    """Return the parts of a note; nothing is verified.

    Raises Invalid for what is no well-formed note. Source: C2SP signed- note.
    """
    if len(_utf8(whole)) > MAX_NOTE_BYTES:
        raise Invalid("note", f"A note has at most {MAX_NOTE_BYTES} bytes.")
    cut = whole.rfind("\n\n")
    if cut < 0 or not whole.endswith("\n") or _has_controls(whole):
        raise Invalid("note", "A note is text, a blank line, and signature lines.")
    # Split at newlines alone: str.splitlines would also cut at U+2028 and its like.
    lines = whole[cut + 2 : -1].split("\n")
    if len(lines) > MAX_SIGNATURES:
        raise Invalid("note", f"A note has at most {MAX_SIGNATURES} signatures.")
    return Note(whole[: cut + 1], tuple(_parse_signature(line) for line in lines))


def verify_note(note: Note, keys: Sequence[VerifierKey]) -> tuple[VerifierKey, ...]:
    """Return the keys of `keys` that signed `note`, at least one.

    Signatures of unknown keys are passed over, and a second one of a known key too. Raises Refusal ``note_not_signed`` where a
    known key's signature is wrong, or no known key signed. Source: C2SP signed-note, "Signatures".
    """
    known = {(key.name, key.key_id): key for key in keys}
    message = _utf8(note.text)
    signers: dict[tuple[str, bytes], VerifierKey] = {}
    for signature in note.signatures:
        mark = (signature.name, signature.key_id)
        key = known.get(mark)
        if key is None or mark in signers:
            continue
        if not is_signed(message, signature.signature, key.public):
            raise Refusal("note_not_signed", f"The signature of {key.name} does not fit what was signed.")
        signers[mark] = key
    if not signers:
        raise Refusal("note_not_signed", "None of the keys that you trust has signed this.")
    return tuple(signers.values())


def sign_checkpoint(checkpoint: Checkpoint, private: bytes) -> str:
    """Return the checkpoint as a note signed by its own origin, as C2SP tlog-checkpoint advises."""
    parse_checkpoint(checkpoint.text())
    return sign_note(checkpoint.text(), checkpoint.origin, private)


def parse_checkpoint(text: str) -> Checkpoint:
    """Return the checkpoint of a note's text. Raises Invalid.

    Extension lines are refused: nobody could audit them, and this ledger writes none. Source: C2SP tlog-checkpoint, "Note
    text".
    """
    lines = text.split("\n")
    if len(lines) != 4 or lines[3] or not lines[0]:
        raise Invalid("checkpoint", "A checkpoint has three lines: origin, size and root.")
    size = lines[1]
    # isdigit alone would take other scripts' digits, and int() a thousand zeros.
    if (
        not (size.isascii() and size.isdigit())
        or len(size) > 16
        or (size[0] == "0" and size != "0")
        or int(size) > LARGEST_SIZE
    ):
        raise Invalid("checkpoint", "The size is a decimal number without leading zeros.")
    root = _from_base64(lines[2], "checkpoint")
    if len(root) != HASH_BYTES:
        raise Invalid("checkpoint", "The root hash has 32 bytes.")
    return Checkpoint(lines[0], int(size), root)


def open_checkpoint(whole: str, keys: Sequence[VerifierKey]) -> Checkpoint:
    """Return the checkpoint that one of `keys`, named as the log itself, has signed. Raises Invalid and Refusal."""
    note = parse_note(whole)
    signers = verify_note(note, keys)
    checkpoint = parse_checkpoint(note.text)
    if checkpoint.origin not in {key.name for key in signers}:
        raise Refusal("note_not_signed", f"The checkpoint is of {checkpoint.origin}, but another name has signed it.")
    return checkpoint


def _parse_signature(line: str) -> Signature:
    name, space, blob = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH) or not space:
        raise Invalid("note", "A signature line is a dash, a name and base64.")
    raw = _from_base64(blob, "note")
    if len(raw) < 5:
        raise Invalid("note", "A signature is a key id and a signature.")
    return Signature(_key_name(name, "note"), raw[:4], raw[4:])


def _key_name(name: str, where: str) -> str:
    if not name or "+" in name or any(c.isspace() for c in name) or _has_controls(name):
        raise Invalid(where, "A key's name is not empty and has neither spaces nor a plus.")
    _utf8(name)
    return name


def _has_controls(text: str) -> bool:
    return any(c < " " and c != "\n" for c in text)


def _utf8(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise Invalid("note", "The text is not Unicode that can be written.") from error


def _to_base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _from_base64(text: str, where: str) -> bytes:
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Invalid(where, "This is not base64.") from error
    # The last symbol may hold bits that nobody reads: a second spelling of the same bytes, so a change that nobody would see.
    if _to_base64(data) != text:
        raise Invalid(where, "This is not base64 in its one spelling.")
    return data
