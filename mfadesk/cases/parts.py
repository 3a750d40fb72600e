"""What a case is made of: a piece of evidence, an effect under way, a verdict. Each is the fold of a few events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from mfadesk.assurance.model import Evidence

STANDS_ALONE = frozenset(
    {"notify", "alert", "lift_suspension", "expire_suspension", "suspend_new", "discard_new", "close_account"}
)
"""Effects that take no decision: they tell somebody, or take back."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of evidence in a case: what assurance needs, and what ties it to the case."""

    evidence: Evidence
    session: str | None
    receipt: str
    nonce: str
    second_by: str = ""
    second_at: datetime | None = None
    second_receipt: str = ""
    second_nonce: str = ""


@dataclass(frozen=True, slots=True)
class Mark:
    """An event that counts only with its receipt, kept as it was written: who was asked, and what they answered."""

    at: datetime
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class EffectState:
    """An intended effect and how far it came."""

    id: str
    verb: str
    target: str
    state: Literal["asked", "done", "delayed", "failed", "voided"]
    """``voided``: the case began its proof again before this was done, so no decision stands for it any more."""
    at: datetime
    problem: str = ""
    retry_at: datetime | None = None
    detail: str = ""

    def is_open_change(self) -> bool:
        """Return whether this is not done yet and takes a decision, with which it ends."""
        return self.state != "done" and self.verb not in STANDS_ALONE


@dataclass(frozen=True, slots=True)
class Verdict:
    """The executor's last signed decision for one action."""

    action: str
    allowed: bool
    at: datetime
    starts_at: datetime
    """When its grace is over: nothing but a suspension is done before."""
    expires_at: datetime
    points: int
    needed: int
    reasons: tuple[str, ...]
    receipts: tuple[str, ...]
    signature: str
    session: str = ""
    """The browser that the case was bound to then; empty for none."""
    signals: frozenset[str] = frozenset()
    """What had been noticed by then."""
