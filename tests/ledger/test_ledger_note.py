"""Signed notes and checkpoints against the vectors of the reference implementation."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mfadesk.kernel.errors import Invalid, MfadeskError, Refusal
from mfadesk.ledger.merkle import EMPTY_ROOT
from mfadesk.ledger.note import (
    MAX_NOTE_BYTES,
    Checkpoint,
    Note,
    open_checkpoint,
    parse_checkpoint,
    parse_note,
    parse_vkey,
    parse_vkeys,
    sign_checkpoint,
    sign_note,
    verifier_key_of,
    verify_note,
)

# Source: golang.org/x/mod/sumdb/note, note_test.go (TestSign, TestOpen); the private key is the seed inside its skey.
PETER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PETER_SKEY_SEED = "AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
ENOCH = "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop"
TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
PETER_LINE = "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
ENOCH_LINE = "— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n"

# Source: C2SP signed-note and C2SP tlog-checkpoint, the examples at the top of each.
C2SP_NOTE = (
    "Ognuno sta solo sul cuor della terra\ntrafitto da un raggio di sole:\n\ned è subito sera.\n\n"
    "— quasimodo.example/salvatore "
    "NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIc=\n"
)
C2SP_CHECKPOINT = (
    "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"
    "— example.com/behind-the-sofa "
    "Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
)
SEED = bytes(range(32))


def seed_of_peter() -> bytes:
    import base64

    return base64.b64decode(PETER_SKEY_SEED)[1:]


def test_signing_gives_the_reference_note_to_the_byte() -> None:
    assert verifier_key_of("PeterNeumann", seed_of_peter()).text() == PETER
    assert sign_note(TEXT, "PeterNeumann", seed_of_peter()) == f"{TEXT}\n{PETER_LINE}"


def test_known_signatures_are_verified_and_unknown_ones_passed_over() -> None:
    note = parse_note(f"{TEXT}\n{PETER_LINE}{ENOCH_LINE}")
    peter, enoch = parse_vkey(PETER), parse_vkey(ENOCH)
    assert verify_note(note, [peter]) == (peter,)
    assert verify_note(note, [peter, enoch]) == (peter, enoch)
    assert verify_note(parse_note(f"{TEXT}\n{PETER_LINE * 2}{ENOCH_LINE}"), [peter]) == (peter,)


def test_a_note_without_a_known_signature_is_refused() -> None:
    with pytest.raises(Refusal, match="None of the keys"):
        verify_note(parse_note(f"{TEXT}\n{ENOCH_LINE}"), [parse_vkey(PETER)])


def test_a_wrong_signature_of_a_known_key_refuses_the_whole_note() -> None:
    wrong = PETER_LINE[:60] + "ABCD" + PETER_LINE[60:]
    with pytest.raises(Refusal, match="does not fit"):
        verify_note(parse_note(f"{TEXT}\n{wrong}{ENOCH_LINE}"), [parse_vkey(PETER), parse_vkey(ENOCH)])


def test_a_signature_of_the_same_name_but_another_key_is_unknown() -> None:
    mine = verifier_key_of("PeterNeumann", SEED)
    with pytest.raises(Refusal, match="None of the keys"):
        verify_note(parse_note(f"{TEXT}\n{PETER_LINE}"), [mine])


@pytest.mark.parametrize(
    "whole",
    [
        # Source: note_test.go, badMsgs.
        TEXT,
        TEXT + "\n",
        TEXT + "\n" + PETER_LINE[:-1],
        "\x01" + TEXT + "\n" + PETER_LINE,
        "\udcff" + TEXT + "\n" + PETER_LINE,
        TEXT + "\n" + PETER_LINE.replace("PeterNeumann", "Bad Name"),
        TEXT + "\n" + PETER_LINE + "Unexpected line.\n",
        TEXT + "\n" + PETER_LINE * 101,
        # Ours.
        "",
        "\n",
        TEXT + "\n" + PETER_LINE.replace("—", "-"),
        TEXT + "\n" + PETER_LINE.replace("\n", "\r\n"),
        TEXT + "\n" + PETER_LINE.replace("nAM=", "nAN="),
        TEXT + "\n" + PETER_LINE.replace("nAM=", "nAM"),
        TEXT + "\n" + PETER_LINE.replace("x08", "x0é"),
        TEXT + "\n" + "— PeterNeumann AAAA\n",
        TEXT + "\n" + "— PeterNeumann\n",
        TEXT + "\n" + PETER_LINE.replace("PeterNeumann", "Peter\u2003Neumann"),
        TEXT + "\n" + PETER_LINE.replace("PeterNeumann", "Peter+Neumann"),
        TEXT + "\n" + PETER_LINE.replace("PeterNeumann", ""),
    ],
)
def test_a_malformed_note_is_refused(whole: str) -> None:
    with pytest.raises(Invalid):
        parse_note(whole)


def test_a_huge_note_is_refused() -> None:
    with pytest.raises(Invalid, match="at most"):
        parse_note("x" * MAX_NOTE_BYTES + f"\n\n{PETER_LINE}")


@pytest.mark.parametrize("text", ["abc", "", "a\tb\n"])
def test_a_text_that_no_note_can_hold_is_not_signed(text: str) -> None:
    with pytest.raises(Invalid):
        sign_note(text, "PeterNeumann", SEED)


def test_the_text_ends_at_the_last_empty_line() -> None:
    note = parse_note(C2SP_NOTE)
    assert note.text.endswith("\n\ned è subito sera.\n")
    assert note.whole() == C2SP_NOTE
    assert [signature.name for signature in note.signatures] == ["quasimodo.example/salvatore"]


def test_the_example_checkpoint_is_read() -> None:
    note = parse_note(C2SP_CHECKPOINT)
    checkpoint = parse_checkpoint(note.text)
    assert (checkpoint.origin, checkpoint.size) == ("example.com/behind-the-sofa", 20852163)
    assert checkpoint.root.hex()[:8] == "0ac5186a"
    assert checkpoint.text() == note.text


def test_every_mangling_of_a_key_is_refused() -> None:
    # Source: note_test.go, TestNewVerifier.
    for begin in range(len(PETER) + 1):
        for end in range(begin + 1, len(PETER) + 1):
            if (begin, end) != (0, len(PETER)):
                with pytest.raises(Invalid):
                    parse_vkey(PETER[begin:end])
    for place in range(len(PETER)):
        with pytest.raises(Invalid):
            parse_vkey(PETER[:place] + chr(ord(PETER[place]) + 1) + PETER[place + 1 :])


@pytest.mark.parametrize(
    "text",
    [
        "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==",
        "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        PETER.replace("c74f20a3", "C74F20A3"),
        "",
        "++",
        "é" * 9,
        "\ud800+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
    ],
)
def test_a_key_of_another_kind_or_spelling_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        parse_vkey(text)


def test_a_key_file_may_hold_several_keys_and_remarks() -> None:
    keys = parse_vkeys(f"# since 2026\n{PETER}\n\n {ENOCH}\r\n")
    assert [key.name for key in keys] == ["PeterNeumann", "EnochRoot"]
    for text in ["", "# nothing\n", f"{PETER}\nnonsense\n"]:
        with pytest.raises(Invalid):
            parse_vkeys(text)


def test_a_checkpoint_opens_only_with_its_own_logs_key() -> None:
    whole = sign_checkpoint(Checkpoint("desk.example", 0, EMPTY_ROOT), SEED)
    key = verifier_key_of("desk.example", SEED)
    assert open_checkpoint(whole, [key]) == Checkpoint("desk.example", 0, EMPTY_ROOT)
    with pytest.raises(Refusal):
        open_checkpoint(whole, [parse_vkey(PETER)])
    with pytest.raises(Refusal):
        open_checkpoint(whole, [])
    strange = sign_note(Checkpoint("desk.example", 0, EMPTY_ROOT).text(), "other.example", SEED)
    with pytest.raises(Refusal, match="another name"):
        open_checkpoint(strange, [verifier_key_of("other.example", SEED)])


ROOT = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n0\n" + ROOT + "\n",
        "log\n0\n" + ROOT,
        "log\n00\n" + ROOT + "\n",
        "log\n01\n" + ROOT + "\n",
        "log\n-1\n" + ROOT + "\n",
        "log\n+1\n" + ROOT + "\n",
        "log\n１\n" + ROOT + "\n",
        "log\n²\n" + ROOT + "\n",
        "log\n\n" + ROOT + "\n",
        "log\n" + "9" * 17 + "\n" + ROOT + "\n",
        "log\n9007199254740992\n" + ROOT + "\n",
        "log\n0\n" + ROOT[:-4] + "\n",
        "log\n0\n" + ROOT + "\nextension\n",
        "log\n0\n" + ROOT + "\n\n",
    ],
)
def test_a_malformed_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        parse_checkpoint(text)


def test_an_origin_that_no_key_can_have_is_not_signed() -> None:
    for origin in ["", "two words", "a+b", "line\nbreak"]:
        with pytest.raises(Invalid):
            sign_checkpoint(Checkpoint(origin, 0, EMPTY_ROOT), SEED)


texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]) | st.just("\n"), max_size=60).map(lambda text: text + "\n")


@given(texts, st.binary(min_size=32, max_size=32))
def test_what_is_signed_opens_as_it_was(text: str, seed: bytes) -> None:
    note = parse_note(sign_note(text, "desk.example", seed))
    key = verifier_key_of("desk.example", seed)
    assert note.text == text
    assert verify_note(note, [key]) == (key,)
    assert parse_vkey(key.text()) == key


@given(st.text(max_size=200))
def test_no_text_crashes_a_parser(text: str) -> None:
    for parse in (parse_note, parse_checkpoint, parse_vkey):
        try:
            parse(text)
        except MfadeskError:
            continue


@given(st.data())
def test_a_changed_note_never_verifies(data: st.DataObject) -> None:
    whole = f"{TEXT}\n{PETER_LINE}"
    place = data.draw(st.integers(0, len(whole) - 1))
    letter = data.draw(st.characters(exclude_categories=["Cs"]).filter(lambda c: c != whole[place]))
    with pytest.raises((Invalid, Refusal)):
        verify_note(parse_note(whole[:place] + letter + whole[place + 1 :]), [parse_vkey(PETER)])


def test_signatures_keep_their_spelling() -> None:
    note = parse_note(f"{TEXT}\n{PETER_LINE}{ENOCH_LINE}")
    assert Note(note.text, note.signatures).whole() == f"{TEXT}\n{PETER_LINE}{ENOCH_LINE}"
