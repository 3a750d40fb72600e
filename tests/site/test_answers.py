"""What every edge makes of a browser's WebAuthn answer and of our errors."""

from __future__ import annotations

import json

import pytest

from mfadesk.kernel.errors import Invalid, Refusal
from mfadesk.operations.answers import RESPONSE_LIMIT, parse_webauthn, problem_body, sentence_of

ANSWER = {"rawId": "abc", "response": {"signature": "x"}}


def test_a_browsers_answer_is_taken_bare_or_wrapped():
    assert parse_webauthn(json.dumps(ANSWER).encode(), "The key") == ANSWER
    assert parse_webauthn(json.dumps({"response": ANSWER, "reason": "x"}).encode(), "The key") == ANSWER


@pytest.mark.parametrize(
    "raw", [b"", b"[]", b'"x"', b"null", b"{", b"\xff\xfe", b"{" * 3000, b'{"a":"' + b"x" * RESPONSE_LIMIT + b'"}']
)
def test_what_is_no_answer_is_refused_in_words(raw):
    with pytest.raises(Invalid, match="The key sent nothing that can be read"):
        parse_webauthn(raw, "The key")


def test_words_for_a_page_never_name_the_place_of_a_bad_input():
    assert sentence_of(Invalid("desk.toml", "Choose one.")) == "Choose one."
    assert sentence_of(Refusal("x", "No.")) == "No."
    assert problem_body(409, "moved_on", "Look again.")["type"] == "urn:mfadesk:problem:moved_on"
