"""What a case's state is made of: pieces of evidence, effects and verdicts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from mfadesk.assurance.model import Evidence


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
class EffectState:
    """An intended effect and how far it came."""

    id: str
    verb: str
    target: str
    state: Literal["asked", "done", "delayed", "failed"]
    at: datetime
    problem: str = ""
    retry_at: datetime | None = None
    detail: str = ""


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
