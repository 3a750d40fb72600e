"""The one tree of errors. Inside the house they carry facts; only the edges turn them into words for a person.

MfadeskError
├── Refusal       expected: the answer is no. Stable code, a sentence that is safe to show.
├── Invalid       bad input: says where and what was meant.
├── Unavailable   an outside service did not answer; nothing changed, or the sentence says what did.
└── Broken        our own fault or a damaged record: stop, alarm, change nothing more.
"""

from __future__ import annotations


class MfadeskError(Exception):
    """Root of every error that this project raises on purpose."""

    code = "error"

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class Refusal(MfadeskError):
    """The answer is no. `code` is stable and may be tested; `sentence` tells a caller nothing that helps an attacker."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


class Invalid(MfadeskError):
    """Input that cannot be taken. `where` names the place: a field, or ``file.yaml:12:3``."""

    code = "invalid"

    def __init__(self, where: str, sentence: str) -> None:
        super().__init__(f"{where}: {sentence}" if where else sentence)
        self.where = where
        self.what = sentence


class Unavailable(MfadeskError):
    """An outside service did not answer, or answered what nobody understands.

    `effect_unknown` is True where the call may have taken effect all the same, so that the caller looks before it repeats.
    """

    code = "unavailable"

    def __init__(self, service: str, sentence: str, *, effect_unknown: bool = False) -> None:
        super().__init__(sentence)
        self.service = service
        self.effect_unknown = effect_unknown


class Broken(MfadeskError):
    """A bug of ours or a damaged ledger. Nothing may be granted after this."""

    code = "broken"
