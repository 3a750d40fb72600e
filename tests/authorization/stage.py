"""Who asks, where a case may stand, and everything that can be asked of the desk: what the matrix is generated from."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from allauth.mfa.models import Authenticator
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from mfadesk.connectors.lab.soft_passkey import SoftPasskey
from mfadesk.kernel.errors import Refusal
from mfadesk.operations import bypass
from mfadesk.portal.door import COOKIE
from mfadesk.ports.people import ROLES
from mfadesk.store.models import (
    Alert,
    CaseCode,
    EffectRow,
    EventRow,
    Locator,
    Report,
    StaffFact,
    StaffInvitation,
    StaffMember,
    TreeHead,
)
from tests.road.play import Play, add_staff
from tests.road.test_bypass import at_the_way_in

STATES = ("asking", "waiting for a browser", "browser unconfirmed", "proving", "setting up", "frozen", "closed", "bypassed")
STAFF = ("anonymous", "half signed in", "owner", "operator", "subject", *sorted(set(ROLES) - {"operator"}))
"""Columns of the matrix. ``owner`` holds the case, ``subject`` is an operator whom it is about, the rest have one role each."""


@dataclass
class Stage:
    """One case in each state, and a browser for each case that has one."""

    play: Play
    cases: dict[str, str] = field(default_factory=dict)
    cookies: dict[str, str] = field(default_factory=dict)
    survivors: dict[str, str] = field(default_factory=dict)
    passkeys: dict[str, SoftPasskey] = field(default_factory=dict)

    def build(self) -> Stage:
        self.play.person("chief")
        for state in STATES:
            getattr(self, "_" + state.replace(" ", "_"))(state)
        for column in STAFF:
            self._add(column)
        return self

    def _case(self, state: str):
        name = state.replace(" ", "")
        person = self.play.person(name, manager_id="p_chief")
        self.play.scene.add_authenticator(
            name, "totp", "Phone", last_used_at=self.play.days_ago(2), created_at=self.play.days_ago(400)
        )
        self.survivors[state], passkey = self.play.scene.add_passkey(
            name, "Laptop", "passkey", last_used_at=self.play.days_ago(1)
        )
        self.passkeys[state] = passkey
        self.cases[state] = case = self.play.open(person)
        return case, passkey

    def _asking(self, state):
        self._case(state)

    def _waiting_for_a_browser(self, state):
        case, passkey = self._case(state)
        self.play.answer(case, authenticator="gone", new_device="at_hand", restored="name_only")
        return case, passkey

    def _browser_unconfirmed(self, state):
        case, passkey = self._waiting_for_a_browser(state)
        browser = self.play.redeem(case)
        self.cookies[state] = browser.cookie
        return browser, passkey

    def _proving(self, state):
        browser, passkey = self._browser_unconfirmed(state)
        browser.confirm()
        return browser, passkey

    def _setting_up(self, state):
        browser, passkey = self._proving(state)
        browser.prove_with_passkey(passkey)
        return browser

    def _frozen(self, state):
        browser, _ = self._proving(state)
        # A second browser with the same code is told nothing, and the case stops for both.
        with contextlib.suppress(Refusal):
            self.play.redeem(self.cases[state])

    def _closed(self, state):
        self._setting_up(state).set_up_totp_and_test()

    def _bypassed(self, state):
        person, old, case, browser = at_the_way_in(self.play, "wander")
        self.cases[state], self.cookies[state], self.survivors[state] = case, browser.cookie, old
        bypass.take_bypass(self.play.desk, browser.session)
        self.play.settle()
        browser.set_up_totp_and_test()

    def _add(self, column: str) -> None:
        if column in ("anonymous", "owner"):
            actor_name = "ash" if column == "owner" else ""
        else:
            actor_name = column.replace(" ", "-")
            add_staff(actor_name, ["operator"] if column in ("operator", "half signed in", "subject") else [column])
        if actor_name and column != "half signed in":
            user = get_user_model().objects.get(username=actor_name)
            Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data={})

    def client(self, column: str, state: str) -> Client:
        """Return a browser of this column; the subject is whomever the case is about."""
        client = Client(raise_request_exception=False)
        if column != "anonymous":
            login = "ash" if column == "owner" else column.replace(" ", "-")
            user = get_user_model().objects.get(username=login)
            if column == "subject":
                subject = self.play.state(self.cases[state]).subject
                StaffMember.objects.filter(user=user).update(person_id=subject)
            client.force_login(user)
        return client

    def person(self, state: str, kind: str) -> Client:
        """Return a person's browser: ``none`` without a cookie, ``made up``, or ``own`` with that of the case's browser."""
        client = Client(raise_request_exception=False)
        if kind == "own":
            client.cookies[COOKIE] = self.cookies[state]
        elif kind == "made up":
            client.cookies[COOKIE] = "a" * 43
        return client


def written() -> tuple:
    """Return a count of everything that an act could leave behind."""
    head = TreeHead.objects.get()
    models = (EventRow, EffectRow, Alert, Report, CaseCode, StaffFact, StaffInvitation, Locator)
    return (head.size, *(model.objects.count() for model in models), tuple(CaseCode.objects.order_by("pk").values_list("box", flat=True)),
            tuple(Locator.objects.order_by("pk").values_list("pk", "used_at", "voided")))  # fmt: skip


def every_address(patterns=None, prefix: str = "") -> Iterator[tuple[str, Callable]]:
    """Yield every address of the desk as a template, with what serves it."""
    for pattern in patterns if patterns is not None else get_resolver().url_patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from every_address(pattern.url_patterns, route)
        elif isinstance(pattern, URLPattern):
            yield route, pattern.callback
