"""The stage of one play: a person of the scenario's tier, whoever could vouch for them, and what they hold at the lab.

Every play has people of its own, and a day passes before each, so that no throttle and no earlier case speaks into it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from mfadesk.cli.throwaway import PUBLIC_URL, Throwaway, enlist
from mfadesk.connectors.lab.soft_passkey import SoftPasskey
from mfadesk.operations import attest, call_back, codes, prove, sessions, vouch
from mfadesk.operations.open_case import open_case
from mfadesk.operations.people import find_vouchers, get_person
from mfadesk.ports.people import Actor, Person
from mfadesk.store.commit import load_case
from mfadesk.store.models import ClaimantSession, ContactRow, PersonRow

A_DAY_S = 86_400 + 60
VOUCHED = {"manager_portal": "manager", "hr_attest": "hr", "peer_vouch": "peers"}
ATTESTED = ("callback_on_file", "in_person_badge", "video_photo_on_file", "spare_key_pickup")
PROVIDER = ("totp_existing", "saved_recovery_code", "fido2_existing", "passkey_synced_existing")
EMPLOYMENT = {"first_day": "starts", "returning": "on_leave", "third_party": "third_party", "on_leave": "on_leave"}


class NotAtHand(Exception):
    """The player has nothing to do this with: no browser is bound, no paper is left, no letter came."""


@dataclass(slots=True)
class Staff:
    """A member of staff with a desk key of their own."""

    actor: Actor
    key: SoftPasskey


@dataclass(slots=True)
class Stage:
    """One play's people and things. `passkeys` by login, `totp` and `codes` are what the person holds besides the old phone."""

    throwaway: Throwaway
    staff: tuple[Staff, Staff]
    person: Person
    old: str
    passkeys: dict[str, SoftPasskey] = field(default_factory=dict)
    synced: SoftPasskey | None = None
    totp: str = ""
    paper: list[str] = field(default_factory=list)
    case_id: str = ""
    cookie: str = ""

    @property
    def session(self) -> ClaimantSession:
        found = sessions.find_session(self.throwaway.desk, self.cookie)
        if found is None:
            raise NotAtHand("no browser is bound")
        return found

    def open(self, goal: str, answers: dict[str, str], signals: frozenset[str], channel: str) -> None:
        """The operator opens the case."""
        desk = self.throwaway.desk
        known = channel if channel in ("phone", "portal", "chat", "mail", "internal") else "phone"
        self.case_id = open_case(
            desk, self.staff[0].actor, self.person.id, goal=goal, channel=known, signals=signals, answers=answers
        )
        self.throwaway.settle()

    def enter_code(self) -> None:
        """Whoever is on the phone enters the code in their browser and says yes."""
        code = codes.read_code(self.throwaway.desk, self.case_id)
        if code and not self.cookie:
            self.cookie = sessions.redeem_code(self.throwaway.desk, "192.0.2.7", code)
            sessions.confirm(self.throwaway.desk, self.session, True)

    def prove(self, method: str, *, second_says: str = "passed") -> None:
        """Carry out one method as whoever holds what it takes would. Raises the desk's own errors."""
        desk = self.throwaway.desk
        if method in ATTESTED:
            self._attest(method, second_says)
        elif method in VOUCHED:
            self._vouch(VOUCHED[method])
        elif method == "fido2_existing":
            self._passkey(self.passkeys[self.person.login])
        elif method == "passkey_synced_existing" and self.synced is not None:
            self._passkey(self.synced)
        elif method == "totp_existing":
            prove.prove_with_code(desk, self.session, method, self.throwaway.scene.current_code(self.totp or self.old))
        elif method == "saved_recovery_code":
            if not self.paper:
                raise NotAtHand("no paper is left")
            prove.prove_with_code(desk, self.session, method, self.paper.pop())
        else:
            prove.begin_service(desk, self.session, method)
            answer = self.throwaway.scene.find_answer(method, self.person.login) or "none"
            prove.prove_with_service(desk, self.session, method, answer)
        self.throwaway.settle()

    def _passkey(self, passkey: SoftPasskey) -> None:
        options = prove.begin_passkey(self.throwaway.desk, self.session)
        _moved, response = passkey.sign(options, PUBLIC_URL)
        prove.finish_passkey(self.throwaway.desk, self.session, response)

    def _attest(self, method: str, second_says: str) -> None:
        if method == call_back.METHOD:
            # Whoever answers the telephone sits at this case's browser, or says the words on to whoever does.
            call_back.type_words(
                self.throwaway.desk, self.session, call_back.words_to_say(self.throwaway.desk, self.session.id)
            )
        self._sign(self.staff[0], method, "passed")
        self.throwaway.settle()
        drawn = load_case(self.case_id).second_asked.get(method)
        second = next((s for s in self.staff if s.actor.id == drawn), None)
        if second is not None:
            self._sign(second, method, second_says)

    def _sign(self, staff: Staff, method: str, statement: str) -> None:
        options = attest.begin_attestation(self.throwaway.desk, staff.actor, self.case_id, method, statement, "as seen")
        staff.key, response = staff.key.sign(options, PUBLIC_URL)
        attest.finish_attestation(self.throwaway.desk, staff.actor, self.case_id, response)

    def _vouch(self, which: str) -> None:
        desk = self.throwaway.desk
        vouch.ask_voucher(desk, self.staff[0].actor, self.case_id, which)
        self.throwaway.settle()
        for voucher in find_vouchers(self.person, which):
            letters = self.throwaway.scene.list_mail(f"{voucher.login}@drill.example")
            link = next((found for m in letters if (found := re.search(r"/vouch/(\S+)", m.text))), None)
            if link is None or voucher.login not in self.passkeys:
                raise NotAtHand("no letter came, or the voucher has no passkey")
            options = vouch.begin_vouch(desk, link.group(1), "my_call", self.session.words)
            self.passkeys[voucher.login], response = self.passkeys[voucher.login].sign(options, PUBLIC_URL)
            vouch.finish_vouch(desk, link.group(1), response)
            self.throwaway.settle()


