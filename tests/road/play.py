"""A player for road tests: says what people would do in a line each."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import parse_qs, urlsplit

from django.contrib.auth import get_user_model

from mfadesk.cli.throwaway import PUBLIC_URL, Throwaway
from mfadesk.connectors.lab import oath
from mfadesk.connectors.lab.soft_passkey import SoftPasskey
from mfadesk.operations import codes, deadlines, enrol, open_case, prove, sessions, vouch, work_case
from mfadesk.operations.people import get_person
from mfadesk.ports.people import Actor, Person
from mfadesk.store.commit import load_case
from mfadesk.store.models import ClaimantSession, ContactRow, PersonRow, StaffMember


def add_staff(login: str, roles: list[str], person_id: str | None = None) -> Actor:
    user, _ = get_user_model().objects.get_or_create(username=login)
    member, _ = StaffMember.objects.get_or_create(user=user, defaults={"desk": login, "roles": roles, "person_id": person_id})
    return Actor("staff", str(member.pk), frozenset(roles), person_id)


@dataclass
class Browser:
    play: Play
    cookie: str

    @property
    def session(self):
        return sessions.find_session(self.play.desk, self.cookie)

    def confirm(self, yes: bool = True) -> None:
        sessions.confirm(self.play.desk, self.session, yes)

    def prove_with_passkey(self, passkey) -> None:
        options = prove.begin_passkey(self.play.desk, self.session)
        _, response = passkey.sign(options, PUBLIC_URL)
        prove.finish_passkey(self.play.desk, self.session, response)
        self.play.settle()

    def prove_with_code(self, code: str, method: str = "totp_existing") -> None:
        prove.prove_with_code(self.play.desk, self.session, method, code)
        self.play.settle()

    def prove_with_service(self, method: str) -> None:
        """Pass a check by an outside service, such as a document check, as its twin plays it."""
        prove.begin_service(self.play.desk, self.session, method)
        (answer,) = [a for m, a in self.play.scene.list_open_checks(self.login) if m == method]
        prove.prove_with_service(self.play.desk, self.session, method, answer)
        self.play.settle()

    @property
    def login(self) -> str:
        return get_person(self.play.state(self.session.case_id).subject).login

    def set_up_passkey_and_test(self, kind: str = "passkey"):
        """Register a passkey or key in this browser and sign in with it once; return it."""
        desk = self.play.desk
        enrol.choose_kind(desk, self.session, kind)
        options = json.loads(enrol.begin_enrolment(desk, self.session).options)
        passkey, response = SoftPasskey.register(options, PUBLIC_URL, desk.randomness)
        enrol.finish_new_passkey(desk, self.session, response)
        passkey, assertion = passkey.sign(enrol.begin_test_passkey(desk, self.session), PUBLIC_URL)
        enrol.finish_test_passkey(desk, self.session, assertion)
        self.play.settle()
        return passkey

    def set_up_totp_and_test(self) -> None:
        shown = enrol.begin_enrolment(self.play.desk, self.session)
        query = parse_qs(urlsplit(shown.uri).query)
        import base64

        secret = base64.b32decode(query["secret"][0] + "=" * (-len(query["secret"][0]) % 8))
        code = oath.hotp(secret, oath.time_step(self.play.clock.now()))
        enrol.test_code(self.play.desk, self.session, code)
        self.play.settle()

    def set_up_key_and_test(self) -> None:
        desk = self.play.desk
        enrol.choose_kind(desk, self.session, "security_key")
        shown = enrol.begin_enrolment(desk, self.session)
        key, response = SoftPasskey.register(json.loads(shown.options), PUBLIC_URL, desk.randomness)
        enrol.finish_new_passkey(desk, self.session, response)
        _, assertion = key.sign(enrol.begin_test_passkey(desk, self.session), PUBLIC_URL)
        enrol.finish_test_passkey(desk, self.session, assertion)
        self.play.settle()


class Play:
    def __init__(self, throwaway: Throwaway) -> None:
        self.throwaway = throwaway
        self.desk, self.scene, self.clock = throwaway.desk, throwaway.scene, throwaway.clock
        self.operator = add_staff("ash", ["operator"])
        self.second = add_staff("birch", ["operator"])

    def settle(self) -> None:
        self.throwaway.settle()

    def days_ago(self, days: float) -> datetime:
        return self.clock.now() - timedelta(days=days)

    def person(self, name: str, **columns) -> Person:
        defaults = {"login": name, "name": name.title(), "search": name, "tier": "standard", "job": "Nurse", "site": "North",
                    "employment": "active"}  # fmt: skip
        row = PersonRow.objects.create(id=f"p_{name}", **{**defaults, **columns})
        ContactRow.objects.create(person=row, kind="work_mail", value=f"{name}@fernhollow.example")
        ContactRow.objects.create(person=row, kind="personal_mail", value=f"{name}@home.example")
        self.scene.add_account(name)
        return get_person(row.id)

    def open(self, person: Person, goal: str = "replace_device") -> str:
        case = open_case.open_case(self.desk, self.operator, person.id, goal=goal)
        self.settle()
        return case

    def answer(self, case: str, **answers: str) -> None:
        """Answer what is asked; what is lost is a phone unless `answers` say otherwise, and nothing else is known."""
        answers = {"kind": "app", **answers}
        for _ in range(10):
            state = self.state(case)
            if state.step_kind not in ("ask", "instruct") or state.status != "open":
                return
            step = self.desk.runbook_of(state).steps[state.step]
            value = answers.get(step.variable, "unknown") if step.variable else "said"
            work_case.answer(self.desk, self.operator, case, step.id, value)
            self.settle()

    def redeem(self, case: str) -> Browser:
        code = codes.read_code(self.desk, case)
        return Browser(self, sessions.redeem_code(self.desk, "192.0.2.1", code))

    def vouch(self, case: str, voucher: str, passkey, which: str = "manager") -> None:
        """Ask a voucher and have them answer yes, with their own passkey and the words from the person's page."""
        vouch.ask_voucher(self.desk, self.operator, case, which)
        self.settle()
        mail = self.scene.list_mail(f"{voucher}@fernhollow.example")[0]
        link = re.search(r"/vouch/(\S+)", mail.text).group(1)
        words = ClaimantSession.objects.get(case_id=case, ended_at=None).words
        options = vouch.begin_vouch(self.desk, link, "in_person", words)
        vouch.finish_vouch(self.desk, link, passkey.sign(options, PUBLIC_URL)[1])
        self.settle()

    def state(self, case: str):
        return load_case(case)

    def authenticator(self, person: Person, authenticator_id: str):
        return next(a for a in self.scene.holdings(person.login).authenticators if a.id == authenticator_id)

    def pass_time(self, seconds: float) -> None:
        self.clock.advance(seconds)
        deadlines.pass_deadlines(self.desk)
        self.settle()
