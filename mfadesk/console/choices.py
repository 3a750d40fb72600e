"""The closed choices that the desk's own forms offer: who speaks, how they came, why a call ends. Values are those of operations."""

from __future__ import annotations

from mfadesk.operations import work_case
from mfadesk.operations.views import AnswerLine

CALLERS = (
    AnswerLine("subject", "The person themself"),
    AnswerLine("assistant", "Their assistant"),
    AnswerLine("third_party", "Somebody else"),
)

CHANNELS = (
    AnswerLine("phone", "By phone"),
    AnswerLine("in_person", "In person"),
    AnswerLine("chat", "By chat"),
    AnswerLine("mail", "By mail"),
    AnswerLine("internal", "From inside the house"),
)

ENDINGS = (
    AnswerLine("no_change_needed", "No change is needed after all"),
    AnswerLine("caller_hung_up", "They hung up, or wish to stop"),
    AnswerLine("cannot_be_proved", "They cannot be proved on this call"),
)

OUT_OF_REACH = tuple(AnswerLine(value, words) for value, words in work_case.OUT_OF_REACH.items())


def has_value(choices: tuple[AnswerLine, ...], value: str) -> bool:
    """Return whether `value` is one of the choices."""
    return any(line.value == value for line in choices)
