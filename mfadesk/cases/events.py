"""What can happen to a case. An event is a fact with a time and an actor; a case is the fold over its events.

`body` is a skeleton: ids, codes, words of closed sets, stamps. Whatever names a person stands in `personal`, whose values are
salted one by one in the ledger, so that they can be erased later and the fold still works.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from mfadesk.kernel.errors import Broken

BODY_OF: Mapping[str, frozenset[str]] = {
    kind: frozenset(keys.split())
    for kind, keys in {
        "case_opened": "subject tier break_glass employment goal channel caller runbook runbook_digest policy_digest",
        "signal_noted": "signal",
        "owner_changed": "owner",
        "pressure_noted": "",
        "answered": "step variable value",
        "step_entered": "step kind deadline_at owner then",
        "deadline_passed": "step",
        "locator_issued": "locator expires_at",
        "session_bound": "session",
        "second_browser_seen": "",
        "thawed": "",
        "browser_dropped": "",
        "reopened": "",
        "confirmed": "session",
        "called_back": "by how session nonce receipt",
        "words_typed": "session",
        "reported": "by",
        "out_of_reach": "authenticator reason",
        "targets_set": "targets used_at survivors",
        "evidence_recorded": "method expires_at session authenticator by receipt nonce",
        "second_attested": "method by receipt nonce",
        "proof_failed": "method reason session",
        "voucher_asked": "voucher which until nonce receipt",
        "voucher_answered": "voucher statement session nonce receipt",
        "second_asked": "method staff until nonce receipt",
        "approvals_asked": "action over needed asked since until then owner nonce receipt",
        "approval_given": "action by over expires_at nonce receipt",
        "approval_refused": "action by over nonce receipt",
        "decided": "action verdict points needed grace_s expires_at receipts reasons signature",
        "kind_chosen": "kind",
        "effect_intended": "effect verb target until",
        "effect_done": "effect verb target detail",
        "effect_delayed": "effect verb problem retry_at",
        "effect_failed": "effect verb problem",
        "enrolment_begun": "authenticator kind",
        "enrolment_lost": "authenticator",
        "bypass_given": "grant until review_by",
        "bypass_reviewed": "",
        "bypass_looked_at": "bypass by nonce receipt",
        "resynced": "authenticator",
        "resync_failed": "authenticator reason",
        "tested": "authenticator",
        "test_failed": "authenticator reason",
        "alert_raised": "pattern",
        "not_me": "authenticator",
        "case_closed": "ending outcome events",
    }.items()
}
"""Every kind of event and exactly the keys of its body. What is not listed here cannot be written."""


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened.

    kind: a key of `BODY_OF`.
    actor: ``staff:7``, ``claimant``, ``voucher:p_12``, ``executor``, ``worker``.
    """

    kind: str
    at: datetime
    actor: str
    body: Mapping[str, Any]
    personal: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.kind not in BODY_OF:
            raise Broken(f"no event is called {self.kind}")
        if set(self.body) != BODY_OF[self.kind]:
            wrong = sorted(set(self.body) ^ BODY_OF[self.kind])
            raise Broken(f"a {self.kind} event with the wrong keys: {', '.join(wrong)}")
