"""Whatever is done to an exported record, it is refused, the first broken entry is named, and nothing crashes."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ledger_samples import ORIGIN, OTHER_VKEY, PRIVATE, VKEY, Ledger, small_ledger

from mfadesk.kernel.canonical import canonical_json
from mfadesk.kernel.errors import Invalid
from mfadesk.ledger import verify
from mfadesk.ledger.merkle import hash_leaf
from mfadesk.ledger.note import Checkpoint, sign_checkpoint, sign_note
from mfadesk.ledger.verify import Verdict, verify_pack

CASE = small_ledger().pack(full=True, sizes=(4, 7))
PERIOD = small_ledger().pack(None, sizes=(7,))
CASE_LEAVES = [1, 3, 5]


def lines_of(pack: bytes) -> list[bytes]:
    return [line + b"\n" for line in pack.split(b"\n")[:-1]]


def with_line(pack: bytes, number: int, change: Callable[[Any], Any]) -> bytes:
    """The pack with one line's value changed and spelled canonically again."""
    lines = lines_of(pack)
    lines[number] = canonical_json(change(json.loads(lines[number]))) + b"\n"
    return b"".join(lines)


def refused(data: bytes) -> Verdict:
    verdict = verify_pack(data, VKEY)
    assert not verdict.ok
    assert verdict.sentence.endswith(".")
    return verdict


def judge_change(pack: bytes, place: int, byte: int, checkpoints: int, leaves: list[int]) -> None:
    changed = bytearray(pack)
    changed[place] = byte
    verdict = refused(bytes(changed))
    line = pack[:place].count(b"\n")
    if line > checkpoints:
        assert verdict.first_bad == leaves[line - checkpoints - 1], verdict.sentence
        assert verdict.entries == line - checkpoints - 1
    elif line == 0:
        assert "header" in verdict.sentence
    else:
        assert verdict.first_bad is None
        assert f"Checkpoint {line} " in verdict.sentence


@pytest.mark.parametrize(("pack", "checkpoints", "leaves"), [(CASE, 2, CASE_LEAVES), (PERIOD, 1, list(range(7)))])
def test_every_byte_counts_and_the_first_broken_entry_is_named(pack: bytes, checkpoints: int, leaves: list[int]) -> None:
    assert verify_pack(pack, VKEY).ok
    for place, byte in enumerate(pack):
        # A neighbour in value, the other case of a letter, and what ends or joins lines.
        for other in {byte ^ 1, byte ^ 32, 10, 32} - {byte}:
            judge_change(pack, place, other, checkpoints, leaves)


@settings(max_examples=400)
@given(st.integers(0, len(CASE) - 1), st.integers(1, 255))
def test_any_other_value_of_any_byte_is_refused_too(place: int, difference: int) -> None:
    judge_change(CASE, place, CASE[place] ^ difference, 2, CASE_LEAVES)


def test_a_file_cut_anywhere_is_refused() -> None:
    for length in range(len(CASE)):
        refused(CASE[:length])


@settings(max_examples=200)
@given(st.integers(0, len(CASE)), st.binary(min_size=1, max_size=20))
def test_bytes_put_in_anywhere_are_refused(place: int, more: bytes) -> None:
    refused(CASE[:place] + more + CASE[place:])


@settings(max_examples=200)
@given(st.integers(0, len(CASE) - 1), st.integers(1, 200))
def test_bytes_taken_out_anywhere_are_refused(place: int, count: int) -> None:
    refused(CASE[:place] + CASE[place + count :])


@given(st.permutations(range(6)))
def test_lines_in_another_order_are_refused(order: list[int]) -> None:
    lines = lines_of(CASE)
    assert len(lines) == 6
    shuffled = b"".join(lines[number] for number in order)
    if shuffled != CASE:
        refused(shuffled)


@pytest.mark.parametrize(("pack", "count"), [(CASE, 6), (PERIOD, 9)])
def test_a_line_left_out_or_doubled_is_refused(pack: bytes, count: int) -> None:
    lines = lines_of(pack)
    assert len(lines) == count
    for number in range(count):
        refused(b"".join(lines[:number] + lines[number + 1 :]))
        refused(b"".join(lines[: number + 1] + lines[number:]))
        refused(b"".join([*lines, lines[number]]))


