"""The table: every address with its door and its methods, and every act with who may do it in which state of a case.

What is not in it is refused, and a new address without a row here fails the tests.
"""

from __future__ import annotations

READ, ACT, BOTH = ("GET", "HEAD"), ("POST",), ("GET", "HEAD", "POST")

CASE = "cases/<str:case_id>"
ADDRESSES = {
    # door "open": anybody, and nothing is told of a case. "link": whoever has the token. "machine": programs of the installer.
    "healthz": ("open", READ), "readyz": ("open", READ), "metrics": ("machine", READ), "favicon.ico": ("open", READ),
    "csp-report": ("open", ACT), "theme": ("open", ACT), "invite/<str:token>/": ("link", ("GET", "POST")),
    "me/": ("open", READ), "me/code": ("open", ACT), "me/link/<str:token>": ("link", BOTH), "me/not-me/<str:token>": ("link", BOTH),
    "vouch/<str:token>": ("link", READ), "vouch/<str:token>/options": ("link", ACT), "vouch/<str:token>/answer": ("link", ACT),
    # door "sign-in": allauth's pages, which know their own steps; none of them reads or writes a case.
    **dict.fromkeys(
        ("sign-in/", "sign-in/second-step/", "sign-in/passkey/", "sign-in/not-active/", "sign-out/", "account/", "account/password/",
         "account/confirm/", "account/confirm/code/", "account/confirm/passkey/", "account/app/", "account/app/remove/",
         "account/passkeys/", "account/passkeys/add/", "account/passkeys/<int:pk>/remove/", "account/passkeys/<int:pk>/name/",
         "sign-up/", "forgotten/"), ("sign-in", None)),
    "staff/": ("administrator", ("GET", "POST")), "staff/options": ("administrator", ACT),
    # door "browser": the one browser of a case.
    "me/case": ("browser", READ), "me/case/version": ("browser", READ), "me/case/enrolment": ("browser", BOTH),
    **{f"me/case/{verb}": ("browser", ACT) for verb in (
        "answer", "call-words", "proofs", "passkey/options", "passkey", "kind", "bypass", "resync", "test", "report")},
    # door "staff": a member of staff with a second step.
    "": ("staff", READ), "calls/version": ("staff", READ), "cases": ("staff", ACT), "cases/new": ("staff", READ),
    "desk-key": ("staff", BOTH), "desk-key/options": ("staff", ACT),
    CASE: ("staff", READ), f"{CASE}/version": ("staff", READ), f"{CASE}/record": ("staff", READ), f"{CASE}/ending": ("staff", BOTH),
    **{f"{CASE}/{verb}": ("staff", ACT) for verb in (
        "answers", "ownership", "link", "code", "vouch-requests", "out-of-reach", "thaw", "review/options", "review", "call-backs",
        "browser", "pressure", "signals",
        "attestations/options", "attestations", "approvals/options", "approvals")},
    # door "author": a member of staff who writes runbooks. Acts are signed, and the executor knows who may do which.
    "runbooks": ("author", READ), "runbooks/rules": ("author", READ), "runbooks/map.css": ("author", READ),
    "runbooks/<str:digest>": ("author", READ),
    **{f"runbooks/<str:digest>/{path}": ("author", ACT) for path in ("acts", "acts/options")},
    "runbooks/drafts": ("author", ACT), "runbooks/drafts/<str:draft_id>": ("author", BOTH),
    **{f"runbooks/drafts/<str:draft_id>/{path}": ("author", ACT) for path in ("text", "version", "ending")},
    # door "token": a bearer token; nothing else is looked at, and nothing is written.
    "api/v1/": ("open", READ), "api/v1/openapi.json": ("open", READ),
    **{f"api/v1/{path}": ("token", READ[:1]) for path in (
        "cases", "cases/<case_id>", "cases/<case_id>/evidence", "runbooks", "runbooks/<runbook_id>", "policy", "ledger/checkpoint",
        "ledger/consistency", "ledger/entries/<index>", "ledger/entries/<index>/inclusion", "alerts", "health")},
}  # fmt: skip

FREE = ("asking", "waiting for a browser")
BOUND = ("browser unconfirmed", "proving", "setting up")
OPEN = (*FREE, *BOUND)
NEVER: dict[str, tuple[str, ...]] = {}

STAFF_ACTS: dict[str, dict[str, tuple[str, ...]]] = {
    # act: by column, the states in which it leaves something behind. Signing what is proved takes a desk key, which nobody holds here; a call takes one too.
    "answers": {"owner": ("asking",)},
    "ownership": {"operator": (*OPEN, "frozen")},
    "ending": {"owner": (*FREE, "browser unconfirmed", "proving", "frozen")},
    "link": {"owner": FREE},
    "code": {"owner": FREE},
    "vouch-requests": {"owner": OPEN},
    "out-of-reach": {"owner": OPEN},
    "thaw": {"owner": ("frozen",)},
    "review/options": NEVER,
    "review": NEVER,
    "call-backs": NEVER,
    "browser": {"owner": BOUND},
    "pressure": {"owner": (*OPEN, "frozen")},
    "signals": {"owner": OPEN},
    "attestations/options": NEVER,
    "attestations": NEVER,
    "approvals/options": NEVER,
    "approvals": NEVER,
}
SILENT = {("ownership", "owner"): (*OPEN, "frozen")}
"""Answered with yes, though nothing changes: it is theirs already."""

READERS = {"case": set(["owner", "operator", "approver", "security", "author", "auditor", "administrator"]),
           "record": set(["owner", "operator", "security", "auditor", "administrator"])}  # fmt: skip
"""Who reads a case's page, and who exports its record. Whomever it is about does neither."""

PERSONS_ACTS: dict[str, tuple[str, ...]] = {
    # act: the states in which the case's own browser leaves something behind by it; no other browser ever does.
    "answer": ("browser unconfirmed",),
    "call-words": ("proving",),
    "proofs": ("proving",),
    "passkey/options": (),
    "passkey": (),
    "kind": ("setting up",),
    "enrolment": ("setting up",),
    "bypass": (),
    "resync": (),
    "test": (),
    "report": (*BOUND, "frozen"),
}
