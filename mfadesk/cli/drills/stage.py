"""The stage of one play: a person of the scenario's tier, whoever could vouch for them, and what they hold at the lab.

A `Stage` does what people do: it opens a case, answers, enters the code, proves, vouches, attests. It can be marked and taken back
in time, so that a player tries one thing after another from the same place.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Literal

from mfadesk.cases.state import CaseState
from mfadesk.cli.drills.approvers import ApproverOnShift, approve_what_waits
from mfadesk.cli.drills.directory_once import DirectoryOnce
from mfadesk.cli.drills.judge import Seen
from mfadesk.cli.throwaway import PUBLIC_URL, Mark, Throwaway
from mfadesk.connectors.lab.soft_passkey import SoftPasskey
from mfadesk.executor.letters import addresses_of
from mfadesk.kernel.errors import MfadeskError
from mfadesk.operations import attest, bypass, call_back, codes, deadlines, enrol, prove, resync, sessions, vouch, work_case
from mfadesk.operations.desk import Desk
from mfadesk.operations.open_case import CHANNELS, MAX_SIGNALS, open_case
from mfadesk.operations.people import find_vouchers
from mfadesk.operations.targets import find_drifted
from mfadesk.ports.people import Actor, Person
from mfadesk.store.commit import load_case
from mfadesk.store.models import Alert, ClaimantSession

VOUCHED: Mapping[str, str] = {"manager_portal": "manager", "hr_attest": "hr", "peer_vouch": "peers"}
ATTESTED = frozenset({"callback_on_file", "in_person_badge", "video_photo_on_file", "spare_key_pickup"})
PROVIDER = frozenset({"totp_existing", "saved_recovery_code", "fido2_existing", "passkey_synced_existing"})
AHEAD_STEPS, STEP_S = 20, 30
"""How far a token that is out of step runs ahead of what the provider believes, and how long it shows a code."""


class NotAtHand(Exception):
    """The player has nothing to do this with: no browser is bound, no paper is left, no letter came."""


Closed = Literal["", "closed", "locked"]


@dataclass(slots=True)
class Staff:
    """A member of staff with a desk key of their own."""

    actor: Actor
    key: SoftPasskey


@dataclass(frozen=True, slots=True)
class Shift:
    """Who is at work: two operators, of whom the first holds the case, and people who may approve."""

    operators: tuple[Staff, Staff]
    approvers: tuple[ApproverOnShift, ...]


@dataclass(frozen=True, slots=True)
class World:
    """How a person stands before the call.

    methods: what works for them. used_days: how long ago what they hold was last used. old: whether they ever had a device.
    spare_token: whether codes come from a second token and not from the old device.
    """

    name: str
    methods: frozenset[str]
    used_days: float
    old: bool = True
    spare_token: bool = True
    settled_days: float | None = None
    """How old the directory's data is; None for a first value, which was never changed."""
    closed: Closed = ""
    """Whether the account is closed at the provider: by somebody, or by the provider itself after too many wrong codes."""
    switched_off: bool = False
    """Whether the desk suspended the old device an hour ago, on a report of its loss."""


@dataclass(frozen=True, slots=True)
class Place:
    """A moment of a stage."""

    mark: Mark
    case_id: str
    cookie: str
    paper: tuple[str, ...]