def test_the_missing_entry_is_named() -> None:
    lines = lines_of(CASE)
    assert refused(b"".join(lines[:4] + lines[5:])).first_bad == 3
    last = refused(b"".join(lines[:5]))
    assert (last.first_bad, last.entries) == (5, 2)
    assert "leaf 5 is missing" in last.sentence


def test_leaving_an_entry_out_of_the_header_too_does_not_help() -> None:
    lines = lines_of(CASE)
    for number, left in [(3, [[3, 3], [5, 5]]), (4, [[1, 1], [5, 5]])]:
        shorter = b"".join(lines[:number] + lines[number + 1 :])
        verdict = refused(with_line(shorter, 0, lambda header, left=left: header | {"leaves": left}))
        assert "should stand here" in verdict.sentence


def test_leaving_out_the_last_entries_leaves_the_case_unclosed() -> None:
    shorter = with_line(b"".join(lines_of(CASE)[:5]), 0, lambda header: header | {"leaves": [[1, 1], [3, 3]]})
    verdict = verify_pack(shorter, VKEY)
    assert verdict.ok
    assert "not closed here, so later events may exist" in verdict.sentence


def test_an_entry_of_another_case_is_refused() -> None:
    ledger = small_ledger()
    foreign = lines_of(ledger.pack("case_b", sizes=(4, 7)))[3]
    lines = lines_of(ledger.pack(sizes=(4, 7)))
    assert "belongs to case_b" in refused(b"".join([*lines[:3], foreign, *lines[4:]])).sentence


def test_an_entry_of_another_ledger_is_refused_and_named() -> None:
    other = Ledger()
    other.genesis()
    for _ in range(6):
        other.record("case_a", "noted")
    lines = lines_of(CASE)
    foreign = lines_of(other.pack())[2]
    assert refused(b"".join([*lines[:3], foreign, *lines[4:]])).first_bad == 1


def test_swapped_salts_values_commitments_and_proofs_are_refused_and_named() -> None:
    def swap(key: str) -> Callable[[Any], Any]:
        def change(entry: Any) -> Any:
            first, second = entry["fields"]
            first[key], second[key] = second[key], first[key]
            return entry

        return change

    for key in ["salt", "value", "commitment", "name"]:
        assert refused(with_line(CASE, 3, swap(key))).first_bad == 1
    assert refused(with_line(CASE, 3, lambda entry: entry | {"fields": entry["fields"][::-1]})).first_bad == 1
    assert refused(with_line(CASE, 4, lambda entry: entry | {"proof": entry["proof"][::-1]})).first_bad == 3
    assert refused(with_line(CASE, 4, lambda entry: entry | {"skeleton": {"method": "sms"}})).first_bad == 3
    assert refused(with_line(CASE, 4, lambda entry: entry | {"more": 1})).first_bad == 3


def test_another_value_under_a_fresh_salt_is_refused_and_named() -> None:
    def forge(entry: Any) -> Any:
        entry["fields"][0] |= {"salt": "00" * 16, "value": "Mallory"}
        return entry

    assert refused(with_line(CASE, 3, forge)).first_bad == 1


def test_withholding_a_field_later_is_allowed_and_shows() -> None:
    def withhold(entry: Any) -> Any:
        entry["fields"] = [{"name": f["name"], "commitment": f["commitment"]} for f in entry["fields"]]
        return entry

    verdict = verify_pack(with_line(CASE, 3, withhold), VKEY)
    assert verdict.ok
    assert "1 of 3 personal fields are shown" in verdict.sentence


def test_a_rewritten_ledger_needs_the_key() -> None:
    ledger = small_ledger()
    ledger.hashes[3] = hash_leaf(b"another")
    from mfadesk.ledger.merkle import root_of

    forged = sign_checkpoint(Checkpoint(ORIGIN, 7, root_of(ledger.hashes)), bytes(32))
    assert "None of the keys" in refused(with_line(PERIOD, 1, lambda line: line | {"note": forged})).sentence
    borrowed = forged.split("\n\n")[0] + "\n\n" + small_ledger().checkpoint().split("\n\n")[1]
    assert "does not fit" in refused(with_line(PERIOD, 1, lambda line: line | {"note": borrowed})).sentence


def test_a_checkpoint_of_a_split_view_is_refused() -> None:
    """A desk that shows two histories has to sign both; the consistency proof between them does not exist."""
    other = sign_checkpoint(Checkpoint(ORIGIN, 4, bytes(32)), PRIVATE)
    verdict = refused(with_line(CASE, 1, lambda line: line | {"note": other}))
    assert (verdict.first_bad, "Checkpoint 2" in verdict.sentence) == (None, True)


