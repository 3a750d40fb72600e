"""Every parser that reads what others wrote: what it is fed, good examples to begin from, and what it may answer.

A target returns or raises one of our own errors, whatever it is fed; anything else is a fault of ours.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from mfadesk.assurance.policy import load_policy
from mfadesk.cli.drills.scenario import parse_scenarios
from mfadesk.connectors.lab.soft_passkey import SoftPasskey
from mfadesk.connectors.webauthn import RelyingParty
from mfadesk.demo.organisation import people_csv
from mfadesk.kernel.case_code import new_case_code, parse_case_code
from mfadesk.kernel.errors import MfadeskError
from mfadesk.kernel.ids import SeededRandomness
from mfadesk.kernel.sealing import decrypt, encrypt, public_key_of, seal, unseal
from mfadesk.kernel.session_words import new_session_words, same_words
from mfadesk.ledger.leaf import open_leaf
from mfadesk.ledger.note import open_checkpoint, parse_checkpoint, parse_note, parse_vkeys
from mfadesk.ledger.verify import verify_pack
from mfadesk.operations.answers import parse_webauthn
from mfadesk.operations.directory_csv import read_directory
from mfadesk.runbook.cacao.reading import import_playbook, read_playbook
from mfadesk.runbook.parse import parse_runbook
from tests.ledger.ledger_samples import VKEY, small_ledger

ROOT = Path(__file__).resolve().parents[2]
RANDOM = SeededRandomness(11)
KEY = RANDOM.bytes(32)
CHALLENGE = bytes(32)
ORIGIN = "http://localhost:8000"
PARTY = RelyingParty("localhost", "Fuzzed", [ORIGIN])
PASSKEY, REGISTERED = SoftPasskey.register(PARTY.creation_options("hazel", b"handle", "passkey", CHALLENGE, ()), ORIGIN, RANDOM)
ASSERTED = PASSKEY.sign(PARTY.request_options(CHALLENGE, ()), ORIGIN)[1]
HELD = PARTY.verify_registration(CHALLENGE, REGISTERED, "passkey")


@dataclass(frozen=True)
class Target:
    """One parser. `limit_s`: how long it may take over one input of at most `LARGEST` bytes."""

    read: Callable[[bytes], object]
    seeds: tuple[bytes, ...]
    limit_s: float = 2.0


LARGEST = 200_000


def text_of(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def _registration(data: bytes) -> object:
    return PARTY.verify_registration(CHALLENGE, parse_webauthn(data, "The key"), "passkey")


def _assertion(data: bytes) -> object:
    return PARTY.verify_assertion(CHALLENGE, parse_webauthn(data, "The key"), (), b"handle")


def _playbook(data: bytes) -> object:
    return import_playbook(read_playbook(text_of(data), "fuzzed"), "fuzzed", now=datetime(2026, 11, 24, tzinfo=UTC))


def _playbook_seed() -> bytes:
    from mfadesk.runbook.cacao.export import Edition, export_playbook
    from mfadesk.runbook.shelf import load_shelf

    at = datetime(2026, 11, 24, tzinfo=UTC)
    return json.dumps(export_playbook(load_shelf()["device-replacement"], Edition("Fuzzed", at, at))).encode()


_LEDGER = small_ledger()
_PEOPLE = people_csv(date(2026, 11, 24)).encode()
_SHELF = sorted((ROOT / "mfadesk/runbook/shelf").glob("*.yaml"))

TARGETS: dict[str, Target] = {
    "runbook": Target(lambda d: parse_runbook(text_of(d), "fuzzed"), tuple(path.read_bytes() for path in _SHELF[:3]), 4.0),
    "policy": Target(lambda d: load_policy(text_of(d)), ((ROOT / "mfadesk/assurance/policies/default.yaml").read_bytes(),), 6.0),
    "directory": Target(lambda d: read_directory(text_of(d)), (_PEOPLE,), 4.0),
    "scenarios": Target(lambda d: parse_scenarios(text_of(d), "fuzzed"), ((ROOT / "tests/cli/scenarios_own.yaml").read_bytes(),), 6.0),
    "ledger entry": Target(open_leaf, tuple(entry.leaf for entry in _LEDGER.entries[:2])),
    "record": Target(lambda d: verify_pack(d, VKEY), (_LEDGER.pack(), _LEDGER.pack(full=True)), 4.0),
    "signed note": Target(lambda d: parse_note(text_of(d)), (_LEDGER.checkpoint().encode(),)),
    "checkpoint": Target(lambda d: open_checkpoint(text_of(d), parse_vkeys(VKEY)), (_LEDGER.checkpoint().encode(),)),
    "checkpoint's text": Target(lambda d: parse_checkpoint(text_of(d)), (_LEDGER.checkpoint().split("\n\n")[0].encode() + b"\n",)),
    "verifier keys": Target(lambda d: parse_vkeys(text_of(d)), (VKEY.encode(),)),
    "case code": Target(lambda d: parse_case_code(text_of(d)), (new_case_code(RANDOM).encode(),)),
    "session words": Target(lambda d: same_words(text_of(d), new_session_words(SeededRandomness(3))), (new_session_words(RANDOM).encode(),)),
    "sealed question": Target(lambda d: unseal(d, KEY, "request"), (seal(b"question", public_key_of(KEY), "request", RANDOM),)),
    "stored secret": Target(lambda d: decrypt(d, KEY, "stored"), (encrypt(b"seed", KEY, "stored", RANDOM),)),
    "WebAuthn registration": Target(_registration, (json.dumps(REGISTERED).encode(), json.dumps({"response": REGISTERED}).encode())),
    "WebAuthn assertion": Target(_assertion, (json.dumps(ASSERTED).encode(),)),
    "CACAO playbook": Target(_playbook, (_playbook_seed(),), 6.0),
}  # fmt: skip

BOMB = b"a: &a [x,x,x,x,x,x,x,x,x]\n" + b"".join(
    b"%c: &%c [" % (98 + n, 98 + n) + b",".join([b"*%c" % (97 + n)] * 9) + b"]\n" for n in range(9)
)
"""Nine lists of nine of the list before: nine to the tenth in a kilobyte."""

HOSTILE: dict[str, bytes] = {
    "nothing": b"",
    "a NUL": b"\0" * 100,
    "no UTF-8": bytes(range(128, 256)) * 20,
    "deep lists": b"[" * 60_000,
    "deep objects": b'{"a":' * 30_000,
    "deep flow in YAML": b"a: " + b"[" * 5_000,
    "deep indentation": b"".join(b" " * n + b"a:\n" for n in range(400)),
    "a bomb of aliases": BOMB,
    "a huge number": b'{"v": ' + b"9" * 50_000 + b"}",
    "a small number far away": b'{"v": 1e999999999}',
    "not a number": b'{"v": NaN}',
    "one long line": b"a" * LARGEST,
    "many short lines": b"a\n" * (LARGEST // 2),
    "many commas": b"," * LARGEST,
    "many quotes": b'"' * LARGEST,
    "lone surrogates": rb'{"id": "\ud800", "rawId": "\udfff", "response": {}}',
    "right to left": "\u202e\u2066 {}".encode() * 500,
    "base 64 of itself": base64.b64encode(base64.b64encode(b"x" * 5_000)),
}  # fmt: skip


def _spoilt(**changes: str) -> bytes:
    book = json.loads(_playbook_seed())
    (carried,) = [one for one in book["playbook_extensions"].values() if "runbook_b64" in one]
    carried |= changes
    return json.dumps(book).encode()


FOUND: tuple[tuple[str, bytes], ...] = (
    # What guided runs found, so that it stays found: base 64 that is no ASCII.
    ("CACAO playbook", _spoilt(runbook_b64="\u00e9\u00e9\u00e9\u00e9")),
)


def feed(name: str, data: bytes) -> None:
    """Feed one input; whatever is not an error of our own is raised on."""
    try:
        TARGETS[name].read(data)
    except MfadeskError:
        return