def hire(throwaway: Throwaway) -> tuple[Staff, Staff]:
    """Return two operators on shift, their desk keys registered through the executor."""
    first, second = (Staff(*enlist(throwaway, login, ["operator"])) for login in ("drill-one", "drill-two"))
    return first, second


def set_stage(
    throwaway: Throwaway,
    staff: tuple[Staff, Staff],
    tier: str,
    employment: str,
    methods: Iterable[str],
    used_days: float,
    number: int,
    has_old: bool = True,
) -> Stage:
    """Return the stage of play `number`: the person holds an old phone's app, and what `methods` need.

    used_days: how long ago what they hold was last used.
    """
    throwaway.clock.advance(A_DAY_S)
    now, usable = throwaway.clock.now(), set(methods)
    PersonRow.objects.exclude(vouches_as="").update(vouches_as="")
    manager = _add(throwaway, f"m{number}", "standard", "active", None) if usable & {"manager_portal", "peer_vouch"} else None
    row = _add(throwaway, f"d{number}", tier, EMPLOYMENT.get(employment, "active"), manager.id if manager else None)
    person, scene = get_person(row.id), throwaway.scene
    stage = Stage(throwaway, staff, person, "")
    if manager is not None and "manager_portal" not in usable:
        PersonRow.objects.filter(pk=manager.id).update(employment="on_leave")
    helpers = [manager] if manager else []
    if "hr_attest" in usable:
        helpers.append(_add(throwaway, f"h{number}", "sensitive", "active", None))
        PersonRow.objects.filter(pk=helpers[-1].id).update(vouches_as="hr")
    if "peer_vouch" in usable:
        helpers += [_add(throwaway, f"p{number}{n}", "standard", "active", manager.id if manager else None) for n in "ab"]
    for helper in helpers:
        _, stage.passkeys[helper.login] = scene.add_passkey(helper.login, "Laptop", "passkey", last_used_at=now)
    used = now - timedelta(days=used_days)
    if has_old:
        stage.old = scene.add_authenticator(
            person.login, "totp", "Old phone", created_at=now - timedelta(days=700), last_used_at=used
        )
    _give(stage, usable, used)
    scene.add_session(person.login)
    return stage


def _give(stage: Stage, usable: set[str], used: datetime) -> None:
    scene, login = stage.throwaway.scene, stage.person.login
    if "fido2_existing" in usable:
        _, stage.passkeys[login] = scene.add_passkey(login, "Key", "security_key", last_used_at=used)
    if "passkey_synced_existing" in usable:
        _, stage.synced = scene.add_passkey(login, "Synced", "passkey_synced", last_used_at=used)
    if "totp_existing" in usable:
        stage.totp = scene.add_authenticator(login, "totp", "Second token", last_used_at=used, on_phone=False)
    if "saved_recovery_code" in usable:
        _, paper = scene.add_recovery_codes(login, "Paper")
        stage.paper = list(paper)
    if "callback_on_file" in usable:
        ContactRow.objects.create(person_id=stage.person.id, kind="mobile", value="+15550100", notify=False)
    for method in usable - {*PROVIDER, *ATTESTED, *VOUCHED}:
        scene.set_factor(login, method)


def _add(throwaway: Throwaway, login: str, tier: str, employment: str, manager: Any) -> PersonRow:
    row = PersonRow.objects.create(
        id=f"p_{login}", login=login, name=login, search=login, tier=tier, job="Drill", site="Drill",
        employment=employment, manager_id=manager, starts_on=throwaway.clock.now().date() if employment == "starts" else None,
    )  # fmt: skip
    ContactRow.objects.create(person=row, kind="work_mail", value=f"{login}@drill.example")
    throwaway.scene.add_account(login)
    return row
