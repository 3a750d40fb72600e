"""The program in the auditors' guide, with nothing of ours in it, reaches the verdicts that we reach."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from ledger_samples import VKEY, small_ledger

from mfadesk.ledger.note import parse_vkey
from mfadesk.ledger.verify import verify_pack

GUIDE = Path(__file__).parents[2] / "docs" / "auditors" / "verify-a-record.md"


@pytest.fixture
def program(tmp_path: Path) -> Path:
    blocks = re.findall(r"```python\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    assert len(blocks) == 1
    path = tmp_path / "check.py"
    path.write_text(blocks[0])
    return path


def judge(program: Path, pack: bytes) -> list[str]:
    file = program.with_name("record.jsonl")
    file.write_bytes(pack)
    done = subprocess.run([sys.executable, "-I", str(program), str(file)], capture_output=True, text=True, check=True)
    return [line.split()[-1] for line in done.stdout.splitlines()]


@pytest.mark.parametrize("extra", range(6))
def test_the_guides_program_accepts_what_we_accept(program: Path, extra: int) -> None:
    ledger = small_ledger()
    for _ in range(extra):
        ledger.record("case_b", "noted")
    pack = ledger.pack(None, full=True)
    assert judge(program, pack) == ["ok"] * (7 + extra)
    assert verify_pack(pack, VKEY).ok


def test_the_guides_program_finds_the_entry_that_we_find(program: Path) -> None:
    pack = small_ledger().pack(None, full=True)
    for old, new in [(b'"passkey"', b'"passkez"'), (b"proof_accepted", b"proof_accepteD")]:
        changed = pack.replace(old, new)
        assert changed != pack
        assert judge(program, changed).index("BROKEN") == verify_pack(changed, VKEY).first_bad == 3


def test_the_guides_key_is_a_key() -> None:
    (line,) = re.findall(r"^    (desk\.example\S+)$", GUIDE.read_text(), re.MULTILINE)
    assert parse_vkey(line).name == "desk.example/ledger"
