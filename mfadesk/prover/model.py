"""What a proof says: findings, each with a rule, a sentence and a walk that shows it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, Protocol

from mfadesk.assurance.model import Policy
from mfadesk.runbook.model import Path, Runbook

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that the runbook gets wrong. `path` walks from the start to where it shows; None where no walk leads there."""

    rule: str
    severity: Severity
    step: str
    sentence: str
    path: Path | None


@dataclass(frozen=True, slots=True)
class Proof:
    """The result for one runbook. `decided` is False where its situations were too many; then it is not proved."""

    runbook: str
    digest: str
    findings: tuple[Finding, ...]
    states: int
    decided: bool
    seconds: float

    @property
    def proved(self) -> bool:
        """Return whether the runbook may be used: everything was looked at and no error was found."""
        return self.decided and not any(finding.severity == "error" for finding in self.findings)


class PlainRule(Protocol):
    """A rule that looks at the runbook and the policy as they are written."""

    NAME: str
    SENTENCE: str

    def over(self, runbook: Runbook, policy: Policy | None) -> Iterable[tuple[str, str]]:
        """Yield step and sentence for everything that is wrong."""
        ...
