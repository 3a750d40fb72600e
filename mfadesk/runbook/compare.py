"""What changed between two versions of a runbook, step by step."""

from __future__ import annotations

from dataclasses import dataclass

from mfadesk.runbook.model import Runbook, StepId
from mfadesk.runbook.parse import canonical_form


@dataclass(frozen=True, slots=True)
class Changes:
    """Steps by id, in the order of the newer runbook; `changed` names the fields, and `about` those of the runbook itself."""

    added: tuple[StepId, ...]
    removed: tuple[StepId, ...]
    changed: tuple[tuple[StepId, tuple[str, ...]], ...]
    about: tuple[str, ...]

    @property
    def none(self) -> bool:
        """Nothing differs, so the digests are one."""
        return not (self.added or self.removed or self.changed or self.about)


def compare(old: Runbook, new: Runbook) -> Changes:
    """Return what `new` has that `old` has not, and the other way round."""
    before, after = canonical_form(old), canonical_form(new)
    steps_before, steps_after = before.pop("steps"), after.pop("steps")
    changed = []
    for step_id in new.steps:
        if step_id in steps_before and steps_before[step_id] != steps_after[step_id]:
            left, right = steps_before[step_id], steps_after[step_id]
            changed.append((step_id, tuple(field for field in sorted(left | right) if left.get(field) != right.get(field))))
    return Changes(
        added=tuple(step_id for step_id in new.steps if step_id not in steps_before),
        removed=tuple(step_id for step_id in old.steps if step_id not in steps_after),
        changed=tuple(changed),
        about=tuple(field for field in sorted(after) if before[field] != after[field]),
    )
