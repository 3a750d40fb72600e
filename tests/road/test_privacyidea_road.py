"""The replaced phone with a real privacyIDEA behind the port: suspended, enrolled, tested and removed at the server itself."""

from __future__ import annotations

import itertools
import time
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from mfadesk.connectors.lab import oath
from mfadesk.connectors.privacyidea.provider import open_privacyidea
from mfadesk.kernel.errors import Refusal
from mfadesk.kernel.secret import Secret
from mfadesk.operations import enrol, prove, sessions
from mfadesk.ports.provider import Accepted, Rejected
from mfadesk.store.models import Alert, EffectRow
from tests.connectors.house import passkey_for, secret_in
from tests.connectors.test_privacyidea_laws import Disturbance
from tests.road.again import Memory, Walker
from tests.road.play import Play
from tests.services import privacyidea as service

pytestmark = [pytest.mark.privacyidea, pytest.mark.slow]

_numbers = itertools.count(200)
MAX_STEPS = 40


class Nth(Disturbance):
    """Fails the nth call that is no read."""

    def __init__(self) -> None:
        super().__init__()
        self.left = 0
        self.when: tuple[int, str] | None = None

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.method != "GET":
            self.left += 1
            if self.when is not None and self.left == self.when[0]:
                self.fault = self.when[1]
        return super().handle_request(request)


class Stage:
    """A person of the realm with an app on the old phone and a passkey on the laptop, and a desk a month later."""

    def __init__(self, throwaway, server) -> None:
        self.server, self.wire, self.origin = server, Nth(), service.ORIGIN
        self.provider = open_privacyidea(server.configuration(), throwaway.clock, Secret(server.token), self.wire)
        throwaway.executor.provider = self.provider
        throwaway.clock.advance((datetime.now(UTC) + timedelta(days=30) - throwaway.clock.now()).total_seconds())
        self.play = Play(throwaway)
        self.login = service.USERS[next(_numbers)]
        self.person = self.play.person(self.login)
        enrolment = self.provider.enrol(self.login, "totp", "Phone", "k-old")
        self.old, self.old_secret = enrolment.authenticator_id, secret_in(enrolment.secret_uri)
        self.presses = 0
        assert isinstance(self.provider.confirm_code(self.login, self.old, self.old_code()), Accepted)
        self.laptop, passkey = passkey_for(self, self.login)
        _, response = passkey.sign(options := self.provider.begin_assertion(self.login, bytes(32)), self.origin)
        assert isinstance(self.provider.finish_assertion(self.login, options, response), Accepted)
        self.walker = Walker(
            self.play.desk,
            self.play.operator,
            self.person.id,
            Memory(passkey.sign(options, self.origin)[0].to_json()),
            time.time,
        )
        self.wire.left = 0

    def old_code(self) -> Secret:
        self.presses += 1
        return Secret(oath.hotp(self.old_secret, int(time.time()) // 30 - 3 + self.presses))

    def walk(self, until=None) -> None:
        for _ in range(MAX_STEPS):
            if self.walker.is_over() or (until is not None and until()):
                return
            self.walker.go_on()
            self.play.settle()
            self.play.clock.advance(7)
            self.play.settle()
        raise AssertionError(f"not over: {self.walker.state().step}, {self.walker.memory.told[-3:]}")

    def token(self, serial):
        found = self.server.call("GET", f"/token/?serial={serial}")["tokens"]
        return found[0] if found else None

    def assert_whole(self) -> None:
        self.play.clock.advance(400)
        self.play.settle()
        state = self.walker.state()
        assert (state.status, state.outcome) == ("closed", "changed")
        assert self.token(self.old) is None
        tokens = self.server.call("GET", f"/token/?user={self.login}&realm=corp")["tokens"]
        assert sorted((t["tokentype"], t["active"], t["rollout_state"]) for t in tokens) == [
            ("totp", True, "enrolled"), ("webauthn", True, "enrolled"),
        ]  # fmt: skip
        assert {row.state for row in EffectRow.objects.filter(case_id=state.id)} == {"done"}
        assert not Alert.objects.filter(kind__in=["broken", "effect_parked"])


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    running, process = service.start(tmp_path_factory.mktemp("privacyidea"))
    yield running
    service.stop(process)


@pytest.fixture
def stage(throwaway, server):
    stage = Stage(throwaway, server)
    yield stage
    stage.provider.close()


def test_the_whole_road_is_carried_out_and_tested_by_the_server(stage):
    stage.walk(until=lambda: (s := stage.walker.state()) and s.step_kind == "enrol")
    assert stage.token(stage.old)["active"] is False
    assert isinstance(stage.provider.check_code(stage.login, stage.old_code()), Rejected)
    stage.walker.go_on()
    new = stage.walker.state().new_authenticator
    assert stage.token(new)["rollout_state"] == "verify"
    with pytest.raises(Refusal, match="did not work"):
        session = sessions.find_session(stage.play.desk, stage.walker.memory.cookie)
        enrol.test_code(stage.play.desk, session, "000000")
    assert stage.token(new)["rollout_state"] == "verify" and stage.token(stage.old) is not None
    stage.walk()
    stage.assert_whole()
    assert stage.token(new)["rollout_state"] == "enrolled"


def test_wrong_codes_count_at_the_server_and_stop_before_it_locks(stage):
    stage.play.scene.set_factor(stage.login, "totp_existing")
    stage.walk(until=lambda: (s := stage.walker.state()) and s.step_kind == "verify" and s.confirmed)
    session = sessions.find_session(stage.play.desk, stage.walker.memory.cookie)
    for _ in range(6):
        with pytest.raises(Refusal):
            prove.prove_with_code(stage.play.desk, session, "totp_existing", "000000")
    failures = stage.token(stage.old)["failcount"]
    assert 0 < failures <= 3 < stage.token(stage.old)["maxfail"]
    assert stage.token(stage.old)["active"] is True


@pytest.mark.parametrize(
    ("call", "fault"),
    [(1, "error"), (2, "timeout_before"), (3, "timeout_after"), (4, "wrong_shape"), (4, "timeout_after"), (5, "timeout_after"),
     (6, "timeout_before"), (6, "wrong_shape")],
)  # fmt: skip
def test_a_call_that_fails_on_the_wire_costs_a_try_and_nothing_else(stage, call, fault):
    stage.wire.when = (call, fault)
    stage.walk()
    assert stage.wire.left >= call
    stage.assert_whole()
