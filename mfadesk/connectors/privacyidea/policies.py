"""Which of privacyIDEA's own policies would let somebody in while a token is suspended.

Suspending is only worth something where the password alone then neither signs in nor registers another token (R43). Two kinds
of policy break that: those that wave people through without a token, and a self-service page that opens with the password
alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

WAVE_THROUGH = ("passOnNoToken", "passOnNoUser", "passthru", "passthru_assign", "auth_cache")
"""Authentication actions that accept without a live token."""

VERIFY = "verify_enrollment"

NEEDED = frozenset(
    {
        "tokenlist",
        "userlist",
        "enrollTOTP",
        "enrollHOTP",
        "enrollWEBAUTHN",
        "enable",
        "disable",
        "delete",
        "reset",
        "resync",
        "triggerchallenge",
        "getchallenges",
        "policyread",
    }
)
"""The admin actions that this connector uses, and no other."""


def find_gaps(policies: Iterable[Mapping[str, Any]], realm: str) -> tuple[str, ...]:
    """Return a sentence for each way around a suspended token; none at all where it holds.

    policies: as ``GET /policy/`` lists them. A policy that might apply to somebody in `realm` counts as a gap; only one that
    surely applies to everybody in it counts as closing one.
    """
    active = [policy for policy in policies if policy.get("active")]
    gaps = [
        f"policy {policy.get('name')}: {name} accepts without a token"
        for policy in active
        if policy.get("scope") == "authentication" and _may_apply(policy, realm)
        for name in WAVE_THROUGH
        if _actions(policy).get(name)
    ]
    if not any(_closes_self_service(policy, realm) for policy in active) or any(
        policy.get("scope") == "webui" and _may_apply(policy, realm) and _actions(policy).get("login_mode") == "userstore"
        for policy in active
    ):
        gaps.append("the self-service page opens with the password alone (webui policy login_mode)")
    return tuple(gaps)


def demands_proof(policies: Iterable[Mapping[str, Any]], token_type: str, realm: str) -> bool:
    """Return whether a new token of this type has to be proved before it works, for everybody in `realm`."""
    return any(
        policy.get("active")
        and policy.get("scope") == "enrollment"
        and _surely_applies(policy, realm)
        and token_type in str(_actions(policy).get(VERIFY, "")).split()
        for policy in policies
    )


def find_excess(policies: Iterable[Mapping[str, Any]], account: str) -> tuple[str, ...]:
    """Return the admin actions that `account` was given beyond `NEEDED`, in order; ``*`` where it was given all.

    A credential that may do more than the desk asks of it is worth more to a thief than the desk (law 2 of the house).
    """
    given = {
        name
        for policy in policies
        if policy.get("active")
        and policy.get("scope") == "admin"
        and (not policy.get("adminuser") or account in policy["adminuser"] or "*" in policy["adminuser"])
        for name, value in _actions(policy).items()
        if value
    }
    return tuple(sorted(given - NEEDED))


def _closes_self_service(policy: Mapping[str, Any], realm: str) -> bool:
    return (
        policy.get("scope") == "webui"
        and _surely_applies(policy, realm)
        and _actions(policy).get("login_mode") in {"privacyIDEA", "disable"}
    )


def _actions(policy: Mapping[str, Any]) -> Mapping[str, Any]:
    actions = policy.get("action")
    return actions if isinstance(actions, Mapping) else {}


def _may_apply(policy: Mapping[str, Any], realm: str) -> bool:
    realms = policy.get("realm") or []
    return not realms or realm in realms or any("*" in each or each.startswith(("!", "-")) for each in realms)


def _surely_applies(policy: Mapping[str, Any], realm: str) -> bool:
    narrowed = ("user", "resolver", "client", "time", "conditions", "pinode", "user_agents", "adminuser", "adminrealm")
    realms = policy.get("realm") or []
    return (not realms or realm in realms) and not any(policy.get(name) for name in narrowed)
