"""Policies that were in force: a case is judged by the one it began with and by the one in force, and both must allow (SETTLED 1).

The executor keeps a copy of each policy under its digest. A copy is believed only if it has that digest, so it needs no guard.
"""

from __future__ import annotations

import os
from functools import lru_cache
from importlib import resources
from pathlib import Path

from mfadesk.assurance.model import Policy
from mfadesk.assurance.policy import load_policy
from mfadesk.kernel.errors import Invalid
from mfadesk.store.home import Home

FOLDER = "policies"


def keep_policy(home: Home, policy: Policy) -> None:
    """Keep the source of the policy in force under its digest, unless it is kept already or the file is another one by now."""
    path = _path(home, policy.digest)
    if path.exists():
        return
    source = Path(home.config.policy) if home.config.policy else resources.files("mfadesk.assurance") / "policies/default.yaml"
    text = source.read_text("utf-8")
    if load_policy(text).digest != policy.digest:
        return
    path.parent.mkdir(exist_ok=True)
    half = path.with_suffix(f".{os.getpid()}")
    half.write_text(text, "utf-8")
    half.replace(path)


def find_policy(home: Home, digest: str) -> Policy | None:
    """Return the kept policy with `digest`, or None where there is none or its copy is damaged."""
    if not (digest.isascii() and digest.isalnum()):
        return None
    try:
        return _load(_path(home, digest), digest)
    except Invalid:
        return None


@lru_cache(maxsize=8)
def _load(path: Path, digest: str) -> Policy:
    policy = load_policy(path)
    if policy.digest != digest:
        raise Invalid(path.name, "This is not the policy that its name says.")
    return policy


def _path(home: Home, digest: str) -> Path:
    return home.folder / FOLDER / f"{digest}.yaml"
