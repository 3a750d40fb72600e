"""The replaced-phone road, step by step, as three people walk it over HTTP: an operator, the employee, and an auditor at the end.

Each step looks at what its page says and goes on from there; none reaches behind the pages but the last ones, which look into the
lab's file and the mailbox to see whether what the pages say is so.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mfadesk.cli.walk_browser import Browser, Page, find_links
from mfadesk.kernel.errors import Refusal
from mfadesk.store.home import Home

if TYPE_CHECKING:
    from mfadesk.connectors.lab.scene import LabScene
    from mfadesk.demo.state import DemoState
    from mfadesk.ports.provider import Holdings

ANSWERS = ("gone", "app", "at_hand", "name_only")
"""What the demo's honest caller says, by the values that runbooks use."""

MAX_QUESTIONS = 12
WAIT_S = 20.0
"""How long a page that waits may wait for the executor."""

POLL_S = 0.05

TOLD_WITHIN_S = 20.0
"""How long the letters of a closed case may take here."""


@dataclass(slots=True)
class Road:
    """What the walk knows so far, and its steps in order."""

    home: Home
    login: str
    name: str
    operator: Browser
    claimant: Browser
    before: Holdings | None = None
    mails_before: int = 0
    page: Page | None = None
    theirs: Page | None = None
    case: str = ""
    code: str = ""
    uri: str = ""
    record: bytes = b""
    ledger_verified: bool = False
    _scene: list[LabScene] = field(default_factory=list)

    def steps(self) -> Iterator[tuple[str, Callable[[], None]]]:
        """Yield each step's name and what does it."""
        yield "the operator signs in with a password and a code", self.sign_in
        yield "the operator finds the person", self.find_person
        yield "the operator opens a case", self.open_case
        yield "the operator answers the runbook's questions", self.answer_questions
        yield "the operator reads the case code from the page", self.read_code
        yield "the person's browser enters the code", self.enter_code
        yield "the person says yes", self.say_yes
        yield "the person proves themselves with a passkey", self.prove
        yield "the case goes on to the set-up", self.reach_set_up
        yield "the person chooses the authenticator app", self.choose_app
        yield "the person is shown the new secret, once", self.begin_enrolment
        yield "the new app's code is tested", self.test_code
        yield "the case closes as changed", self.see_closed
        yield "the provider holds the new one and not the old one", self.look_at_provider
        yield "a notice with a way to object is in the mailbox", self.read_mail
        yield "the record is exported", self.export
        yield "the record verifies offline", self.verify
        yield "a record with one byte flipped is refused", self.refuse_flipped

    # ------------------------------------------------------------------------------------------------------------ the desk
    def sign_in(self) -> None:
        """Password first, then the code of the moment."""
        from mfadesk.demo.codes import show

        one = next(one for one in self._state().sign_ins if "takes calls" in one.does)
        page = self.operator.get("/sign-in/")
        page = self.operator.submit(page, "/sign-in/", login=one.login, password=one.password)
        code = show(f"otpauth://totp/{one.login}?secret={one.seed}").code.replace(" ", "")
        self.page = self.operator.submit(page, "/sign-in/second-step/", code=code)
        _require(self.page, "/sign-in/" not in self.page.url, "The sign-in did not end on the list of calls.")

    def find_person(self) -> None:
        """Search by name and see exactly this person among what is found."""
        page = self.operator.get("/cases/new")
        self.page = self.operator.get(f"/cases/new?q={self.name.replace(' ', '+')}")
        _require(page, page.status == 200, "There is no search.")
        _require(self.page, bool(self._person_value()), f"{self.name} was not found.")
        held = self._look()
        self.before, self.mails_before = held, len(self._lab().list_mail())

    def open_case(self) -> None:
        """Start the call that the honest caller asks for."""
        self.page = self.operator.submit(
            self._page(), "/cases", person_id=self._person_value(), goal="replace_device", caller="subject", channel="phone"
        )
        self.case = self.page.url.partition("/cases/")[2].partition("#")[0]
        _require(self.page, bool(self.case) and "/" not in self.case, "No case was opened.")

    def answer_questions(self) -> None:
        """Answer what is asked as the honest caller does, until nothing is asked any more."""
        for _ in range(MAX_QUESTIONS):
            form = next((f for f in self._page().forms if f.action.endswith("/answers")), None)
            if form is None:
                return
            offered = [value for value, _ in form.choices.get("answer", [])]
            said = (
                next((value for value in ANSWERS if value in offered), "unknown") if offered else form.fields.get("answer", "")
            )
            self.page = self.operator.submit(self._page(), "/answers", answer=said)
        raise Refusal("walk_stopped", f"The runbook still asks after {MAX_QUESTIONS} answers: {self._page().says()}")

    def read_code(self) -> None:
        """Read the code in the panel that the operator reads out."""
        self.code = next(iter(self._page().words_of("code")), "")
        _require(self._page(), len(self.code) >= 6, "The page shows no case code.")

    # ---------------------------------------------------------------------------------------------------------- the person
    def enter_code(self) -> None:
        """In a browser of their own, with a cookie jar of its own."""
        page = self.claimant.get("/me/")
        self.theirs = self.claimant.submit(page, "/me/code", code=self.code)
        _require(self.theirs, self.theirs.url.endswith("/me/case"), "The code was not taken.")
        _require(self.theirs, self.name not in self.theirs.content.decode(), "The page names the person before any proof.")

    def say_yes(self) -> None:
        """Answer "is it you"."""
        self.theirs = self.claimant.submit(self._theirs(), "/me/case/answer", answer="yes")

    def prove(self) -> None:
        """Sign the executor's challenge with the demo's software passkey, as the browser's dialogue would."""
        import json

        from mfadesk.demo.state import changing_state

        options = self.claimant.ask_json(self._theirs(), "/me/case/passkey", "/me/case/passkey/options")
        with changing_state(self.home.folder) as state:
            key = next((one for one in state.keys if one.owner == self.login and one.soft().is_asked(options)), None)
            if key is None:
                raise Refusal("walk_stopped", "None of the person's demo passkeys was asked for.")
            moved, response = key.soft().sign(options, self.claimant.origin)
            key.passkey = moved.to_json()
        self.theirs = self.claimant.submit(self._theirs(), "/me/case/passkey", response=json.dumps(response))

    def reach_set_up(self) -> None:
        """Wait, as the page does, until the executor has suspended the old one."""
        self._wait_for(lambda page: any(form.action.endswith(("/me/case/kind", "/me/case/enrolment")) for form in page.forms))
        suspended = [a for a in self._look().authenticators if a.state == "suspended"]
        _require(self._theirs(), bool(suspended), "Nothing was suspended before the set-up began.")

    def choose_app(self) -> None:
        """Choose the app, where the page offers a choice."""
        self.theirs = self.claimant.submit(self._theirs(), "/me/case/kind", kind="totp")

    def begin_enrolment(self) -> None:
        """Read the address behind the QR code, and see that the key below is the same."""
        self.theirs = self.claimant.submit(self._theirs(), "/me/case/enrolment")
        links = [one.attributes.get("href", "") for one in self.theirs.elements if one.tag == "a"]
        self.uri = next((href for href in links if href.startswith("otpauth://")), "")
        _require(self.theirs, bool(self.uri), "The page shows no new secret.")
        keys = [words.replace(" ", "") for words in self.theirs.words_of("key")]
        _require(self.theirs, any(key and f"secret={key}" in self.uri for key in keys), "The key and the QR code differ.")
        _require(
            self.theirs,
            self.theirs.headers.get("cache-control") == "no-store",
            "The page with the secret may be kept by a cache.",
        )

    def test_code(self) -> None:
        """Type the code that the new app shows now."""
        from mfadesk.demo.codes import show

        code = show(self.uri).code.replace(" ", "")
        self.theirs = self.claimant.submit(self._theirs(), "/me/case/test", code=code)

    # ------------------------------------------------------------------------------------------------------------- the end
    def see_closed(self) -> None:
        """Both pages say how it ended, and every line of the checklist is done."""
        self._wait_for(lambda page: "Your new one works" in page.heading())
        self.page = self.operator.get(f"/cases/{self.case}")
        ticket = next((one.words for one in self.page.elements if one.attributes.get("id") == "ticket"), "")
        _require(
            self.page,
            "closed" in _main_classes(self.page) and "The new one signed in" in ticket,
            "The case did not close as changed.",
        )
        checks = " ".join(self.page.words_of("checks"))
        deadline = time.monotonic() + TOLD_WITHIN_S
        while "not done" in checks and time.monotonic() < deadline:
            # The case ends before its letters are carried, since no mail server may hold a case open; they follow in a moment.
            time.sleep(0.1)
            self.page = self.operator.get(f"/cases/{self.case}")
            checks = " ".join(self.page.words_of("checks"))
        _require(self.page, bool(checks) and "not done" not in checks, f"The checklist has open lines: {checks}.")

    def look_at_provider(self) -> None:
        """Look into the lab itself."""
        assert self.before is not None
        held = self._look()
        phones = {a.id for a in self.before.authenticators if a.kind in ("totp", "push") and a.state == "active"}
        left = phones & {a.id for a in held.authenticators}
        new = [a for a in held.authenticators if a.id not in {b.id for b in self.before.authenticators}]
        if not phones or left:
            raise Refusal("walk_stopped", f"The old authenticator is still at the provider: {sorted(left)}.")
        if [(a.kind, a.state) for a in new] != [("totp", "active")]:
            raise Refusal("walk_stopped", f"The provider holds {[(a.kind, a.state) for a in new]} as new, not one active app.")
        if held.sessions:
            raise Refusal("walk_stopped", f"{held.sessions} sessions of the account were not ended.")

    def read_mail(self) -> None:
        """Find the notice, open its link, and see that opening alone stops nothing."""
        mails = self._lab().list_mail()
        mails = mails[: len(mails) - self.mails_before]
        links = [link for mail in mails for link in find_links(mail.text, "/me/not-me/")]
        if not links:
            raise Refusal("walk_stopped", f"{len(mails)} new messages, and none holds a link to object.")
        stranger = Browser(self.claimant.origin)
        try:
            page = stranger.get(links[0])
        finally:
            stranger.close()
        _require(page, any("/me/not-me/" in form.action for form in page.forms), "The link to object offers nothing to press.")
        if any(a.state == "suspended" for a in self._look().authenticators):
            raise Refusal("walk_stopped", "Opening the link suspended something before anybody pressed.")

    def export(self) -> None:
        """Fetch the file that the console offers."""
        links = [one.attributes.get("href", "") for one in self._page().elements if one.tag == "a"]
        offered = next((href for href in links if href.endswith("/record")), "")
        _require(self._page(), bool(offered), "The page offers no record.")
        self.record = self.operator.get(offered).content

    def verify(self) -> None:
        """Judge the file with the key from the desk's public key file and nothing else."""
        from mfadesk.ledger.verify import verify_pack

        verdict = verify_pack(self.record, self._vkey())
        self.ledger_verified = verdict.ok
        if not verdict.ok:
            raise Refusal("walk_stopped", f"The record does not verify: {verdict.sentence}")

    def refuse_flipped(self) -> None:
        """Flip one bit of the byte in the middle and see the verifier refuse it."""
        from mfadesk.ledger.verify import verify_pack

        changed = bytearray(self.record)
        changed[len(changed) // 2] ^= 1
        verdict = verify_pack(bytes(changed), self._vkey())
        if verdict.ok:
            self.ledger_verified = False
            raise Refusal("walk_stopped", "A changed record was taken for sound.")

    # ------------------------------------------------------------------------------------------------------------- plumbing
    def _vkey(self) -> str:
        from mfadesk.ledger.note import VerifierKey

        public = self.home.public_keys()
        return VerifierKey(public.origin, public.checkpoint_verify).text()

    def _wait_for(self, is_there: Callable[[Page], bool]) -> None:
        deadline = time.monotonic() + WAIT_S
        while not is_there(self._theirs()):
            if time.monotonic() > deadline:
                raise Refusal("walk_stopped", f"The page did not go on within {WAIT_S:g} s. It says: {self._theirs().says()}")
            time.sleep(POLL_S)
            self.theirs = self.claimant.get("/me/case")

    def _person_value(self) -> str:
        choices = self._page().form("/cases").choices.get("person_id", [])
        return next((value for value, words in choices if value and words.startswith(self.name)), "")

    def _page(self) -> Page:
        assert self.page is not None
        return self.page

    def _theirs(self) -> Page:
        assert self.theirs is not None
        return self.theirs

    def _state(self) -> DemoState:
        from mfadesk.demo.state import read_state

        return read_state(self.home.folder)

    def _look(self) -> Holdings:
        return self._lab().holdings(self.login)

    def _lab(self) -> LabScene:
        from mfadesk.connectors.lab.scene import LabScene
        from mfadesk.connectors.lab.store import LabStore
        from mfadesk.connectors.webauthn import RelyingParty
        from mfadesk.kernel.clock import SystemClock
        from mfadesk.kernel.ids import SystemRandomness

        if not self._scene:
            provider: Mapping[str, object] = self.home.config.provider
            party = RelyingParty("localhost", self.home.config.organisation, [self.claimant.origin])
            # A key of zeros: the walk only lists, and no seed is read.
            self._scene.append(LabScene(LabStore(str(provider["path"])), bytes(32), party, SystemClock(), SystemRandomness()))
        return self._scene[0]


def _require(page: Page, holds: bool, sentence: str) -> None:
    if not holds:
        raise Refusal("walk_stopped", f"{sentence} The page says: {page.says()}")


def _main_classes(page: Page) -> frozenset[str]:
    return next((one.classes for one in page.elements if one.tag == "main"), frozenset())
