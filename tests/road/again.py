"""Two people who try again: whatever goes wrong on the replaced-phone road, they look where it stands and do the next thing.

The operator and the caller of this player remember only what people would: the cookie in the browser, the secret in the app, the
passkey. Everything else they see on their pages, so the road may be broken and taken up again at any point.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from mfadesk.cli.throwaway import PUBLIC_URL
from mfadesk.connectors.lab import oath
from mfadesk.connectors.lab.soft_passkey import SoftPasskey
from mfadesk.kernel.errors import Refusal, Unavailable
from mfadesk.operations import codes, enrol, open_case, prove, sessions, work_case
from mfadesk.operations.desk import Desk
from mfadesk.ports.people import Actor
from mfadesk.store.commit import load_case
from mfadesk.store.models import CaseRow

ANSWERS = {"authenticator": "gone", "kind": "app", "new_device": "at_hand", "restored": "name_only"}


@dataclass
class Memory:
    """What stays when a process dies: it is in the people's hands and not in ours. Kept in `file` where one is named."""

    passkey: str
    cookie: str = ""
    secret: str = ""
    enrolled: str = ""
    """The authenticator that the secret belongs to, as the page showed it."""
    ahead: int = 0
    """Codes of the running half minute that were used up."""
    told: list[str] = field(default_factory=list)
    file: Path | None = None

    def keep(self) -> None:
        if self.file is not None:
            self.file.write_text(json.dumps({name: value for name, value in asdict(self).items() if name != "file"}))

    @classmethod
    def recall(cls, file: Path) -> Memory:
        return cls(**json.loads(file.read_text()), file=file)


@dataclass
class Walker:
    """seconds: what the clock of the caller's phone says."""

    desk: Desk
    operator: Actor
    person_id: str
    memory: Memory
    seconds: Callable[[], float]

    def state(self):
        case = CaseRow.objects.filter(subject_id=self.person_id).order_by("opened_at").values_list("id", flat=True).first()
        return load_case(case) if case else None

    def is_over(self) -> bool:
        state = self.state()
        return state is not None and state.status == "closed"

    def go_on(self) -> None:
        """Do what is to be done next, if anything is; what a page says against it is noted and tried again later."""
        try:
            self._next()
        except (Unavailable, Refusal) as error:
            self.memory.told.append(error.sentence)
        self.memory.keep()

    def _next(self) -> None:
        state, desk = self.state(), self.desk
        if state is None:
            open_case.open_case(desk, self.operator, self.person_id, goal="replace_device")
        elif state.status == "frozen":
            self.memory.cookie = ""
            work_case.thaw(desk, self.operator, state.id)
        elif state.status == "closed":
            return
        elif state.step_kind in ("ask", "instruct"):
            step = desk.runbook_of(state).steps[state.step]
            said = ANSWERS.get(step.variable, "unknown") if step.variable else "said"
            work_case.answer(desk, self.operator, state.id, step.id, said)
        elif state.session is None or not self.memory.cookie:
            code = codes.read_code(desk, state.id) or codes.new_code(desk, self.operator, state.id)
            self.memory.cookie = sessions.redeem_code(desk, "192.0.2.1", code, self.memory.cookie)
        else:
            self._as_claimant(state)

    def _as_claimant(self, state) -> None:
        session = sessions.find_session(self.desk, self.memory.cookie)
        if session is None:
            self.memory.cookie = ""
        elif not state.confirmed:
            sessions.confirm(self.desk, session, True)
        elif state.step_kind == "verify":
            if not state.pieces:
                self._prove(session)
        elif state.step_kind in ("enrol", "confirm"):
            self._set_up(state, session)

    def _prove(self, session) -> None:
        options = prove.begin_passkey(self.desk, session)
        moved, response = SoftPasskey.from_json(self.memory.passkey).sign(options, PUBLIC_URL)
        self.memory.passkey = moved.to_json()
        self.memory.keep()
        prove.finish_passkey(self.desk, session, response)

    def _set_up(self, state, session) -> None:
        if not self.memory.secret or self.memory.enrolled != state.new_authenticator:
            shown = enrol.begin_enrolment(self.desk, session)
            self.memory.secret = parse_qs(urlsplit(shown.uri).query)["secret"][0]
            self.memory.enrolled = self.state().new_authenticator
            self.memory.keep()
            return
        text = self.memory.secret
        secret = base64.b32decode(text + "=" * (-len(text) % 8))
        code = oath.hotp(secret, int(self.seconds()) // 30 + self.memory.ahead)
        # A code may be used up whether or not its answer comes.
        self.memory.ahead = (self.memory.ahead + 1) % 3
        self.memory.keep()
        enrol.test_code(self.desk, session, code)
