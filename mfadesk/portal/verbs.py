"""The people's pages call operations through here: one place that says which verbs and queries the portal uses, on which desk."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mfadesk.operations import call_back, enrol, portal_view, prove, sessions
from mfadesk.operations import not_me as repudiate
from mfadesk.operations import vouch as vouching
from mfadesk.operations.desk import current_desk
from mfadesk.operations.views import EnrolmentView, NotMeView, PortalView, VouchView
from mfadesk.store.models import ClaimantSession

Session = ClaimantSession
"""A claimant session as operations make it: the portal carries it from the cookie to a verb and never looks inside."""


def find_session(cookie: str, source: str = "") -> Session | None:
    """Return the claimant session behind a cookie, or None where it is unknown or over."""
    return sessions.find_session(current_desk(), cookie, source)


def portal(session: Session) -> PortalView:
    """Return where this browser's session stands."""
    return portal_view.portal(current_desk(), session)


def vouch(token: str) -> VouchView:
    """Return the question that a voucher's link asks."""
    return portal_view.vouch(current_desk(), token)


def not_me(token: str) -> NotMeView:
    """Return what a "this was not me" link would stop."""
    return repudiate.show_not_me(current_desk(), token)


def redeem_code(source_ip: str, code: str, cookie: str = "") -> str:
    """Bind this browser to the case that `code` finds and return its cookie. One and the same Refusal for every code that finds none."""
    return sessions.redeem_code(current_desk(), source_ip, code, cookie)


def redeem_link(source_ip: str, token: str, cookie: str = "") -> str:
    """Bind this browser to the case that the link belongs to and return its cookie."""
    return sessions.redeem_link(current_desk(), source_ip, token, cookie)


def type_words(session: Session, typed: str) -> None:
    """Take the two words that the operator said on a call back."""
    call_back.type_words(current_desk(), session, typed)


def confirm(session: Session, yes: bool) -> None:
    """Record whether the person is on the phone with the desk; a no stops the case."""
    sessions.confirm(current_desk(), session, yes)


def prove_with_code(session: Session, method: str, code: str) -> None:
    """Hand a code on to the executor."""
    prove.prove_with_code(current_desk(), session, method, code)


def begin_service(session: Session, method: str) -> Mapping[str, Any]:
    """Start a check by another service and return what the page needs."""
    return prove.begin_service(current_desk(), session, method)


def prove_with_service(session: Session, method: str, response: str) -> None:
    """Hand on what another service answered."""
    prove.prove_with_service(current_desk(), session, method, response)


def begin_passkey(session: Session) -> Mapping[str, Any]:
    """Return WebAuthn request options for a passkey that the person holds."""
    return prove.begin_passkey(current_desk(), session)


def finish_passkey(session: Session, response: Mapping[str, Any]) -> None:
    """Hand the assertion on to the executor."""
    prove.finish_passkey(current_desk(), session, response)


def choose_kind(session: Session, kind: str) -> None:
    """Choose what is to be enrolled."""
    enrol.choose_kind(current_desk(), session, kind)


def begin_enrolment(session: Session) -> EnrolmentView:
    """Make a new secret and return it, once."""
    return enrol.begin_enrolment(current_desk(), session)


def test_code(session: Session, code: str) -> None:
    """Have the provider check a code of the new authenticator."""
    enrol.test_code(current_desk(), session, code)


def finish_new_passkey(session: Session, response: Mapping[str, Any]) -> None:
    """Hand on the new passkey."""
    enrol.finish_new_passkey(current_desk(), session, response)


def begin_test_passkey(session: Session) -> Mapping[str, Any]:
    """Return WebAuthn request options for a first sign-in with the new passkey."""
    return enrol.begin_test_passkey(current_desk(), session)


def finish_test_passkey(session: Session, response: Mapping[str, Any]) -> None:
    """Hand the first assertion of the new passkey on."""
    enrol.finish_test_passkey(current_desk(), session, response)


def report(session: Session) -> None:
    """Stop the case: the person did not ask for it."""
    sessions.report(current_desk(), session)


def begin_vouch(token: str, statement: str, value: str) -> Mapping[str, Any]:
    """Return WebAuthn request options whose challenge commits to the question and the statement."""
    return vouching.begin_vouch(current_desk(), token, statement, value)


def finish_vouch(token: str, response: Mapping[str, Any]) -> None:
    """Hand the voucher's assertion on."""
    vouching.finish_vouch(current_desk(), token, response)


def not_me_act(token: str) -> None:
    """Suspend what the link names."""
    repudiate.act_not_me(current_desk(), token)
