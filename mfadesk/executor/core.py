"""The executor: a loop over sealed questions and due effects. Everything that it does goes through one `settle` a case."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import connection

from mfadesk.cases.engine import Draft, advance
from mfadesk.cases.reopening import can_reopen, is_outdated, reopen
from mfadesk.cases.state import CaseState
from mfadesk.executor.authority import SigningAuthority
from mfadesk.executor.directory_watch import DirectoryWatch
from mfadesk.executor.ledger_watch import LedgerWatch
from mfadesk.executor.ringing import can_ring
from mfadesk.executor.staff_register import StaffRegister
from mfadesk.kernel.canonical import canonical_json
from mfadesk.kernel.clock import to_stamp
from mfadesk.kernel.errors import Broken, Invalid, MfadeskError, Refusal, Unavailable
from mfadesk.kernel.sealing import authenticate
from mfadesk.operations import call_back
from mfadesk.operations.asking import REQUEST_LIFE_S, Opened, open_request, seal_answer
from mfadesk.operations.desk import Desk
from mfadesk.operations.judgement import BY_SERVICE, NOTHING_SEEN, Sight, holdings_to_json, newest_snapshots
from mfadesk.operations.sessions import end_sessions_of
from mfadesk.operations.shelf_in_force import ShelfInForce
from mfadesk.operations.targets import find_survivors, find_targets
from mfadesk.ports.factors import FactorService
from mfadesk.ports.messages import Courier
from mfadesk.ports.people import Person
from mfadesk.ports.provider import Holdings, Provider
from mfadesk.store.commit import load_case
from mfadesk.store.home import ExecutorKeys
from mfadesk.store.models import ONE_EXECUTOR, Alert, Heartbeat, RequestRow, Snapshot
from mfadesk.store.seen import FORGETFUL, open_seen

IDLE_S = 0.03
CHECKPOINT_EVERY_S = 60
DIRECTORY_EVERY_S = 600
HEARTBEAT_EVERY_S = 5
OVERLAP = timedelta(seconds=20)
"""How long one that is asked to end may still be at work beside the next one."""

CLOCKS_APART_S = 5
"""How far the web tier's clock may run ahead of the executor's."""

UNREADABLE = "The desk could not read that. Nothing changed. Try once more."
MORE_IS_KNOWN = "This is judged again before anything changes. Look at the page again in a moment."
LATE = "That took too long. Nothing changed. Try once more."

_ANYTHING_DUE = """
SELECT 1 FROM store_requestrow WHERE state = 'new' UNION ALL SELECT 1 FROM store_effectrow WHERE state = 'due' AND due_at <= %s
UNION ALL SELECT 1 FROM store_effectrow WHERE state = 'taken' AND lease_until < %s LIMIT 1
"""

log = structlog.get_logger("executor")

Handler = Callable[["Executor", str, Mapping[str, Any]], Mapping[str, Any]]
Change = Callable[[Draft], None]


@dataclass(slots=True)
class Executor:
    """One executor process, or the executor inside a drill.

    provider, courier, services: the connectors, opened by whoever composes the process; nobody else holds them.
    handlers: by request kind. run_effect: does what is due, and returns whether there was anything.
    """

    desk: Desk
    provider: Provider
    courier: Courier
    services: Mapping[str, FactorService]
    handlers: Mapping[str, Handler]
    run_effect: Callable[[Executor], bool]
    watch: LedgerWatch = field(init=False)
    staff: StaffRegister = field(init=False)
    directory: DirectoryWatch = field(init=False)
    _since: datetime = field(init=False)
    _answered: dict[str, datetime] = field(default_factory=dict)
    """What this process has answered and could still be asked again, by its end."""
    quick_verbs: set[str] = field(default_factory=set)
    """Effects that took no time when they were last done: see `executor/effects.py`."""
    _id: str = field(init=False)
    _next_alarm: datetime = field(init=False)
    _last_beat: float = 0.0
    _last_checkpoint: float = 0.0
    _last_directory: float = 0.0

    def __post_init__(self) -> None:
        self._since = self._next_alarm = self.desk.now()
        self._id = self.desk.randomness.bytes(8).hex()
        # A drill goes back in time on purpose; a real executor must notice it, also after a restart.
        seen = open_seen(self.desk.home) if self.desk.as_executor else FORGETFUL
        self.watch = LedgerWatch(self.desk, seen)
        self.staff = StaffRegister(self.desk, seen)
        if isinstance(self.desk.runbooks, ShelfInForce):
            # The ledger is written by the web tier too; what is in force here is what this executor has verified.
            self.desk = replace(self.desk, runbooks=self.desk.runbooks.read_from(lambda: self.staff.read().runbooks))
        self.directory = DirectoryWatch(self.desk, seen)

    @property
    def keys(self) -> ExecutorKeys:
        """The executor's keys as they are now: they may be rotated while it runs."""
        return self.desk.home.executor_keys()

    def step(self) -> bool:
        """Answer one question or do one due effect; return whether there was anything to do."""
        return self._is_anything_due() and (self._answer_one() or self.run_effect(self))

    def _is_anything_due(self) -> bool:
        """Return whether a question or an effect waits, by one look that takes no lock: most looks find nothing."""
        stamp = to_stamp(self.desk.now())
        with connection.cursor() as cursor:
            cursor.execute(_ANYTHING_DUE, [stamp, stamp])
            return cursor.fetchone() is not None

    def run_until_idle(self, most: int = 1_000) -> None:
        """Work until nothing is due, at most `most` steps."""
        for _ in range(most):
            if not self.step():
                return
        raise Broken(f"the executor was still busy after {most} steps")

    def run_forever(self, is_stopping: Callable[[], bool]) -> None:
        """Work until told to stop. A fault in one step is logged and alarmed; the loop goes on."""
        while not is_stopping():
            try:
                self._beat()
                busy = self.step()
            except Broken as error:
                self.alarm("broken", "", error.sentence)
                log.error("broken", sentence=error.sentence)
                time.sleep(1)
                continue
            except Exception:
                log.exception("step_failed")
                connection.close()
                time.sleep(1)
                continue
            if not busy:
                time.sleep(IDLE_S)

    def look(self, person: Person) -> Sight:
        """Return what the provider and the factor services say of a person now, and keep it as a snapshot for the pages.

        A provider that does not answer gives a sight without holdings, which every decision takes at its worst.
        """
        holdings: Holdings | None
        try:
            holdings = self.provider.look(person.login)
        except (Unavailable, Refusal):
            holdings = None
        able = set()
        for method, service in self.services.items():
            terms = self.desk.policy.methods.get(method)
            # What an operator attests is never taken from a service's word here: the desk key is the proof. Some need one all the same.
            if terms is None or (terms.operator_attested and method not in BY_SERVICE):
                continue
            try:
                if service.is_available(person.login):
                    able.add(method)
            except Unavailable:
                continue
        if can_ring(self, person):
            able.add(call_back.METHOD)
        self._keep_snapshots(person.id, holdings, sorted(able))
        return Sight(holdings, frozenset(able))

    def see(self, state: CaseState) -> Sight:
        """Return what is seen now of the person that the case is about; nothing where it is about nobody on file."""
        person = self.directory.find(state.subject)
        return self.look(person) if person is not None else NOTHING_SEEN

    def settle(self, case_id: str, change: Change) -> CaseState:
        """Apply `change` to a case, decide whatever can be decided now, walk on, and commit. Returns the state after it."""
        # The look at the provider comes before the transaction, since no provider may be waited for inside one.
        return self.settle_seen({case_id: (self.see(load_case(case_id)), change)})[case_id]

    def settle_seen(
        self, changes: Mapping[str, tuple[Sight, Change]], beside: Callable[[], None] = lambda: None
    ) -> Mapping[str, CaseState]:
        """Settle several cases in one transaction, all or none, each with what was just seen. Returns the states after it, by case.

        The cases must be about different people: a decision sees what was decided about a person before, and not beside it.
        beside: called once in the transaction, when all the cases are held.
        """
        with self.desk.unit() as unit:
            drafts = {state.id: self.desk.draft(state, "executor") for state in unit.load_all(changes)}
            beside()
            for case_id, draft in drafts.items():
                sight, change = changes[case_id]
                change(draft)
                self._walk_on(draft, sight)
            unit.commit(*drafts.values())
        return {case_id: draft.state for case_id, draft in drafts.items()}

    def _walk_on(self, draft: Draft, sight: Sight) -> None:
        if draft.state.status == "open":
            self._note_targets(draft, sight)
            authority = SigningAuthority(self.desk, self.keys, self.staff, self.directory, sight)
            runbook = self.desk.runbook_of(draft.state)
            if is_outdated(draft.state) and can_reopen(draft.state) and authority.denies(draft.state):
                reopen(draft, runbook, self.desk.policy.limits.low_proof_suspension_s)
            advance(draft, runbook, authority)
        if draft.state.status == "closed":
            end_sessions_of(draft.state.id, draft.now)

    def judge_again(self, case_id: str) -> frozenset[str]:
        """Return the signals on which every decision that stands has been judged, the ones noted since it was made among them.

        Raises Refusal ``more_is_known`` where one would not be made again: the case then goes back to its proof. Raises Unavailable
        where nobody can tell now.
        """
        state = load_case(case_id)
        if is_outdated(state):
            sight = self.see(state)
            if sight.holdings is None:
                raise Unavailable("provider", MORE_IS_KNOWN)
            if SigningAuthority(self.desk, self.keys, self.staff, self.directory, sight).denies(state):
                self.settle(case_id, lambda draft: None)
                raise Refusal("more_is_known", MORE_IS_KNOWN)
        return state.signals

    def alarm(self, kind: str, case_id: str, sentence: str) -> None:
        """Tell security."""
        with self.desk.unit():
            Alert.objects.create(at=self.desk.now(), kind=kind, case_id=case_id, sentence=sentence)

    def _note_targets(self, draft: Draft, sight: Sight) -> None:
        """Write down which authenticators the claim is about, until the first effect; then they are fixed."""
        if sight.holdings is None or draft.state.effects_of("suspend_old", "remove_old", "restore_old"):
            return
        targets = tuple(a.id for a in find_targets(draft.state, sight.holdings))
        survivors = tuple(a.id for a in find_survivors(draft.state, sight.holdings, draft.now))
        if targets != draft.state.targets or survivors != draft.state.survivors:
            draft.emit("targets_set", targets=list(targets), used_at=None, survivors=list(survivors))

    def _answer_one(self) -> bool:
        row = RequestRow.objects.filter(state="new").order_by("created_at").first()
        if row is None:
            return False
        with self.desk.unit():
            # Taken at most once: from here on a crash leaves it unanswered, and a code that may be burnt is not tried again.
            if not RequestRow.objects.filter(pk=row.id, state="new").update(state="taken", box=None):
                return True
        try:
            asked = self._open(row)
        except Refusal as error:
            text = json.dumps({"refused": error.code, "sentence": error.sentence})
        else:
            text = seal_answer(self._answer(row, asked.payload), asked.answer_key, row.id, self.desk.randomness)
        with self.desk.unit():
            RequestRow.objects.filter(pk=row.id).update(state="answered", answer=text)
        return True

    def _open(self, row: RequestRow) -> Opened:
        """Return the question. Raises Refusal for a box that cannot be opened or read, and for one out of its time."""
        if row.box is None:
            raise Refusal("request_expired", LATE)
        try:
            asked = open_request(bytes(row.box), self.keys.box_private, row.id, row.kind, row.case_id)
        except Refusal:
            # Sealed for another place, or by nobody: no page does that, only whoever writes the table.
            self.alarm(
                "forged_request", row.case_id, "A question was put to the executor that was not sealed for where it stood."
            )
            raise
        except (KeyError, TypeError, ValueError, RecursionError) as error:
            raise Refusal("bad_request", UNREADABLE) from error
        self._require_fresh(row, asked.made_at, asked.until)
        return asked

    def _answer(self, row: RequestRow, payload: Mapping[str, Any]) -> Mapping[str, Any]:
        try:
            handler = self.handlers.get(row.kind)
            if handler is None:
                raise Refusal("unknown_request", "The desk could not do that.")
            return handler(self, row.case_id, payload)
        except (Refusal, Invalid) as error:
            return {"refused": error.code, "sentence": error.sentence}
        except Unavailable as error:
            return {"unavailable": error.service, "sentence": error.sentence}
        except Broken as error:
            self.alarm("broken", row.case_id, error.sentence)
            log.error("broken", case=row.case_id, sentence=error.sentence)
            return {"refused": "stopped", "sentence": "The desk stopped this to be safe. Security has been told."}
        except MfadeskError as error:
            return {"refused": error.code, "sentence": error.sentence}
        except (KeyError, TypeError, ValueError, RecursionError):
            log.exception("request_failed", kind=row.kind)
            return {"refused": "bad_request", "sentence": UNREADABLE}

    def _require_fresh(self, row: RequestRow, made_at: datetime, until: datetime) -> None:
        """Raise Refusal for a request that was answered before or is out of its time, by the times inside the box.

        What a process before this one may have answered is refused by its age, so no list of answered requests need outlive one.
        """
        now = self.desk.now()
        self._answered = {name: end for name, end in self._answered.items() if end > now}
        if row.id in self._answered:
            self.alarm("replayed", row.case_id, "A question that was answered already was put to the executor again.")
            raise Refusal("request_replayed", LATE)
        if until <= now < row.expires_at - timedelta(seconds=CLOCKS_APART_S):
            self.alarm("forged_request", row.case_id, "The row of a question gives it a longer life than the question itself.")
        if until <= now or row.expires_at <= now or until - made_at > timedelta(seconds=REQUEST_LIFE_S):
            raise Refusal("request_expired", LATE)
        if made_at < self._since or made_at > now + timedelta(seconds=CLOCKS_APART_S):
            raise Refusal("request_expired", LATE)
        self._answered[row.id] = until

    def _keep_snapshots(self, person_id: str, holdings: Holdings | None, able: list[str]) -> None:
        """Keep what was seen; what was seen at this very moment already is not written again."""
        now, seen = self.desk.now(), {"factors": canonical_json(able)}
        if holdings is not None:
            seen["provider"] = canonical_json(holdings_to_json(holdings))
        with self.desk.unit():
            newest = newest_snapshots(person_id)
            fresh = {source: data for source, data in seen.items() if not _stands(newest.get(source), data, now)}
            for source, data in fresh.items():
                self._keep(person_id, source, newest.get(source), data, now)
            if fresh:
                Snapshot.objects.filter(person_id=person_id, taken_at__lt=now - timedelta(days=1)).delete()

    def _keep(self, person_id: str, source: str, newest: Snapshot | None, data: bytes, now: datetime) -> None:
        if newest is not None and newest.data == data.decode():
            Snapshot.objects.filter(pk=newest.pk).update(taken_at=now)
            return
        mac = authenticate(f"{person_id}/{source}/".encode() + data, self.keys.receipt)
        Snapshot.objects.create(person_id=person_id, source=source, taken_at=now, data=data.decode(), mac=mac)

    def _beat(self) -> None:
        now = time.monotonic()
        if now - self._last_beat >= HEARTBEAT_EVERY_S:
            self._last_beat = now
            with self.desk.unit():
                Heartbeat.objects.update_or_create(name="executor", defaults={"at": self.desk.now()})
            self._look_for_another()
        if now - self._last_checkpoint >= CHECKPOINT_EVERY_S:
            self._last_checkpoint = now
            self.watch.sign_checkpoint()
            self.note_capabilities()
        if now - self._last_directory >= DIRECTORY_EVERY_S:
            self._last_directory = now
            self.directory.require_whole()

    def _look_for_another(self) -> None:
        """Alarm where another executor works on this database: each acts once, but neither knows what the other has answered.

        One that ended a moment ago has not beaten since this one began, so a restart alarms nobody.
        """
        now = self.desk.now()
        with self.desk.unit():
            Heartbeat.objects.update_or_create(name=f"{ONE_EXECUTOR}{self._id}", defaults={"at": now})
            Heartbeat.objects.filter(name__startswith=ONE_EXECUTOR, at__lt=now - timedelta(minutes=5)).delete()
        others = Heartbeat.objects.filter(name__startswith=ONE_EXECUTOR, at__gt=self._since + OVERLAP).exclude(
            name=f"{ONE_EXECUTOR}{self._id}"
        )
        lately = now - timedelta(seconds=2 * HEARTBEAT_EVERY_S)
        if others.filter(at__gte=lately).exists() and now >= self._next_alarm:
            self._next_alarm = now + timedelta(seconds=DIRECTORY_EVERY_S)
            self.alarm("two_executors", "", "Two executors are at work on this database. Stop one of them.")

    def note_capabilities(self) -> None:
        """Write down what the provider can do, so that the pages offer nothing that it cannot."""
        try:
            able = self.provider.capabilities()
        except Unavailable:
            return
        with self.desk.unit():
            newest = Snapshot.objects.filter(person_id="", source="provider_can").order_by("-taken_at", "-pk").first()
            told = canonical_json({"longest_bypass_s": able.longest_bypass_s})
            self._keep("", "provider_can", newest, told, self.desk.now())


def _stands(newest: Snapshot | None, data: bytes, now: datetime) -> bool:
    return newest is not None and newest.taken_at == now and newest.data == data.decode()