@dataclass(slots=True)
class Stage:
    """One play's people and things. `passkeys` by login; `totp` is the second token, `paper` the codes not used yet."""

    throwaway: Throwaway
    shift: Shift
    world: World
    person: Person
    old: str = ""
    passkeys: dict[str, SoftPasskey] = field(default_factory=dict)
    synced: SoftPasskey | None = None
    totp: str = ""
    paper: list[str] = field(default_factory=list)
    case_id: str = ""
    cookie: str = ""
    directory: DirectoryOnce = field(init=False)

    def __post_init__(self) -> None:
        self.directory = DirectoryOnce(self.throwaway.executor.desk)

    @property
    def state(self) -> CaseState:
        return load_case(self.case_id)

    @property
    def session(self) -> ClaimantSession:
        found = sessions.find_session(self.throwaway.desk, self.cookie)
        if found is None:
            raise NotAtHand("no browser is bound")
        return found

    def close_directory(self) -> None:
        """Nobody writes the directory from here on, so that the executor need not check it again at every move."""
        self.throwaway.executor.directory = self.directory

    def keep(self) -> Place:
        """Return this moment, to come back to."""
        return Place(self.throwaway.mark(), self.case_id, self.cookie, tuple(self.paper))

    def go_back(self, place: Place) -> None:
        """Make everything as it was. Passkeys stay moved on, which no relying party minds."""
        self.throwaway.return_to(place.mark)
        self.close_directory()
        self.case_id, self.cookie, self.paper = place.case_id, place.cookie, list(place.paper)

    def see(self) -> Seen:
        """Return what the provider holds of the person and has done to them."""
        scene, login = self.throwaway.scene, self.person.login
        done = tuple(
            (line.act, line.authenticator_id or "", line.at)
            for line in scene.list_audit(login)
            if line.outcome in ("done", "accepted") or line.act == "grant_bypass"
        )
        return Seen(scene.holdings(login), done)

    def is_broken(self) -> bool:
        """Return whether the desk found a fault of its own: no play may lead to one."""
        return Alert.objects.filter(kind="broken").exists()

    def count_letters(self) -> dict[str, int]:
        """Return how many letters each of the person's addresses has got."""
        return {address: len(self.throwaway.scene.list_mail(address)) for address in addresses_of(self.person)}

    def open(self, goal: str, answers: Mapping[str, str], signals: Collection[str], channel: str) -> None:
        """The operator opens the case. What was noticed beyond the limit of an opening is noted afterwards, never left out."""
        desk = self.throwaway.desk
        noticed = sorted(signals, key=lambda signal: (signal not in desk.policy.signals, signal))
        self.cookie = ""
        self.case_id = open_case(
            desk, self.shift.operators[0].actor, self.person.id, goal=goal, channel=channel if channel in CHANNELS else "phone",
            signals=frozenset(noticed[:MAX_SIGNALS]), answers=dict(answers),
        )  # fmt: skip
        self.throwaway.settle()
        for signal in noticed[MAX_SIGNALS:]:
            if signal in desk.policy.signals and self.state.status == "open":
                work_case.note_signal(desk, self.shift.operators[0].actor, self.case_id, signal)

    def answer(self, step: str, value: str) -> None:
        """The operator writes down what the caller says, or that a sentence was said."""
        work_case.answer(self.throwaway.desk, self.shift.operators[0].actor, self.case_id, step, value)
        self.throwaway.settle()

    def say_out_of_reach(self, authenticator: str) -> None:
        """The caller says that something they still have cannot be used now, and the operator writes it down."""
        work_case.note_out_of_reach(
            self.throwaway.desk, self.shift.operators[0].actor, self.case_id, authenticator, "elsewhere"
        )
        self.throwaway.settle()

    def enter_code(self) -> None:
        """Whoever is on the phone enters the code in their browser and says yes."""
        if self.cookie:
            return
        code = codes.read_code(self.throwaway.desk, self.case_id)
        if not code:
            raise NotAtHand("the case has no code")
        self.cookie = sessions.redeem_code(self.throwaway.desk, "192.0.2.7", code)
        sessions.confirm(self.throwaway.desk, self.session, True)

    def prove(self, method: str, second_says: str = "passed") -> None:
        """Carry out one method as whoever holds what it takes would. Raises NotAtHand and the desk's own errors."""
        desk = self.throwaway.desk
        if method in ATTESTED:
            self._attest(method, second_says)
        elif method in VOUCHED:
            self._vouch(VOUCHED[method])
        elif method == "fido2_existing":
            self._passkey(self.passkeys.get(self.person.login))
        elif method == "passkey_synced_existing":
            self._passkey(self.synced)
        elif method == "totp_existing":
            prove.prove_with_code(desk, self.session, method, self._code())
        elif method == "saved_recovery_code":
            if not self.paper:
                raise NotAtHand("no paper is left")
            prove.prove_with_code(desk, self.session, method, self.paper.pop())
        else:
            prove.begin_service(desk, self.session, method)
            answer = self.throwaway.scene.find_answer(method, self.person.login) or "none"
            prove.prove_with_service(desk, self.session, method, answer)
        self.throwaway.settle()

    def offer_weak(self, method: str) -> None:
        """Try what policy does not take as proof through every door that the desk has. Raises whatever the last door says."""
        desk = self.throwaway.desk
        doors = (
            lambda: attest.begin_attestation(
                desk, self.shift.operators[0].actor, self.case_id, method, "passed", "they knew it"
            ),
            lambda: prove.begin_service(desk, self.session, method),
            lambda: prove.prove_with_service(desk, self.session, method, "yes"),
            lambda: prove.prove_with_code(desk, self.session, method, "000000"),
        )
        for door in doors:
            try:
                door()
            except (MfadeskError, NotAtHand):
                continue
        self.throwaway.settle()

    def set_up(self) -> None:
        """Set up a new one in the bound browser, or take the old one that is in step again, and sign in with it once.

        Raises the desk's own errors.
        """
        desk, session = self.throwaway.desk, self.session
        if self.state.resynced:
            enrol.test_code(desk, session, self.throwaway.scene.current_code(self.state.resynced))
            self.throwaway.settle()
            return
        kinds = enrol.kinds_for(desk, self.case_id)
        if not kinds:
            raise NotAtHand("nothing may be set up")
        enrol.choose_kind(desk, session, kinds[0])
        shown = enrol.begin_enrolment(desk, session)
        if not shown.options:
            enrol.test_code(desk, session, self.throwaway.scene.current_code(self.state.new_authenticator))
        else:
            register_and_test(desk, session, shown.options)
        self.throwaway.settle()

    def type_two_codes(self) -> None:
        """Type two codes of the token that the desk would bring back in step, one after the other. Raises the desk's own errors."""
        scene, holdings = self.throwaway.scene, self.throwaway.scene.holdings(self.person.login)
        token = find_drifted(self.state, holdings)
        if token is None or token.id not in (self.old, self.totp):
            raise NotAtHand("there is no such token")
        first = scene.current_code(token.id, later=AHEAD_STEPS)
        # A press shows the next code of a counter at once; a clock takes half a minute, and then shows what is as far ahead.
        second = scene.current_code(token.id, later=AHEAD_STEPS + 1)
        self.throwaway.clock.advance(STEP_S)
        resync.resync(self.throwaway.desk, self.session, first, second)
        self.throwaway.clock.advance(STEP_S)
        self.throwaway.settle()

    def take_bypass(self) -> None:
        """Take the way in that the page shows, without using it, so that it stays to be seen. Raises the desk's own errors."""
        bypass.take_bypass(self.throwaway.desk, self.session)
        self.throwaway.settle()

    def approve(self) -> int:
        """Have the approvers on shift say yes to what waits for them; return how many did."""
        return approve_what_waits(self.throwaway, self.shift.approvers, self.case_id)

    def give_up(self) -> None:
        """The operator ends the case, since it cannot be proved on this call."""
        work_case.end_case(self.throwaway.desk, self.shift.operators[0].actor, self.case_id, "cannot_be_proved")
        self.throwaway.settle()

    def wait(self, seconds: float) -> None:
        """Let time pass: deadlines and whatever is due by then."""
        self.throwaway.clock.advance(seconds)
        deadlines.pass_deadlines(self.throwaway.desk)
        self.throwaway.settle()

    def _code(self) -> str:
        """Return a code of the second token, or of the old device where the second one is what the claim is about."""
        scene = self.throwaway.scene
        held = {a.id for a in scene.holdings(self.person.login).authenticators}
        mine = [a for a in (self.totp, self.old) if a and a in held]
        if not mine:
            raise NotAtHand("there is no token")
        targets = self.state.targets
        return scene.current_code(next((a for a in mine if a not in targets), mine[0]))

    def _passkey(self, passkey: SoftPasskey | None) -> None:
        if passkey is None:
            raise NotAtHand("there is no such passkey")
        options = prove.begin_passkey(self.throwaway.desk, self.session)
        _moved, response = passkey.sign(options, PUBLIC_URL)
        if passkey is not self.synced:
            self.passkeys[self.person.login] = _moved
        prove.finish_passkey(self.throwaway.desk, self.session, response)

    def _attest(self, method: str, second_says: str) -> None:
        self._ring(self.shift.operators[0], method)
        self._sign(self.shift.operators[0], method, "passed")
        self.throwaway.settle()
        state = self.state
        # Where one word was enough, the case has gone on and asks nobody else.
        drawn = state.second_asked.get(method) if state.status == "open" and state.step_kind == "verify" else None
        second = next((s for s in self.shift.operators if s.actor.id == drawn), None)
        if second is not None:
            if second_says == "passed":
                self._ring(second, method)
            self._sign(second, method, second_says)

    def _ring(self, staff: Staff, method: str) -> None:
        """Ring back, where the method is that: whoever answers sits at this case's browser, or says the words on to whoever does."""
        if method == call_back.METHOD:
            desk, session = self.throwaway.desk, self.session
            call_back.call(desk, staff.actor, self.case_id)
            call_back.type_words(desk, session, call_back.words_to_say(desk, self.state, f"staff:{staff.actor.id}"))

    def _sign(self, staff: Staff, method: str, statement: str) -> None:
        options = attest.begin_attestation(self.throwaway.desk, staff.actor, self.case_id, method, statement, "as seen")
        staff.key, response = staff.key.sign(options, PUBLIC_URL)
        attest.finish_attestation(self.throwaway.desk, staff.actor, self.case_id, response)

    def _vouch(self, which: str) -> None:
        desk = self.throwaway.desk
        vouch.ask_voucher(desk, self.shift.operators[0].actor, self.case_id, which)
        self.throwaway.settle()
        for voucher in find_vouchers(self.person, which):
            letters = self.throwaway.scene.list_mail(mail_of(voucher.login))
            link = next((found for m in letters if (found := re.search(r"/vouch/(\S+)", m.text))), None)
            if link is None or voucher.login not in self.passkeys:
                raise NotAtHand("no letter came, or the voucher has no passkey")
            options = vouch.begin_vouch(desk, link.group(1), "my_call", self.session.words)
            self.passkeys[voucher.login], response = self.passkeys[voucher.login].sign(options, PUBLIC_URL)
            vouch.finish_vouch(desk, link.group(1), response)
            self.throwaway.settle()


def register_and_test(desk: Desk, session: ClaimantSession, options: str) -> None:
    """Register a new passkey for creation `options` (JSON) and sign in with it once."""
    passkey, response = SoftPasskey.register(json.loads(options), PUBLIC_URL, desk.randomness)
    enrol.finish_new_passkey(desk, session, response)
    _moved, assertion = passkey.sign(enrol.begin_test_passkey(desk, session), PUBLIC_URL)
    enrol.finish_test_passkey(desk, session, assertion)


def mail_of(login: str) -> str:
    """Return the work address of somebody on the stage."""
    return f"{login}@drill.example"
