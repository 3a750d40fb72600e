"""Exports: what they hold, what they withhold, and which records they refuse to write."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ledger_samples import ORIGIN, PRIVATE, VKEY, Ledger, small_ledger

from mfadesk.kernel.errors import Broken, Invalid
from mfadesk.ledger.leaf import Field, erase, open_leaf
from mfadesk.ledger.merkle import root_of
from mfadesk.ledger.note import Checkpoint, sign_note
from mfadesk.ledger.pack import LedgerEntry, build_pack, find_gap, runs_of
from mfadesk.ledger.verify import verify_pack


def test_a_redacted_export_shows_no_personal_value_and_no_salt() -> None:
    ledger = small_ledger()
    pack = ledger.pack()
    for secret in ["Zoë", "901820", '"done"', *(field.salt for entry in ledger.entries for field in entry.fields)]:
        assert (secret or "").encode() not in pack
    verdict = verify_pack(pack, VKEY)
    assert verdict.ok
    assert "0 of 3 personal fields are shown" in verdict.sentence


def test_a_full_export_shows_them_and_still_verifies() -> None:
    pack = small_ledger().pack(full=True)
    assert "Zoë Ōta 大田".encode() in pack
    verdict = verify_pack(pack, VKEY)
    assert verdict.ok
    assert "3 of 3 personal fields are shown" in verdict.sentence


def test_an_erased_field_stays_erased_in_a_full_export_and_the_record_holds() -> None:
    ledger = small_ledger()
    ledger.entries = [replace(entry, fields=erase(entry.fields, ["caller_name"])) for entry in ledger.entries]
    pack = ledger.pack(full=True)
    assert "Zoë".encode() not in pack
    assert b"901820" in pack
    assert "2 of 3" in verify_pack(pack, VKEY).sentence


def test_a_case_says_that_it_is_complete_and_closed() -> None:
    verdict = verify_pack(small_ledger().pack(), VKEY)
    assert (verdict.ok, verdict.entries, verdict.first_bad) == (True, 3, None)
    assert "numbered 1 to 3 without a gap, and its closing counts 3" in verdict.sentence


def test_an_open_case_says_that_later_events_may_exist() -> None:
    assert "not closed here" in verify_pack(small_ledger().pack("case_b"), VKEY).sentence


def test_events_after_the_closing_are_told() -> None:
    ledger = small_ledger()
    ledger.record("case_a", "not_me")
    assert "closing counts 3 (1 came after it)" in verify_pack(ledger.pack(), VKEY).sentence


def test_a_period_is_an_unbroken_run_of_leaves() -> None:
    ledger = small_ledger()
    assert verify_pack(ledger.pack(None), VKEY).entries == 7
    middle = build_pack(entries=ledger.entries[2:5], case_id=None, leaf_hashes=ledger.hashes, notes=[ledger.checkpoint()])
    verdict = verify_pack(middle, VKEY)
    assert verdict.ok
    assert "leaves 2 to 4 without a gap" in verdict.sentence


def test_checkpoints_are_chained_by_consistency_proofs() -> None:
    pack = small_ledger().pack(sizes=(1, 4, 7))
    assert [len(json.loads(line)["consistency"]) for line in pack.split(b"\n")[1:4]] == [0, 2, 1]
    assert verify_pack(pack, VKEY).ok


@given(st.integers(1, 40), st.data())
def test_any_export_of_any_ledger_verifies(events: int, data: st.DataObject) -> None:
    ledger = Ledger()
    ledger.genesis()
    for _ in range(events):
        ledger.record(data.draw(st.sampled_from(["case_a", "case_b", "case_c"])), "noted", {"n": 1}, {"who": "Sam"})
    case_id = data.draw(st.sampled_from([None, *sorted(set(ledger.seqs) - {"desk"})]))
    sizes = sorted(data.draw(st.sets(st.integers(1, events), max_size=3)) | {events + 1})
    verdict = verify_pack(ledger.pack(case_id, full=data.draw(st.booleans()), sizes=tuple(sizes)), VKEY)
    assert verdict.ok, verdict.sentence


def test_signatures_of_others_stay_behind() -> None:
    ledger = small_ledger()
    alone = ledger.checkpoint()
    witness = sign_note(alone[: alone.rfind("\n\n") + 1], "witness.example", bytes(32)).split("\n\n")[1]
    pack = build_pack(entries=ledger.of_case("case_a"), case_id="case_a", leaf_hashes=ledger.hashes, notes=[alone + witness])
    assert b"witness.example" not in pack
    assert pack == ledger.pack()
    with pytest.raises(Invalid, match="not signed by"):
        build_pack(
            entries=ledger.of_case("case_a"),
            case_id="case_a",
            leaf_hashes=ledger.hashes,
            notes=[alone.split("\n\n", maxsplit=1)[0] + "\n\n" + witness],
        )


def test_an_entry_without_a_checkpoint_has_to_wait() -> None:
    with pytest.raises(Invalid, match="Make a checkpoint first"):
        small_ledger().pack(sizes=(5,))


def test_nothing_to_export_is_said() -> None:
    ledger = small_ledger()
    with pytest.raises(Invalid):
        build_pack(entries=[], case_id="case_a", leaf_hashes=ledger.hashes, notes=[ledger.checkpoint()])
    with pytest.raises(Invalid):
        build_pack(entries=ledger.of_case("case_a"), case_id="case_a", leaf_hashes=ledger.hashes, notes=[])


def test_checkpoints_out_of_order_are_refused() -> None:
    for sizes in [(7, 4), (7, 7), (4, 7, 5)]:
        with pytest.raises((Invalid, Broken)):
            small_ledger().pack(sizes=sizes)


def damaged(ledger: Ledger, position: int, **changes: object) -> list[LedgerEntry]:
    entries = ledger.of_case("case_a")
    entries[position] = replace(entries[position], **changes)  # type: ignore[arg-type]
    return entries


def test_a_damaged_ledger_is_not_exported() -> None:
    ledger = small_ledger()
    note = ledger.checkpoint()
    first = ledger.of_case("case_a")[0]
    shifted = tuple(Field(field.name, "00" * 32) for field in first.fields)
    for entries, hashes, what in [
        (damaged(ledger, 1, skeleton={"method": "sms"}), ledger.hashes, "changed after it was recorded"),
        (damaged(ledger, 0, fields=shifted), ledger.hashes, "changed after it was recorded"),
        (damaged(ledger, 1, leaf=first.leaf.replace(b'"seq":1', b'"seq":2')), ledger.hashes, "does not follow leaf"),
        (ledger.of_case("case_a")[:1] + ledger.of_case("case_a")[2:], ledger.hashes, "event 2 of case_a should stand here"),
        (ledger.of_case("case_a"), ledger.hashes[::-1], "not those that the checkpoint signed"),
        (ledger.of_case("case_a"), ledger.hashes[:-1], "the ledger has 6"),
    ]:
        with pytest.raises(Broken, match=what):
            build_pack(entries=entries, case_id="case_a", leaf_hashes=hashes, notes=[note])


def test_a_leaf_that_went_in_otherwise_is_not_exported() -> None:
    ledger = small_ledger()
    entries = damaged(ledger, 1, leaf=ledger.of_case("case_a")[1].leaf.replace(b"staff_7h2k", b"staff_7h2l"))
    with pytest.raises(Broken, match="not the one that went into the ledger"):
        build_pack(entries=entries, case_id="case_a", leaf_hashes=ledger.hashes, notes=[ledger.checkpoint()])


def test_an_older_checkpoint_of_another_history_is_not_exported() -> None:
    ledger = small_ledger()
    forged = [bytes(32), *ledger.hashes[1:4]]
    wrong = sign_note(Checkpoint(ORIGIN, 4, root_of(forged)).text(), ORIGIN, PRIVATE)
    for notes in [[wrong, ledger.checkpoint()], [ledger.checkpoint(2), wrong, ledger.checkpoint()]]:
        with pytest.raises(Broken, match="first 4 leaves"):
            build_pack(entries=ledger.of_case("case_a"), case_id="case_a", leaf_hashes=ledger.hashes, notes=notes)


def test_a_closing_leaf_with_a_wrong_count_is_a_gap() -> None:
    leaves = [open_leaf(entry.leaf) for entry in small_ledger().of_case("case_a")]
    assert find_gap(leaves, "case_a") is None
    gap = find_gap([*leaves[:2], replace(leaves[2], events=4)], "case_a")
    assert gap is not None
    assert (gap.position, "counts 4 events" in gap.sentence) == (2, True)


@given(st.sets(st.integers(0, 60), min_size=1))
def test_runs_are_another_spelling_of_the_same_numbers(indices: set[int]) -> None:
    runs = runs_of(sorted(indices))
    assert [index for first, last in runs for index in range(first, last + 1)] == sorted(indices)
    assert all(runs[i][1] + 1 < runs[i + 1][0] for i in range(len(runs) - 1))