def test_a_strangers_signature_in_the_file_is_refused() -> None:
    note = json.loads(lines_of(PERIOD)[1])["note"]
    stranger = sign_note(note.split("\n\n")[0] + "\n", "witness.example", bytes(32)).split("\n\n")[1]
    assert "no other" in refused(with_line(PERIOD, 1, lambda line: line | {"note": note + stranger})).sentence


def test_checkpoints_repeated_or_turned_round_are_refused() -> None:
    lines = lines_of(CASE)
    refused(b"".join([lines[0], lines[2], lines[1], *lines[3:]]))
    same = json.loads(lines[1]) | {"consistency": []}
    refused(b"".join([lines[0], lines[1], canonical_json(same) + b"\n", *lines[3:]]))


def test_without_a_key_nothing_is_ok() -> None:
    verdict = verify_pack(CASE, None)
    assert (verdict.ok, verdict.entries, verdict.first_bad) == (False, 3, None)
    assert "no key was given" in verdict.sentence
    broken = verify_pack(CASE.replace(b"staff_7h2k", b"staff_7h2l"), None)
    assert broken.first_bad == 1


def test_another_key_is_not_the_desks() -> None:
    verdict = verify_pack(CASE, OTHER_VKEY)
    assert (verdict.ok, verdict.first_bad) == (False, None)
    assert "None of the keys that you trust" in verdict.sentence
    assert verify_pack(CASE, f"{OTHER_VKEY}\n{VKEY}\n").ok


def test_a_malformed_key_is_a_mistake_of_the_caller() -> None:
    for key in ["", "nonsense", VKEY[:-1]]:
        with pytest.raises(Invalid):
            verify_pack(CASE, key)


@pytest.mark.parametrize(
    "change",
    [
        {"format": "mfadesk-ledger-pack-2"},
        {"origin": "other.example"},
        {"origin": ""},
        {"case": "case_b"},
        {"case": None},
        {"case": 1},
        {"case": "\x1b[2J"},
        {"origin": "desk.example/ledger\x9b2J"},
        {"leaves": []},
        {"leaves": [[1, 5]]},
        {"leaves": [[1, 1], [3, 3], [6, 6]]},
        {"leaves": [[1, 1], [2, 3], [5, 5]]},
        {"leaves": [[5, 5], [3, 3], [1, 1]]},
        {"leaves": [[1, 1], [3, 3], [5, 2**53 - 1]]},
        {"leaves": [[1, 1], [3, 3], [5]]},
        {"leaves": [[1, 1], [3, 3], "55"]},
        {"leaves": [[1, 1], [3, 3], [5, True]]},
        {"leaves": None},
        {"checkpoints": 0},
        {"checkpoints": 1},
        {"checkpoints": 3},
        {"checkpoints": 2**40},
        {"checkpoints": True},
        {"more": 1},
    ],
)
def test_a_header_that_says_something_else_is_refused(change: dict[str, Any]) -> None:
    refused(with_line(CASE, 0, lambda header: header | change))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n",
        b"\n\n\n",
        b"{}",
        b"{}\n",
        b"null\n",
        b"\xff\xfe\x00",
        b"PK\x03\x04",
        b"[" * 100_000,
        b"[" * 100_000 + b"\n",
        b'"\\ud800"\n',
    ],
)
def test_garbage_is_refused_with_a_sentence(data: bytes) -> None:
    verdict = refused(data)
    assert (verdict.entries, verdict.first_bad) == (0, None)


def test_a_huge_file_or_line_is_refused_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verify, "MAX_PACK_BYTES", len(CASE) - 1)
    assert "larger than" in refused(CASE).sentence
    monkeypatch.undo()
    monkeypatch.setattr(verify, "MAX_LINE_BYTES", len(lines_of(CASE)[3]) - 1)
    assert refused(CASE).first_bad == 1
    monkeypatch.undo()
    assert "more lines" in refused(b"\n" * 300_000).sentence


@given(st.binary(max_size=300))
def test_no_bytes_crash_the_verifier(data: bytes) -> None:
    refused(data)


def test_progress_is_told() -> None:
    told: list[tuple[int, int]] = []
    verify_pack(CASE, VKEY, lambda done, total: told.append((done, total)))
    assert told == [(1, 3), (2, 3), (3, 3)]
