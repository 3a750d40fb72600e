"""The people's pages call operations through here, by name: one place that says which verbs and queries the portal uses.

Operations are imported when a page needs them, so that pages can be drawn and measured from samples without a store behind them.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any, cast

from mfadesk.operations.views import EnrolmentView, NotMeView, PortalView, VouchView

Session = Any
"""A claimant session as operations make it: the portal carries it from the cookie to a verb and never looks inside."""


def _operation(name: str, module: str = "") -> Any:
    """Return an operation; it lives in the module of its own name unless `module` says otherwise."""
    return getattr(import_module(f"mfadesk.operations.{module or name}"), name)


def find_session(cookie: str) -> Session | None:
    """Return the claimant session behind a cookie, or None where it is unknown or over."""
    return _operation("find_session", "queries")(cookie)


def portal(session: Session) -> PortalView:
    """Return where this browser's session stands."""
    return cast(PortalView, _operation("portal", "queries")(session))


def vouch(token: str) -> VouchView:
    """Return the question that a voucher's link asks."""
    return cast(VouchView, _operation("vouch", "queries")(token))


def not_me(token: str) -> NotMeView:
    """Return what a "this was not me" link would stop."""
    return cast(NotMeView, _operation("not_me", "queries")(token))


def redeem_code(source_ip: str, code: str) -> str:
    """Bind this browser to the case that `code` finds and return its cookie. Raises one and the same Invalid for every code that finds none."""
    return cast(str, _operation("redeem_code")(source_ip, code))


def redeem_link(source_ip: str, token: str) -> str:
    """Bind this browser to the case that the link belongs to and return its cookie."""
    return cast(str, _operation("redeem_link")(source_ip, token))


def confirm(session: Session, yes: bool) -> None:
    """Record whether the person is on the phone with the desk; a no stops the case."""
    _operation("confirm")(session, yes)


def prove_with_code(session: Session, method: str, code: str) -> None:
    """Hand a code on to the executor."""
    _operation("prove_with_code")(session, method, code)


def prove_with_service(session: Session, method: str, response: str) -> None:
    """Hand on what another service answered."""
    _operation("prove_with_service")(session, method, response)


def begin_passkey(session: Session) -> dict[str, Any]:
    """Return WebAuthn request options for a passkey that the person holds."""
    return cast("dict[str, Any]", _operation("begin_passkey")(session))


def finish_passkey(session: Session, response: dict[str, Any]) -> None:
    """Hand the assertion on to the executor."""
    _operation("finish_passkey")(session, response)


def choose_kind(session: Session, kind: str) -> None:
    """Choose what is to be enrolled."""
    _operation("choose_kind")(session, kind)


def begin_enrolment(session: Session) -> EnrolmentView:
    """Make a new secret and return it, once."""
    return cast(EnrolmentView, _operation("begin_enrolment")(session))


def test_code(session: Session, code: str) -> None:
    """Have the provider check a code of the new authenticator."""
    _operation("test_code")(session, code)


def finish_new_passkey(session: Session, response: dict[str, Any]) -> None:
    """Hand on the new passkey."""
    _operation("finish_new_passkey")(session, response)


def begin_test_passkey(session: Session) -> dict[str, Any]:
    """Return WebAuthn request options for a first sign-in with the new passkey."""
    return cast("dict[str, Any]", _operation("begin_test_passkey")(session))


def finish_test_passkey(session: Session, response: dict[str, Any]) -> None:
    """Hand the first assertion of the new passkey on."""
    _operation("finish_test_passkey")(session, response)


def report(session: Session) -> None:
    """Stop the case: the person did not ask for it."""
    _operation("report")(session)


def begin_vouch(token: str, statement: str, value: str) -> dict[str, Any]:
    """Return WebAuthn request options whose challenge commits to the question, the statement and the words."""
    return cast("dict[str, Any]", _operation("begin_vouch")(token, statement, value))


def finish_vouch(token: str, response: dict[str, Any]) -> None:
    """Hand the voucher's assertion on."""
    _operation("finish_vouch")(token, response)


def not_me_act(token: str) -> None:
    """Suspend what the link names."""
    _operation("not_me_act")(token)
