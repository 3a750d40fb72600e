"""What all twins share: a check is begun for one binding, answered once, and only what was asked for passes.

Whether a person can use a method at all is set in the lab's file (`twin_factors`). The right answer to one check is made when
it is begun and laid into the person's hands (`twin_checks`), where the demo's pretend phone and a drill's player pick it up. It
is either a code drawn afresh or an answer that commits to the binding, so that it is worth nothing in another case.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from mfadesk.connectors.lab.store import LabStore
from mfadesk.kernel.errors import Invalid, Unavailable
from mfadesk.kernel.ids import Randomness
from mfadesk.kernel.sealing import authenticate
from mfadesk.kernel.secret import Secret
from mfadesk.ports.factors import NotPassed, Passed

BINDING_BYTES = 32
ANSWER_LENGTH = 20
"""Hex digits of an answer that a device or a vendor gives: 80 bits."""

NEVER = ""
"""What is expected where the service says no to whatever it is told. An empty answer never passes."""


class Twin:
    """A factor service played from the lab's file. Subclasses name the method and say how it looks to the person."""

    method: str
    asks_for: ClassVar[str]
    """What the person is asked to do, for the page."""
    answered_by: ClassVar[Literal["code", "device", "service"]]
    """``code``: the person types what reached them; ``device``: their device answers; ``service``: the vendor's page does."""

    def __init__(self, store: LabStore, randomness: Randomness) -> None:
        self._store = store
        self._randomness = randomness

    def is_available(self, login: str) -> bool:
        return self._setting(login) is not None

    def begin(self, login: str, binding: bytes) -> Mapping[str, Any]:
        """Start a check; begun again for the same binding it is a new one, and the former answer is void.

        Raises Invalid for a binding that is not 32 bytes, and Unavailable where this person cannot use the method.
        """
        if len(binding) != BINDING_BYTES:
            raise Invalid("binding", f"A check is bound to {BINDING_BYTES} bytes.")
        setting = self._setting(login)
        if setting is None:
            raise Unavailable(self.method, "This person cannot use the method now.")
        expected = NEVER if setting == NEVER else self._make_answer(setting, binding)
        with self._store.writing() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO twin_checks (method, login, binding, response) VALUES (?, ?, ?, ?)",
                (self.method, login, binding, expected),
            )
        return {"method": self.method, "asks_for": self.asks_for, "answered_by": self.answered_by}

    def finish(self, login: str, binding: bytes, response: Secret) -> Passed | NotPassed:
        """Judge the answer, once: right or wrong, the check is over and a new one has to be begun."""
        with self._store.writing() as connection:
            row = connection.execute(
                "SELECT response, finished FROM twin_checks WHERE method = ? AND login = ? AND binding = ?",
                (self.method, login, binding),
            ).fetchone()
            if row is None:
                return NotPassed("no check was begun for this case")
            if row["finished"]:
                return NotPassed("this check was answered already")
            connection.execute(
                "UPDATE twin_checks SET finished = 1 WHERE method = ? AND login = ? AND binding = ?",
                (self.method, login, binding),
            )
        expected = str(row["response"])
        if expected == NEVER or not hmac.compare_digest(expected.encode(), response.reveal().strip().encode()):
            return NotPassed("the service did not accept the answer")
        return Passed({"service": f"twin of {self.method}"})

    def _make_answer(self, setting: str, binding: bytes) -> str:
        if self.answered_by == "code":
            # 2**64 is so much larger than 10**6 that the bias is under one in 10**13.
            return f"{int.from_bytes(self._randomness.bytes(8), 'big') % 1_000_000:06d}"
        return authenticate(binding, f"twin/{self.method}/{setting}".encode())[:ANSWER_LENGTH]

    def _setting(self, login: str) -> str | None:
        with self._store.reading() as connection:
            row = connection.execute(
                "SELECT available, response FROM twin_factors WHERE login = ? AND method = ?", (login, self.method)
            ).fetchone()
        if row is None or not row["available"]:
            return None
        return NEVER if row["response"] is None else str(row["response"])
